"""Streams into a worker over WebSockets: exec, attach and port-forward, in the protocols kubectl speaks."""
