"""Shared memory that workers publish in, seen from the controller (S6)."""
