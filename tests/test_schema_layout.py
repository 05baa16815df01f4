"""`schemas/` as other tools use it: kubeconform's names for schemas, and a dialect that its engine reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from controller.manifest import source
from tests.manifest import samples

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "schemas"
GOOD = sorted((ROOT / "tests/golden/diagnostics/good").glob("*.yaml"))

BY_KIND = "{{ .ResourceKind }}{{ .KindSuffix }}.json"
CATALOG = "{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


def schema_path(template: str, kind: str, api_version: str) -> str:
    """kubeconform's rule: lower-case kind; suffix of the group's first label and the version."""
    group, _, version = api_version.rpartition("/")
    suffix = "-".join(part for part in (group.partition(".")[0], version) if part).lower()
    values = {
        "ResourceKind": kind.lower(),
        "ResourceAPIVersion": version,
        "Group": group,
        "KindSuffix": f"-{suffix}",
    }
    return re.sub(r"{{\s*\.(\w+)\s*}}", lambda match: values[match[1]], template)


def test_the_rule_is_the_one_of_schemas_that_exist() -> None:
    assert schema_path(BY_KIND, "Deployment", "apps/v1") == "deployment-apps-v1.json"
    assert schema_path(BY_KIND, "Service", "v1") == "service-v1.json"
    assert schema_path(BY_KIND, "Ingress", "networking.k8s.io/v1") == "ingress-networking-v1.json"
    assert schema_path(CATALOG, "Certificate", "cert-manager.io/v1") == "cert-manager.io/certificate_v1.json"


@pytest.mark.parametrize("template", [BY_KIND, CATALOG])
def test_kubeconform_finds_the_schema_by_its_own_templates(template: str) -> None:
    found = SCHEMAS / schema_path(template, "WorkerSet", "workerset.dev/v1")
    assert found.name in {Path(name).name for name in source.LAYOUT}
    assert json.loads(found.read_text(encoding="utf-8")) == source.load()
    assert found.read_text(encoding="utf-8") == source.compact(), "write it anew: make docs"


@pytest.mark.parametrize(
    "path", [*GOOD, *sorted((ROOT / "manifests").glob("*.yaml"))], ids=lambda path: path.name
)
def test_a_plain_validator_takes_good_manifests_by_the_file_alone(path: Path) -> None:
    """No resolver, no network: every reference is within the file."""
    checked = jsonschema.Draft202012Validator(json.loads((SCHEMAS / source.LAYOUT[1]).read_text()))
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8-sig")):
        for one in document["items"] if document and document["kind"].endswith("List") else [document]:
            if one is not None:
                checked.validate(_as_kubernetes_tools_read(one))


def _as_kubernetes_tools_read(obj: dict[str, Any]) -> dict[str, Any]:
    """Scalars of `env`, `args` and `command` as text (S1.6): others read them as numbers and warn there."""
    spec = dict(obj["spec"])
    for field in ("args", "command"):
        if isinstance(spec.get(field), list):
            spec[field] = [str(item) for item in spec[field]]
    if isinstance(spec.get("env"), dict):
        spec["env"] = {key: str(value) for key, value in spec["env"].items()}
    if isinstance(spec.get("umask"), int):
        spec["umask"] = oct(spec["umask"])[2:]
    return json.loads(json.dumps({**obj, "spec": spec}, default=str))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("path", "value"), [(("spec", "replicas"), 2), (("spec", "num"), -1), (("spec", "stop_grace"), "soon")]
)
def test_a_plain_validator_refuses_what_is_wrong(path: tuple[str, ...], value: Any) -> None:
    assert not jsonschema.Draft202012Validator(source.load()).is_valid(samples.with_value(path, value))


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from _nodes(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _nodes(inner)


PATTERNS = sorted({node["pattern"] for node in _nodes(source.load()) if isinstance(node.get("pattern"), str)})


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_what_every_engine_reads(pattern: str) -> None:
    """RE2 (Go) has no look-around, no back-references and no \\u; a repeat is at most 1,000."""
    assert not re.search(r"\(\?(?!:)", pattern)
    assert not re.search(r"(?<!\\)(\\\\)*\\(?![.x\\])", pattern)
    assert all(int(number) <= 1000 for number in re.findall(r"[{,](\d+)}", pattern))
    assert pattern.isascii()
    assert "$" not in pattern[:-1]


def test_references_stay_within_the_file() -> None:
    references = {node["$ref"] for node in _nodes(source.load()) if isinstance(node.get("$ref"), str)}
    assert references
    assert all(reference.startswith("#/$defs/") for reference in references)


@pytest.mark.parametrize("path", sorted((ROOT / "manifests").glob("*.yaml")), ids=lambda path: path.name)
def test_modelines_lead_editors_to_the_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    match = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert match is not None
    assert (path.parent / match[1]).resolve() == SCHEMAS / source.FILE
