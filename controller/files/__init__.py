"""Files that change: the adapter of `ports.Files`."""
