"""Publishes an INI file, and again whenever it has changed. Where it makes no sense the old one stays."""

import configparser
import os
import sys

import workerset

path = sys.argv[-1]
seen = None
for _ in workerset.ticks(0.5):
    now = os.stat(path).st_mtime_ns
    if now == seen:
        continue
    seen = now
    parser = configparser.ConfigParser()
    try:
        parser.read(path)
    except configparser.Error as error:
        print(f"not taken: {error}", flush=True)
        continue
    workerset.set_vars({name: dict(parser[name]) for name in parser.sections()})
    print("published", ", ".join(parser.sections()), flush=True)
