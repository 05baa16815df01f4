"""`apply`: one request for all, everything checked first, kubectl's words."""

from __future__ import annotations

import json

import pytest

from controller.cli import launching
from controller.shim import launch
from tests.cli.sets import APPLY, MANIFEST, PROJECT, SETS, applied, listed, project, workerset
from tests.fakes.api_server import ApiServer, json_lines


@pytest.fixture
def manifests(shell):
    shell.write("m/10-web.yaml", MANIFEST % "web")
    shell.write("m/20-job.yaml", MANIFEST % "job")
    return shell


@pytest.fixture(autouse=True)
def _project(request):
    if "api" in request.fixturenames:
        request.getfixturevalue("api").on("GET", PROJECT, project())


def test_all_documents_go_in_one_request_with_their_sources(manifests, api):
    api.on(
        "POST",
        APPLY,
        {"items": [applied("created", workerset("web")), applied("unchanged", workerset("job"))]},
    )
    outcome = manifests("apply", "-f", "m")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == "workerset.workerset.dev/web created\nworkerset.workerset.dev/job unchanged\n"
    (request,) = api.asked("POST", APPLY)
    body = request.json()
    assert [item["source"] for item in body.pop("items")] == ["m/10-web.yaml:1", "m/20-job.yaml:1"]
    assert body == {
        "fieldManager": "workerctl",
        "serverSide": False,
        "force": False,
        "dryRun": False,
        "fieldValidation": "Strict",
        "inventory": "default",
        "prune": False,
        "objects": False,
    }


@pytest.mark.parametrize(
    ("words", "sent"),
    [
        (["--server-side", "--force-conflicts"], {"serverSide": True, "force": True}),
        (["--prune", "--inventory", "web"], {"prune": True, "inventory": "web"}),
        (["--dry-run"], {"dryRun": True}),
        (["--dry-run=server"], {"dryRun": True}),
        (["--field-manager", "ci"], {"fieldManager": "ci"}),
    ],
)
def test_options_reach_the_request(manifests, api, words, sent):
    api.on("POST", APPLY, {"items": []})
    assert manifests("apply", "-f", "m", *words).code == 0
    body = api.asked("POST", APPLY)[0].json()
    assert {name: body[name] for name in sent} == sent


def test_dry_runs_are_marked_as_kubectl_marks_them(manifests, api):
    api.on("POST", APPLY, {"items": [applied("created", workerset("web"))]})
    assert manifests("apply", "-f", "m", "--dry-run=server").out.endswith("web created (server dry run)\n")
    assert manifests("apply", "-f", "m", "--dry-run").out.endswith("web created (dry run)\n")


def test_client_dry_run_needs_no_controller(manifests):
    outcome = manifests("apply", "-f", "m", "--dry-run")
    assert outcome.code == 0
    assert "web checked (dry run, no controller runs)" in outcome.out


OTHER_KIND = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\n"
BROKEN = "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: b}\nspec: {"


@pytest.mark.parametrize("text", [OTHER_KIND, BROKEN, ""])
def test_a_dry_run_is_a_gate_with_and_without_a_controller(manifests, text):
    """What `validate` would skip cannot be applied."""
    manifests.write("m/30-bad.yaml", text)
    outcome = manifests("apply", "-f", "m", "--dry-run")
    assert (outcome.code, outcome.out) == (1, "")
    assert "m/30-bad.yaml:" in outcome.err
    assert manifests("apply", "-f", "m", "--dry-run=server").code == 1
    assert not (manifests.folder / ".workerset" / "controller.pid").exists()


def test_nothing_is_sent_if_any_document_is_wrong(manifests, api):
    manifests.write(
        "m/30-bad.yaml",
        "apiVersion: workerset.dev/v1\nkind: WorkerSet\nmetadata: {name: b}\nspec: {num: x}\n",
    )
    outcome = manifests("apply", "-f", "m")
    assert outcome.code == 1
    assert "m/30-bad.yaml:4" in outcome.err
    assert "nothing was sent" in outcome.err
    assert api.requests == []


def test_one_refused_document_fails_and_the_others_are_said(manifests, api):
    refused = applied("failed", workerset("job"), code=409)
    refused["status"] = {"reason": "Conflict", "message": "conflict with manager ci: .spec.num"}
    api.on("POST", APPLY, {"items": [applied("configured", workerset("web")), refused]})
    outcome = manifests("apply", "-f", "m")
    assert outcome.code == 1
    assert outcome.out == "workerset.workerset.dev/web configured\n"
    assert (
        outcome.err == "m/20-job.yaml:1: error from server (Conflict): conflict with manager ci: .spec.num\n"
    )


def test_s1_7_a_created_catch_all_says_what_it_is(shell, api):
    shell.write("m.yaml", MANIFEST % "mailer")
    api.on(
        "POST", APPLY, {"items": [applied("created", workerset("mailer", "CatchAll", 0, background=True))]}
    )
    assert shell("apply", "-f", "m.yaml").err == (
        "mailer created: catch-all, 0 of 16 names, nothing runs until ensure(); "
        "for an ordinary worker add name: mailer, num: 1\n"
    )


def test_warnings_go_to_standard_error(manifests, api):
    api.on("POST", APPLY, {"items": [applied("created", workerset("web"), warnings=["PATH differs"])]})
    assert manifests("apply", "-f", "m").err == "warning: web: PATH differs\n"


def test_s8_1_another_path_than_the_captured_one_is_said(manifests, api):
    api.on("POST", APPLY, {"items": [applied("unchanged", workerset("web"))]})
    api.on("GET", PROJECT, project(environment={"PATH": "/other/bin", "VIRTUAL_ENV": ""}))
    assert manifests("apply", "-f", "m").err == (
        "warning: workers do not get this shell's PATH but what was captured first; "
        "to take this shell's: workerctl down, then workerctl up -d --refresh-env\n"
    )


def test_standard_input_and_namespaces(shell, api):
    api.on("POST", APPLY, {"items": []})
    assert shell("apply", "-f", "-", "-n", "blue", stdin=MANIFEST % "web").code == 0
    (item,) = api.asked("POST", APPLY)[0].json()["items"]
    assert (item["object"]["metadata"]["namespace"], item["source"]) == ("blue", "stdin:1")


def test_a_namespace_that_differs_from_n_is_an_error(shell, api):
    shell.write("m.yaml", (MANIFEST % "web").replace("{name: web}", "{name: web, namespace: red}"))
    outcome = shell("apply", "-f", "m.yaml", "-n", "blue")
    assert outcome.code == 1
    assert "the namespace of web is red, -n says blue" in outcome.err


@pytest.mark.parametrize(
    ("form", "expected"), [("name", "workerset.workerset.dev/web\n"), ("json", '"name": "web"')]
)
def test_output_formats(manifests, api, form, expected):
    api.on("POST", APPLY, {"items": [applied("created", workerset("web"))]})
    assert expected in manifests("apply", "-f", "m", "-o", form).out


def test_wait_fails_with_the_captured_failure(manifests, api):
    api.on(
        "POST", APPLY, {"items": [applied("created", workerset("web")), applied("created", workerset("job"))]}
    )
    api.on("GET", SETS, listed(workerset("web"), workerset("job", "Failed", 0, "exit 3: no API_KEY")))
    outcome = manifests("apply", "-f", "m", "--wait")
    assert (outcome.code, outcome.err) == (1, "job failed: exit 3: no API_KEY\n")


def test_wait_follows_until_all_have_settled(manifests, api):
    api.on("POST", APPLY, {"items": [applied("created", workerset("web"))]})
    changed = {"type": "MODIFIED", "object": workerset("web")}
    api.on(
        "GET",
        SETS,
        lambda request: (
            json_lines(changed) if "watch" in request.query else listed(workerset("web", "Starting", 0))
        ),
    )
    assert manifests("apply", "-f", "m", "--wait").code == 0


def test_wait_times_out_with_where_it_is(manifests, api):
    api.on("POST", APPLY, {"items": [applied("created", workerset("web"))]})
    api.on("GET", SETS, listed(workerset("web", "Waiting", 0, "redis is not ready")))
    outcome = manifests("apply", "-f", "m", "--wait", "--timeout", "0")
    assert (outcome.code, outcome.err) == (1, "web is not ready in time: Waiting, redis is not ready\n")


def test_without_a_controller_one_is_started_and_said(manifests, monkeypatch):
    servers = []

    def start(places, argv, *, leash, environ):
        assert (places.root, leash) == (str(manifests.folder), False)
        assert argv[-7:] == [
            "_controller",
            "--root",
            places.root,
            "--state",
            places.state,
            "--run",
            places.run,
        ]
        server = ApiServer(f"{places.run}/api.sock")
        server.on("POST", APPLY, {"items": [applied("created", workerset("web"))]})
        server.on("GET", PROJECT, project())
        servers.append(server.__enter__())
        return launch.Launched(1, None, -1)

    monkeypatch.setattr(launch, "launch", start)
    monkeypatch.setattr(launch, "wait_ready", lambda *_: {"ready": 1})
    try:
        outcome = manifests("apply", "-f", "m")
    finally:
        for server in servers:
            server.__exit__()
    assert outcome.err.startswith("started controller 4711 for project ~/shop")
    assert outcome.out == "workerset.workerset.dev/web created\n"


def test_no_start_says_what_to_type(manifests):
    outcome = manifests("apply", "-f", "m", "--no-start")
    assert (outcome.code, outcome.err) == (
        1,
        "no controller runs for project ~/shop\nstart one: workerctl up -d\n",
    )


def test_a_controller_that_does_not_come_up_says_why(manifests, monkeypatch):
    def failing(*_):
        raise launch.LaunchFailed("the disk is full", "ENOSPC\n")

    monkeypatch.setattr(launch, "launch", lambda *args, **more: launch.Launched(1, None, -1))
    monkeypatch.setattr(launch, "wait_ready", failing)
    outcome = manifests("apply", "-f", "m")
    assert outcome.code == 1
    assert outcome.err == (
        "ENOSPC\nthe controller did not start: the disk is full\nits log: ~/shop/.workerset/controller.log\n"
    )


def test_the_loser_of_two_starts_joins_the_winner(manifests, api, monkeypatch):
    """The socket answers only after our launch was refused."""
    looks = []

    def refused(*_):
        raise launch.Owned(99, manifests.run)

    monkeypatch.setattr(launch, "launch", lambda *args, **more: launch.Launched(1, None, -1))
    monkeypatch.setattr(launch, "wait_ready", refused)
    monkeypatch.setattr(
        "controller.cli.context.Context.running_client",
        lambda self: looks.append(1) if not looks else self.client(),
    )
    api.on("POST", APPLY, {"items": [applied("unchanged", workerset("web"))]})
    outcome = manifests("apply", "-f", "m")
    assert (outcome.code, outcome.err) == (0, "")
    assert looks == [1]


def test_the_controllers_command_line_is_read_by_its_verb():
    from controller.cli import main, run
    from controller.client import project as projects

    found = projects.Project("/p", "/s", "/r")
    argv = launching.controller_argv(found, launching.Wishes(True, True, 64))
    verb = argv.index("_controller")
    args = main.build_parser("_controller", run).parse_args(argv[verb + 1 :])
    assert (args.root, args.state, args.run, args.foreground, args.refresh_env, args.max_processes) == (
        "/p",
        "/s",
        "/r",
        True,
        True,
        64,
    )
    assert json.dumps(argv)
