"""How the command line finds a project and speaks with its controller: a Unix socket, no dependency."""
