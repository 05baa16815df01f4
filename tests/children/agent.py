"""Runs inside of a worker: does what a test sends over a Unix socket, answers with the value or the error.

`agent.py SOCKET`. One JSON line each way; the code is an expression, or statements that set `result`.
"""

from __future__ import annotations

import json
import os
import socketserver
import sys
import threading
from typing import Any

import workerset


def run(code: str) -> dict[str, Any]:
    space: dict[str, Any] = {"workerset": workerset, "os": os, "sys": sys, "threading": threading}
    try:
        try:
            value = eval(compile(code, "<test>", "eval"), space)
        except SyntaxError:
            exec(compile(code, "<test>", "exec"), space)
            value = space.get("result")
    except Exception as error:
        return {
            "error": type(error).__name__,
            "message": str(error),
            "details": getattr(error, "details", {}),
            "bases": [kind.__name__ for kind in type(error).__mro__],
        }
    return {"value": value}


class Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        for line in self.rfile:
            self.wfile.write(json.dumps(run(json.loads(line))).encode() + b"\n")


class Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    request_queue_size = 64


if __name__ == "__main__":
    path = sys.argv[-1]
    if os.path.exists(path):
        os.unlink(path)
    server = Server(path, Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    workerset.handle().wait()
    os._exit(0)
