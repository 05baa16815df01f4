"""Carrying out probes: HTTP, TCP, commands, watchdogs."""
