"""Calls up what it needs by name. For what a wrong name says: `workerctl ensure cache:wram`."""

import workerset

workerset.ensure(["cache:warm", "mail:watch"], timeout=20)
print("pages in the cache:", workerset.get_vars("cache:warm")["pages"], flush=True)
workerset.handle().wait()
