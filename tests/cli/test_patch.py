"""`patch` and `edit`."""

from __future__ import annotations

import json
import sys

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.cli import editing
from controller.core import patch as patches
from tests.cli import samples
from tests.fakes.api_server import status

WEB = f"{samples.SETS}/web"


@pytest.fixture
def web(api):
    api.on("GET", WEB, samples.workerset())
    api.on("PATCH", WEB, samples.workerset(version=6))
    return api


@pytest.mark.parametrize(
    ("words", "media", "body"),
    [
        (["-p", '{"spec": {"num": 3}}'], "merge-patch", {"spec": {"num": 3}}),
        (["-p", "spec: {num: 3}"], "merge-patch", {"spec": {"num": 3}}),
        (
            ["--type", "json", "-p", '[{"op": "remove", "path": "/x"}]'],
            "json-patch",
            [{"op": "remove", "path": "/x"}],
        ),
        (["--type=strategic", "-p", "{}"], "strategic-merge-patch", {}),
    ],
)
def test_patch(shell, web, words, media, body):
    outcome = shell("patch", "ws", "web", *words)
    assert (outcome.code, outcome.out) == (0, "workerset.workerset.dev/web patched\n")
    sent = web.requests[-1]
    assert sent.headers["content-type"] == f"application/{media}+json"
    assert sent.json() == body
    assert sent.query["fieldManager"] == "workerctl-patch"


def test_no_change_and_dry_run(shell, web):
    web.on("PATCH", WEB, samples.workerset())
    assert shell("patch", "ws/web", "-p", "{}").out == "workerset.workerset.dev/web patched (no change)\n"
    web.on("PATCH", WEB, samples.workerset(spec={"num": 9}))
    outcome = shell("patch", "ws/web", "-p", "{}", "--dry-run=server")
    assert outcome.out == "workerset.workerset.dev/web patched (server dry run)\n"
    assert web.requests[-1].query["dryRun"] == "All"


@pytest.mark.parametrize(
    "words",
    [
        ["-p", '{"spec": {"num": 9, "command": null}}'],
        [
            "--type=json",
            "-p",
            '[{"op": "add", "path": "/spec/num", "value": 9}, {"op": "remove", "path": "/spec/command"}]',
        ],
    ],
)
def test_a_client_dry_run_prints_the_changed_object(shell, web, words):
    outcome = shell("patch", "ws/web", *words, "--dry-run=client", "-o", "json")
    assert outcome.code == 0
    assert "command" not in json.loads(outcome.out)["spec"]
    assert json.loads(outcome.out)["spec"]["num"] == 9
    assert not web.asked("PATCH", WEB)


def test_a_client_dry_run_of_a_patch_that_does_not_fit(shell, web):
    words = ["--type=json", "-p", '[{"op": "remove", "path": "/spec/nothing"}]', "--dry-run=client"]
    outcome = shell("patch", "ws/web", *words)
    assert outcome.code == 1
    assert outcome.err.startswith("the patch does not fit:")
    assert shell("patch", "ws/web", "--type=strategic", "-p", "{}", "--dry-run=client").code == 2


def test_patch_file_subresource_and_output(shell, web):
    path = f"{WEB}/status"
    web.on("GET", path, samples.workerset())
    web.on("PATCH", path, samples.workerset(version=7))
    shell.write("p.yaml", "status:\n  state: Odd\n")
    outcome = shell(
        "patch", "ws/web", "--patch-file", "p.yaml", "--subresource", "status", "-o", "jsonpath={.kind}"
    )
    assert outcome.out == "WorkerSet"
    assert web.requests[-1].json() == {"status": {"state": "Odd"}}


def test_unsupported_media_type_passes_through(shell, web):
    web.on("PATCH", WEB, status(415, "UnsupportedMediaType", "strategic merge is not supported"))
    outcome = shell("patch", "ws/web", "--type", "strategic", "-p", "{}")
    assert (outcome.code, outcome.err) == (
        1,
        "error from server (UnsupportedMediaType): strategic merge is not supported\n",
    )


@pytest.mark.parametrize(
    "words",
    [
        ["ws/web"],
        ["ws", "-p", "[]"],
        ["ws/web", "-p", "[]"],
        ["ws/web", "--type=json", "-p", "{}"],
        ["ws/web", "ws/job", "-p", "{}"],
        ["ws/web", "--patch-file", "nope"],
    ],
)
def test_patch_usage(shell, web, words):
    assert shell("patch", *words).code == 2


@pytest.fixture
def editor(shell):
    """An editor that runs one step of a script each time it is opened, and notes what it was shown."""

    def make(*steps: str) -> None:
        for number, step in enumerate(steps):
            shell.write(f"steps/{number}", step)
        program = shell.write(
            "editor.py",
            "import pathlib, sys\n"
            f"folder = pathlib.Path({str(shell.folder)!r})\n"
            "seen = len(list(folder.glob('seen*')))\n"
            "path = pathlib.Path(sys.argv[1])\n"
            "(folder / f'seen{seen}').write_text(path.read_text())\n"
            "text = path.read_text()\n"
            "exec((folder / 'steps' / str(seen)).read_text())\n"
            "path.write_text(text)\n",
        )
        shell.environ["EDITOR"] = f"{sys.executable} {program}"
        shell.environ["TMPDIR"] = str(shell.folder)

    return make


def drafts(shell):
    return list(shell.folder.glob("workerctl-*.yaml"))


def test_edit_sends_only_what_was_changed(shell, web, editor):
    editor("text = text.replace('num: 2', 'num: 5')")
    outcome = shell("edit", "ws", "web")
    assert (outcome.code, outcome.out) == (0, "workerset.workerset.dev/web edited\n")
    sent = web.requests[-1]
    assert sent.json() == {"spec": {"num": 5}}
    assert sent.query["fieldManager"] == "workerctl-edit"
    assert "managedFields" not in (shell.folder / "seen0").read_text()
    assert not drafts(shell)


@pytest.mark.parametrize("step", ["", "text = text + '\\n'", "text = ''"])
def test_edit_without_a_change(shell, web, editor, step):
    editor(step)
    outcome = shell("edit", "ws/web")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "edit cancelled, no changes made\n")
    assert not web.asked("PATCH", WEB)
    assert not drafts(shell)


def test_refused_edit_opens_again_with_the_reason(shell, web, editor):
    causes = [{"field": "spec.num", "message": "must be at least 0"}]
    refused = status(422, "Invalid", "x", kind="WorkerSet", name="web", causes=causes)
    web.on("PATCH", WEB, refused, samples.workerset(version=6))
    editor("text = text.replace('num: 2', 'num: -5')", "text = text.replace('num: -5', 'num: 5')")
    outcome = shell("edit", "ws", "web")
    assert outcome.out == "workerset.workerset.dev/web edited\n"
    second = (shell.folder / "seen1").read_text()
    assert '# the WorkerSet "web" is invalid: spec.num: must be at least 0\n' in second
    assert "num: -5" in second


def test_what_cannot_be_read_opens_again(shell, web, editor):
    editor("text = text.replace('num: 2', 'num: [2')", "text = text.replace('num: [2', 'num: 3')")
    outcome = shell("edit", "ws", "web")
    assert outcome.code == 0
    assert "# the text, line " in (shell.folder / "seen1").read_text()


@pytest.mark.parametrize(
    "change", ["replace('name: web', 'name: other')", "replace('kind: WorkerSet', 'kind: Pod')"]
)
def test_identity_cannot_be_edited_and_nothing_is_lost(shell, web, editor, change):
    editor(f"text = text.{change}", "")
    outcome = shell("edit", "ws", "web")
    assert outcome.code == 1
    assert "cannot be changed" in outcome.err
    (draft,) = drafts(shell)
    assert f"your text is kept in {draft}" in outcome.err


def test_editor_problems(shell, web, editor):
    outcome = shell("edit", "ws", "web")
    assert (outcome.code, outcome.err.splitlines()[0]) == (1, "no editor: neither VISUAL nor EDITOR is set")
    shell.environ["EDITOR"] = "/nonexistent/editor"
    assert "cannot start the editor" in shell("edit", "ws", "web").err
    editor("raise SystemExit(3)")
    assert "failed with exit code 3" in shell("edit", "ws", "web").err


JSON = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=2), JSON, max_size=4)


@given(OBJECTS, OBJECTS)
def test_merge_patch_of_two_objects_makes_one_of_the_other(before, after):
    patch = editing.merge_patch(before, after)
    made = patches.merge(before, patch)
    assert json.dumps(made, sort_keys=True) == json.dumps(after, sort_keys=True)
    assert yaml.safe_load(yaml.safe_dump(patch)) == patch


@given(OBJECTS)
def test_merge_patch_of_an_object_with_itself_is_empty(obj):
    assert editing.merge_patch(obj, obj) == {}
