"""`label` and `annotate`: what is sent, overwriting, removal, words."""

from __future__ import annotations

import pytest

from tests.cli import samples

WEB = f"{samples.SETS}/web"


@pytest.fixture
def web(api):
    labels = {"app": "shop", "tier": "front"}
    obj = samples.workerset(labels=labels, metadata={"annotations": {"owner": "ada"}})
    api.on("GET", WEB, obj)
    api.on("PATCH", WEB, obj)
    return api


def test_set_and_remove(shell, web):
    outcome = shell("label", "ws", "web", "team=a", "tier-")
    assert (outcome.code, outcome.out) == (0, "workerset.workerset.dev/web labeled\n")
    patch = web.requests[-1]
    assert patch.json() == {"metadata": {"labels": {"team": "a", "tier": None}}}
    assert patch.query == {"fieldManager": "workerctl-label"}
    assert shell("label", "ws/web", "tier-").out == "workerset.workerset.dev/web unlabeled\n"


def test_values_are_not_overwritten_unasked(shell, web):
    outcome = shell("label", "ws", "web", "tier=back")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "workerset.workerset.dev/web: 'tier' already has a value (front)\nreplace it with --overwrite\n"
    )
    assert not web.asked("PATCH", WEB)
    assert shell("label", "ws", "web", "tier=back", "--overwrite").code == 0


def test_nothing_to_do_sends_nothing(shell, web):
    assert shell("label", "ws", "web", "tier=front").out == "workerset.workerset.dev/web not labeled\n"
    outcome = shell("label", "ws", "web", "nope-")
    assert outcome.out == "workerset.workerset.dev/web not labeled\n"
    assert outcome.err == 'label "nope" not found on workerset.workerset.dev/web\n'
    assert not web.asked("PATCH", WEB)


def test_a_client_dry_run_prints_the_changed_object(shell, web):
    outcome = shell(
        "label", "ws", "web", "team=a", "tier-", "--dry-run=client", "-o", "jsonpath={.metadata.labels}"
    )
    assert outcome.out == '{"app":"shop","team":"a"}'
    words = ("annotate", "ws", "web", "owner=bob", "--overwrite", "--dry-run=client", "-o", "yaml")
    assert "owner: bob" in shell(*words).out
    assert not web.asked("PATCH", WEB)


def test_list(shell, web):
    assert shell("label", "ws", "web", "--list").out == "app=shop\ntier=front\n"


def test_annotate(shell, web):
    outcome = shell("annotate", "ws", "web", "kubernetes.io/change-cause=new port = 80")
    assert outcome.out == "workerset.workerset.dev/web annotated\n"
    assert web.requests[-1].json() == {
        "metadata": {"annotations": {"kubernetes.io/change-cause": "new port = 80"}}
    }
    assert shell("annotate", "ws", "web", "owner-").out == "workerset.workerset.dev/web annotated\n"
    assert shell("annotate", "ws", "web", "owner=ada").out == "workerset.workerset.dev/web not annotated\n"


def test_selector_and_dry_run(shell, web):
    web.on("GET", samples.SETS, samples.listing(samples.workerset()))
    outcome = shell("label", "ws", "--all", "a=b", "--dry-run")
    assert outcome.out == "workerset.workerset.dev/web labeled (server dry run)\n"
    assert web.requests[-1].query["dryRun"] == "All"
    shell("label", "ws", "-l", "app=shop", "a=b", "--dry-run=client")
    assert web.asked("GET", samples.SETS)[-1].query == {"labelSelector": "app=shop"}
    assert len(web.asked("PATCH", WEB)) == 1


@pytest.mark.parametrize(
    "words",
    [
        ["ws", "web"],
        ["ws", "a=b"],
        ["a=b"],
        ["ws", "web", "=b"],
        ["ws", "web", "a=b", "a-"],
        ["ws", "web", "a=b", "c"],
    ],
)
def test_usage(shell, web, words):
    assert shell("label", *words).code == 2
