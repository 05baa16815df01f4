"""The write door: metadata, strictness, generation, subresources, deletion."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from controller.core import admission, deletion, errors, kinds

WS = kinds.WORKERSETS
KNOWN = {"num", "command", "env", "nice"}
OPTIONS = admission.WriteOptions(manager="tester", now="2024-05-01T00:00:00Z", uid="uid-1")


class SmallSchema:
    """Unknown fields of spec, and a num that must be a number from 0 to 9."""

    def problems(self, obj: kinds.Object) -> Sequence[errors.FieldProblem]:
        spec = obj.get("spec", {})
        found = [
            errors.FieldProblem(
                ("spec", name), "UnknownField", "unknown field", fix="use num" if name == "replicas" else ""
            )
            for name in spec
            if name not in KNOWN
        ]
        num = spec.get("num", 0)
        if not isinstance(num, int):
            found.append(
                errors.FieldProblem(("spec", "num"), "TypeInvalid", "must be an integer", "write 2", num)
            )
        elif not 0 <= num <= 9:
            found.append(errors.FieldProblem(("spec", "num"), "Invalid", "must be from 0 to 9", value=num))
        if "command" not in spec:
            found.append(errors.FieldProblem(("spec", "command"), "Required", "say what to run"))
        return found


SCHEMA = SmallSchema()


def given(meta: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": "x", "namespace": "default", **(meta or {})},
        "spec": {"command": ["true"], **spec},
    }


def live(**spec: Any) -> dict[str, Any]:
    made = admission.admit_create(WS, given(**spec), OPTIONS, SCHEMA).object
    stored = {**made, "metadata": {**made["metadata"], "resourceVersion": "7"}}
    return {**stored, "status": {"replicas": 1}}


def update(held: dict[str, Any], new: dict[str, Any], **options: Any) -> admission.Outcome:
    return admission.admit_update(WS, held, new, replace(OPTIONS, **options), SCHEMA)


# ---------------------------------------------------------------------- create


def test_a_new_object_is_stamped_and_its_status_dropped() -> None:
    outcome = admission.admit_create(WS, {**given(num=1), "status": {"replicas": 9}}, OPTIONS, SCHEMA)
    meta = outcome.object["metadata"]
    assert (meta["uid"], meta["generation"], meta["creationTimestamp"]) == ("uid-1", 1, OPTIONS.now)
    assert "status" not in outcome.object
    assert meta["managedFields"][0]["manager"] == "tester"
    assert outcome.changed
    assert list(outcome.object)[:3] == ["apiVersion", "kind", "metadata"]


def test_what_a_client_says_about_the_servers_part_does_not_count() -> None:
    meta = {
        "uid": "mine",
        "generation": 9,
        "creationTimestamp": None,
        "deletionTimestamp": "now",
        "selfLink": "/",
    }
    made = admission.admit_create(WS, given(meta), OPTIONS, SCHEMA).object["metadata"]
    assert (made["uid"], made["generation"]) == ("uid-1", 1)
    assert "deletionTimestamp" not in made
    assert "selfLink" not in made


def test_the_input_is_not_changed() -> None:
    wanted = given(num=1)
    before = copy.deepcopy(wanted)
    admission.admit_create(WS, wanted, OPTIONS, SCHEMA)
    assert wanted == before


def test_kind_and_version_are_filled_in_and_must_fit() -> None:
    bare = {key: value for key, value in given().items() if key not in ("apiVersion", "kind")}
    assert admission.admit_create(WS, bare, OPTIONS, SCHEMA).object["kind"] == "WorkerSet"
    with pytest.raises(errors.BadRequest, match="does not match the expected API version"):
        admission.admit_create(WS, {**given(), "apiVersion": "v2"}, OPTIONS, SCHEMA)
    with pytest.raises(errors.BadRequest, match="does not match the expected kind"):
        admission.admit_create(WS, {**given(), "kind": "Pod"}, OPTIONS, SCHEMA)


@pytest.mark.parametrize("obj", [[], "x", None, {"metadata": []}])
def test_what_is_no_object_is_a_bad_request(obj: Any) -> None:
    with pytest.raises(errors.BadRequest):
        admission.admit_create(WS, obj, OPTIONS, SCHEMA)


def test_a_version_on_create_is_refused() -> None:
    with pytest.raises(errors.BadRequest, match="resourceVersion should not be set"):
        admission.admit_create(WS, given({"resourceVersion": "1"}), OPTIONS, SCHEMA)


@pytest.mark.parametrize(
    ("meta", "field", "reason"),
    [
        ({"name": ""}, "metadata.name", "FieldValueRequired"),
        ({"name": "Upper"}, "metadata.name", "FieldValueInvalid"),
        ({"name": "a" * 254}, "metadata.name", "FieldValueInvalid"),
        ({"name": "a..b"}, "metadata.name", "FieldValueInvalid"),
        ({"namespace": ""}, "metadata.namespace", "FieldValueRequired"),
        ({"labels": {"a": 1}}, "metadata.labels.a", "FieldValueTypeInvalid"),
        ({"annotations": []}, "metadata.annotations", "FieldValueTypeInvalid"),
        ({"finalizers": "x"}, "metadata.finalizers", "FieldValueTypeInvalid"),
    ],
)
def test_bad_metadata_is_invalid(meta: dict[str, Any], field: str, reason: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        admission.admit_create(WS, given(meta), OPTIONS, SCHEMA)
    assert [(one.field, one.reason) for one in caught.value.causes] == [(field, reason)]


# ---------------------------------------------------------------------- schema


def test_s1_1_one_problem_in_kubernetes_words() -> None:
    with pytest.raises(errors.Invalid) as caught:
        admission.admit_create(WS, given(num=12), OPTIONS, SCHEMA)
    problem = caught.value
    text = "Invalid value: 12: must be from 0 to 9"
    assert problem.message == f'WorkerSet.workerset.dev "x" is invalid: spec.num: {text}'
    assert (problem.kind, problem.group, problem.name) == ("WorkerSet", "workerset.dev", "x")
    assert problem.causes == (errors.Cause("FieldValueInvalid", text, "spec.num"),)


def test_s1_1_every_problem_is_told_at_once() -> None:
    obj = given(num="many")
    del obj["spec"]["command"]
    with pytest.raises(errors.Invalid) as caught:
        admission.admit_create(WS, obj, OPTIONS, SCHEMA)
    assert caught.value.message == (
        'WorkerSet.workerset.dev "x" is invalid: [spec.num: Invalid value: "many": must be an integer; '
        "write 2, spec.command: Required value: say what to run]"
    )


def test_strict_refuses_unknown_fields() -> None:
    with pytest.raises(errors.BadRequest) as caught:
        admission.admit_create(WS, given(bogus=1, replicas=2), OPTIONS, SCHEMA)
    assert caught.value.message == (
        'WorkerSet in version "v1" cannot be handled as a WorkerSet: strict decoding error: '
        'unknown field "spec.bogus", unknown field "spec.replicas" (use num)'
    )


def test_warn_drops_them_and_says_so_ignore_drops_them() -> None:
    for validation, warnings in (("Warn", ('unknown field "spec.bogus"',)), ("Ignore", ())):
        options = replace(OPTIONS, validation=validation)  # type: ignore[arg-type]
        outcome = admission.admit_create(WS, given(bogus=1), options, SCHEMA)
        assert outcome.object["spec"] == {"command": ["true"]}
        assert outcome.warnings == warnings
        applied = admission.admit_apply(WS, None, given(bogus=1), options, SCHEMA)
        assert applied.object["spec"] == {"command": ["true"]}
        assert applied.warnings == warnings
        assert "f:bogus" not in applied.object["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]


def test_an_object_accepted_once_can_still_be_labelled_under_a_stricter_schema() -> None:
    held = live()
    held["spec"]["num"] = 12
    new = copy.deepcopy(held)
    new["metadata"]["labels"] = {"a": "b"}
    assert update(held, new).changed
    new["spec"]["nice"] = "x"
    assert update(held, new).changed
    new["spec"]["num"] = 13
    with pytest.raises(errors.Invalid):
        update(held, new)


def test_other_kinds_pass_without_schema() -> None:
    obj = {"metadata": {"name": "shop"}, "spec": {"bogus": 1}}
    assert admission.admit_create(kinds.NAMESPACES, obj, OPTIONS, SCHEMA).object["kind"] == "Namespace"


# ---------------------------------------------------------------------- update


def test_generation_counts_changes_of_spec_only() -> None:
    held = live(num=1)
    assert update(held, given(num=2)).object["metadata"]["generation"] == 2
    assert update(held, given({"labels": {"a": "b"}}, num=1)).object["metadata"]["generation"] == 1


def test_the_main_path_never_touches_status() -> None:
    held = live(num=1)
    assert update(held, {**given(num=2), "status": {"replicas": 5}}).object["status"] == {"replicas": 1}
    assert update(held, given(num=2)).object["status"] == {"replicas": 1}


def test_equal_content_is_the_live_object() -> None:
    held = live(num=1)
    outcome = update(held, copy.deepcopy(held), now="2025-01-01T00:00:00Z")
    assert not outcome.changed
    assert outcome.object is held


def test_a_stale_version_and_another_uid_are_conflicts() -> None:
    held = live()
    with pytest.raises(errors.Conflict) as caught:
        update(held, given({"resourceVersion": "6"}))
    assert caught.value.message == (
        'Operation cannot be fulfilled on workersets.workerset.dev "x": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    with pytest.raises(errors.Conflict, match="UID in precondition: other"):
        update(held, given({"uid": "other"}))
    assert update(held, given({"resourceVersion": "7", "uid": "uid-1"}, num=3)).changed


def test_name_and_namespace_cannot_change() -> None:
    for meta in ({"name": "y"}, {"namespace": "other"}):
        with pytest.raises(errors.BadRequest, match="does not match the name"):
            update(live(), given(meta))


def test_identity_survives_whatever_is_sent() -> None:
    held = live()
    sent = given({"creationTimestamp": "x", "generation": 99, "deletionTimestamp": "now"}, num=1)
    meta = update(held, sent).object["metadata"]
    assert meta["creationTimestamp"] == OPTIONS.now
    assert meta["generation"] == 2
    assert "deletionTimestamp" not in meta


def test_no_finalizer_can_be_added_to_what_is_being_deleted() -> None:
    outcome = admission.begin_delete(WS, live(), propagation=None, now="now")
    assert outcome is not None
    with pytest.raises(errors.Invalid, match="no new finalizers can be added") as caught:
        update(outcome.object, given({"finalizers": ["late"]}))
    assert caught.value.causes[0].reason == "FieldValueForbidden"


# ---------------------------------------------------------------------- status, scale, apply


def test_status_takes_nothing_but_status() -> None:
    held = live(num=1)
    new = {**given({"labels": {"a": "b"}}, num=9), "status": {"replicas": 2}}
    outcome = admission.admit_status(WS, held, new, OPTIONS, SCHEMA)
    assert outcome.object["status"] == {"replicas": 2}
    assert outcome.object["spec"] == held["spec"]
    assert "labels" not in outcome.object["metadata"]
    assert outcome.object["metadata"]["generation"] == 1
    entry = outcome.object["metadata"]["managedFields"][-1]
    assert (entry["subresource"], entry["fieldsV1"]) == ("status", {"f:status": {"f:replicas": {}}})


def test_scale_is_num_owned_through_the_subresource() -> None:
    outcome = admission.admit_scale(live(num=1), 3, replace(OPTIONS, manager="kubectl"), SCHEMA)
    assert outcome.object["spec"]["num"] == 3
    assert outcome.object["metadata"]["generation"] == 2
    entry = next(one for one in outcome.object["metadata"]["managedFields"] if one["manager"] == "kubectl")
    assert (entry["operation"], entry["subresource"]) == ("Update", "scale")
    assert not admission.admit_scale(live(num=1), 1, OPTIONS, SCHEMA).changed


@pytest.mark.parametrize("replicas", [-1, "2", None, True, 1.5])
def test_scale_wants_a_whole_number(replicas: Any) -> None:
    with pytest.raises(errors.Invalid, match=r"spec\.replicas: .*should be a non-negative integer"):
        admission.admit_scale(live(), replicas, OPTIONS, SCHEMA)


def test_scale_passes_the_schema() -> None:
    with pytest.raises(errors.Invalid, match=r"spec\.num"):
        admission.admit_scale(live(), 12, OPTIONS, SCHEMA)


def test_apply_creates_merges_and_repeats_as_nothing() -> None:
    options = replace(OPTIONS, operation="Apply")
    made = admission.admit_apply(WS, None, {**given(num=1), "status": {"x": 1}}, options, SCHEMA)
    assert made.object["metadata"]["uid"] == "uid-1"
    assert "status" not in made.object
    held = {**made.object, "status": {"replicas": 1}}
    again = admission.admit_apply(WS, held, given(num=1), replace(options, now="later"), SCHEMA)
    assert not again.changed
    changed = admission.admit_apply(WS, held, given(num=2), options, SCHEMA)
    assert changed.object["metadata"]["generation"] == 2
    assert changed.object["status"] == {"replicas": 1}


def test_apply_judges_the_merged_object() -> None:
    held = live(num=1)
    config = given()
    config["spec"] = {"nice": 1}
    assert admission.admit_apply(WS, held, config, OPTIONS, SCHEMA).object["spec"]["command"] == ["true"]
    with pytest.raises(errors.Invalid, match=r"spec\.command: Required"):
        admission.admit_apply(WS, None, config, OPTIONS, SCHEMA)


def test_apply_wants_a_typed_configuration_without_managers() -> None:
    config = given({"managedFields": [{"manager": "x"}]})
    with pytest.raises(errors.BadRequest, match="managedFields must be nil"):
        admission.admit_apply(WS, None, config, OPTIONS, SCHEMA)
    with pytest.raises(errors.BadRequest, match="apiVersion and kind are required"):
        admission.admit_apply(WS, None, {"metadata": {"name": "x"}}, OPTIONS, SCHEMA)
    with pytest.raises(errors.Conflict, match="has been modified"):
        admission.admit_apply(WS, live(), given({"resourceVersion": "1"}), OPTIONS, SCHEMA)


def test_apply_to_status_leaves_the_rest_alone() -> None:
    held = live(num=1)
    config = {**given({"labels": {"a": "b"}}, num=5), "status": {"ready": True}}
    options = replace(OPTIONS, operation="Apply", subresource="status", manager="other")
    result = admission.admit_apply(WS, held, config, options, SCHEMA).object
    assert result["status"] == {"replicas": 1, "ready": True}
    assert result["spec"] == held["spec"]
    assert "labels" not in result["metadata"]


# ---------------------------------------------------------------------- deletion


def begin(
    resource: kinds.Resource, obj: dict[str, Any], propagation: str | None = None, **more: Any
) -> dict[str, Any]:
    outcome = admission.begin_delete(resource, obj, propagation=propagation, now="now", **more)
    assert outcome is not None
    return outcome.object


def test_a_set_waits_for_its_drain() -> None:
    pending = begin(WS, live(), "Background")
    assert pending["metadata"]["deletionTimestamp"] == "now"
    assert pending["metadata"]["finalizers"] == [deletion.DRAIN]
    assert not deletion.finished(live(), pending)
    done = admission.remove_finalizer(pending, deletion.DRAIN)
    assert "finalizers" not in done["metadata"]
    assert deletion.finished(pending, done)


def test_foreground_waits_under_its_own_name_too() -> None:
    pending = begin(WS, live(), "Foreground")
    assert pending["metadata"]["finalizers"] == [deletion.DRAIN, deletion.FOREGROUND]
    assert deletion.finished(pending, deletion.drained(pending))


def test_a_users_finalizer_still_holds_a_drained_set() -> None:
    held = live()
    held["metadata"]["finalizers"] = ["mine/keep"]
    drained = deletion.drained(begin(WS, held))
    assert drained["metadata"]["finalizers"] == ["mine/keep"]
    assert not deletion.finished(held, drained)


def test_deleting_twice_changes_nothing() -> None:
    pending = begin(WS, live())
    again = admission.begin_delete(WS, pending, propagation="Background", now="later")
    assert again is not None
    assert not again.changed


def test_orphan_says_that_workers_do_not_outlive_their_set() -> None:
    outcome = admission.begin_delete(WS, live(), propagation="Orphan", now="now")
    assert outcome is not None
    assert outcome.warnings == (deletion.ORPHAN_WARNING,)


def test_a_pod_gets_the_stamp_only_and_a_namespace_terminates() -> None:
    pod = {"metadata": {"name": "x-0", "namespace": "default"}}
    assert begin(kinds.PODS, pod, grace_seconds=5)["metadata"]["deletionGracePeriodSeconds"] == 5
    space = begin(kinds.NAMESPACES, {"metadata": {"name": "shop"}, "status": {"phase": "Active"}})
    assert space["status"]["phase"] == "Terminating"
    assert "finalizers" not in space["metadata"]


def test_others_go_at_once_unless_a_finalizer_holds_them() -> None:
    event = {"metadata": {"name": "e", "namespace": "default"}}
    assert admission.begin_delete(kinds.EVENTS, event, propagation=None, now="now") is None
    event["metadata"]["finalizers"] = ["x"]  # type: ignore[assignment]
    assert begin(kinds.EVENTS, event)["metadata"]["finalizers"] == ["x"]


def test_preconditions_of_a_delete() -> None:
    for more in ({"uid": "other"}, {"resource_version": "6"}):
        with pytest.raises(errors.Conflict):
            begin(WS, live(), **more)
    begin(WS, live(), uid="uid-1", resource_version="7")
