"""Rotates the password. In real life this asks a secret store for a lease; here the database is a file."""

import json
import os
import secrets
from pathlib import Path

import workerset

DATABASE = Path("database.json")

accepted = json.loads(DATABASE.read_text()) if DATABASE.exists() else []
for _ in workerset.ticks(float(os.environ["EVERY"])):
    password = secrets.token_bytes(16)  # bytes may be published as they are
    accepted = [*accepted[-1:], password.hex()]
    beside = DATABASE.with_suffix(".new")
    beside.write_text(json.dumps(accepted))  # the new one and the one before
    beside.rename(DATABASE)
    workerset.set_vars({"user": "shop", "password": password})
