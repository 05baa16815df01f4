"""The command line: words in, sentences and exit codes out. Talks to a controller through client/."""
