"""Holds `workerset`, the worker-side library; this folder is what goes on a worker's path."""
