"""The schema and the code that reads it agree, in both directions."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from controller.core import objectrules, parse, signals, spec, template
from controller.manifest import explain, predicate, reference, schema, source, validate
from tests.manifest import samples

ROOT = source.load()
SPEC = ROOT["properties"]["spec"]["properties"]
SUPPORTED = {name: node for name, node in SPEC.items() if node.get("x-supported", True)}

# One value apart from the default for every field that works, and what else it needs.
DECLARED: dict[str, tuple[Any, dict[str, Any]]] = {
    "background": (True, {}),
    "name": ("j", {"background": True}),
    "scope": ("shop", {}),
    "num": (3, {}),
    "max_threads": (5, {}),
    "max_consecutive_failures": (2, {}),
    "retry_after": ("5s", {}),
    "file": ("a.py", {}),
    "command": (["app"], {}),
    "args": (["x"], {}),
    "interpreter": ("python3", {"file": "a.py"}),
    "working_dir": ("app", {}),
    "env": ({"A": "b"}, {}),
    "env_files": ([".env"], {}),
    "listen": (["unix:web.sock"], {}),
    "port": (8000, {}),
    "ready_when": ("notify", {}),
    "startup_probe": ({"exec": ["true"]}, {}),
    "readiness_probe": ({"http": "/healthz", "port": 8000}, {}),
    "liveness_probe": ({"watchdog": "10s"}, {}),
    "probe_port": (9000, {}),
    "instances": (["j"], {"background": True}),
    "idle_timeout": ("5s", {"background": True}),
    "scopes": (["shop"], {}),
    "suspend": (True, {}),
    "restart": ("never", {}),
    "stop_signal": ("SIGINT", {}),
    "stop_grace": ("5s", {}),
    "min_ready": ("5s", {}),
    "drain_timeout": ("5s", {"listen": ["unix:web.sock"]}),
    "umask": ("027", {}),
    "user": ("nobody", {}),
    "nice": (5, {}),
    "resources": ({"files": 64, "memory": "64Mi", "cpu": "500m"}, {}),
    "rollout": ({"max_surge": 2, "paused": True}, {"listen": ["unix:web.sock"]}),
    "log": ({"max_size": "1Mi", "keep": 1}, {}),
}

# Fields that accept only the value that asks for nothing, and what is no part of what is run.
INERT = {"start": "exec", "tty": False, "watch": True, "depends_on": ["db"]}


def parsed(fields: dict[str, Any]) -> spec.WorkerSetSpec:
    declared = fields if "file" in fields or "command" in fields else {"command": ["true"], **fields}
    obj = {**samples.MINIMAL, "spec": declared}
    assert not schema.WorkerSetSchema().problems(obj)
    return parse.parse_workerset(obj)


def test_every_supported_field_is_in_one_of_the_two_tables() -> None:
    assert set(SUPPORTED) == set(DECLARED) | set(INERT)


@pytest.mark.parametrize("field", sorted(DECLARED))
def test_every_supported_field_reaches_the_typed_spec(field: str) -> None:
    value, others = DECLARED[field]
    assert parsed({**others, field: value}) != parsed(
        {"file": "b.py", **others} if field == "file" else others
    )


def test_every_typed_field_is_reached_by_some_field_of_the_schema() -> None:
    before = parsed({})
    reached: set[str] = set()
    for field, (value, others) in DECLARED.items():
        after = parsed({**others, field: value})
        for one, two in ((before, after), (before.template, after.template), (before.log, after.log)):
            for name in (part.name for part in dataclasses.fields(one)):
                if getattr(one, name) != getattr(two, name):
                    reached.add(f"{type(one).__name__}.{name}")
    every = {
        f"{kind.__name__}.{part.name}"
        for kind in (spec.WorkerSetSpec, spec.Template, spec.LogRules)
        for part in dataclasses.fields(kind)
    }
    of_later = {"Template.tty"}
    assert every - reached == of_later


def _defaults(node: source.Schema, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    found = []
    for name, declared in node["properties"].items():
        child = source.resolve(declared, ROOT)
        if child.get("x-supported") is False:
            continue
        if "default" in child:
            found.append(((*path, name), child["default"]))
        if "properties" in child:
            found += _defaults(child, (*path, name))
    return found


@pytest.mark.parametrize(("path", "default"), _defaults(ROOT["properties"]["spec"]), ids=str)
def test_every_default_stated_is_the_effective_value(path: tuple[str, ...], default: Any) -> None:
    value = default
    for part in reversed(path[1:]):
        value = {part: value}
    needed: dict[str, Any] = {}
    if path[0] in ("rollout", "drain_timeout"):
        needed = {"listen": ["unix:web.sock"]}
    elif path[0].endswith("_probe"):
        needed = {path[0]: {"exec": ["true"]}}
        value = {"exec": ["true"], **value}
    assert parsed({**needed, path[0]: value}) == parsed(needed)


def test_defaults_in_words_are_true() -> None:
    assert "0 for background sets, 1 for the others" in SPEC["num"]["x-default"]
    assert parsed({}).num == 1
    assert parsed({"background": True, "name": "j"}).num == 0


def test_signals_and_words_are_those_of_the_code() -> None:
    assert set(SPEC["stop_signal"]["enum"]) == set(signals.NUMBERS)
    assert set(SPEC["restart"]["enum"]) == {one.value for one in spec.Restart}
    assert set(SPEC["ready_when"]["enum"]) == {one.value for one in spec.Gate}


def test_no_field_of_spec_depends_on_another_in_the_schema() -> None:
    """What the full check relies on when it looks at wrong fields only; such rules are `objectrules`."""
    keywords = {key for key in ROOT["properties"]["spec"] if not key.startswith("x-")}
    assert keywords == {"description", "type", "additionalProperties", "properties"}


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(ROOT)
    predicate.build(ROOT)


@pytest.mark.parametrize(("path", "node"), list(samples.leaves()), ids=lambda value: str(value)[:40])
def test_every_property_is_described_for_somebody_who_has_to_act(
    path: samples.Path, node: source.Schema
) -> None:
    text = node["description"]
    assert text.endswith(".")
    assert 1 <= len(re.findall(r"[.:;] |\.$", text)) <= 6
    if path[0] == "spec" and len(path) == 2:
        assert isinstance(node["x-restarts"], bool)
        stated = {"default", "x-default", "examples", "properties"} & set(node)
        assert stated, "a field states its default or gives an example"


@pytest.mark.parametrize(("path", "node"), list(samples.leaves()), ids=lambda value: str(value)[:40])
def test_every_example_and_default_is_valid(path: samples.Path, node: source.Schema) -> None:
    resolver = jsonschema.Draft202012Validator({**node, "$defs": ROOT["$defs"]})
    for value in [*node.get("examples", ()), *([node["default"]] if "default" in node else ())]:
        resolver.validate(value)


def test_s4_12_only_what_a_process_is_made_of_restarts() -> None:
    """`num`, `watch`, `rollout` restart nothing; every field of the template does."""
    restarting = {name for name, node in SPEC.items() if node["x-restarts"]}
    assert not restarting & {"num", "watch", "rollout", "max_threads", "suspend", "stop_grace", "log"}
    assert restarting == set(template.FIELDS)
    of_template = {part.name for part in dataclasses.fields(spec.Template)} - {
        "files_limit",
        "memory_bytes",
        "cpu_cores",
        "watchdog_seconds",
    }
    assert of_template | {"resources"} <= restarting


def test_reserved_variables_are_refused_by_the_schema_port() -> None:
    for name in objectrules.RESERVED_ENV:
        assert schema.WorkerSetSchema().problems(samples.with_value(("spec", "env"), {name: "x"}))


def test_the_reference_is_up_to_date() -> None:
    page = Path(__file__).parents[1] / "docs" / "schemas.md"
    assert page.read_text(encoding="utf-8") == reference.reference(), "write it anew: make docs"


def test_the_reference_names_every_field() -> None:
    page = reference.reference()
    for path, node in samples.leaves():
        assert f"`{path[-1]}`" in page or len(path) == 1
        assert path[0] != "spec" or explain.default_text(node) in page


def test_every_manifest_in_the_guide_is_valid() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "manifests.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", guide, re.DOTALL)
    assert blocks
    for block in blocks:
        report = validate.validate_text(block, strict=True)
        assert report.ok, (block, report.diagnostics)


def test_the_schema_file_is_written_as_json_dumps_does() -> None:
    text = (Path(__file__).parents[1] / "schemas" / source.FILE).read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n"
