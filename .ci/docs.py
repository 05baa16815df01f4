"""`make docs`: write the pages that are made from code; with --check only tell whether they are current."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / ".ci")]

import devscreen  # noqa: E402
import sdkpage  # noqa: E402

from controller.cli import reference as cli_reference  # noqa: E402
from controller.core import conditions, lifecycle, status  # noqa: E402
from controller.importers import formats  # noqa: E402
from controller.manifest import reference as schema_reference  # noqa: E402
from controller.manifest import source  # noqa: E402

BEGIN, END = "<!-- generated -->\n", "<!-- /generated -->"

WORDS = {
    "Ready": "as many workers are ready as are wanted",
    "Lazy": "a background set with `num: 0`: nothing runs until it is wanted",
    "CatchAll": "stands for any name that no other set of its scope answers to; none has been asked for",
    "Starting": "workers are on their way; none of them has failed",
    "Rolling": "workers are being replaced after a change or a restart",
    "Waiting": "something else must happen first: the condition Waiting says what, or the message "
    "(it is being deleted, or nothing is wanted any more, and workers still stop)",
    "Backoff": "a worker failed and is run again in a moment",
    "Failed": "a worker was given up, or failed and has `restart: never`; the message says what comes next",
    "Suspended": "declared, not running: `workerctl start` runs it",
    "Completed": "every worker is done",
}


def conditions_page() -> str:
    """docs/conditions.md."""
    assert tuple(WORDS) == status.WORDS, "the list of STATUS words has changed"
    lines = [
        "# What a set says about itself",
        "",
        "Made from the code by `make docs`. Both lists are closed: nothing else is ever said.",
        "",
        "## STATUS",
        "",
        "One word in `workerctl get ws`; `workerctl status` and `workerctl describe` say why.",
        "",
        "| word | meaning |",
        "| --- | --- |",
        *(f"| `{word}` | {meaning} |" for word, meaning in WORDS.items()),
        "",
        "## Conditions",
        "",
        "In `status.conditions`, for `workerctl wait --for condition=Ready` and for programs.",
        "",
        "| condition | reason | meaning |",
        "| --- | --- | --- |",
    ]
    for name, reasons in conditions.REASONS.items():
        for reason, meaning in reasons.items():
            lines.append(f"| `{name}` | `{reason}` | {meaning} |")
            name = ""
    return "\n".join(lines).replace("| `` |", "| |") + "\n"


def lifecycle_page() -> str:
    """docs/lifecycle.md: what stands outside of the marks is written by hand."""
    before, _, rest = (ROOT / "docs/lifecycle.md").read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + lifecycle.markdown() + END + rest.partition(END)[2]


def importing_page() -> str:
    """docs/importing.md: the tables are made from those that the importers go by."""
    before, _, rest = (ROOT / "docs/importing.md").read_text(encoding="utf-8").partition(BEGIN)
    return before + BEGIN + formats.markdown() + END + rest.partition(END)[2]


PAGES: dict[str, Callable[[], str]] = {
    "docs/cli.md": cli_reference.text,
    "docs/conditions.md": conditions_page,
    "docs/images/dev.svg": devscreen.capture,
    "docs/importing.md": importing_page,
    "docs/lifecycle.md": lifecycle_page,
    "docs/schemas.md": schema_reference.reference,
    "docs/sdk.md": sdkpage.page,
    **{f"schemas/{name}": source.compact for name in source.LAYOUT},
}


def main() -> int:
    check = "--check" in sys.argv[1:]
    stale = []
    for name, made in PAGES.items():
        page, text = ROOT / name, made()
        if page.exists() and page.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if not check:
            page.parent.mkdir(exist_ok=True)
            page.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name}: {'not what the code says, run make docs' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
