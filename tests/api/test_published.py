"""What workers have published, as the private endpoints tell it (S6.4)."""

from __future__ import annotations

import json
from typing import Any

from controller import ports
from tests.api.driver import Api

ADA = ports.VarsName("default", "mail", "ada")
VARS = "/workerset/v1/vars/default"
ODD = "a/b ü\n?"


def published(api: Api, *names: str, scope: str = "mail") -> None:
    """A catch-all that runs these names; all but the last have published."""
    api.create("box", {"background": True, "scope": scope, "file": "box.py", "instances": list(names)})
    api.get(VARS)  # makes the slots
    for name in names[:-1]:
        api.vars.publish(ports.VarsName("default", scope, name), {"of": name})


def refusal(api: Api, query: str) -> dict[str, Any]:
    answer = api.get(f"{VARS}?{query}")
    assert (answer.code, answer.json()["ok"]) == (200, False)
    error: dict[str, Any] = answer.json()["error"]
    return error


def test_every_name_that_runs_is_listed(api: Api):
    published(api, "ada", "bob")
    api.create("flags", {"background": True, "name": "flags", "file": "flags.py", "num": 1})
    api.create("lazy", {"background": True, "name": "lazy", "file": "flags.py"})
    items = api.get(VARS).json()["items"]
    assert [(one["scope"], one["name"], one["set"]) for one in items] == [
        ("", "flags", "flags"),
        ("mail", "ada", "box"),
        ("mail", "bob", "box"),
    ]
    ada, bob = items[1:]
    assert ada["generation"] == api.vars.generation(ADA) > 0
    assert (ada["bytes"], ada["publishedAt"], ada["ready"]) == (12, "2017-07-14T02:40:00.000000Z", False)
    assert (bob["generation"], "publishedAt" in bob) == (0, False)


def test_of_one_scope_one_namespace_or_all(api: Api):
    published(api, "ada")
    assert api.get(f"{VARS}?scope=").json()["items"] == []
    assert len(api.get(f"{VARS}?scope=mail").json()["items"]) == 1
    assert api.get("/workerset/v1/vars/other").json()["items"] == []
    assert [one["namespace"] for one in api.get("/workerset/v1/vars").json()["items"]] == ["default"]


def test_s6_4_the_value_of_one_name(api: Api):
    published(api, "ada", "bob")
    found = api.get(f"{VARS}?name=ada&scope=mail").json()
    assert (found["ok"], found["value"], found["generation"]) == (
        True,
        {"of": "ada"},
        api.vars.generation(ADA),
    )


def test_a_name_may_be_any_bytes(api: Api):
    published(api, ODD, "ada")
    assert api.get(f"{VARS}?name=a%2Fb%20%C3%BC%0A%3F&scope=mail").json()["value"] == {"of": ODD}


def test_s6_4_an_error_says_which_it_is_and_what_to_do(api: Api):
    published(api, "ada")
    api.create("lazy", {"background": True, "name": "lazy", "file": "flags.py"})
    undeclared = refusal(api, "name=nope")
    assert undeclared["type"] == "undeclared"
    assert "which declares lazy and no catch-all" in undeclared["message"]
    lazy = refusal(api, "name=lazy")
    assert lazy["type"] == "not_published"
    assert "nobody has ensured lazy (set lazy, the global scope)" in lazy["message"]
    assert lazy["message"].endswith("start it: workerctl ensure lazy")
    never = refusal(api, "name=ada&scope=mail")
    assert never["type"] == "not_published"
    assert never["message"] == (
        "ada (set box, scope mail) never published vars; "
        "wait for its first publish: workerctl vars get --watch ada --scope mail"
    )
    assert refusal(api, "name=")["type"] == "invalid"


def test_damage_is_told_and_hides_no_other_name(api: Api):
    published(api, "ada", "bob")
    api.vars.damage(ADA)
    ada, bob = api.get(VARS).json()["items"]
    assert "the next publish heals it" in ada["problem"]
    assert "problem" not in bob
    assert refusal(api, "name=ada&scope=mail")["type"] == "unavailable"


def test_a_watch_has_a_line_for_each_generation(api: Api):
    published(api, "ada")
    watch = api.stream(f"{VARS}?name=ada&scope=mail&watch=true")
    for number in range(3):
        generation = api.vars.publish(ADA, {"number": number})
        found = json.loads(watch.line())
        assert (found["generation"], found["value"]) == (generation, {"number": number})
    watch.hang_up()


def test_a_watch_ends_with_the_reason_when_the_name_goes(api: Api):
    published(api, "ada", "bob")
    watch = api.stream(f"{VARS}?name=ada&scope=mail&watch=true")
    assert json.loads(watch.line())["value"] == {"of": "ada"}
    api.patch("/apis/workerset.dev/v1/namespaces/default/workersets/box", {"spec": {"instances": ["bob"]}})
    api.vars.remove(ADA)
    last = json.loads(watch.line())
    assert last["error"]["type"] == "not_published"
    assert watch.ended()
