"""Rules the schema cannot express (S1.2, S1.6, S1.7, S5, S8.2)."""

from __future__ import annotations

from typing import Any

import pytest

from controller.core import kinds, rules


def make(name: str = "a", namespace: str = "", /, **spec: Any) -> kinds.Object:
    metadata = {"name": name, "namespace": namespace} if namespace else {"name": name}
    if "file" not in spec:
        spec.setdefault("command", ["true"])
    return {"apiVersion": "workerset.dev/v1", "kind": "WorkerSet", "metadata": metadata, "spec": spec}


def found(obj: kinds.Object) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in rules.object_problems(obj)]


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"file": "a.py", "interpreter": "python3", "args": ["x"]},
        {"background": True},
        {"background": True, "num": 0},
        {"background": True, "name": "j", "num": 0},
        {"background": True, "name": "j", "scope": "shop", "num": 3, "max_threads": 3},
        {"num": 0},
        {"scope": "shop"},
        {"command": "python -u app.py $(PORT)"},
        {"ready_when": "completed", "restart": "on_failure"},
        {"ready_when": "completed", "restart": "never"},
        {"background": True, "name": "p", "file": "a.php", "ready_when": "handle"},
        {"log": {"max_size": "4Ki"}},
        {"env": {"WORKERSET_DIR": "x"}},
    ],
)
def test_what_is_right(spec: dict[str, Any]) -> None:
    assert found(make(**spec)) == []


@pytest.mark.parametrize(
    ("spec", "field", "code"),
    [
        ({"file": "a.py", "command": ["b"]}, "spec.file", "Invalid"),
        ({"command": ["a"], "interpreter": "python"}, "spec.interpreter", "Invalid"),
        ({"command": "a | b"}, "spec.command", "Invalid"),
        ({"command": ["", "a"]}, "spec.command[0]", "Invalid"),
        ({"num": 3, "max_threads": 2}, "spec.num", "Invalid"),
        ({"log": {"max_size": "1Ki"}}, "spec.log.max_size", "Invalid"),
        ({"background": True, "name": "j", "listen": ["8000"]}, "spec.listen", "Invalid"),
        ({"background": True, "name": "j", "rollout": {}}, "spec.rollout", "Invalid"),
        ({"rollout": {}}, "spec.rollout", "Invalid"),
        ({"name": "j"}, "spec.name", "Invalid"),
        ({"background": True, "name": "j", "instances": ["x"]}, "spec.instances", "Invalid"),
        ({"instances": ["x"]}, "spec.instances", "Invalid"),
        ({"background": True, "instances": ["a", "b"], "max_threads": 1}, "spec.instances", "Invalid"),
        ({"idle_timeout": "5s"}, "spec.idle_timeout", "Invalid"),
        ({"ready_when": "vars"}, "spec.ready_when", "Invalid"),
        ({"background": True, "name": "m#x"}, "spec.name", "Invalid"),
        ({"background": True, "name": "workerset.dev/x"}, "spec.name", "Invalid"),
        ({"ready_when": "completed"}, "spec.ready_when", "Invalid"),
        ({"ready_when": "completed", "restart": "always"}, "spec.ready_when", "Invalid"),
        ({"ready_when": "listening"}, "spec.ready_when", "Invalid"),
        ({"file": "a.php"}, "spec.file", "Invalid"),
        ({"readiness_probe": {}}, "spec.readiness_probe", "Invalid"),
        ({"liveness_probe": {"tcp": True, "http": "/"}}, "spec.liveness_probe", "Invalid"),
        ({"listen": ["8000"], "startup_probe": {"http": "/"}}, "spec.startup_probe", "Invalid"),
    ],
)
def test_s1_2_what_is_wrong_within_one_object(spec: dict[str, Any], field: str, code: str) -> None:
    assert (field, code) in found(make(**spec))


def test_s1_nothing_to_run() -> None:
    obj = make()
    obj["spec"] = {}
    assert found(obj) == [("spec", "Required")]


def test_a_set_needs_a_name_unless_it_is_generated() -> None:
    obj = make()
    obj["metadata"] = {}
    assert found(obj) == [("metadata.name", "Required")]
    obj["metadata"] = {"generateName": "a-"}
    assert found(obj) == []


@pytest.mark.parametrize("name", sorted(rules.RESERVED_ENV))
def test_s8_2_reserved_variables(name: str) -> None:
    assert found(make(env={name: "x"})) == [(f"spec.env.{name}", "Invalid")]


def between(*docs: kinds.Object, namespace: str = "default") -> list[tuple[int, str, str, int | None]]:
    problems = rules.document_set_problems(docs, namespace=namespace)
    return [(one.index, one.problem.field, one.problem.code, one.other) for one in problems]


def test_s1_2_two_objects_of_one_name() -> None:
    assert between(make(), make()) == [(1, "metadata.name", "Duplicate", 0)]
    assert between(make(), make("a", "default")) == [(1, "metadata.name", "Duplicate", 0)]
    assert between(make(), make("a", "default"), namespace="other") == []


def test_s1_2_one_worker_name_in_one_scope() -> None:
    first, second = (make(n, background=True, name="j", scope="s") for n in "ab")
    assert between(first, second) == [(1, "spec.name", "Duplicate", 0)]


def test_s1_4_one_worker_name_in_two_scopes_and_namespaces() -> None:
    sets = [
        make("a", background=True, name="j"),
        make("b", background=True, name="j", scope="s"),
        make("a", "other", background=True, name="j"),
    ]
    assert between(*sets) == []


def test_s1_2_two_catch_alls_in_one_scope() -> None:
    assert between(make("a", background=True), make("b", background=True)) == [(1, "spec", "Duplicate", 0)]
    assert between(make("a", background=True), make("b", background=True, scope="s")) == []


def test_s1_2_two_sets_on_one_address_also_across_namespaces() -> None:
    first, second = make("a", listen=[8000]), make("b", "other", listen=["9000", "localhost:8000"])
    assert between(first, second) == [(1, "spec.listen[1]", "Duplicate", 0)]
    assert between(make("a", listen=["127.0.0.1:8000"]), make("b", port=8000)) == [
        (1, "spec.port", "Duplicate", 0)
    ]


@pytest.mark.parametrize(
    ("first", "second", "meets"),
    [
        (
            {"probe_port": 9000, "num": 3},
            {"probe_port": 9002},
            "9002: its probes have the ports 9000 to 9002",
        ),
        ({"probe_port": 9000, "num": 3}, {"probe_port": 9003}, ""),
        (
            {"probe_port": 9000, "max_threads": 3},
            {"probe_port": 9002},
            "9002: its probes have the ports 9000 to 9002",
        ),
        ({"probe_port": 9000}, {"probe_port": 9000}, "9000"),
        ({"background": True, "name": "j", "probe_port": 9000}, {"probe_port": 9000}, "9000"),
        (
            {"listen": [9004]},
            {"probe_port": 9001, "num": 4},
            "9004: the probes here have the ports 9001 to 9004",
        ),
        (
            {"listen": ["[::1]:0"], "probe_port": 9000},
            {"probe_port": 9002},
            "9002: its probes have the ports 9000 to 9002",
        ),
        ({"listen": ["[::1]:0"], "probe_port": 9000}, {"probe_port": 9003}, ""),
        (
            {"listen": ["[::1]:0"], "probe_port": 9000, "num": 4, "rollout": {"max_surge": "50%"}},
            {"probe_port": 9007},
            "9007: its probes have the ports 9000 to 9007",
        ),
        (
            {"listen": [9000]},
            {"listen": ["[::1]:0"], "probe_port": 8999, "rollout": {"max_surge": 0, "max_unavailable": 1}},
            "",
        ),
        ({"listen": ["[::1]:9000"]}, {"probe_port": 9000}, ""),
        ({"probe_port": "unix"}, {"probe_port": "unix"}, ""),
    ],
)
def test_s1_2_ports_for_probes_are_a_sets_own(
    first: dict[str, Any], second: dict[str, Any], meets: str
) -> None:
    problems = rules.document_set_problems([make("a", **first), make("b", **second)])
    assert [one.problem.detail for one in problems] == (
        [f"a already uses the address 127.0.0.1:{meets}"] if meets else []
    )
    assert all(one.problem.field == "spec.probe_port" for one in problems)


def test_s1_2_a_set_that_listens_among_the_ports_of_anothers_probes() -> None:
    sets = make("a", listen=["[::1]:0"], probe_port=9000, num=2), make("b", listen=["0.0.0.0:9003"])
    (problem,) = rules.document_set_problems(sets)
    assert (problem.problem.field, problem.problem.code) == ("spec.listen[0]", "Duplicate")
    assert problem.problem.detail == (
        "a already uses the address 127.0.0.1:9003: its probes have the ports 9000 to 9003"
    )


@pytest.mark.parametrize(
    ("spec", "field", "detail"),
    [
        (
            {"listen": [8000, 9001], "probe_port": 9000, "num": 2},
            "spec.listen[1]",
            "9001 is among the set's own ports for probes, 9000 to 9003",
        ),
        (
            {"listen": ["0.0.0.0:9002"], "probe_port": 9000},
            "spec.listen[0]",
            "0.0.0.0:9002 is among the set's own ports for probes, 9000 to 9002",
        ),
        (
            {"port": 9000, "probe_port": 9000},
            "spec.port",
            "9000 is among the set's own ports for probes, 9000",
        ),
        (
            {"listen": [8000], "probe_port": 65534},
            "spec.probe_port",
            "not enough ports for 3 processes from here: 65534",
        ),
        (
            {"probe_port": 65535, "max_threads": 2},
            "spec.probe_port",
            "not enough ports for 2 processes from here: 65535",
        ),
        (
            {"background": True, "probe_port": 9000},
            "spec.probe_port",
            "every name of a catch-all would get the same port",
        ),
    ],
)
def test_s1_2_a_set_is_not_in_the_way_of_its_own_probes(
    spec: dict[str, Any], field: str, detail: str
) -> None:
    (problem,) = rules.object_problems(make(**spec))
    assert (problem.field, problem.detail) == (field, detail)


@pytest.mark.parametrize(
    "spec",
    [
        {"listen": [8999, "[::1]:9000", "unix:web.sock", 9003], "probe_port": 9000},
        {"listen": [9001], "probe_port": 9000, "rollout": {"max_surge": 0, "max_unavailable": 1}},
        {"listen": [9000], "probe_port": "unix"},
        {"background": True, "probe_port": "unix"},
    ],
)
def test_s1_2_what_is_beside_the_ports_for_probes_is_right(spec: dict[str, Any]) -> None:
    assert found(make(**spec)) == []


def test_s1_2_dependency_cycles_by_set_and_by_worker_name() -> None:
    sets = [
        make("a", depends_on=["b"]),
        make("b", background=True, name="job", depends_on=["c"]),
        make("c", depends_on=["job"]),
    ]
    problems = rules.document_set_problems(sets)
    assert [one.problem.detail for one in problems] == ["waits for itself: b → c → b"]


def test_s1_2_a_reference_nothing_declares_is_a_warning_with_the_nearest_name() -> None:
    docs = [make("a", depends_on=["redsi"]), make("redis"), make("other", "elsewhere")]
    (warning,) = rules.document_set_warnings(docs)
    assert (warning.index, warning.problem.field) == (0, "spec.depends_on[0]")
    assert warning.problem.fix == "did you mean redis"
    assert rules.document_set_warnings([make("a", depends_on=["other"]), docs[2]])
    assert not rules.document_set_warnings([make("a", depends_on=["b"]), make("b")])


def test_s1_2_what_a_live_set_claims() -> None:
    assert rules.claims(make()) == ()
    assert rules.claims(make(background=True, scope="shop")) == ("scope:shop/catch-all",)
    assert rules.claims(make(background=True, name="j", scope="shop")) == ("scope:shop/name:j",)
    assert rules.claims(make(listen=["8000"])) == ("address:127.0.0.1:8000",)


def test_claims_of_odd_names_do_not_meet() -> None:
    catch_all = make(background=True, scope="a/name:b")
    named = make(background=True, scope="a", name="b/catch-all")
    assert rules.claims(catch_all) != rules.claims(named)
