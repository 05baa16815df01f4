"""Selectors as kubectl and the client libraries write them."""

from __future__ import annotations

import pytest

from controller.core import errors, kinds, selectors

POD = {
    "metadata": {"name": "web-0", "namespace": "shop", "labels": {"app": "web", "tier": "front", "n": "7"}},
    "spec": {"nodeName": "box"},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        (" app = web , tier=front", True),
        ("app=other", False),
        ("app!=other", True),
        ("none!=x", True),
        ("app", True),
        ("none", False),
        ("!none", True),
        ("!app", False),
        ("app in (web, api)", True),
        ("app in (api),tier=front", False),
        ("app notin (api,db)", True),
        ("none notin (a)", True),
        ("app notin (web)", False),
        ("none=", False),
        ("n>6,n<8", True),
        ("n>7", False),
        ("app>1", False),
        ("workerset.dev/set=web", False),
        ("app in (web,api),tier in (front),!none", True),
    ],
)
def test_label_selectors(text: str, matches: bool) -> None:
    assert selectors.parse_labels(text)(POD) is matches


@pytest.mark.parametrize("text", ["=x", "app=web,", "app in web", "app=a b", "a b", "app=-x-", "app>x", ","])
def test_a_malformed_label_selector_is_a_bad_request(text: str) -> None:
    with pytest.raises(errors.BadRequest, match="unable to parse the label selector"):
        selectors.parse_labels(text)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("metadata.name=web-0", True),
        ("metadata.name==web-0,metadata.namespace=shop", True),
        ("metadata.name!=web-0", False),
        ("status.phase=Running,spec.nodeName=box", True),
        ("status.phase!=Running", False),
        ("status.podIP=", True),
    ],
)
def test_field_selectors_on_pods(text: str, matches: bool) -> None:
    assert selectors.parse_fields(text, kinds.PODS)(POD) is matches


def test_field_selectors_on_events() -> None:
    event = {
        "involvedObject": {"kind": "WorkerSet", "name": "a,b"},
        "source": {"component": "workerset"},
        "type": "Normal",
    }
    test = selectors.parse_fields(
        "involvedObject.kind=WorkerSet,involvedObject.name=a\\,b,source=workerset,type!=Warning", kinds.EVENTS
    )
    assert test(event)


def test_an_unknown_field_is_named() -> None:
    with pytest.raises(errors.BadRequest) as caught:
        selectors.parse_fields("spec.num=1", kinds.WORKERSETS)
    assert caught.value.message == "field label not supported: spec.num"
    with pytest.raises(errors.BadRequest, match="unable to parse"):
        selectors.parse_fields("metadata.name", kinds.PODS)


@pytest.mark.parametrize("obj", [{}, {"metadata": None}, {"metadata": {"labels": []}}, {"metadata": []}])
def test_malformed_objects_match_nothing_and_raise_nothing(obj: kinds.Object) -> None:
    assert not selectors.parse_labels("app=web")(obj)
    assert not selectors.parse_fields("metadata.name=x", kinds.PODS)(obj)
