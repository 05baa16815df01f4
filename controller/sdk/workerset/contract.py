"""What processes must agree on: names, messages, the log format. The one copy.

Language-neutral description: `docs/worker-contract.md`. Standard library only, Python 3.9 syntax, no
import when it is loaded: workers, the shim and the controller all carry it.
"""

VERSION = "1"

# ------------------------------------------------------------------ environment of a worker (S8.2)

NAME = "WORKERSET_NAME"
SCOPE = "WORKERSET_SCOPE"
ORDINAL = "WORKERSET_ORDINAL"
BACKGROUND = "WORKERSET_BACKGROUND"
HANDLE_FD = "WORKERSET_HANDLE_FD"
SOCKET = "WORKERSET_SOCKET"
TOKEN = "WORKERSET_TOKEN"  # noqa: S105  # the variable's name, not a secret
NOTIFY_SOCKET = "NOTIFY_SOCKET"
VARS = "WORKERSET_VARS"
"""The header file (`layout.py`) of the name this worker answers to: where it publishes. Background only."""

FOLDER = "WORKERSET_VARS_FOLDER"
"""Only for a worker of another `user` (S8.4): where it reaches the folder of all slots. What it asks the
controller carries this as `folder`, and the paths in the answers lead through it."""

LOAD = "WORKERSET_LOAD"
"""The file (`layout.py`) in which the processes of an HTTP worker count their requests (S7.3)."""

FRANKENPHP_WORKER = "FRANKENPHP_WORKER"
FRANKENPHP_NAME = "FRANKENPHP_WORKER_NAME"
FRANKENPHP_BACKGROUND = "FRANKENPHP_WORKER_BACKGROUND"

CONTRACT = "WORKERSET_CONTRACT"
"""The version of this contract, `VERSION`."""

RUN = "WORKERSET_RUN"
"""The id of the run: every descendant that keeps its environment is attributed by it (S4.6)."""

PROJECT = "WORKERSET_PROJECT"
"""The project's tag: what a new guardian sweeps after its predecessor was killed."""

PROBE_PORT = "WORKERSET_PROBE_PORT"
"""Where this worker alone is asked how it is: `probe_port` plus its ordinal."""

PROBE_SOCKET = "WORKERSET_PROBE_SOCKET"
"""The path of the socket handed over as `probe` (LISTEN_FDNAMES), for `probe_port: unix`."""

PROBE_NAME = "probe"

WATCHDOG_USEC = "WATCHDOG_USEC"
"""As in sd_watchdog_enabled(3): send `WATCHDOG=1` more often than that."""

LISTEN_FDS = "LISTEN_FDS"
LISTEN_PID = "LISTEN_PID"
LISTEN_FDNAMES = "LISTEN_FDNAMES"
"""Of HTTP sets, as in sd_listen_fds(3)."""

RESERVED = frozenset(
    (
        NAME,
        SCOPE,
        ORDINAL,
        BACKGROUND,
        HANDLE_FD,
        SOCKET,
        TOKEN,
        NOTIFY_SOCKET,
        VARS,
        FOLDER,
        LOAD,
        FRANKENPHP_WORKER,
        FRANKENPHP_NAME,
        FRANKENPHP_BACKGROUND,
        CONTRACT,
        RUN,
        PROJECT,
        PROBE_PORT,
        PROBE_SOCKET,
        WATCHDOG_USEC,
        LISTEN_FDS,
        LISTEN_PID,
        LISTEN_FDNAMES,
    )
)
"""A manifest cannot set these; they are stripped from what the controller inherited."""

# ------------------------------------------------------------------ environment of the controller

READY_FD = "WORKERSET_READY_FD"
"""The controller writes one line of JSON here when its API answers, or why it never will."""

GUARDIAN_PID = "WORKERSET_GUARDIAN_PID"

DRAIN_SIGNAL = 10
"""SIGUSR1, from the guardian to the controller: stop everything and end (exit code 0)."""

ORPHAN_GRACE = "WORKERSET_ORPHAN_GRACE"
"""Seconds that workers run on after both guardian and controller were killed. From whoever starts them."""

CPU_SATURATED = "WORKERSET_CPU_SATURATED"
"""Percent of the processors' time from which on no HTTP set grows. From whoever starts the controller."""

CONTROLLER_NAMES = frozenset((READY_FD, GUARDIAN_PID, ORPHAN_GRACE, CPU_SATURATED))
"""Between our own processes; never a worker's business."""

PRIVATE = RESERVED | CONTROLLER_NAMES
"""What is never inherited from an environment that a controller is started in."""

# ------------------------------------------------------------------ descriptors of a worker

HANDLE = 3
"""Where the shim places the handle; workers read `WORKERSET_HANDLE_FD`."""

# ------------------------------------------------------------------ messages to NOTIFY_SOCKET (S5, S8.3)

SAY_HANDLE = b"WORKERSET_HANDLE=1"
SAY_READY = b"READY=1"
SAY_PUBLISHED = b"WORKERSET_VARS=1"
SAY_WATCHDOG = b"WATCHDOG=1"
SAY_DRAINED = b"STOPPING=1"
"""After the end of the handle: all who were connected have left, `stop_signal` may come (S7.2)."""
SAY_TRAFFIC = b"WORKERSET_TRAFFIC=1"
"""A request has come while nobody sampled how many there are (`layout.LOAD_TOLD`)."""
SAY_STATUS = b"STATUS="
SAY_ERROR = b"WORKERSET_ERROR="
"""What a worker dies of, as JSON on one line: `type`, `message`, `file`, `line` (S3.6)."""

MESSAGE_LIMIT = 8192
STATUS_LIMIT = 256

# ------------------------------------------------------------------ the log format (CRI)

STREAM_OUTPUT = "stdout"
STREAM_OWN = "workerset"
"""Lines of the log writer itself: run boundaries and gaps. Readers hide them."""

WHOLE = "F"
PARTIAL = "P"
LINE_LIMIT = 16384
"""A longer line is written in pieces, all but the last tagged `P`."""

STAMP_LENGTH = 30
"""`2026-11-24T10:14:02.123456789Z`: UTC, always nine digits, so that stamps sort as text."""


def run_started(run: str, pid: int) -> str:
    """Text of the line that begins a run in a log file."""
    return f"run={run} pid={pid} started"


def run_of(text: str) -> str:
    """The run a boundary line is about; empty if the text is no boundary."""
    if not text.startswith("run=") or not text.endswith(" started"):
        return ""
    return text[4:].split(" ", 1)[0]


def gap(lines: int, size: int, why: str) -> str:
    """Text of the line that says what is missing at this place."""
    return f"gap: {lines} lines ({size} bytes) lost: {why}"


def log_file(namespace: str, worker: str) -> str:
    """A worker's log below the logs folder; rotated ones have `.1`, `.2` … appended, `.1` the youngest."""
    return f"{namespace.replace('/', '_')}/{worker.replace('/', '_')}.log"


def project_tag(root: str) -> str:
    """The value of `WORKERSET_PROJECT`: the root by device and inode, whatever its path is called."""
    import os

    found = os.stat(root)
    return f"{os.getuid()}-{found.st_dev:x}-{found.st_ino:x}"
