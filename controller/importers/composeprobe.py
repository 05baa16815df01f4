"""Compose's health checks as readiness probes: a request with curl or wget as `http`, all else as `exec`."""

from __future__ import annotations

import re
from typing import Any
from urllib import parse

from controller.importers import convert, drafts, shell
from controller.manifest import trees

_TIMES = {"interval": "period", "timeout": "timeout"}
_REQUEST = re.compile(
    r"(?:curl|wget)\s(?:[^|;&]*\s)?['\"]?(https?://(?:localhost|127\.0\.0\.1)[^\s'\"]*)['\"]?"
    r"(?:\s+(?:-\S+|/dev/null|>/dev/null|2>&1))*\s*(?:\|\|\s*exit\s+1)?"
)


def put(draft: drafts.Draft, tree: trees.Tree, place: str) -> None:
    """What compose only reports decides here whether the worker is ready; it restarts nothing in either."""
    check = tree.get("healthcheck")
    if check is None or check.fields is None:
        return
    probe: dict[str, Any] = {}
    for key, one in check.fields.items():
        if one.text == "":
            continue  # a variable that is not known: told with its name
        try:
            if key in _TIMES:
                probe[_TIMES[key]] = convert.duration(one.text or "")
            elif key == "retries":
                probe["failure_threshold"] = convert.number(one.text or "")
            elif key == "disable" and convert.truth(one.text or ""):
                return
            elif key not in ("test", "start_period", "start_interval", "disable"):
                draft.lose(place, f"healthcheck.{key}: unknown key of a health check")
        except ValueError as error:
            draft.lose(place, f"healthcheck.{key}: {error}")
    if action := _test(check.get("test")):
        draft.spec["readiness_probe"] = {**action, **probe}
    elif check.get("test") is None:
        draft.lose(place, "healthcheck: its test is that of the image")


def _test(test: trees.Tree | None) -> dict[str, Any]:
    """Empty for `NONE`."""
    if test is None or test.fields is not None:
        return {}
    words = (
        [one.text or "" for one in test.items] if test.items is not None else ["CMD-SHELL", test.text or ""]
    )
    if len(words) < 2 or words[0] == "NONE":
        return {}
    line = " ".join(words[1:])
    if found := _REQUEST.fullmatch(line.strip()):
        url = parse.urlsplit(found[1])
        if url.scheme == "http" and "$" not in found[1]:
            try:
                path = url.path or "/"
                return {"http": f"{path}?{url.query}" if url.query else path, "port": url.port or 80}
            except ValueError:
                pass
    return {"exec": shell.for_shell(words[1:] if words[0] == "CMD" else ["sh", "-c", line])}
