"""Workerset: a Kubernetes-style controller for the processes on one's own machine."""

__version__ = "0.1.0"
