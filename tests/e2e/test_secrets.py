"""S8.1, S4.12: a value of an env file is the worker's alone, whatever is looked at."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.e2e.project import Project

SECRETS = ("planted-s3cr3t-one", "planted-s3cr3t-two")
CODE = "import os, time\nprint('has it', len(os.environ['API_KEY']), flush=True)\ntime.sleep(1000)\n"


def titles() -> str:
    found = []
    for pid in Path("/proc").iterdir():
        if pid.name.isdigit():
            try:
                found.append((pid / "cmdline").read_bytes() + (pid / "comm").read_bytes())
            except OSError:
                continue
    return b"\n".join(found).decode(errors="replace")


def everything_shown(project: Project) -> dict[str, str]:
    """What a user, or whoever looks over the shoulder, can read."""
    looks = (
        ("describe", "ws/app"),
        ("describe", "pod/app-0"),
        ("diff", "-f", "manifests/"),
        ("diff", "-f", "manifests/", "-o", "json"),
        ("apply", "-f", "manifests/", "--dry-run=server", "-o", "yaml"),
        ("get", "ws,pods,events", "-o", "yaml"),
        ("events",),
        ("logs", "app"),
        ("status",),
        ("rollout", "history", "ws/app"),
    )
    shown = {}
    for words in looks:
        done = project.ctl(*words, code=None)
        shown[" ".join(words)] = done.stdout + done.stderr
    shown["process titles"] = titles()
    for path in project.state.rglob("*"):
        if path.is_file():
            shown[str(path)] = path.read_bytes().decode(errors="replace")
    return shown


def test_s8_1_what_an_env_file_holds_is_shown_nowhere(project: Project) -> None:
    project.write("app.py", CODE)
    project.write(".env", f"API_KEY={SECRETS[0]}\n")
    project.declare("app", command=[sys.executable, "app.py"], env_files=[".env"])
    project.apply()
    pid = project.wait_pid("app-0")
    project.wait_state("app", "Ready")
    environ = Path(f"/proc/{pid}/environ").read_bytes().decode()
    assert SECRETS[0] in environ
    project.write(".env", f"API_KEY={SECRETS[1]}\n")
    shown = everything_shown(project)
    project.apply()
    project.ctl("wait", "--for=condition=Ready", "ws/app", "--timeout=30s")
    shown |= {f"{name} (after)": text for name, text in everything_shown(project).items()}
    assert "has it" in shown["logs app"]
    found = [(name, secret) for name, text in shown.items() for secret in SECRETS if secret in text]
    assert found == [], json.dumps(found)
