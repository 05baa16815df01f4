"""Options of the whole suite: `--update-golden`, and random tests that say how to repeat a failure."""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile(
    "workerset",
    deadline=None,  # two cores are shared; nothing here asserts a time
    print_blob=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.register_profile(
    "thorough", hypothesis.settings.get_profile("workerset"), max_examples=2000
)
hypothesis.settings.load_profile("workerset")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden", action="store_true", help="write golden files from what is printed now"
    )


@pytest.fixture(scope="session", autouse=True)
def no_file_is_left_open(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """At the end of a session this process holds no file that a test made, deleted or not."""
    yield
    gc.collect()
    left = {
        name: path for name, path in _open_files() if path.startswith(str(tmp_path_factory.getbasetemp()))
    }
    assert not left, f"descriptors left open: {left}"


def _open_files() -> Iterator[tuple[str, str]]:
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            yield name, os.readlink(f"/proc/self/fd/{name}")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[Path, str], None]:
    """Compare a text with a golden file, or write the file with `--update-golden`."""

    def compare(path: Path, text: str) -> None:
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.exists(), f"no golden file; make it with --update-golden: {path}"
        assert text == path.read_text(encoding="utf-8")

    return compare
