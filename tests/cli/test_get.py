"""`get`: tables, formats, selectors, watches; what is said where there is nothing."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import yaml

from tests.cli import samples
from tests.fakes.api_server import json_lines, status

WEB = samples.workerset()
JOB = samples.workerset("job10", spec={"num": 10}, labels={"app": "jobs", "workerset.dev/set": "x"})
JOB2 = samples.workerset("job2", spec={"num": 3}, status={"state": "Failed", "readyReplicas": 0})


@pytest.fixture
def sets(api):
    def answer(request):
        table = "as=Table" in request.headers["accept"]
        return (samples.table if table else samples.listing)(WEB, JOB, JOB2)

    api.on("GET", samples.SETS, answer)
    return api


def test_table_is_aligned_as_kubectls(shell, sets):
    outcome = shell("get", "ws")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "NAME    READY   STATUS   AGE\n"
        "web     2/2     Ready    5m\n"
        "job10   2/10    Ready    5m\n"
        "job2    0/3     Failed   5m\n"
    )
    assert "as=Table" in sets.requests[-1].headers["accept"]


def test_wide_labels_and_no_headers(shell, sets):
    first = shell("get", "ws", "-o", "wide", "-L", "app,workerset.dev/set").out.splitlines()
    assert first[0].split() == ["NAME", "READY", "STATUS", "AGE", "COMMAND", "APP", "SET"]
    assert first[2].split() == ["job10", "2/10", "Ready", "5m", "sleep", "60", "jobs", "x"]
    lines = shell("get", "ws", "--no-headers", "--show-labels").out.splitlines()
    assert lines[1].split() == ["job10", "2/10", "Ready", "5m", "app=jobs,workerset.dev/set=x"]
    assert len(lines) == 3


MANIFEST = """
apiVersion: workerset.dev/v1
kind: WorkerSet
metadata: {name: web}
spec: {command: [app]}
---
apiVersion: workerset.dev/v1
kind: WorkerSet
metadata: {name: job10, namespace: other}
spec: {command: [app]}
"""


def test_files_name_objects_as_they_are_on_the_server(shell, api):
    api.on("GET", f"{samples.SETS}/web", samples.table(WEB))
    api.on("GET", f"{samples.SETS.replace('default', 'other')}/job10", samples.table(JOB))
    shell.write("m/a.yaml", MANIFEST)
    outcome = shell("get", "-f", "m")
    assert outcome.code == 0
    assert [line.split()[0] for line in outcome.out.splitlines() if line] == ["NAME", "web", "NAME", "job10"]
    assert shell("get", "-f", "m", "ws").code == 2


def test_what_files_declare_and_the_server_does_not_have(shell, api):
    api.on("GET", f"{samples.SETS}/web", status(404, "NotFound", 'workersets "web" not found'))
    shell.write("a.yaml", MANIFEST.partition("---")[0])
    outcome = shell("get", "-f", "a.yaml")
    assert (outcome.code, outcome.out) == (1, "")
    assert "not found" in outcome.err


@pytest.mark.parametrize("form", ["go-template={{.kind}}", "template={{.kind}}", "go-template-file=x"])
def test_go_templates_say_what_to_use(shell, form):
    outcome = shell("get", "ws", "-o", form)
    assert outcome.code == 2
    assert "use -o jsonpath=TEMPLATE" in outcome.err


def test_all_namespaces_has_a_column_and_selectors_are_sent(shell, api):
    api.on("GET", "/apis/workerset.dev/v1/workersets", samples.table(WEB))
    outcome = shell("get", "ws", "-A", "-l", "app=shop", "--field-selector", "metadata.name=web")
    assert outcome.out.splitlines()[0].startswith("NAMESPACE   NAME")
    assert outcome.out.splitlines()[1].startswith("default     web")
    assert api.requests[-1].query == {"labelSelector": "app=shop", "fieldSelector": "metadata.name=web"}


def test_sort_by_is_natural_and_asks_for_whole_objects(shell, sets):
    names = [line.split()[0] for line in shell("get", "ws", "--sort-by", ".metadata.name").out.splitlines()]
    assert names == ["NAME", "job2", "job10", "web"]
    assert sets.requests[-1].query == {"includeObject": "Object"}
    outcome = shell("get", "ws", "--sort-by=.spec.num", "-o", "name")
    assert outcome.out.split() == [f"workerset.workerset.dev/{name}" for name in ("web", "job2", "job10")]
    assert shell("get", "ws", "--sort-by", ".nope").code == 1


def test_json_and_yaml_hide_managed_fields(shell, sets):
    for form, load in (("json", json.loads), ("yaml", yaml.safe_load)):
        listed = load(shell("get", "ws", "-o", form).out)
        assert (listed["kind"], [item["metadata"]["name"] for item in listed["items"]]) == (
            "List",
            ["web", "job10", "job2"],
        )
        assert "managedFields" not in listed["items"][0]["metadata"]
    listed = json.loads(shell("get", "ws", "-o", "json", "--show-managed-fields").out)
    assert listed["items"][0]["metadata"]["managedFields"]


def test_one_object_is_itself(shell, api):
    api.on("GET", f"{samples.SETS}/web", WEB)
    assert json.loads(shell("get", "ws", "web", "-o", "json").out)["spec"] == WEB["spec"]
    assert shell("get", "ws/web", "-o", "jsonpath={.status.state}").out == "Ready"
    assert shell("get", "ws/web", "-o", "name").out == "workerset.workerset.dev/web\n"


def test_jsonpath_and_custom_columns_over_a_list(shell, sets):
    template = '{range .items[*]}{.metadata.name}={.spec.num}{"\\n"}{end}'
    assert shell("get", "ws", "-o", f"jsonpath={template}").out == "web=2\njob10=10\njob2=3\n"
    path = shell.write("names.tpl", "{.items[*].metadata.name}")
    assert shell("get", "ws", "-o", f"jsonpath-file={path}").out == "web job10 job2"
    out = shell("get", "ws", "-o", "custom-columns=NAME:.metadata.name,N:.spec.num,X:.spec.x").out
    assert out == "NAME    N    X\nweb     2    <none>\njob10   10   <none>\njob2    3    <none>\n"
    assert shell("get", "ws", "-o", "custom-columns=N:.spec.num", "--no-headers").out == "2\n10\n3\n"


def test_several_kinds_and_all(shell, sets):
    sets.on("GET", samples.PODS, samples.pod_table(samples.pod()))
    for words in (["ws,pods"], ["all"]):
        assert shell("get", *words).out == (
            "NAME                            READY   STATUS   AGE\n"
            "workerset.workerset.dev/web     2/2     Ready    5m\n"
            "workerset.workerset.dev/job10   2/10    Ready    5m\n"
            "workerset.workerset.dev/job2    0/3     Failed   5m\n"
            "\n"
            "NAME        STATUS\n"
            "pod/web-0   Running\n"
        )


def test_nothing_is_a_note_and_no_error(shell, api):
    api.on("GET", samples.SETS, samples.table())
    api.on("GET", "/apis/workerset.dev/v1/workersets", samples.table())
    outcome = shell("get", "ws")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "No resources found in default namespace.\n")
    assert shell("get", "ws", "-A").err == "No resources found\n"
    assert shell("get", "ws", "--ignore-not-found").err == ""
    api.on("GET", samples.SETS, samples.listing())
    assert json.loads(shell("get", "ws", "-o", "json").out)["items"] == []
    assert shell("get", "ws", "-o", "name").out == ""


def test_missing_names_are_said_and_the_rest_is_shown(shell, api):
    api.on("GET", f"{samples.SETS}/web", samples.table(WEB))
    missing = status(404, "NotFound", 'workersets.workerset.dev "x" not found')
    api.on("GET", f"{samples.SETS}/x", missing)
    outcome = shell("get", "ws", "x", "web")
    assert outcome.code == 1
    assert "web" in outcome.out
    assert outcome.err == 'error from server (NotFound): workersets.workerset.dev "x" not found\n'
    outcome = shell("get", "ws", "x", "--ignore-not-found")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert shell("get", "ws", "x", "-o", "json").out == ""


@pytest.mark.parametrize(
    ("words", "err"),
    [
        (["wss"], 'there is no kind "wss"\ndid you mean: ws\n'),
        (["ws", "-o", "jsn"], "unknown output format: jsn\ndid you mean: -o json\n"),
        (["ws", "-o", "jsonpath"], "-o jsonpath needs a value, as in -o jsonpath='{.metadata.name}'\n"),
        (["ws", "-o", "json=x"], "-o json takes no value\n"),
        (["ws", "web", "-l", "a=b"], "selectors are for lists, name objects without them\n"),
        (["ws", "web", "-A"], "a name is of one namespace, give -n instead of -A\n"),
        (["ws,pods", "-w"], "a watch is of one kind, or of one object of it\nas in get ws -w\n"),
        ([], "say what: a kind, or KIND/NAME\n"),
    ],
)
def test_usage_errors_say_what_to_do(shell, api, words, err):
    outcome = shell("get", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith(err)


def test_go_template_points_to_jsonpath(shell, api):
    assert "use -o jsonpath" in shell("get", "ws", "-o", "go-template={{.x}}").err


def changes(*pairs, columns=True):
    return json_lines(
        *(
            {"type": word, "object": samples.table(obj, columns=columns and not i)}
            for i, (word, obj) in enumerate(pairs)
        )
    )


def test_watch_goes_on_below_the_list(shell, api):
    grown = samples.workerset("web", version=11, status={"readyReplicas": 1, "state": "Starting"})
    longer = samples.workerset("a-long-name", version=12)
    api.on("GET", samples.SETS, samples.table(WEB), changes(("MODIFIED", grown), ("ADDED", longer)))
    outcome = shell("get", "ws", "-w")
    assert outcome.code == 0
    assert outcome.out == (
        "NAME   READY   STATUS   AGE\n"
        "web    2/2     Ready    5m\n"
        "web    1/2     Starting   5m\n"
        "a-long-name   2/2     Ready      5m\n"
    )
    assert api.requests[-1].query["resourceVersion"] == "10"
    assert api.requests[-1].query["watch"] == "true"


def test_watch_only_and_watch_of_one(shell, api):
    api.on("GET", samples.SETS, samples.table(WEB), changes(("MODIFIED", JOB)))
    assert [line.split()[0] for line in shell("get", "ws", "--watch-only").out.splitlines()] == [
        "NAME",
        "job10",
    ]
    api.on("GET", samples.SETS, samples.table(WEB), changes(("DELETED", WEB)))
    assert len(shell("get", "ws", "web", "-w").out.splitlines()) == 3
    assert api.requests[-1].query["fieldSelector"] == "metadata.name=web"


def test_watch_of_a_missing_one_is_an_error(shell, api):
    api.on("GET", samples.SETS, samples.table())
    api.on("GET", f"{samples.SETS}/x", status(404, "NotFound", "not found"))
    assert shell("get", "ws", "x", "-w").code == 1


def test_watch_lists_again_when_its_version_is_too_old(shell, api):
    gone = json_lines({"type": "ERROR", "object": {"kind": "Status", "code": 410, "reason": "Expired"}})
    api.on("GET", samples.SETS, samples.table(WEB), gone, samples.table(JOB, version=20), json_lines())
    names = [line.split()[0] for line in shell("get", "ws", "-w").out.splitlines()]
    assert names == ["NAME", "web", "job10"]
    assert api.requests[-1].query["resourceVersion"] == "20"


def test_watch_in_other_formats(shell, api):
    api.on("GET", samples.SETS, samples.listing(WEB), json_lines({"type": "MODIFIED", "object": JOB}))
    assert shell("get", "ws", "-w", "-o", "name").out.split() == [
        "workerset.workerset.dev/web",
        "workerset.workerset.dev/job10",
    ]
    api.on("GET", samples.SETS, samples.listing(WEB), json_lines({"type": "MODIFIED", "object": JOB}))
    assert len(list(yaml.safe_load_all(shell("get", "ws", "-w", "-o", "yaml").out))) == 2


def test_no_controller_says_what_to_type(shell):
    outcome = shell("get", "ws")
    assert (outcome.code, outcome.out) == (1, "")
    assert "workerctl up -d" in outcome.err


def test_hot_path_imports_nothing_heavy():
    heavy = (
        "rich yaml asyncio dataclasses typing inspect subprocess tempfile http urllib jsonschema logging "
        "datetime difflib unicodedata hashlib random"
    )
    probe = (
        "import sys; from controller.cli import get, main, output, resources, tables;"
        f"print(sorted(set({heavy!r}.split()) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
