"""Queries with the password of now: looking before each query costs next to nothing."""

import json
import os

import workerset

login = workerset.ensure_vars("vault", timeout=20)
for queries in workerset.ticks(0.05):
    now = workerset.get_vars("vault")
    if now is not login:  # the very same object until there is a new password
        login = now
        print(f"{os.environ['WORKERSET_ORDINAL']}: new password after {queries} queries", flush=True)
    with open("database.json") as file:
        assert login["password"].hex() in json.load(file), "refused"
