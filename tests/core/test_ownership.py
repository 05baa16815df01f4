"""Field ownership and server-side apply (KEP-555)."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import errors, fields, fieldset, ownership

NOW, LATER = "2024-05-01T00:00:00Z", "2024-05-02T00:00:00Z"


def config(meta: dict[str, Any] | None = None, status: Any = None, **spec: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": "a", **(meta or {})},
        "spec": spec,
    }
    return found if status is None else {**found, "status": status}


def managers(obj: dict[str, Any]) -> dict[tuple[str, str, str], set[str]]:
    entries = ownership.read(obj["metadata"].get("managedFields"))
    return {
        (who.name, who.operation, who.subresource): {fieldset.dotted(path) for path in entry.paths}
        for who, entry in entries.items()
    }


def apply(
    live: Any, wanted: dict[str, Any], who: str = "a", force: bool = False, time: str = NOW
) -> dict[str, Any]:
    return ownership.apply(live, wanted, who, force, time)


def update(live: Any, new: dict[str, Any], who: str = "u", sub: str = "", time: str = NOW) -> dict[str, Any]:
    return ownership.update(live, new, who, "Update", sub, time)


def changed(live: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {**live, "spec": {**live["spec"], **spec}}


# ---------------------------------------------------------------------- apply


def test_the_first_apply_owns_what_it_names() -> None:
    live = apply(None, config(num=1, env={"A": "1"}, args=["x"]))
    assert live["spec"] == {"num": 1, "env": {"A": "1"}, "args": ["x"]}
    (entry,) = live["metadata"]["managedFields"]
    assert entry == {
        "manager": "a",
        "operation": "Apply",
        "apiVersion": "workerset.dev/v1",
        "time": NOW,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:num": {}, "f:env": {"f:A": {}}, "f:args": {}}},
    }


def test_the_same_again_changes_nothing_not_even_times() -> None:
    live = apply(None, config(num=1))
    assert apply(live, config(num=1), time=LATER) == live


def test_a_changed_value_moves_the_time_of_that_entry_only() -> None:
    live = apply(apply(None, config(num=1)), config(nice=1), "b")
    result = apply(live, config(num=2), time=LATER)
    assert {one["manager"]: one["time"] for one in result["metadata"]["managedFields"]} == {
        "a": LATER,
        "b": NOW,
    }


def test_a_conflict_names_manager_and_field_and_changes_nothing() -> None:
    live = apply(None, config(num=1))
    before = copy.deepcopy(live)
    with pytest.raises(errors.Conflict) as caught:
        apply(live, config(num=2), "b")
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "a": .spec.num'
    assert caught.value.causes == (errors.Cause("FieldManagerConflict", 'conflict with "a"', ".spec.num"),)
    assert live == before


def test_several_conflicts_are_all_told() -> None:
    live = update(None, config(num=1, nice=1), sub="scale")
    with pytest.raises(errors.Conflict) as caught:
        apply(live, config(num=2, nice=2), "b")
    who = f'conflict with "u" with subresource "scale" using workerset.dev/v1 at {NOW}'
    assert caught.value.message == f"Apply failed with 2 conflicts: {who}:\n- .spec.nice\n- .spec.num"
    assert [one.field for one in caught.value.causes] == [".spec.nice", ".spec.num"]


def test_the_same_value_is_shared() -> None:
    live = apply(apply(None, config(num=1)), config(num=1, nice=2), "b")
    assert managers(live) == {
        ("a", "Apply", ""): {".spec.num"},
        ("b", "Apply", ""): {".spec.num", ".spec.nice"},
    }


def test_a_shared_field_left_out_by_one_stays_for_the_other() -> None:
    live = apply(apply(None, config(num=1)), config(num=1), "b")
    result = apply(live, config())
    assert result["spec"] == {"num": 1}
    assert managers(result) == {("b", "Apply", ""): {".spec.num"}}


def test_force_takes_the_field() -> None:
    live = apply(apply(None, config(num=1, nice=1)), config(num=2), "b", force=True)
    assert live["spec"]["num"] == 2
    assert managers(live) == {("a", "Apply", ""): {".spec.nice"}, ("b", "Apply", ""): {".spec.num"}}


def test_a_field_left_out_goes_and_maps_emptied_thereby_too() -> None:
    live = apply(None, config(num=1, rollout={"max_surge": 1}, env={"A": "1"}))
    assert apply(live, config(num=1))["spec"] == {"num": 1}


def test_an_empty_map_that_was_applied_goes_with_what_others_put_in_it() -> None:
    live = apply(apply(None, config(rollout={"max_surge": 0}), "b"), config(rollout={}))
    assert managers(live)["a", "Apply", ""] == {".spec.rollout"}
    assert managers(update(live, {**live, "spec": {}})) == {}


def test_env_is_granular_by_key_and_lists_are_atomic() -> None:
    live = apply(apply(None, config(env={"A": "1"}, args=["x"])), config(env={"B": "2"}), "b")
    assert live["spec"]["env"] == {"A": "1", "B": "2"}
    assert apply(live, config(args=["x"]))["spec"] == {"env": {"B": "2"}, "args": ["x"]}
    with pytest.raises(errors.Conflict, match=r"\.spec\.args"):
        apply(live, config(args=["x", "y"]), "b")


def test_instances_is_a_set_list() -> None:
    live = apply(apply(None, config(instances=["one", "two"])), config(instances=["two", "three"]), "b")
    assert live["spec"]["instances"] == ["one", "two", "three"]
    result = apply(live, config(instances=[]))
    assert result["spec"]["instances"] == ["two", "three"]
    assert managers(result)["b", "Apply", ""] == {'.spec.instances[="two"]', '.spec.instances[="three"]'}


def test_conditions_are_keyed_by_type_and_an_item_goes_with_its_key() -> None:
    ready = {"type": "Ready", "status": "True"}
    other = {"type": "Other", "status": "False", "reason": "x"}
    live = ownership.apply(None, config(status={"conditions": [ready, other]}), "a", False, NOW, "status")
    live = ownership.apply(
        live, config(status={"conditions": [{**ready, "reason": "y"}]}), "b", False, NOW, "status"
    )
    result = ownership.apply(live, config(), "a", False, NOW, "status")
    assert result["status"]["conditions"] == [{**ready, "reason": "y"}]
    assert '.status.conditions[type="Ready"].status' in managers(result)["b", "Apply", "status"]


def test_an_item_in_which_others_hold_a_field_stays_with_its_key() -> None:
    live = ownership.apply(
        None, config(status={"conditions": [{"type": "Ready", "status": "True"}]}), "a", False, NOW, "status"
    )
    touched = copy.deepcopy(live)
    touched["status"]["conditions"][0]["message"] = "hello"
    live = update(live, touched, sub="status")
    result = ownership.apply(live, config(), "a", False, NOW, "status")
    assert result["status"]["conditions"] == [{"type": "Ready", "message": "hello"}]


def test_apply_and_update_of_one_name_are_two_managers() -> None:
    live = update(None, config(num=1), "same")
    with pytest.raises(errors.Conflict, match='conflict with "same" using '):
        apply(live, config(num=2), "same")


# ---------------------------------------------------------------------- update


def test_an_update_takes_what_it_changes_from_everybody() -> None:
    live = apply(None, config(num=1, nice=1))
    result = update(live, changed(live, num=2), time=LATER)
    assert managers(result) == {("a", "Apply", ""): {".spec.nice"}, ("u", "Update", ""): {".spec.num"}}
    assert {one["manager"]: one["time"] for one in result["metadata"]["managedFields"]} == {
        "a": NOW,
        "u": LATER,
    }


def test_what_an_update_removes_nobody_owns() -> None:
    live = apply(None, config(num=1, nice=1))
    without = {**live, "spec": {"nice": 1}}
    assert managers(update(live, without)) == {("a", "Apply", ""): {".spec.nice"}}


def test_an_update_that_changes_nothing_changes_no_owner() -> None:
    live = apply(None, config(num=1))
    assert update(live, copy.deepcopy(live), time=LATER) == live


def test_subresources_are_managers_of_their_own() -> None:
    live = update(update(None, config(num=1)), config(num=2), sub="scale")
    assert managers(live) == {("u", "Update", "scale"): {".spec.num"}}


def test_identity_and_what_the_server_writes_is_owned_by_nobody() -> None:
    meta = {
        "uid": "1",
        "generation": 1,
        "creationTimestamp": NOW,
        "labels": {"x": "y"},
        "resourceVersion": "1",
    }
    assert managers(update(None, config(meta))) == {("u", "Update", ""): {".metadata.labels.x"}}


def test_a_clients_own_write_of_managed_fields_is_honoured() -> None:
    """kubectl migrates `kubectl-client-side-apply` to `kubectl` Apply by a JSON patch of managedFields."""
    live = update(None, config(num=1, nice=1), "kubectl-client-side-apply")
    (entry,) = live["metadata"]["managedFields"]
    moved = {**entry, "manager": "kubectl", "operation": "Apply"}
    new = {**live, "metadata": {**live["metadata"], "managedFields": [moved]}}
    migrated = update(live, new, "kubectl", time=LATER)
    assert migrated["metadata"]["managedFields"] == [moved]
    assert apply(migrated, config(num=2), "kubectl")["spec"] == {"num": 2}


@pytest.mark.parametrize("sent", [[], [{}]])
def test_an_empty_list_forgets_everybody(sent: list[Any]) -> None:
    live = apply(None, config(num=1))
    result = update(live, {**live, "metadata": {**live["metadata"], "managedFields": sent}})
    assert "managedFields" not in result["metadata"]


@pytest.mark.parametrize(
    "sent",
    [
        "x",
        [{"manager": "a", "operation": "Nope"}],
        [{"manager": "a", "operation": "Apply", "fieldsV1": {"spec": {}}}],
        [{"manager": "a", "operation": "Apply", "fieldsV1": {"f:spec": []}}],
    ],
)
def test_malformed_managed_fields_are_a_bad_request(sent: Any) -> None:
    live = apply(None, config(num=1))
    with pytest.raises(errors.BadRequest, match="managedFields"):
        update(live, {**live, "metadata": {**live["metadata"], "managedFields": sent}})


def test_ever_new_updaters_are_folded_into_one() -> None:
    live = update(None, config(num=0))
    for number in range(1, 30):
        live = update(
            live, changed(live, env={**live["spec"].get("env", {}), f"K{number}": "v"}), f"u{number}"
        )
    names = [one["manager"] for one in live["metadata"]["managedFields"]]
    assert len(names) == ownership.MOST_UPDATERS
    assert ownership.ANCIENT in names
    owned = set().union(*managers(live).values())
    assert owned == {".spec.num"} | {f".spec.env.K{number}" for number in range(1, 30)}


# ---------------------------------------------------------------------- laws

names = st.sampled_from(["one", "two", "three"])
specs = st.fixed_dictionaries(
    {},
    optional={
        "num": st.integers(0, 2),
        "nice": st.integers(0, 1),
        "env": st.dictionaries(st.sampled_from("ABC"), st.sampled_from(["1", "2"]), max_size=3),
        "args": st.lists(st.sampled_from(["x", "y"]), max_size=2),
        "instances": st.lists(names, max_size=3, unique=True),
        "rollout": st.fixed_dictionaries({}, optional={"max_surge": st.integers(0, 1)}),
    },
)
steps = st.lists(
    st.tuples(st.sampled_from(["apply", "force", "update"]), st.sampled_from("ab"), specs),
    min_size=1,
    max_size=6,
)


def run(history: list[tuple[str, str, dict[str, Any]]]) -> dict[str, Any]:
    live: dict[str, Any] | None = None
    for how, who, spec in history:
        try:
            if how == "update":
                meta = (live or config())["metadata"]
                live = update(live, {**config(**spec), "metadata": meta}, who)
            else:
                live = apply(live, config(**spec), who, force=how == "force")
        except errors.Conflict:
            assert how == "apply"
    return live or apply(None, config())


@given(steps, specs, st.sampled_from("abc"))
def test_a_forced_apply_holds_owns_and_repeats_as_nothing(
    history: Any, spec: dict[str, Any], who: str
) -> None:
    live = run(history)
    before = copy.deepcopy(live)
    result = apply(live, config(**spec), who, force=True, time=LATER)
    assert live == before
    leaves, wanted = fieldset.leaves(result), fieldset.leaves(config(**spec))
    for path, value in wanted.items():
        assert path not in leaves or fields.same(leaves[path], value)
    assert managers(result).get((who, "Apply", ""), set()) == {fieldset.dotted(path) for path in wanted}
    assert apply(result, config(**spec), who, time="2024-06-01T00:00:00Z") == result


@given(steps, specs, st.sampled_from("abc"))
def test_an_apply_without_conflict_equals_the_forced_one(
    history: Any, spec: dict[str, Any], who: str
) -> None:
    live = run(history)
    try:
        result = apply(live, config(**spec), who)
    except errors.Conflict:
        return
    assert result == apply(live, config(**spec), who, force=True)


@given(steps)
def test_every_owned_path_but_emptied_maps_is_there(history: Any) -> None:
    live = run(history)
    leaves = set(fieldset.leaves(live))
    ancestors = {path[:length] for path in leaves for length in range(1, len(path))}
    for entry in ownership.read(live["metadata"].get("managedFields")).values():
        assert entry.paths <= leaves | ancestors


@given(steps, st.sampled_from("ab"))
def test_applying_nothing_removes_what_only_this_manager_applied(history: Any, who: str) -> None:
    live = run(history)
    entries = ownership.read(live["metadata"].get("managedFields"))
    me = ownership.Manager(who, "Apply")
    mine = entries.pop(me, ownership.Entry(frozenset(), NOW, "")).paths
    others = frozenset().union(*(entry.paths for entry in entries.values()))
    above = {path[:length] for path in others for length in range(1, len(path) + 1)}
    left = set(fieldset.leaves(apply(live, config(), who)))
    assert not left & {path for path in mine if path not in above}
    assert others <= left | above
    assert me not in ownership.read(apply(live, config(), who)["metadata"].get("managedFields"))


@given(specs)
def test_fields_v1_reads_back_what_it_wrote(spec: dict[str, Any]) -> None:
    paths = frozenset(fieldset.leaves(config({"labels": {"a": "b"}, "finalizers": ["x"]}, **spec)))
    assert fieldset.decode(fieldset.encode(paths)) == paths


def test_one_more_leaf_of_a_fresh_object_is_owned_as_an_update_would_have_it() -> None:
    live = ownership.update(None, config({"labels": {"a": "1"}}, num=1), "zoe", "Update", "", NOW)
    labelled = {**live, "metadata": {**live["metadata"], "labels": {"a": "1", "b": "2"}}}
    path = ("f:metadata", "f:labels", "f:b")
    for manager in ("adam", "zoe2"):
        expected = ownership.update(live, labelled, manager, "Update", "", NOW)
        assert ownership.added(labelled, path, manager, NOW) == expected
