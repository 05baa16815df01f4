"""-o custom-columns."""

from __future__ import annotations

import pytest

from controller.cli import columns, errors

OBJ = {"metadata": {"name": "web", "empty": None}, "spec": {"num": 2, "args": ["a", "b"], "on": True}}


def test_headers_and_cells():
    made = columns.parse("NAME:.metadata.name, NUM:spec.num,ON:{.spec.on},ARGS:.spec.args,EACH:.spec.args[*]")
    assert made.headers == ["NAME", "NUM", "ON", "ARGS", "EACH"]
    assert made.row(OBJ) == ["web", "2", "true", '["a","b"]', "a,b"]


def test_missing_and_null():
    assert columns.parse("A:.nope,B:.metadata.empty").row(OBJ) == ["<none>", "<none>"]


def test_commas_in_brackets_belong_to_the_path():
    made = columns.parse("AB:.spec.args[0,1],F:.x[?(@.a=='b,c')].d,N:.metadata.name")
    assert made.headers == ["AB", "F", "N"]
    assert made.row(OBJ) == ["a,b", "<none>", "web"]


@pytest.mark.parametrize("text", ["", "NAME", ":.x", "NAME:", "A:.b,"])
def test_errors_show_an_example(text):
    with pytest.raises(errors.UsageError) as caught:
        columns.parse(text)
    assert "custom-columns=NAME:.metadata.name" in caught.value.hint


def test_file():
    made = columns.parse_file("NAME   NUM\n.metadata.name   .spec.num\n")
    assert (made.headers, made.row(OBJ)) == (["NAME", "NUM"], ["web", "2"])
    with pytest.raises(errors.UsageError, match="as many paths"):
        columns.parse_file("NAME NUM\n.metadata.name\n")
