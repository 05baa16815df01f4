"""A sitting with kubectl, command by command, with every kubectl there is; docs/kubectl.md says just that."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.kubectl import commands
from tests.e2e.kubectl.cluster import Cluster, binaries
from tests.e2e.project import Project

PAGE = Path(__file__).parents[3] / "docs/kubectl.md"


@pytest.fixture(scope="module", params=[pytest.param(path, id=name) for name, path in binaries().items()])
def sitting(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A project of its own for each kubectl, with workers that say something."""
    place = tmp_path_factory.mktemp("sitting")
    root, home = place / "shop", place / "home"
    root.mkdir()
    home.mkdir()
    project = Project(root, home)
    project.declare("web", command=["sh", "-c", "echo begun; exec sleep 1000"], num=2, stop_grace="1s")
    (root / "kustomized").mkdir()
    (root / "kustomized/kustomization.yaml").write_text("resources: [made.yaml]\nnameSuffix: -made\n")
    (root / "kustomized/made.yaml").write_text(commands.MADE)
    project.ctl("up", "-d", "--listen")
    cluster = Cluster(project, request.param)
    cluster.out("wait", "ws/web", "--for=condition=Ready", "--timeout=30s")
    yield cluster
    project.close()


def trouble(cluster: Cluster, command: commands.Command) -> str:
    """How a command did not do what the table says; empty if it did."""
    done = cluster.kubectl(
        *shlex.split(command.line),
        code=None,
        stdin=command.given or None,
        KUBE_EDITOR="sed -i s/sleep/sleep/;s/1000/1001/",
    )
    said = done.stdout + done.stderr
    if done.returncode == command.code and command.says in said:
        return ""
    return (
        f"kubectl {command.line}: exit {done.returncode}, not {command.code}; {command.says!r} not in: {said}"
    )


@pytest.mark.timeout(240)
def test_every_command_does_what_the_table_says(sitting: Cluster):
    troubles = [found for one in commands.WORKS if (found := trouble(sitting, one))]
    assert not troubles, "\n".join(troubles)


@pytest.mark.timeout(120)
def test_what_cannot_work_says_why(sitting: Cluster):
    troubles = [found for one in commands.CANNOT if (found := trouble(sitting, one))]
    assert not troubles, "\n".join(troubles)


# ---------------------------------------------------------------------------- the page


def section(title: str) -> str:
    return PAGE.read_text().partition(f"## {title}\n")[2].partition("\n## ")[0]


def written(title: str) -> set[str]:
    """Verbs that the first column of the section's table names."""
    rows = [line for line in section(title).splitlines() if line.startswith("| `")]
    return {verb(command) for row in rows for command in re.findall(r"`([^`]+)`", row.split(" | ")[0])}


def verb(line: str) -> str:
    """What one would look for in the page."""
    return next(word for word in line.split() if not word.startswith("-"))


def test_the_page_has_every_verb_of_the_table_and_no_other():
    assert written("What works") - {"attach", "port-forward"} == {verb(one.line) for one in commands.WORKS}


def options(row: str) -> set[str]:
    """Options that a row of a table names, without their values."""
    codes = re.findall(r"`([^`]+)`", row)
    return {word.partition("=")[0] for code in codes for word in code.split() if word.startswith("-")}


@pytest.mark.parametrize(
    ("title", "table"), [("What works", commands.WORKS), ("What cannot, and why", commands.CANNOT)]
)
def test_every_option_that_the_page_names_was_tried(title: str, table: tuple[commands.Command, ...]):
    """By a command of the table, or, where one must act meanwhile, by a test beside this one."""
    others = [path.read_text() for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    for row in (line for line in section(title).splitlines() if line.startswith("| `")):
        verbs = {verb(code) for code in re.findall(r"`([^`]+)`", row.split(" | ")[0])}
        lines = [one.line.split() for one in table if verb(one.line) in verbs]
        tried = {word.partition("=")[0] for line in lines for word in line}
        for option in options(row) - tried:
            assert any(re.search(rf'"{option}["=]', text) for text in others), (row, option)


def test_what_the_page_says_cannot_work_was_tried():
    tried = {verb(one.line) for one in commands.CANNOT}
    assert written("What cannot, and why") - {"http://", "kubectl", "ws/NAME"} <= tried
