"""Good and bad manifests, and what is said of them (`tests/golden/diagnostics`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from controller.manifest import diagnostics, validate

GOLDEN = Path(__file__).parents[1] / "golden" / "diagnostics"
BAD = sorted(path for path in (GOLDEN / "bad").iterdir() if path.suffix in (".yaml", ".yml", ".json"))
GOOD = sorted(path for path in (GOLDEN / "good").iterdir() if path.suffix in (".yaml", ".yml", ".json"))


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_s1_1_bad(path: Path, golden: Callable[[Path, str], None]) -> None:
    report = validate.validate([path.name], validate.Options(cwd=str(path.parent)))
    assert report.diagnostics
    text = f"{diagnostics.render(report.diagnostics)}\n{report.summary()}\n"
    golden(path.with_suffix(path.suffix + ".txt"), text)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_s1_good(path: Path) -> None:
    report = validate.validate([path.name], validate.Options(cwd=str(path.parent), strict=True))
    assert diagnostics.render(report.diagnostics) == ""
    assert report.documents
