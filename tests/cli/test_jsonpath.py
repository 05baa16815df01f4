"""Kubernetes' JSONPath dialect: a table of templates and what they print, and errors with their position."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cli import errors, jsonpath

OBJ = {
    "kind": "List",
    "items": [
        {
            "kind": "None",
            "metadata": {
                "name": "127.0.0.1",
                "labels": {"kubernetes.io/hostname": "127.0.0.1"},
                "empty": None,
            },
            "status": {
                "capacity": {"cpu": "4"},
                "addresses": [{"type": "LegacyHostIP", "address": "127.0.0.1"}],
            },
        },
        {
            "kind": "None",
            "metadata": {"name": "127.0.0.2"},
            "status": {
                "capacity": {"cpu": "8"},
                "ready": True,
                "load": 1.5,
                "addresses": [
                    {"type": "LegacyHostIP", "address": "127.0.0.2", "port": 1},
                    {"type": "another", "address": "127.0.0.3", "port": 20},
                ],
            },
        },
    ],
    "users": [
        {"name": "myself", "user": {}},
        {"name": "e2e", "user": {"username": "admin", "password": "secret"}},
    ],
}

TABLE = {
    "text alone": ("the object", "the object"),
    "a field": ("{.kind}", "List"),
    "text around": ("kind is {.kind}!", "kind is List!"),
    "without the dollar, with it, with at": ("{.kind} {$.kind} {@.kind}", "List List List"),
    "no braces is a path": (".kind", "List"),
    "bracket key": ("{['kind']}", "List"),
    "bracket key, other quotes": ('{.items[0]["metadata"].name}', "127.0.0.1"),
    "bracket key with dots is a path": ("{.items[*]['metadata.name']}", "127.0.0.1 127.0.0.2"),
    "a key with dots, escaped": ("{.items[0].metadata.labels.kubernetes\\.io/hostname}", "127.0.0.1"),
    "a key with dots, bracketed and escaped": (
        "{.items[0].metadata.labels['kubernetes\\.io/hostname']}",
        "127.0.0.1",
    ),
    "a key with dots, bracketed": ("{.items[0].metadata.labels['kubernetes.io/hostname']}", "127.0.0.1"),
    "union of paths": (
        "{.items[*]['metadata.name', 'status.capacity']}",
        '127.0.0.1 127.0.0.2 {"cpu":"4"} {"cpu":"8"}',
    ),
    "index": ("{.items[1].metadata.name}", "127.0.0.2"),
    "index from the end": ("{.items[-1].metadata.name}", "127.0.0.2"),
    "union of indexes": ("{.items[1,0].status.capacity.cpu}", "8 4"),
    "slice": ("{.items[0:1].metadata.name}", "127.0.0.1"),
    "slice, open": ("{.items[1:].metadata.name}", "127.0.0.2"),
    "slice from the end": ("{.items[-1:].metadata.name}", "127.0.0.2"),
    "slice with a step": ("{.items[::2].metadata.name}", "127.0.0.1"),
    "wildcard over a list": ("{.items[*].metadata.name}", "127.0.0.1 127.0.0.2"),
    "wildcard over a mapping": ("{.items[0].status.capacity.*}", "4"),
    "recursive descent": ("{..name}", "127.0.0.1 127.0.0.2 myself e2e"),
    "recursive descent below a path": ("{.users..password}", "secret"),
    "recursive descent into lists": ("{..addresses[0].address}", "127.0.0.1 127.0.0.2"),
    "filter": ('{.users[?(@.name=="e2e")].user.password}', "secret"),
    "filter, spaces": ("{.users[?( @.name == 'e2e' )].user.password}", "secret"),
    "filter, a deeper path": ('{.items[?(@.status.capacity.cpu=="8")].metadata.name}', "127.0.0.2"),
    "filter, not equal": (
        '{.items[*].status.addresses[?(@.type!="another")].address}',
        "127.0.0.1 127.0.0.2",
    ),
    "filter, number": ("{.items[1].status.addresses[?(@.port>1)].address}", "127.0.0.3"),
    "filter, at most": ("{.items[1].status.addresses[?(@.port<=1)].address}", "127.0.0.2"),
    "filter, bool": ("{.items[?(@.status.ready==true)].metadata.name}", "127.0.0.2"),
    "filter, exists": ("{.items[?(@.status.ready)].metadata.name}", "127.0.0.2"),
    "filter, missing never matches": ('{.items[?(@.status.nope!="x")].metadata.name}', ""),
    "filter, two types are unequal": ("{.users[?(@.name==3)].name}", ""),
    "filter, bracket key": ("{.users[?(@['name']=='e2e')].name}", "e2e"),
    "filter, against another path": (
        "{.items[?(@.metadata.name==@.status.addresses[0].address)].kind}",
        "None None",
    ),
    "filter, against the root": ("{.items[?($.kind=='List')].metadata.name}", "127.0.0.1 127.0.0.2"),
    "range": (
        "{range .items[*]}[{.metadata.name}, {.status.capacity}] {end}",
        '[127.0.0.1, {"cpu":"4"}] [127.0.0.2, {"cpu":"8"}] ',
    ),
    "range, quoted literals": ('{range .items[*]}{.metadata.name}{"\\t"}{end}', "127.0.0.1\t127.0.0.2\t"),
    "range in range": (
        '{range .items[*]}{.metadata.name}:{range .status.addresses[*]} {.address}{end}{"\\n"}{end}',
        "127.0.0.1: 127.0.0.1\n127.0.0.2: 127.0.0.2 127.0.0.3\n",
    ),
    "root inside a range": ("{range .items[*]}{$.kind} {end}", "List List "),
    "missing is nothing": ("{.nope.deeper}", ""),
    "missing in a range": ("{range .nope[*]}x{end}", ""),
    "the whole object": ("{.items[0].status.capacity}", '{"cpu":"4"}'),
    "bool, number": ("{.items[1].status.ready} {.items[1].status.load}", "true 1.5"),
    "quoted literal, escapes": ("{'it\\'s {here}'}{\"\\\\\"}", "it's {here}\\"),
    "number literal": ("{3}", "3"),
    "space inside": ("{ .kind }", "List"),
    "index into null is nothing": ("{.items[0].metadata.empty[0]}", ""),
}


@pytest.mark.parametrize(("template", "printed"), TABLE.values(), ids=TABLE.keys())
def test_templates(template, printed):
    assert jsonpath.parse(template).render(OBJ) == printed


def test_itself():
    assert (
        jsonpath.parse("{.}").find(OBJ)
        == jsonpath.parse("{@}").find(OBJ)
        == jsonpath.parse("{$}").find(OBJ)
        == [OBJ]
    )


BROKEN = {
    "brace": ("x{.kind", "this brace is not closed", 2),
    "bracket": ("{.items[0}", "this bracket is not closed", 8),
    "quote": ("{.users[?(@.name=='x)]}", "this quote is not closed", 19),
    "filter": ("{.users[?(@.name=='x'", "this filter is not closed", 8),
    "nothing to compare": ("{.users[?()]}", "a filter compares paths, numbers and quoted texts", 11),
    "range without end": ("{range .items[*]}{.x}", "this range has no {end}", 1),
    "end without range": ("a{end}", "nothing to end here", 2),
    "range without a path": ("{range}{end}", "range needs a path", 1),
    "end with a path": ("{range .a}{end .b}", "end stands alone", 11),
    "word": ("{foo}", "not a path, number or quoted text: 'foo'", 2),
    "empty": ("{}", "nothing between the braces", 1),
    "field": ("{.a..}", "a field's name is missing", 6),
    "index": ("{.a[b]}", "not an index, slice, 'key' or ?(filter)", 5),
    "step": ("{.a[0:3:0]}", "a slice's step must be above 0", 9),
    "and": ("{.a[?(@.b=='x' && @.c=='y')]}", "&& is not supported in a filter", 16),
    "regular expression": ("{.a[?(@.b =~ 'x')]}", "=~ is not supported in a filter", 11),
    "after a path": ("{.a,}", "unexpected ','", 4),
}


@pytest.mark.parametrize(("template", "message", "position"), BROKEN.values(), ids=BROKEN.keys())
def test_errors_show_the_position(template, message, position):
    with pytest.raises(errors.UsageError) as caught:
        jsonpath.parse(template)
    assert caught.value.message == f"jsonpath: {message} at position {position}"
    assert caught.value.hint == f"  {template}\n  {' ' * (position - 1)}^"


def test_index_out_of_bounds():
    with pytest.raises(errors.CliError, match="array index out of bounds: index 5, length 2"):
        jsonpath.parse("{.items[5]}").render(OBJ)


@pytest.mark.parametrize(
    ("template", "found"),
    [("{.kind[0]}", "a text"), ("{.items[0][1:]}", "a mapping"), ("{.items[0][?(@.a)]}", "a mapping")],
)
def test_lists_are_wanted(template, found):
    with pytest.raises(errors.CliError, match=found):
        jsonpath.parse(template).render(OBJ)


@pytest.mark.parametrize("text", ["kind", ".kind", "{.kind}", "{kind}", "$.kind", " .kind "])
def test_relaxed_paths(text):
    assert jsonpath.path(text).find(OBJ) == ["List"]


@given(st.text(alphabet="{}[]().,'\"@$?*:-019abrangend =!<>&\\ ", max_size=40))
def test_no_template_breaks_the_parser(template):
    try:
        jsonpath.parse(template).render(OBJ)
    except errors.CliError:
        pass


@given(st.text().filter(lambda text: "{" not in text and text.strip()[:1] not in (".", "$", "[")))
def test_text_without_braces_is_itself(text):
    assert jsonpath.parse(text).render({}) == text


@given(st.text(min_size=1))
def test_any_key_can_be_written_in_brackets(key):
    quoted = key.replace("\\", "\\\\").replace("'", "\\'")
    assert jsonpath.parse(f"{{['{quoted}']}}").find({key: 7}) == [7]
