"""A report as JUnit XML, as test servers read it: a suite a file, a case a document.

Only what the strictest of them knows (the xUnit plugin of Jenkins): no places but in the text of a failure.
"""

from __future__ import annotations

from controller.cli import findings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from controller.manifest import diagnostics, verdicts

_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;"})


def render(report: verdicts.Report) -> str:
    """Invalid documents fail, files that cannot be read are errors, the skipped are skipped."""
    suites: dict[str, list[verdicts.Verdict]] = {name: [] for name in report.files}
    for verdict in report.verdicts:
        suites.setdefault(verdict.file, []).append(verdict)
    lines = ['<?xml version="1.0" encoding="UTF-8"?>']
    lines.append(f'<testsuites name="workerctl validate" {_counts(report.verdicts)} time="0">')
    for name, judged in suites.items():
        skipped = sum(one.status == "skipped" for one in judged)
        lines.append(
            f'  <testsuite name="{_attribute(name)}" {_counts(judged)} skipped="{skipped}" time="0">'
        )
        lines += [line for title, verdict in titled(judged) for line in _case(title, verdict)]
        lines.append("  </testsuite>")
    return "\n".join([*lines, "</testsuites>"])


def titled(judged: Sequence[verdicts.Verdict]) -> Iterator[tuple[str, verdicts.Verdict]]:
    """Each of one file with a title of its own that stays the same when lines move."""
    seen: dict[str, int] = {}
    for verdict in judged:
        title = verdict.title or "document"
        seen[title] = seen.get(title, 0) + 1
        yield (title if seen[title] == 1 else f"{title} ({seen[title]})"), verdict


def _counts(judged: Sequence[verdicts.Verdict]) -> str:
    failures, errors = (sum(one.status == status for one in judged) for status in ("invalid", "unreadable"))
    return f'tests="{len(judged)}" failures="{failures}" errors="{errors}"'


def _case(title: str, verdict: verdicts.Verdict) -> Iterator[str]:
    head = f'    <testcase classname="{_attribute(verdict.file)}" name="{_attribute(title)}" time="0"'
    wrong = [one for one in verdict.diagnostics if one.severity == "error"]
    warnings = [one for one in verdict.diagnostics if one.severity == "warning"]
    if not verdict.diagnostics:
        yield f"{head}/>"
        return
    yield f"{head}>"
    if verdict.status == "skipped":
        yield f'      <skipped message="{_attribute(wrong[0].message)}"/>'
    elif wrong:
        tag = "error" if verdict.status == "unreadable" else "failure"
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        message = _attribute(f"{findings.sentence(wrong[0])}{more}")
        yield f'      <{tag} type="{wrong[0].code}" message="{message}">{_text(wrong)}</{tag}>'
    if warnings:
        yield f"      <system-out>{_text(warnings)}</system-out>"
    yield "    </testcase>"


def _text(told: Sequence[diagnostics.Diagnostic]) -> str:
    from controller.manifest import diagnostics

    return findings.printable(diagnostics.render(told)).translate({**_ESCAPES, 10: "\n", 9: "\t", 34: '"'})


def _attribute(text: str) -> str:
    return findings.printable(text).translate(_ESCAPES)
