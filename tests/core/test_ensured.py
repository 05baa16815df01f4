"""S3.2: declared ∪ ensured, whatever a write does to the list."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controller.core import admission, ensured, fieldset, kinds, ownership, resolution

NOW = "2024-05-01T00:00:00Z"
some_names = st.lists(st.sampled_from(["a", "b", "c", "d", "e \udc80", 'q"uote']), unique=True)
ensures = st.dictionaries(
    st.sampled_from(["a", "b", "c", "x", "e \udc80"]),
    st.dictionaries(
        st.sampled_from(["workerctl", "default/web"]),
        st.sampled_from(["2024-01-01T00:00:01Z", "2024-01-01T00:00:02Z"]),
        min_size=1,
    ),
)


def catch_all(names: list[str], **spec: Any) -> kinds.Object:
    obj = {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {
            "name": "jobs",
            "namespace": "default",
            "uid": "u",
            "generation": 1,
            "resourceVersion": "1",
        },
        "spec": {"background": True, "command": ["x"], **({"instances": names} if names else {}), **spec},
    }
    return ownership.update(None, obj, "me", "Update", "", NOW)


def listed(obj: kinds.Object) -> list[str]:
    return list(obj["spec"].get("instances", ()))


@given(some_names, ensures)
def test_s3_2_what_is_declared_comes_first_then_what_is_ensured(names: list[str], held: Any) -> None:
    made = ensured.render(catch_all(names), held, NOW)
    assert listed(made)[: len(names)] == names
    assert sorted(listed(made)[len(names) :]) == sorted(held.keys() - set(names))
    assert ensured.declared(made) == tuple(names)
    assert ensured.render(made, held, "later") is made


@given(some_names, ensures)
def test_s3_2_it_is_owned_by_a_manager_of_its_own(names: list[str], held: Any) -> None:
    made = ensured.render(catch_all(names), held, NOW)
    entries = ownership.read(made["metadata"].get("managedFields"))
    mine = entries.get(ownership.Manager(ensured.MANAGER, "Update"))
    paths = frozenset() if mine is None else mine.paths
    assert paths == {("f:spec", "f:instances", fieldset.value_element(name)) for name in held}


@given(some_names, ensures, ensures)
def test_s3_2_a_release_takes_away_exactly_what_was_only_ensured(
    names: list[str], first: Any, second: Any
) -> None:
    made = ensured.render(ensured.render(catch_all(names), first, NOW), second, NOW)
    assert set(listed(made)) == set(names) | second.keys()
    none = ensured.render(made, {}, NOW)
    assert listed(none) == names
    assert none["metadata"].get("managedFields") == catch_all(names)["metadata"].get("managedFields")


@given(some_names, ensures, ensures, st.booleans())
def test_s3_2_names_that_come_are_added_as_if_all_were_rendered(
    names: list[str], held: Any, more: Any, named: bool
) -> None:
    before = ensured.render(catch_all(names, **({"name": "a"} if named else {})), held, NOW)
    fresh = {name: owners for name, owners in more.items() if name not in held}
    made = ensured.added(before, fresh, "later")
    assert made in (None, ensured.render(before, {**held, **fresh}, "later"))


def test_s3_2_only_names_that_are_listed_by_others_take_a_look_at_all() -> None:
    before = ensured.render(catch_all(["a"]), {"b": {"workerctl": NOW}}, NOW)
    assert ensured.added(before, {}, "later") is before
    made = ensured.added(before, {"d": {"workerctl": NOW}, "c": {"workerctl": NOW}}, "later")
    assert made is not None
    assert listed(made) == ["a", "b", "c", "d"]
    assert ensured.added(before, {"a": {"workerctl": NOW}}, "later") is None


@given(some_names, ensures, some_names)
def test_s3_2_a_replaced_list_keeps_what_is_ensured(names: list[str], held: Any, replaced: list[str]) -> None:
    """What `kubectl apply` sends is a merge patch with the whole list."""
    live = ensured.render(catch_all(names), held, NOW)
    new = {**live, "spec": {**live["spec"], "instances": replaced}}
    options = admission.WriteOptions("kubectl", now=NOW, ensured=held)
    made = admission.admit_update(kinds.WORKERSETS, live, new, options, None).object
    assert set(listed(made)) == set(replaced) | held.keys()
    written = [one for one in listed(made) if one in replaced and (one in names or one not in held)]
    assert listed(ensured.render(made, {}, NOW)) == written, "what was there already is nobody's new wish"


@given(ensures)
def test_s3_2_an_ensure_raises_no_generation(held: Any) -> None:
    live = ensured.render(catch_all([]), held, NOW)
    options = admission.WriteOptions("kubectl", now=NOW, ensured=held)
    outcome = admission.admit_update(kinds.WORKERSETS, live, live, options, None)
    assert not outcome.changed
    assert live["metadata"]["generation"] == 1


def test_s3_2_a_set_that_gets_a_name_drops_what_it_cannot_list() -> None:
    live = ensured.render(catch_all([]), {"a": {"workerctl": NOW}, "j": {"workerctl": NOW}}, NOW)
    named = {**live, "spec": {**live["spec"], "name": "j"}}
    assert listed(ensured.fitting(named)) == ["j"]
    plain = {**live, "spec": {"command": ["x"], "instances": live["spec"]["instances"]}}
    assert "instances" not in ensured.fitting(plain)["spec"]


names_in_scope = st.sampled_from(["a", "b", "c"])
sets = st.lists(
    st.builds(
        lambda number, scope, name, num: resolution.Declared(
            kinds.Key("default", f"s{number}"), scope, name, num, seniority=(False, "", f"{number}")
        ),
        st.integers(0, 5),
        st.sampled_from(["", "shop"]),
        st.one_of(st.none(), names_in_scope),
        st.integers(0, 1),
    ),
    unique_by=lambda one: one.key,
)
owners = st.dictionaries(
    st.sampled_from(["workerctl", "default/web", "default/gone"]), st.just(NOW), min_size=1
)
held_by = st.dictionaries(
    st.integers(0, 5).map(lambda number: kinds.Key("default", f"s{number}")),
    st.dictionaries(names_in_scope, owners, min_size=1),
)


@given(sets, held_by)
def test_s1_2_records_settle_where_their_names_are_answered(
    declared: list[resolution.Declared], held: dict[kinds.Key, dict[str, dict[str, str]]]
) -> None:
    directory = resolution.Directory(declared)
    there = {"workerctl", "default/web"}

    def after(changes: Any) -> dict[kinds.Key, dict[str, dict[str, str]]]:
        made = {key: dict(names) for key, names in held.items()}
        for (key, name), owners_ in changes.items():
            made.setdefault(key, {}).pop(name, None)
            if owners_ is not None:
                made[key][name] = dict(owners_)
        return {key: names for key, names in made.items() if names}

    settled = after(ensured.settled(directory, held, there))
    for key, names in settled.items():
        for name, who in names.items():
            found = directory.find(directory.sets[key].scope, name)
            assert found is not None
            assert found.key == key
            assert who
            assert who.keys() <= there
    assert ensured.settled(directory, settled, there) == {}
    asked = {
        (directory.sets[key].scope, name)
        for key, names in held.items()
        if key in directory.sets
        for name, who in names.items()
        if who.keys() & there and directory.find(directory.sets[key].scope, name)
    }
    kept = {(directory.sets[key].scope, name) for key, names in settled.items() for name in names}
    assert asked <= kept, "nothing that somebody asks for is lost"
