"""docs/images/dev.svg: the screen of `workerctl dev` for a small shop, at 80 by 24."""

from __future__ import annotations

import io
from typing import Any

from rich.console import Console

from controller.cli import render_screen, screenmodel

WIDTH, HEIGHT = 80, 20
_FORMAT = """<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
    <style>
    .{unique_id}-matrix {{
        font-family: Fira Code, monospace; font-size: {char_height}px; line-height: {line_height}px;
    }}
    .{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: arial; }}
    {styles}
    </style>
    <defs>
    <clipPath id="{unique_id}-clip-terminal">
      <rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
    </clipPath>
    {lines}
    </defs>
    {chrome}
    <g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
    {backgrounds}
    <g class="{unique_id}-matrix">
    {matrix}
    </g>
    </g>
</svg>
"""
_LINES = (
    ("10:14:01", "web-0", "INFO:     Application startup complete."),
    ("10:14:02", "import-0", "Traceback (most recent call last):"),
    ("10:14:02", "import-0", '  File "src/import.py", line 12, in <module>'),
    ("10:14:02", "import-0", "KeyError: 'API_KEY'"),
    ("10:14:02", "", "import · 0/1 Failed  exit 1 after 0.3s, 7th time: KeyError 'API_KEY'"),
    ("10:14:09", "", "mail restarted by src/jobs/mail.py (modified)"),
    ("10:14:09", "mail-0", "waiting for letters"),
    ("10:14:15", "web-1", "GET /cart 200"),
)


def capture() -> str:
    """What rich makes of the very frame that a terminal gets."""
    made = screenmodel.Screen("~/shop   controller 4711", {key(one): one for one in SETS})
    made.usage[key(SETS[1])] = screenmodel.Usage(0.0, 14 << 20)
    made.usage[key(SETS[2])] = screenmodel.Usage(0.04, 118 << 20)
    for line in _LINES:
        made.add(*line)
    console = Console(
        file=io.StringIO(), record=True, width=WIDTH, force_terminal=True, color_system="standard",
        highlight=False, markup=False, emoji=False, legacy_windows=False, _environ={},
    )  # fmt: skip
    for line in render_screen.frame(made, WIDTH, HEIGHT):
        console.print(line, no_wrap=True, overflow="crop", crop=True)
    return console.export_svg(title="workerctl dev", code_format=_FORMAT, unique_id="dev")


def key(obj: dict[str, Any]) -> tuple[str, str]:
    return "default", obj["metadata"]["name"]


def _set(name: str, wanted: int, state: str, cause: str, **status: Any) -> dict[str, Any]:
    annotations = {"workerset.dev/restarted-by": cause} if state == "Ready" and cause else {}
    ready = wanted if state == "Ready" else 0
    message = "" if state == "Ready" else cause
    return {
        "metadata": {"name": name, "namespace": "default", "generation": 1, "annotations": annotations},
        "spec": {"num": wanted, **status.pop("spec", {})},
        "status": {
            "state": state, "message": message, "replicas": wanted, "readyReplicas": ready,
            "observedGeneration": 1, "restarts": 0, **status,
        },
    }  # fmt: skip


FAILURE = "exit 1 after 0.3s, 7th time: KeyError 'API_KEY' (src/import.py:12)"
SETS = (
    _set("import", 1, "Failed", FAILURE, restarts=6),
    _set("mail", 1, "Ready", "src/jobs/mail.py (modified)"),
    _set("web", 2, "Ready", "", spec={"listen": ["127.0.0.1:8000"]}),
)
