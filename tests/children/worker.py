"""A worker of many behaviours: `worker.py BEHAVIOUR …`. Standard library only; run with any Python."""

import os
import select
import signal
import socket
import sys
import time


def say(message: bytes) -> None:
    out = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    out.connect(os.environ["NOTIFY_SOCKET"])
    out.send(message)
    out.close()


def forever() -> None:
    while True:
        time.sleep(1000)


def taker() -> None:
    """Takes its handle and ends at its end of file."""
    say(b"WORKERSET_HANDLE=1\nSTATUS=waiting for the end")
    assert os.read(int(os.environ["WORKERSET_HANDLE_FD"]), 1) == b""


def ready() -> None:
    say(b"READY=1\nSTATUS=at work")
    forever()


def server() -> None:
    """Waits for connections on the socket it was given; says so when it does."""
    assert os.environ["LISTEN_PID"] == str(os.getpid())
    poll = select.epoll()
    poll.register(3, select.EPOLLIN)
    say(b"READY=1")
    poll.poll()


def barker() -> None:
    """Says that it is alive, once."""
    assert os.environ["WATCHDOG_USEC"]
    say(b"WATCHDOG=1\nREADY=1")
    forever()


def health() -> None:
    """Answers on the socket that is handed over as `probe`."""
    names = os.environ["LISTEN_FDNAMES"]
    place = 3 + names.split(":").index("probe")
    private = socket.socket(fileno=place)
    private.setblocking(True)
    say(f"STATUS={names} {os.environ['WORKERSET_HANDLE_FD']}\nREADY=1".encode())
    while True:
        connection, _ = private.accept()
        connection.sendall(b"alive\n")
        connection.close()


def stubborn() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say(b"WORKERSET_HANDLE=1")
    forever()


def polite() -> None:
    """Its clients leave at the end of its handle."""
    say(b"WORKERSET_HANDLE=1")
    assert os.read(int(os.environ["WORKERSET_HANDLE_FD"]), 1) == b""
    say(b"STOPPING=1")
    forever()


def hasty() -> None:
    say(b"STOPPING=1")
    stubborn()


def daemon(path: str, clean: str = "") -> None:
    """Leaves a grandchild in a session of its own that ignores SIGTERM; then waits itself."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            if clean:
                text = f"import time, os; os.rename({path + '.new'!r}, {path!r}); time.sleep(1000)"
                with open(path + ".new", "w") as file:
                    file.write(str(os.getpid()))
                os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", text], {})
            with open(path + ".new", "w") as file:
                file.write(str(os.getpid()))
            os.rename(path + ".new", path)
            forever()
        os._exit(0)
    os.wait()
    while not os.path.exists(path):
        time.sleep(0.001)
    say(b"READY=1")
    forever()


def describe(path: str, *_rest: str) -> None:
    """Writes down what it sees, then takes its handle."""
    import json
    import resource

    facts = {
        "env": dict(os.environ),
        "argv": sys.argv,
        "cwd": os.getcwd(),
        "umask": os.umask(0),
        "nice": os.nice(0),
        "files": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        "fds": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:-1],
        "sid": os.getsid(0) == os.getpid(),
        "blocked": [int(one) for one in signal.pthread_sigmask(signal.SIG_BLOCK, [])],
        "pipe_ignored": signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN,
    }
    with open(path + ".new", "w") as file:
        json.dump(facts, file)
    os.rename(path + ".new", path)
    taker()


def lines(count: str, width: str = "20") -> None:
    for number in range(int(count)):
        sys.stdout.write(f"{number:0{int(width)}d}\n")
    sys.stdout.flush()
    say(b"READY=1")
    taker()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
