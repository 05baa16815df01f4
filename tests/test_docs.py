"""What people are told to type exists, what exists is told, and every link leads somewhere."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.cli import errors, main, registry
from controller.core import conditions, parse
from controller.manifest import codes, diagnostics, validate
from controller.sdk.workerset import contract

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    ROOT / "manifests" / "README.md",
    ROOT / "benchmarks" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMAND = re.compile(r"(?:^|[\s(])(?:\.venv/bin/)?workerctl((?: +\S+)*)")
PLACEHOLDER = re.compile(r"^[A-Z][A-Z_]*$|^<.*>$|^…|^\.\.\.")
OPERATORS = ("|", "||", "&&", ";", ">", ">>", "<", "#", "&")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@dataclass(frozen=True)
class Typed:
    """One command as a page shows it."""

    page: Path
    text: str

    def __str__(self) -> str:
        return f"{name_of(self.page)}: workerctl{self.text}"


def typed() -> Iterator[Typed]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for _, block in FENCE.findall(text):
            for line in block.replace("\\\n", " ").splitlines():
                if line.lstrip().startswith(("workerctl ", "$ ", ".venv/bin/workerctl ", "kill ")):
                    yield from (Typed(page, found[1]) for found in COMMAND.finditer(line))
        for code in re.findall(r"`([^`\n]+)`", FENCE.sub("", text)):
            yield from (Typed(page, found[1]) for found in COMMAND.finditer(code) if found[1])


def split(text: str) -> list[str]:
    """Words up to the first thing that is the shell's."""
    try:
        words = shlex.split(text, comments=True)
    except ValueError:
        words = text.split()
    for place, word in enumerate(words):
        if word in OPERATORS or word.startswith("$(") or (word.endswith(";") and len(word) > 1):
            return [*words[:place], *([word[:-1]] if word.endswith(";") and word != ";" else [])]
    return words


def parser_of(verb: str) -> argparse.ArgumentParser:
    return main.build_parser(verb, importlib.import_module(registry.VERBS[verb].module))


def problem_of(words: list[str]) -> str:
    """Why this cannot be typed; empty if it can."""
    while words and words[0] in ("-C", "-n", "--directory", "--namespace"):
        words = words[2:]
    if (
        not words
        or words[0].startswith("[")
        or words[0] in ("--help", "-h", "--version", "help")
        or PLACEHOLDER.match(words[0])
    ):
        return ""
    verbs = words[0].split("|")  # `stop|start`
    unknown = [verb for verb in verbs if verb not in registry.VERBS]
    if unknown:
        return f"no such verb: {unknown[0]}"
    known = parser_of(verbs[0])._option_string_actions
    for word in words[1:]:
        if word == "--":
            return ""
        flag = word.partition("=")[0].rstrip("]")
        if not flag.startswith("-") or flag == "-" or re.match(r"-\d", flag):
            continue
        short = flag[:2] if not flag.startswith("--") else flag
        if flag not in known and short not in known:
            return f"no such option of {verbs[0]}: {flag}"
    return ""


# ------------------------------------------------------------------------------------------- links


def anchor(heading: str) -> str:
    """How a heading is linked to: lower case, no punctuation, dashes for spaces."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {anchor(found) for found in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, heading = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        if not found.exists() or (heading and heading not in anchors(found)):
            broken.append(target)
    assert broken == []


def test_every_page_of_docs_can_be_reached_from_the_index() -> None:
    index = ROOT / "docs" / "index.md"
    seen, pending = set[Path](), [index]
    while pending:
        page = pending.pop()
        if page.is_dir():
            pending += page.glob("*.md")
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        targets = (target.partition("#")[0] for target in LINK.findall(page.read_text(encoding="utf-8")))
        found = ((page.parent / target).resolve() for target in targets if target and ":" not in target)
        pending += [path for path in found if path.exists()]
    assert {name_of(page) for page in PAGES if page.is_relative_to(ROOT / "docs")} - {
        name_of(page) for page in seen if page.is_relative_to(ROOT)
    } == set()


# ---------------------------------------------------------------------------------------- commands


def test_every_command_that_is_shown_can_be_typed() -> None:
    wrong = [f"{one}: {why}" for one in typed() if (why := problem_of(split(one.text)))]
    assert wrong == []


def test_commands_are_found_in_pages_at_all() -> None:
    found = list(typed())
    assert len(found) > 50
    assert {"up", "apply", "get", "describe", "down"} <= {
        words[0] for one in found if (words := split(one.text))
    }


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (" get ws -A", ""),
        (" -C shop get ws", ""),
        (" VERB --help", ""),
        (" gett ws", "no such verb: gett"),
        (" get ws --nonsense", "no such option of get: --nonsense"),
        (" get ws | grep --nonsense x", ""),
        (" logs $(grep --nonsense x)", ""),
    ],
)
def test_the_check_of_commands_sees_what_is_wrong(text: str, why: str) -> None:
    assert problem_of(split(text)) == why


def test_every_verb_is_told_about() -> None:
    shown = {words[0] for one in typed() if (words := split(one.text))}
    verbs = {verb for verb, row in registry.VERBS.items() if row.group}
    assert verbs - shown == set()


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shown = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|^\$? ?)make ([a-z]+)\b", page.read_text(), re.MULTILINE)
    }
    assert shown - targets == set()
    assert {"demo", "test", "check", "bench"} <= shown


def test_every_file_that_is_named_exists() -> None:
    """Paths in code font, where they begin with a folder of this repository."""
    named = re.compile(r"`((?:controller|tests|manifests|schemas|benchmarks|docs|\.ci)/[\w./-]+)(?::\d+)?`")
    missing = {
        f"{name_of(page)}: {path}"
        for page in PAGES
        for path in named.findall(page.read_text(encoding="utf-8"))
        if "…" not in path and not path.startswith("benchmarks/out") and not (ROOT / path).exists()
    }
    assert missing == set()


# -------------------------------------------------------------------------------- what must be told


def all_text() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def test_every_exit_code_is_in_the_table() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    codes = {value for name, value in vars(errors).items() if name.isupper() and isinstance(value, int)}
    told = {int(code) for code in re.findall(r"^\| `?(\d+)`?", page, re.MULTILINE)}
    assert codes - told == set()


def test_every_code_of_a_diagnostic_is_told_about() -> None:
    page = (ROOT / "docs" / "validate.md").read_text(encoding="utf-8")
    assert {f"| `{code}` | {about} | {fix} |" for code, (about, fix) in codes.CODES.items()} <= {
        *page.splitlines()
    }


def test_every_variable_of_a_worker_is_in_the_contract() -> None:
    page = (ROOT / "docs" / "worker-contract.md").read_text(encoding="utf-8")
    assert {name for name in contract.RESERVED if f"`{name}`" not in page} == set()


def test_every_variable_the_command_line_reads_is_told_about() -> None:
    own = {*contract.RESERVED, *contract.CONTROLLER_NAMES}
    read = {
        name
        for path in (ROOT / "controller").rglob("*.py")
        for name in re.findall(r'"(WORKERSET_[A-Z_]+)"', path.read_text(encoding="utf-8"))
    }
    text = all_text()
    assert {name for name in read - own if name not in text} == set()


def test_s1_9_every_condition_and_reason_is_told_about() -> None:
    text = all_text()
    names = {*conditions.REASONS, *(reason for reasons in conditions.REASONS.values() for reason in reasons)}
    assert {name for name in names if f"`{name}`" not in text} == set()


# ---------------------------------------------------------------------------------------- manifests


def manifests_shown() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        blocks = FENCE.findall(page.read_text(encoding="utf-8"))
        for number, (language, block) in enumerate(blocks):
            if language == "yaml" and block.startswith("apiVersion:"):
                yield f"{name_of(page)}, block {number + 1}", block


@pytest.mark.parametrize(("where", "text"), list(manifests_shown()), ids=lambda value: str(value)[:40])
def test_every_manifest_that_is_shown_is_valid(where: str, text: str) -> None:
    report = validate.validate_text(text, where)
    assert report.ok, diagnostics.render(report.diagnostics)
    for document in report.documents:
        parse.parse_workerset(document.object)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_page_is_unfinished(page: Path) -> None:
    assert re.findall(r"\b(?:TODO|TBD|FIXME|XXX|lorem ipsum)\b", page.read_text(encoding="utf-8")) == []
