"""The verbs against the real API: what the stand-in cannot prove."""

from __future__ import annotations

import io
import json
import sys
import threading

import pytest

from controller.cli import context as contexts
from controller.cli import main
from controller.core import kinds
from tests.cli import samples
from tests.cli.real_api import RealApi, Tap


@pytest.fixture
def real(shell):
    with RealApi(f"{shell.run}/api.sock") as api:
        yield api


@pytest.fixture
def sets(real):
    real.create("web", labels={"app": "shop"}, spec={"num": 2})
    real.create("job2", labels={"app": "jobs"}, spec={"num": 10})
    real.create("job10", labels={"app": "jobs"})
    real.set_status("web", state="Ready", readyReplicas=2, replicas=2, updatedReplicas=2)
    return real


def put_pod(name: str, **changes):
    def put(store):
        obj = {**samples.pod(name), **changes}
        obj["metadata"] = {key: value for key, value in obj["metadata"].items() if key != "resourceVersion"}
        return store.create(kinds.PODS, obj)

    return put


def lines(outcome):
    assert outcome.err == ""
    return [line.split() for line in outcome.out.splitlines()]


def test_get_prints_the_servers_table(shell, sets):
    head, *rows = lines(shell("get", "ws"))
    assert {"NAME", "READY", "STATUS", "AGE"} < set(head)
    assert [row[0] for row in rows] == ["job10", "job2", "web"]
    assert rows[2][1] == "2/2"
    assert "Ready" in rows[2]
    assert len(lines(shell("get", "ws", "-o", "wide"))[0]) > len(head)
    assert lines(shell("get", "ws", "-A", "--no-headers"))[0][:2] == ["default", "job10"]


def test_selectors_and_sorting(shell, sets):
    assert [row[0] for row in lines(shell("get", "ws", "-l", "app in (jobs)"))[1:]] == ["job10", "job2"]
    assert [row[0] for row in lines(shell("get", "ws", "--field-selector", "metadata.name=web"))[1:]] == [
        "web"
    ]
    by_name = lines(shell("get", "ws", "--sort-by", ".metadata.name"))[1:]
    assert [row[0] for row in by_name] == ["job2", "job10", "web"]
    outcome = shell("get", "ws", "--field-selector", "spec.nope=1")
    assert (outcome.code, "field label not supported" in outcome.err) == (1, True)


def test_formats(shell, sets):
    assert json.loads(shell("get", "ws", "web", "-o", "json").out)["spec"]["num"] == 2
    listed = json.loads(shell("get", "ws", "-o", "json").out)
    assert {item["kind"] for item in listed["items"]} == {"WorkerSet"}
    assert shell("get", "ws/web", "-o", "jsonpath={.spec.command[*]}").out == "sleep 60"
    assert shell("get", "ws", "nope").err == (
        'error from server (NotFound): workersets.workerset.dev "nope" not found\n'
    )


def test_every_kind_has_a_table(shell, real):
    real.in_store(put_pod("web-0"))
    assert lines(shell("get", "workers"))[1][0] == "web-0"
    assert lines(shell("get", "ns"))[1][0] == "default"
    for kind in ("events", "controllerrevisions", "ws"):
        assert shell("get", kind).err == "No resources found in default namespace.\n"
    assert shell("get", "all").out.startswith("NAME")


def test_label_annotate_restart(shell, sets):
    assert shell("label", "ws", "web", "tier=front", "app-").out.endswith("web labeled\n")
    assert sets.get("web")["metadata"]["labels"] == {"tier": "front"}
    assert shell("label", "ws", "-l", "app=jobs", "team=a").out.count("labeled") == 2
    assert shell("annotate", "ws/web", "a/b=c d").out.endswith("web annotated\n")
    assert shell("restart", "web", "--dry-run").out.endswith("restarted (server dry run)\n")
    assert "workerset.dev/restarted-at" not in sets.get("web")["metadata"]["annotations"]
    assert shell("restart", "web").code == 0
    managers = {entry["manager"] for entry in sets.get("web")["metadata"]["managedFields"]}
    assert {"workerctl-label", "workerctl-annotate", "workerctl-restart"} <= managers


def test_scale(shell, sets):
    assert shell("scale", "web", "--num", "5").out == "workerset.workerset.dev/web scaled\n"
    assert sets.get("web")["spec"]["num"] == 5
    assert shell("scale", "web", "--num", "6", "--dry-run").code == 0
    assert shell("scale", "web", "--current-replicas", "6", "--num", "1").code == 1
    assert shell("scale", "web", "--current-replicas", "5", "--num", "1").code == 0
    assert sets.get("web")["spec"]["num"] == 1


def test_patch(shell, sets):
    assert shell("patch", "ws/web", "-p", '{"spec":{"num":3}}').out.endswith("web patched\n")
    assert shell("patch", "ws/web", "-p", '{"spec":{"num":3}}').out.endswith("web patched (no change)\n")
    replace = '[{"op":"replace","path":"/spec/num","value":4}]'
    assert shell("patch", "ws/web", "--type=json", "-p", replace).out.endswith("web patched\n")
    assert shell("patch", "ws/web", "-p", '{"spec":{"num":9}}', "--dry-run").out.endswith(
        "web patched (server dry run)\n"
    )
    assert sets.get("web")["spec"]["num"] == 4
    outcome = shell("patch", "ws/web", "--type=strategic", "-p", "{}")
    assert (outcome.code, "UnsupportedMediaType" in outcome.err) == (1, True)
    outcome = shell("patch", "ws/web", "-p", '{"spec":{"num":-1}}')
    assert outcome.code == 1
    assert outcome.err.startswith('the WorkerSet "web" is invalid: spec.num: ')
    assert "bogus" in shell("patch", "ws/web", "-p", '{"spec":{"bogus":1}}').err


def test_edit(shell, sets):
    program = shell.write(
        "editor.py",
        "import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n"
        "text = path.read_text()\n"
        "path.write_text(text.replace('num: -1', 'num: 7') if 'invalid' in text else "
        "text.replace('num: 2', 'num: -1'))\n",
    )
    shell.environ |= {"EDITOR": f"{sys.executable} {program}", "TMPDIR": str(shell.folder)}
    outcome = shell("edit", "ws", "web")
    assert (outcome.out, outcome.err) == ("workerset.workerset.dev/web edited\n", "")
    assert sets.get("web")["spec"]["num"] == 7


def test_delete_waits_until_nothing_lives(shell, sets):
    err, finished = Tap(), []
    context = contexts.Context(io.StringIO(), io.StringIO(), err, shell.environ, str(shell.folder))
    thread = threading.Thread(target=lambda: finished.append(main.execute(["delete", "ws", "web"], context)))
    thread.start()
    err.wait_for("waiting for web to end")
    sets.set_status("web", message="being deleted: 1 worker still to stop")
    err.wait_for("waiting for web: being deleted: 1 worker still to stop")
    sets.drain_deleted()
    sets.set_status("web", message="")
    thread.join(20)
    assert finished == [0]
    assert shell("get", "ws", "web").code == 1


def test_delete_dry_run_and_all(shell, sets):
    assert shell("delete", "ws", "web", "--dry-run").out.endswith("(server dry run)\n")
    assert sets.get("web")
    sets.drain_deleted()
    assert shell("delete", "ws", "--all").out.count(" deleted\n") == 3
    assert shell("get", "ws").err == "No resources found in default namespace.\n"


def test_wait_is_woken_by_the_engines_word(shell, sets):
    ready = [{"type": "Ready", "status": "True", "reason": "AllReady", "observedGeneration": 1}]
    timer = threading.Timer(0.05, lambda: sets.set_status("web", conditions=ready))
    timer.start()
    assert shell("wait", "ws/web", "--for", "condition=Ready", "--timeout", "20s").code == 0
    timer.join()
    outcome = shell("wait", "ws", "job2", "--for", "condition=Ready", "--timeout", "10ms")
    assert (outcome.code, "it has no such condition yet" in outcome.err) == (1, True)
    assert shell("rollout", "status", "web").code == 0


def test_watch_follows_and_ends_with_the_controller(shell, sets):
    out, finished = Tap(), []
    context = contexts.Context(io.StringIO(), out, io.StringIO(), shell.environ, str(shell.folder))
    words = ["get", "ws", "-w", "-l", "app=shop"]
    thread = threading.Thread(target=lambda: finished.append(main.execute(words, context)))
    thread.start()
    out.wait_for("web")
    sets.set_status("web", state="Failed", readyReplicas=0)
    out.wait_for("Failed")
    sets.create("second", labels={"app": "shop"})
    out.wait_for("second")
    sets.stop()
    thread.join(20)
    assert finished == [0]
    assert out.getvalue().count("NAME") == 1


def test_events_and_completion(shell, sets):
    event = {
        **samples.event("web.1", "Crashed", "exit 1", type="Warning"),
        "apiVersion": "v1",
        "kind": "Event",
    }
    event["metadata"].pop("resourceVersion")
    sets.in_store(lambda store: store.create(kinds.EVENTS, event))
    assert "exit 1" in shell("events", "--for", "ws/web", "--types", "Warning").out
    assert lines(shell("get", "events"))[1]
    offered = shell("__complete", "zsh", "--", "scale", "").out.split()
    assert offered == ["job10", "job2", "web"]
    assert lines(shell("env", "web"))[1] == ["PORT", "80", "env"]
    assert shell("env", "nope").code == 1
    assert shell("top").err == "no process runs\n"
