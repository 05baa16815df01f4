"""A report in the Test Anything Protocol, version 13 (a stream that readers of 14 take as well)."""

from __future__ import annotations

import json

from controller.cli import findings, junit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from controller.manifest import verdicts


def render(report: verdicts.Report) -> str:
    """A test a document; what is wrong stands in a YAML block below it."""
    files: dict[str, list[verdicts.Verdict]] = {}
    for verdict in report.verdicts:
        files.setdefault(verdict.file, []).append(verdict)
    cases = [case for judged in files.values() for case in junit.titled(judged)]
    lines = ["TAP version 13", f"1..{len(cases)}" if cases else "1..0 # SKIP no documents"]
    for number, (title, verdict) in enumerate(cases, 1):
        lines += _case(number, title, verdict)
    return "\n".join(lines)


def _case(number: int, title: str, verdict: verdicts.Verdict) -> Iterator[str]:
    word = "not ok" if verdict.status in ("invalid", "unreadable") else "ok"
    line = f"{word} {number} - {_described(f'{verdict.file}: {title}')}"
    if verdict.status == "skipped":
        yield f"{line} # SKIP {_described(verdict.diagnostics[0].message)}"
        return
    yield line
    if verdict.diagnostics:
        yield "  ---"
        yield f"  message: {_quoted(findings.sentence(verdict.diagnostics[0]))}"
        yield f"  severity: {'fail' if word == 'not ok' else 'comment'}"
        yield "  diagnostics:"
        for one in verdict.diagnostics:
            yield f"    - at: {_quoted(one.place)}"
            yield f"      severity: {one.severity}"
            yield f"      code: {one.code}"
            yield f"      path: {_quoted(one.path)}"
            yield f"      message: {_quoted(one.message)}"
            yield f"      fix: {_quoted(one.fix)}"
        yield "  ..."


def _described(text: str) -> str:
    """One line, in which no directive can begin."""
    return findings.printable(" ".join(text.split())).replace("\\", "\\\\").replace("#", "\\#")


def _quoted(text: str) -> str:
    """A double-quoted scalar: JSON is YAML."""
    return json.dumps(findings.printable(text), ensure_ascii=False)
