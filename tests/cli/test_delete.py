"""`delete`: options on the wire, waiting for the object and then for its workers, dry runs."""

from __future__ import annotations

import pytest

from tests.cli import samples
from tests.fakes.api_server import Answer, json_lines, status

WEB = f"{samples.SETS}/web"


def gone(name="web"):
    return {"kind": "Status", "status": "Success", "details": {"name": name, "uid": f"uid-{name}"}}


@pytest.fixture
def web(api):
    api.on("DELETE", WEB, gone())
    api.on("GET", samples.SETS, samples.listing())
    return api


def sent(api, path=WEB):
    return api.asked("DELETE", path)[-1].json()


def ending(name="web", message=""):
    return samples.workerset(
        name, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}, status={"message": message}
    )


def test_s4_6_waits_until_the_set_is_gone_and_says_why(shell, web):
    web.on("DELETE", WEB, ending())
    two, one = (
        ending(message="being deleted: 2 workers still to stop"),
        ending(message="being deleted: 1 left"),
    )
    events = [("MODIFIED", one), ("MODIFIED", one), ("DELETED", one)]
    stream = json_lines(*({"type": word, "object": obj} for word, obj in events))
    web.on("GET", samples.SETS, samples.listing(two), stream)
    outcome = shell("delete", "ws", "web")
    assert (outcome.code, outcome.out) == (0, "workerset.workerset.dev/web deleted\n")
    assert outcome.err == (
        "waiting for web: being deleted: 2 workers still to stop\nwaiting for web: being deleted: 1 left\n"
    )
    assert sent(web)["propagationPolicy"] == "Background"
    assert web.asked("GET", samples.SETS)[0].query == {"fieldSelector": "metadata.name=web"}


def test_several_are_waited_for_with_one_watch(shell, web):
    web.on("DELETE", f"{samples.SETS}/job", gone("job"))
    rest = json_lines({"type": "DELETED", "object": ending()}, {"type": "DELETED", "object": ending("job")})
    web.on("GET", samples.SETS, samples.listing(ending(), ending("job")), rest)
    outcome = shell("delete", "ws", "web", "job")
    assert (outcome.code, outcome.err) == (0, "waiting for web and job to end\nwaiting for job to end\n")


def test_a_new_object_of_the_name_is_another_one(shell, web):
    web.on("GET", samples.SETS, samples.listing(samples.workerset(metadata={"uid": "new"})))
    assert shell("delete", "ws/web").code == 0


def test_timeout_names_what_is_left(shell, web):
    with samples.quiet(samples.listing(ending())) as answer:
        web.on("GET", samples.SETS, answer)
        outcome = shell("delete", "ws", "web", "--timeout", "20ms")
    assert outcome.code == 1
    assert "timed out waiting for the end of: workerset.workerset.dev/web" in outcome.err


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (["--cascade=foreground"], {"propagationPolicy": "Foreground"}),
        (["--cascade=orphan"], {"propagationPolicy": "Orphan"}),
        (["--cascade", "--now"], {"gracePeriodSeconds": 1}),
        (["--force"], {"gracePeriodSeconds": 0}),
        (["--force", "--grace-period=0"], {"gracePeriodSeconds": 0}),
        (["--grace-period", "7"], {"gracePeriodSeconds": 7}),
        (["--dry-run"], {"dryRun": ["All"]}),
    ],
)
def test_options(shell, web, words, options):
    outcome = shell("delete", "ws", "web", "--wait=false", *words)
    assert outcome.code == 0
    assert options.items() <= sent(web).items()
    assert outcome.out.endswith("deleted (server dry run)\n" if "--dry-run" in words else "deleted\n")


@pytest.mark.parametrize(
    "words", [["--now", "--grace-period=5"], ["--force", "--grace-period=5"], ["--force", "--now"]]
)
def test_graces_that_contradict_each_other_delete_nothing(shell, web, words):
    assert shell("delete", "ws", "web", *words).code == 2
    assert web.asked("DELETE", WEB) == []


def test_client_dry_run_asks_for_nothing(shell, web):
    web.on("GET", WEB, samples.workerset())
    assert (
        shell("delete", "ws", "web", "--dry-run=client").out
        == "workerset.workerset.dev/web deleted (dry run)\n"
    )
    assert not web.asked("DELETE", WEB)


def test_all_and_selector_list_first(shell, web):
    web.on("DELETE", f"{samples.SETS}/job", gone("job"))
    web.on(
        "GET", samples.SETS, samples.listing(samples.workerset(), samples.workerset("job")), samples.listing()
    )
    outcome = shell("delete", "ws", "-l", "app=shop", "--wait=false", "-o", "name")
    assert outcome.out == "workerset.workerset.dev/web\nworkerset.workerset.dev/job\n"
    assert web.asked("GET", samples.SETS)[0].query == {"labelSelector": "app=shop"}
    outcome = shell("delete", "ws", "--all")
    assert (outcome.code, outcome.err) == (0, "No resources found\n")


def test_missing(shell, api):
    api.on("DELETE", WEB, status(404, "NotFound", 'workersets.workerset.dev "web" not found'))
    outcome = shell("delete", "ws", "web")
    assert (outcome.code, outcome.out) == (1, "")
    assert "NotFound" in outcome.err
    outcome = shell("delete", "ws", "web", "--ignore-not-found")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")


def test_one_failure_does_not_spare_the_others(shell, web):
    web.on("DELETE", f"{samples.SETS}/x", Answer(500, "oops"))
    outcome = shell("delete", "ws", "x", "web")
    assert outcome.code == 1
    assert outcome.out == "workerset.workerset.dev/web deleted\n"


@pytest.mark.parametrize(
    "words",
    [["ws"], ["ws", "web", "--all"], ["ws", "web", "-l", "a=b"], [], ["ws", "web", "--now", "--force"]],
)
def test_usage(shell, api, words):
    assert shell("delete", *words).code == 2


def test_delete_what_files_declare(shell, web):
    shell.write(
        "manifests/10-web.yaml",
        "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: web}\nspec: {command: [ls]}\n",
    )
    outcome = shell("delete", "-f", "manifests")
    assert (outcome.code, outcome.out) == (0, "workerset.workerset.dev/web deleted\n")
    shell.write("manifests/broken.yaml", "a: [\n")
    outcome = shell("delete", "-f", "manifests")
    assert outcome.code == 1
    assert "manifests/broken.yaml:" in outcome.err
    assert shell("delete", "-f", "manifests", "ws", "web").code == 2
