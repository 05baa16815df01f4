"""Uses settings: from memory, and anew whenever they change."""

import os

import workerset

source = os.environ["SETTINGS"]
print("at first:", dict(workerset.ensure_vars(source, timeout=20)), flush=True)
generation = workerset.generation(source)
with workerset.handle() as handle:
    while not handle.stopping:
        try:
            generation, settings = workerset.wait_vars(source, after=generation, timeout=1.0)
        except workerset.VarsTimeout:
            continue
        print("from now on:", dict(settings), flush=True)
