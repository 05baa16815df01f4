"""S6.2 in PHP: how each type crosses between PHP and Python, and what cannot."""

from __future__ import annotations

import enum
import json
import math
import subprocess
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from controller.sdk.workerset import layout, memory
from tests.php.conftest import Php

# ---------------------------------------------------------------------------------------- type table

TO_PYTHON = [
    ("null", None),
    ("true", True),
    ("0", 0),
    ("PHP_INT_MAX", 2**63 - 1),
    ("PHP_INT_MIN", -(2**63)),
    ("1.0", 1.0),
    ("-0.0", -0.0),
    ("0.1 + 0.2", 0.1 + 0.2),
    ("1e300", 1e300),
    ("5e-324", 5e-324),
    ("INF", math.inf),
    ("-INF", -math.inf),
    ("''", ""),
    ("'grün / \"quoted\"'", 'grün / "quoted"'),
    ('"a\\0b\\u{2028}\\u{1F600}"', "a\0b\u2028\U0001f600"),
    ('"\\xff\\x00"', b"\xff\x00"),
    ("[]", []),
    ("[1, [2, []]]", [1, [2, []]]),
    ("['a' => 1, 'b' => [true]]", {"a": 1, "b": [True]}),
    ("['' => 1]", {"": 1}),
    ('["\\0*\\0x" => 1]', {"\0*\0x": 1}),
    ("[1 => 'one', 'x' => 2]", {1: "one", "x": 2}),
    ("['1' => 'a number to PHP']", {1: "a number to PHP"}),
    ("['$bytes' => 'no tag']", {"$bytes": "no tag"}),
    ("['$a' => 1, '$b' => 2]", {"$a": 1, "$b": 2}),
]


def test_s6_2_each_type_of_php_arrives_in_python(php: Php) -> None:
    rows = ",\n".join(f"'v{number}' => {code}" for number, (code, _) in enumerate(TO_PYTHON))
    php.says(f"frankenphp_set_vars([\n{rows},\n'nan' => NAN]);")
    found = dict(php.published())
    assert math.isnan(found.pop("nan"))
    expected = {f"v{number}": value for number, (_, value) in enumerate(TO_PYTHON)}
    assert found == expected
    assert [type(value) for value in json.loads(json.dumps(found, default=str)).values()]
    assert list(map(repr, found.values())) == list(map(repr, expected.values()))


TO_PHP = [
    (None, "null"),
    (True, "true"),
    (2**63 - 1, "9223372036854775807"),
    (-(2**63), "-9223372036854775807-1"),
    (2**63, "'9223372036854775808'"),
    (-(10**30), "'-1000000000000000000000000000000'"),
    (1.0, "1.0"),
    (-0.0, "-0.0"),
    (0.1 + 0.2, "0.30000000000000004"),
    (math.inf, "INF"),
    (-math.inf, "-INF"),
    (math.nan, "NAN"),
    ("grün \U0001f600", "'grün \U0001f600'"),
    ("a\0b", "'a' . \"\\0\" . 'b'"),
    (b"\xff\x00", "b:ff00"),
    (b"text", "'text'"),
    ([], "[]"),
    ({}, "[]"),
    ([1, [{}]], "[1,[[]]]"),
    ({"a": 1, "": 2}, "['a'=>1,''=>2]"),
    ({"7": 1}, "[7=>1]"),
    ({7: "x", "y": None}, "[7=>'x','y'=>null]"),
    ({"$map": 1}, "['$map'=>1]"),
]
SHOW = """function show($v): string {
    if (is_string($v) && !preg_match('//u', $v)) return 'b:' . bin2hex($v);
    if ($v === null || is_bool($v)) return json_encode($v);
    if (!is_array($v)) return var_export($v, true);
    $out = [];
    $key_of = fn($key) => array_is_list($v) ? '' : var_export($key, true) . '=>';
    foreach ($v as $key => $one) $out[] = $key_of($key) . show($one);
    return '[' . implode(',', $out) . ']';
}
foreach (frankenphp_get_vars('job') as $one) echo show($one), "\\n";"""


def test_s6_2_each_type_of_python_arrives_in_php(php: Php) -> None:
    php.running()
    php.publish({f"v{number}": value for number, (value, _) in enumerate(TO_PHP)})
    assert php.says(SHOW).splitlines() == [shown for _, shown in TO_PHP]


def as_php_keeps_it(value: Any, top: bool = False) -> Any:
    """The type table, for the way from Python to PHP and back."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if type(value) is int and not -(2**63) <= value < 2**63:
        return str(value)
    if isinstance(value, list):
        return [as_php_keeps_it(one) for one in value]
    if isinstance(value, dict):
        kept = {php_key(key): as_php_keeps_it(one) for key, one in value.items()}
        is_list = list(kept) == list(range(len(kept))) and not top
        return list(kept.values()) if is_list else kept
    return value


def php_key(key: str | int) -> str | int:
    """An array of PHP has integers for keys that look like one."""
    try:
        number = int(key)
    except ValueError:
        return key
    fits = -(2**63) <= number < 2**63 and str(number) == str(key)
    return number if fits else str(key)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.binary(max_size=8)
)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.integers(-(2**63), 2**63 - 1)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
ECHO = """while (fgets(STDIN) !== false) {
    frankenphp_set_vars(frankenphp_get_vars('job'));
    echo "done\\n";
}"""


def test_s6_2_what_php_read_it_can_publish_again(php: Php) -> None:
    """Any value of Python, through a PHP process and back, is what the type table says."""
    php.running()
    source, back = php.slot, type(php.slot)(php.folder / "back")
    env = {**php.environ, "WORKERSET_VARS": str(back.path)}
    with subprocess.Popen(
        php.command(ECHO), env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdin is not None
        assert run.stdout is not None
        writer, reader = memory.Slot(str(source.path)), memory.Slot(str(back.path))

        @hypothesis.settings(max_examples=60)
        @hypothesis.given(st.dictionaries(KEYS, VALUES, max_size=5))
        def there_and_back(value: dict[Any, Any]) -> None:
            writer.publish(value)
            assert run.stdin is not None
            assert run.stdout is not None
            run.stdin.write("\n")
            run.stdin.flush()
            assert run.stdout.readline() == "done\n"
            assert repr(reader.read()[1]) == repr(as_php_keeps_it(value, top=True))

        there_and_back()
        run.stdin.close()


# -------------------------------------------------------------------------------------------- enums

ENUMS = """enum Suit: string { case Hearts = 'h'; case Spades = 's'; }
class Colour extends stdClass { const Red = 1; }
"""


def test_s6_2_an_enum_comes_back_as_the_same_case(php: Php) -> None:
    php.running()
    code = (
        ENUMS
        + """frankenphp_set_vars(['suit' => Suit::Spades, 'all' => [Suit::Hearts]]);
    var_dump(frankenphp_get_vars('job') === ['suit' => Suit::Spades, 'all' => [Suit::Hearts]]);"""
    )
    assert php.says(code) == "bool(true)\n"
    assert (
        php.slot.body() == '{"suit":{"$enum":["php:Suit","Spades"]},"all":[{"$enum":["php:Suit","Hearts"]}]}'
    )


@pytest.mark.parametrize(
    ("tag", "named"),
    [
        ('["php:Gone","A"]', "Gone"),
        ('["php:Suit","Clubs"]', "Suit::Clubs"),
        ('["php:Colour","Red"]', "Colour"),
        ('["shop.models:Colour","RED"]', "shop.models:Colour"),
    ],
)
def test_enum_missing_names_the_class_or_the_case(php: Php, tag: str, named: str) -> None:
    """S6.2; nothing is loaded because a writer named it."""
    php.running()
    php.slot.put(f'{{"suit":{{"$enum":{tag}}}}}')
    loading = ENUMS + "spl_autoload_register(function ($class) { echo 'LOADED'; });\n"
    kind, message = php.throws("frankenphp_get_vars('job')", loading)
    assert kind == "LogicException"
    assert message.endswith(f": {named}")


def test_an_enum_of_php_is_named_where_python_reads_it(php: Php) -> None:
    php.says(ENUMS + "frankenphp_set_vars(['suit' => Suit::Spades]);")
    with pytest.raises(LookupError, match="Suit::Spades"):
        php.published()


class Size(enum.Enum):
    SMALL = 1


def test_an_enum_of_python_is_named_where_php_reads_it(php: Php) -> None:
    php.running()
    php.publish({"size": Size.SMALL})
    kind, message = php.throws("frankenphp_get_vars('job')")
    assert kind == "LogicException"
    assert message.endswith("test_types:Size")


# ------------------------------------------------------------------------------------------- misuse


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("['a' => new stdClass]", "['a'] is of type stdClass"),
        ("['a' => ['b' => [0, fn() => 1]]]", "['a']['b'][1] is of type Closure"),
        ("['a' => STDIN]", "['a'] is of type resource (stream)"),
        ("[3 => new ArrayObject]", "[3] is of type ArrayObject"),
        ("['a' => &$shared]", "['a'] is a reference"),
        ("['a' => [1, &$shared]]", "['a'][1] is a reference"),
        ("['a' => $deep]", "nested deeper than 256"),
        ('["\\xff" => 1]', "a key is not UTF-8: [\\377]"),
        ("$cycle", "['self'] is a reference"),
    ],
)
def test_s6_2_type_validation_names_the_place(php: Php, value: str, where: str) -> None:
    """TypeValidation; what was published before stays."""
    before = """$shared = 1; $other = &$shared;
    $deep = 1; for ($i = 0; $i < 256; $i++) $deep = [$deep];
    $cycle = []; $cycle['self'] = &$cycle;
    frankenphp_set_vars(['kept' => 1]);
    """
    kind, message = php.throws(f"frankenphp_set_vars({value})", before)
    assert kind == "ValueError"
    assert where in message
    assert php.published() == {"kept": 1}


def test_256_levels_are_not_too_deep_in_either_direction(php: Php) -> None:
    php.running()
    code = """$deep = 1; for ($i = 0; $i < 255; $i++) $deep = [5 => $deep];
    frankenphp_set_vars(['a' => $deep]);
    var_dump(frankenphp_get_vars('job') === ['a' => $deep]);"""
    assert php.says(code) == "bool(true)\n"
    assert memory.Slot(str(php.slot.path)).publish(dict(php.published())) == php.slot[layout.GENERATION]
