"""A report as SARIF 2.1.0, the exchange format of static analysis: for code scanning and editors."""

from __future__ import annotations

import os

from controller.cli import findings
from controller.manifest import codes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from controller.manifest import diagnostics, verdicts

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
HOME = "https://workerset.dev"
ROOT = "%SRCROOT%"


def render(report: verdicts.Report, version: str, cwd: str, base: str) -> str:
    """One run; only rules that were broken are listed. Places are relative to `base`."""
    broken = sorted({one.code for one in report.diagnostics})
    index = {code: place for place, code in enumerate(broken)}
    driver = {
        "name": "workerctl",
        "version": version,
        "semanticVersion": version,
        "informationUri": HOME,
        "rules": [_rule(code) for code in broken],
    }
    results = [
        _result(one, index[one.code], findings.from_repository(one.file, cwd, base))
        for one in report.diagnostics
    ]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"uri": f"file://{_uri(base.rstrip('/'))}/"}},
        "invocations": [{"executionSuccessful": not report.unreadable}],
        "properties": report.counts,
        "results": results,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return findings.as_json(log)


def _rule(code: str) -> dict[str, Any]:
    about, fix = codes.CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": f"{about[0].upper()}{about[1:]}."},
        "fullDescription": {"text": f"{about[0].upper()}{about[1:]}: {fix}."},
        "help": {"text": f"{fix[0].upper()}{fix[1:]}."},
        "defaultConfiguration": {"level": "warning" if code == "PlainScalar" else "error"},
        "properties": {"tags": ["manifest"]},
    }


def _result(one: diagnostics.Diagnostic, rule: int, name: str) -> dict[str, Any]:
    artifact = (
        {"uri": f"file://{_uri(name)}"} if name.startswith("/") else {"uri": _uri(name), "uriBaseId": ROOT}
    )
    physical: dict[str, Any] = {"artifactLocation": artifact, "region": _region(one)}
    if one.excerpt is not None and one.excerpt.text:
        physical["contextRegion"] = {"startLine": one.line, "snippet": {"text": one.excerpt.text}}
    location: dict[str, Any] = {"physicalLocation": physical}
    if one.path:
        location["logicalLocations"] = [{"fullyQualifiedName": one.path, "kind": "member"}]
    result: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": one.severity,
        "message": {"text": findings.sentence(one)},
        "locations": [location],
    }
    if one.fix:
        result["properties"] = {"fix": one.fix}
    return result


def _region(one: diagnostics.Diagnostic) -> dict[str, Any]:
    """A problem of a whole file is put on its first line: hosts show nothing without one."""
    region: dict[str, Any] = {"startLine": max(one.line, 1), "startColumn": max(one.column, 1)}
    if end := findings.end_column(one):
        region["endColumn"] = end
    if one.excerpt is not None and (piece := one.excerpt.piece):
        region["snippet"] = {"text": piece}
    return region


def _uri(name: str) -> str:
    from urllib.parse import quote

    return quote(os.fsencode(name))
