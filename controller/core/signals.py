"""Signals by name, as a manifest writes them: Linux' numbers, signal(7)."""

from __future__ import annotations

NUMBERS = {
    "SIGHUP": 1,
    "SIGINT": 2,
    "SIGQUIT": 3,
    "SIGABRT": 6,
    "SIGKILL": 9,
    "SIGUSR1": 10,
    "SIGUSR2": 12,
    "SIGALRM": 14,
    "SIGTERM": 15,
    "SIGWINCH": 28,
    "SIGPWR": 30,
}

NAMES = {number: name for name, number in NUMBERS.items()}
