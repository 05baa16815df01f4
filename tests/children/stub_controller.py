"""Stands in for the controller: says that it is ready, then waits. Arguments: `fail`, or nothing."""

import os
import signal
import sys

if "fail" in sys.argv:
    os.write(int(os.environ["WORKERSET_READY_FD"]), b'{"failed": "the stub was told to"}\n')
    raise SystemExit(1)
if "WORKERSET_READY_FD" in os.environ:
    os.write(int(os.environ["WORKERSET_READY_FD"]), b'{"ready": {"pid": %d}}\n' % os.getpid())
while True:
    signal.pause()
