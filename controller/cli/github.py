"""A report as workflow commands: each problem becomes an annotation on its line of a pull request."""

from __future__ import annotations

from controller.cli import findings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.manifest import diagnostics, verdicts


def render(report: verdicts.Report, cwd: str, base: str) -> str:
    """A line a problem, places relative to `base`."""
    return "\n".join(
        _command(one, findings.from_repository(one.file, cwd, base)) for one in report.diagnostics
    )


def _command(one: diagnostics.Diagnostic, name: str) -> str:
    facts = {} if name == "stdin" else {"file": name}
    if one.line and facts:
        facts |= {"line": str(one.line), "endLine": str(one.line), "col": str(one.column)}
        if end := findings.end_column(one):
            facts["endColumn"] = str(end)
    facts["title"] = one.code
    properties = ",".join(f"{key}={_property(value)}" for key, value in facts.items())
    where = f"{one.place}: " if name == "stdin" else ""
    return f"::{one.severity} {properties}::{_data(where + findings.sentence(one))}"


def _data(text: str) -> str:
    return findings.printable(text).replace("%", "%25").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
