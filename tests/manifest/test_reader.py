"""Texts to documents with positions (S1.3, S1.6)."""

from __future__ import annotations

from typing import Any

import pytest

from controller.manifest import reader, values

HEAD = "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: a}\n"


def spec_of(text: str) -> dict[str, Any]:
    found = reader.read_text(HEAD + text)
    assert not found.problems
    (document,) = found.documents
    spec: dict[str, Any] = document.object["spec"]
    return spec


def problems(text: str, name: str = "a.yaml") -> list[tuple[int, int, str]]:
    return [(one.line, one.column, one.message) for one in reader.read_text(text, name).problems]


def test_s1_6_env_args_and_command_keep_their_text() -> None:
    spec = spec_of(
        "spec:\n  env: {A: no, B: 1.10, C: 0777, D: 12:30, E: 2024-01-01, F: ~, G: !!str 5}\n"
        "  args: [no, 1.10, 0777, 12:30]\n  command: [sleep, 5]\n  umask: 022\n  num: 5\n"
    )
    assert spec["env"] == {
        "A": "no", "B": "1.10", "C": "0777", "D": "12:30", "E": "2024-01-01", "F": None, "G": "5"
    }  # fmt: skip
    assert spec["args"] == ["no", "1.10", "0777", "12:30"]
    assert (spec["command"], spec["umask"], spec["num"]) == (["sleep", "5"], "022", 5)


def test_s1_6_plain_scalars_that_others_change_are_remembered() -> None:
    found = reader.read_text(HEAD + "spec:\n  env: {A: no, B: 'no', C: text}\n  command: [sleep, 5]\n")
    assert [node.value for node in found.documents[0].plain] == ["no", "5"]


def test_s1_6_env_by_anchors_and_merges_keeps_its_text_too() -> None:
    spec = spec_of("spec:\n  <<: {env: {A: 0777}, num: 3}\n  num: 2\n")
    assert spec == {"env": {"A": "0777"}, "num": 2}
    spec = spec_of("spec:\n  env: {<<: {A: no, B: 1}, B: 0777}\n")
    assert spec["env"]["B"] == "0777"


def test_s1_3_several_and_empty_documents() -> None:
    found = reader.read_text("---\n---\n# nothing\n---\na: 1\n---\nb: 2\n...\n---\n")
    assert [document.object for document in found.documents] == [{"a": 1}, {"b": 2}]
    assert [document.source for document in found.documents] == ["stdin:5", "stdin:7"]
    assert not found.problems


@pytest.mark.parametrize("kind", ["List", "WorkerSetList"])
def test_s1_3_lists_are_their_items(kind: str) -> None:
    found = reader.read_text(f"kind: {kind}\nitems:\n- a: 1\n- {{kind: List, items: [{{b: x}}]}}\n- c: 3\n")
    assert [document.object for document in found.documents] == [{"a": 1}, {"b": "x"}, {"c": 3}]
    assert found.documents[1].position(("b",)) == (4, 28)
    as_json = f'{{"kind": "{kind}",\n "items": [{{"a": 1}},\n {{"kind": "List", "items": [{{"b": "x"}}]}}]}}'
    found = reader.read_text(as_json)
    assert [document.object for document in found.documents] == [{"a": 1}, {"b": "x"}]
    assert found.documents[1].position(("b",)) == (3, 35)
    assert [document.source for document in found.documents] == ["stdin:2", "stdin:3"]


def test_s1_3_an_item_that_is_no_map() -> None:
    assert problems("kind: List\nitems: [5, {a: 1}]\n") == [(2, 9, "a document must be a map")]
    assert problems('{"kind": "List", "items": [5]}', "a.json") == [(1, 28, "a document must be a map")]


def test_s1_3_duplicate_keys_are_all_reported_and_the_rest_is_read() -> None:
    found = reader.read_text("a: 1\nb: {c: 1, c: 2}\na: 2\n")
    assert [(one.line, one.column, one.message) for one in found.problems] == [
        (2, 11, "this key is there twice: c"), (3, 1, "this key is there twice: a")
    ]  # fmt: skip
    assert found.documents[0].object == {"a": 1, "b": {"c": 1}}


def test_s1_3_duplicate_keys_in_json() -> None:
    assert problems('{"a": {"x": 1,\n "x": 2}}', "a.json") == [(2, 2, "this key is there twice: x")]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: !foo 1\n", 1, 4, "unknown tag: !foo"),
        ("a: !!python/name:os.system x\n", 1, 4, "unknown tag: !!python/name:os.system"),
        ("a: !!set {b}\n", 1, 4, "unknown tag: !!set"),
        ("a: !!binary aGk=\n", 1, 4, "unknown tag: !!binary"),
        ("[a]: 1\n", 1, 1, "a key must be text"),
        ("? \n: 1\n", 1, 2, "the key before the colon is empty"),
        ("a: 1\n<<: 5\n", 2, 5, "<< takes a map, or a list of maps"),
        ("a:\n\t- b\n", 2, 1, "a tab cannot indent"),
        ("a: @b\n", 1, 4, "a value cannot begin with @"),
        ("a: b: c\n", 1, 5, "a second key on one line, or a wrong indentation"),
        ("a: [1, 2\n", 1, 4, "the [ is not closed, or a comma is missing"),
        ("a: {b: 1\n", 1, 4, "the { is not closed, or a comma is missing"),
        ("a: 'b\n", 1, 4, "the quotation mark is not closed"),
        ('a: "b\n', 1, 4, "the quotation mark is not closed"),
        ("a: 'b\n---\nc: 1\n", 1, 4, "the quotation mark is not closed"),
        ('a: "\\q"\n', 1, 5, "no such escape in double quotes"),
        ("a: *b\n", 1, 4, "no anchor of this name above"),
        ("a: 1\nb\n", 2, 1, "this line is neither a key nor a value"),
        ("a: 1\n b: 2\n", 2, 3, "a second key on one line, or a wrong indentation"),
        ("a:\n- b\n c: d\n", 3, 3, "a second key on one line, or a wrong indentation"),
        ("  a: 1\n b: 2\n", 2, 2, "text after the end of the document"),
        ("a: - b\n", 1, 4, "a list cannot begin here"),
        ("just text\n", 1, 1, "a document must be a map"),
        ("- a\n", 1, 1, "a document must be a map"),
        ("", 1, 1, "the file is empty"),
        ("\n \n", 1, 1, "the file is empty"),
        ("a: b\x07\n", 1, 5, "a control character cannot stand here: U+0007"),
    ],
)
def test_s1_3_what_is_wrong_with_a_text(text: str, line: int, column: int, message: str) -> None:
    assert problems(text) == [(line, column, message)]


def test_s1_3_aliases_that_explode() -> None:
    text = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{after}: &{after} [{', '.join(['*' + before] * 9)}]\n"
        for before, after in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert problems(text) == [
        (1, 1, f"aliases expand to more than {values.MAX_NODES} values, or to themselves")
    ]


@pytest.mark.parametrize(
    "text", ["a: &a [*a]\n", "&a {b: *a}\n", "kind: List\nitems: &a\n- {kind: List, items: *a}\n"]
)
def test_s1_3_aliases_of_themselves(text: str) -> None:
    reader.read_text(text)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "? " * 100_000, "a: " + "[" * 80]
)
def test_s1_3_deep_nesting_ends_in_a_sentence(text: str) -> None:
    ((_, _, message),) = problems(text)
    assert message == "nested deeper than 60 levels" or "control" not in message


def test_s1_1_a_broken_document_costs_only_itself() -> None:
    found = reader.read_text("%YAML 1.1\n---\na: 1\n---\nb: [\n---\nc: 3\n")
    assert [document.object for document in found.documents] == [{"a": 1}, {"c": 3}]
    assert [(one.line, one.message) for one in found.problems] == [(5, "the text ends too early")]
    assert found.documents[1].source == "stdin:7"
    assert found.documents[1].position(("c",)) == (7, 4)


def test_s1_3_carriage_returns_and_no_last_line_feed() -> None:
    found = reader.read_text("a: 1\r\nb: x")
    assert found.documents[0].object == {"a": 1, "b": "x"}
    assert found.documents[0].position(("b",)) == (2, 4)


def test_positions_of_what_is_not_there_are_those_of_the_parent() -> None:
    (document,) = reader.read_text(HEAD + "spec:\n  env:\n    A: x\n").documents
    assert document.position(("spec", "env", "A")) == (6, 8)
    assert document.position(("spec", "env", "B")) == (5, 3)
    assert document.position(("spec", "log", "keep")) == (4, 1)
    assert document.position(("status",)) == (1, 1)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1,}', "a key in double quotes is missing"),
        ('{"a": NaN}', "not JSON: no such number in JSON: NaN"),
        ("[" * 100_000, "nested too deep"),
        ('{"a": "\\ud800"}', "half of a surrogate pair is no character"),
        ('{"a": 1} x', "text after the end"),
        ('{"a": 1 "b": 2}', "a comma is missing"),
        ('{"a": }', "a value is missing"),
        ('{"a": "b', "the quotation mark is not closed"),
    ],
)
def test_what_is_wrong_with_json(text: str, message: str) -> None:
    ((_, _, found),) = problems(text, "a.json")
    assert found.startswith(message)


def test_json_with_pairs_of_surrogates() -> None:
    found = reader.read_text('{"a": "\\ud83d\\ude00"}', "a.json")
    assert found.documents[0].object == {"a": "😀"}


def test_standard_input_that_only_looks_like_json_is_yaml() -> None:
    assert reader.read_text("{a: 1, b: [x]}").documents[0].object == {"a": 1, "b": ["x"]}
