"""`ensure`, `release` and `vars` as they are typed, against canned answers."""

from __future__ import annotations

import json

import pytest

from controller.cli import awaited, errors
from controller.core import runs, tokens
from tests.cli.sets import pod
from tests.fakes.api_server import json_lines

ENSURE, RELEASE, VARS = "/workerset/v1/ensure", "/workerset/v1/release", "/workerset/v1/vars"
FLAGS = {"name": "flags", "scope": "", "set": "flags", "worker": "flags-0", "ready": True, "pid": 4711}
ADA = {
    "name": "ada\n",
    "scope": "mail",
    "set": "box",
    "worker": "box-ada-1f0c9a2b",
    "ready": False,
    "pid": 4712,
}
SNAPSHOT = {
    "ok": True,
    "name": "ada",
    "generation": 1795510173367842,
    "publishedAt": "2026-01-02T10:00:00.000000Z",
    "value": {
        "host": "db\x1b[31m",
        "key": {"$bytes": "AAECAwQFBgcICQoLDA0ODxAREg=="},
        "ratio": {"$float": "nan"},
        "colour": {"$enum": ["shop.colours:Colour", "RED"]},
        "ports": [{"$map": [[1, {"$bytes": "AA=="}]]}, None, 2.5],
        "on": True,
    },
}


def refusal(kind, message="no", **details):
    return {"ok": False, "error": {"type": kind, "message": message, "details": details}}


# ------------------------------------------------------------------ ensure


def test_s3_3_each_name_has_its_line(shell, api):
    api.on("POST", ENSURE, {"ok": True, "instances": [FLAGS, ADA]})
    outcome = shell("ensure", "flags", "ada\n", "--scope", "mail", "--timeout", "2s", "-n", "shop")
    assert outcome.out == (
        "flags ready: flags-0, process 4711\nada... started: box-ada-1f0c9a2b, process 4712\n"
    )
    asked = api.asked("POST", ENSURE)[0].json()
    assert 1.5 < asked.pop("timeout") <= 2
    assert asked == {"namespace": "shop", "scope": "mail", "names": ["flags", "ada\n"], "wait": True}


def test_no_wait_and_formats(shell, api):
    api.on("POST", ENSURE, {"ok": True, "instances": [FLAGS]})
    assert json.loads(shell("ensure", "flags", "-o", "json").out) == {"instances": [FLAGS]}
    assert shell("ensure", "flags", "-o", "yaml").out.startswith("instances:\n- name: flags\n")
    assert shell("ensure", "flags", "-o", "name", "--no-wait").out == "pod/flags-0\n"
    assert [request.json()["wait"] for request in api.asked("POST", ENSURE)] == [True, True, False]


def test_a_name_may_be_any_bytes(shell, api):
    api.on("POST", ENSURE, {"ok": True, "instances": [{**FLAGS, "name": "\udcff"}]})
    assert shell("ensure", "\udcff").out.startswith("\\udcff ready")
    assert api.asked("POST", ENSURE)[0].json()["names"] == ["\udcff"]


@pytest.mark.parametrize(
    ("kind", "code"), [*errors.REFUSALS.items(), ("unavailable", errors.FAILED), ("denied", errors.FAILED)]
)
def test_s3_6_each_type_has_its_exit_code(shell, api, kind, code):
    api.on("POST", ENSURE, refusal(kind, f"why {kind}"))
    outcome = shell("ensure", "flags")
    assert (outcome.code, outcome.out, outcome.err.splitlines()[0]) == (code, "", f"why {kind}")


def test_s3_6_what_it_died_of_is_told(shell, api):
    cause = {"type": "KeyError", "message": "'API_KEY'", "file": "bin/bad.py", "line": 3}
    repair = refusal("given_up", "bad was given up: exit 1: boom", worker="bad-0", lines=["oh no", "boom"])
    repair["error"]["advice"] = "repair it"
    api.on(
        "POST",
        ENSURE,
        refusal("timeout", "bad was not ready within 2s", worker="bad-0", error=cause),
        repair,
        refusal("given_up", "bad was given up: exit 1: boom", worker="bad-0", lines=["boom"]),
    )
    assert shell("ensure", "bad").err == "bad was not ready within 2s\n  KeyError: 'API_KEY' (bin/bad.py:3)\n"
    assert shell("ensure", "bad").err == "bad was given up: exit 1: boom\n  | oh no\n  | boom\nrepair it\n"
    assert shell("ensure", "bad").err == "bad was given up: exit 1: boom\n"


@pytest.mark.parametrize("words", [("ensure", "a"), ("release", "a"), ("vars", "list"), ("vars", "get", "a")])
def test_without_a_controller(shell, words):
    outcome = shell(*words)
    assert outcome.code == 1
    assert outcome.err == "no controller runs for project ~/shop\nstart one: workerctl up -d\n"


def test_what_a_terminal_shows_meanwhile():
    def waiting(worker, name, **status):
        return {
            "metadata": {"name": worker, "annotations": {"workerset.dev/worker-name": name}},
            "status": status,
        }

    pods = [
        waiting("box-ada-1", "ada", containerStatuses=[{"ready": True}]),
        waiting("box-bob-1", "bob", message="it has not published vars yet"),
        pod("web-0", "web"),
    ]
    said = "waiting for bob and eve, 7s left: bob: it has not published vars yet"
    assert awaited.sentence(["ada", "bob", "eve"], pods, 7) == said
    assert awaited.sentence(["ada"], pods, 7) == "waiting for ada, 7s left"
    assert awaited.sentence(["a", "b", "c"], [], 0) == "waiting for a, b and 1 more, 0s left"


# ------------------------------------------------------------------ release


def test_release_says_what_was_and_what_was_not_ensured(shell, api):
    api.on("POST", RELEASE, {"ok": True, "released": ["ada"]})
    outcome = shell("release", "ada", "bob", "--scope", "mail")
    assert (outcome.code, outcome.out) == (0, "ada released\n")
    assert outcome.err == "nothing to release, nobody has ensured it: bob\n"
    assert api.asked("POST", RELEASE)[0].json() == {
        "namespace": "default",
        "scope": "mail",
        "names": ["ada", "bob"],
    }


# ------------------------------------------------------------------ vars


def test_s6_2_a_table_shows_every_kind_of_value(shell, api, golden):
    api.on("GET", f"{VARS}/default", SNAPSHOT)
    golden("vars-get.txt", shell("vars", "get", "ada", "--scope", "mail").out)
    assert api.requests[-1].query == {"name": "ada", "scope": "mail"}


def test_s6_2_machines_get_what_workers_exchange(shell, api):
    api.on("GET", f"{VARS}/default", SNAPSHOT)
    assert json.loads(shell("vars", "get", "ada", "-o", "json").out) == SNAPSHOT["value"]
    yaml = shell("vars", "get", "ada", "-o", "yaml").out
    assert "key: !!binary |\n  AAEC" in yaml
    assert "ratio: .nan\n" in yaml
    assert "colour: Colour.RED\n" in yaml


def test_s6_4_nothing_to_read(shell, api):
    api.on("GET", f"{VARS}/default", refusal("not_published", "nobody has ensured ada"))
    outcome = shell("vars", "get", "ada")
    assert (outcome.code, outcome.out, outcome.err) == (7, "", "nobody has ensured ada\n")


@pytest.mark.parametrize("form", ["table", "json", "yaml"])
def test_a_watch_prints_each_generation_once(shell, api, golden, form):
    newer = {**SNAPSHOT, "generation": SNAPSHOT["generation"] + 1, "value": {"host": "db2"}}
    end = refusal("not_published", "nobody has ensured ada any more")
    api.on("GET", f"{VARS}/default", json_lines(SNAPSHOT, newer, newer, end))
    outcome = shell("vars", "get", "ada", "-w", "-o", form)
    assert (outcome.code, outcome.err) == (7, "nobody has ensured ada any more\n")
    golden(f"vars-watch-{form}.txt", outcome.out)


def test_the_list(shell, api, golden):
    facts = {"namespace": "default", "scope": "", "set": "flags", "ready": True}
    items = [
        {**facts, "name": "flags", "generation": 1795510173367842, "ageSeconds": 3.2, "bytes": 23},
        {**facts, "name": "big", "scope": "mail", "generation": 7, "ageSeconds": 4000.0, "bytes": 250_000},
        {**facts, "name": "mute", "generation": 0, "ready": False},
        {**facts, "name": "torn", "generation": 9, "problem": "published vars are damaged"},
    ]
    api.on("GET", f"{VARS}/default", {"items": items})
    api.on("GET", VARS, {"items": items[:1]})
    golden("vars-list.txt", shell("vars", "list").out)
    assert shell("vars", "list", "-A").out.splitlines()[0].split() == [
        *("NAMESPACE", "NAME", "SCOPE", "GENERATION", "AGE", "SIZE", "READY", "SET")
    ]
    assert json.loads(shell("vars", "list", "-o", "json").out) == {"items": items}
    shell("vars", "list", "--scope", "mail")
    assert api.requests[-1].query == {"scope": "mail"}
    api.on("GET", f"{VARS}/default", {"items": []})
    api.on("GET", VARS, {"items": []})
    nothing = "nothing is published, no background worker runs or is ensured in"
    assert shell("vars", "list", "--scope", "mail").err == f"{nothing} scope mail of namespace default\n"
    assert shell("vars", "list", "-A").err == f"{nothing} any namespace\n"


@pytest.mark.parametrize(
    "words",
    [("get",), ("get", "ada", "-A"), ("list", "ada"), ("list", "-w"), ("put", "ada"), ("get", "a", "b")],
)
def test_what_makes_no_sense(shell, words):
    assert shell("vars", *words).code == errors.USAGE


# ------------------------------------------------------------------ called by a worker


def test_s2_4_called_by_a_worker_it_asks_for_that_workers_set(shell, api):
    token = tokens.sign("s", runs.WorkerRef("shop", "web", "web-0"))
    shell.environ |= {"WORKERSET_TOKEN": token, "WORKERSET_SCOPE": "mail", "WORKERSET_RUN": "r1"}
    api.on("POST", ENSURE, {"ok": True, "instances": [FLAGS]})
    for folder in (shell.run, "/elsewhere"):
        shell.environ["WORKERSET_SOCKET"] = f"{folder}/workers.sock"
        assert shell("ensure", "flags").code == 0
    found = [one.json() for one in api.asked("POST", ENSURE)]
    assert {key: found[0][key] for key in ("namespace", "scope", "token", "run")} == {
        "namespace": "shop",
        "scope": "mail",
        "token": token,
        "run": "r1",
    }
    assert (found[1]["namespace"], found[1]["scope"], "token" in found[1]) == ("default", "", False)
