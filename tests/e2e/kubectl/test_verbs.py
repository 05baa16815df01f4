"""kubectl's verbs on WorkerSets, with every kubectl there is: what docs/kubectl.md says of them."""

from __future__ import annotations

import json
import re
import select
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.kubectl.cluster import Cluster

SPEC = {"command": ["sleep", "1000"], "num": 1, "stop_grace": "1s"}


def manifest(name: str, /, *, labels: dict[str, str] | None = None, **spec: Any) -> str:
    return json.dumps(
        {
            "apiVersion": "workerset.dev/v1",
            "kind": "WorkerSet",
            "metadata": {"name": name, "labels": labels or {"of": "test"}},
            "spec": {**SPEC, **spec},
        }
    )


@pytest.fixture(autouse=True)
def clean(cluster: Cluster) -> Iterator[None]:
    yield
    cluster.kubectl("delete", "ws", "-l", "of=test", "--wait")


def created(cluster: Cluster, name: str = "one", **spec: Any) -> None:
    cluster.out("create", "-f", "-", stdin=manifest(name, **spec))


# ------------------------------------------------------------------------------------------ reading


def test_get_shows_the_columns_of_a_set(cluster: Cluster):
    lines = cluster.out("get", "ws").splitlines()
    assert lines[0].split() == ["NAME", "READY", "UP-TO-DATE", "RESTARTS", "STATUS", "AGE"]
    assert lines[1].split()[:5] == ["web", "2/2", "2", "0", "Ready"]
    wide = cluster.out("get", "ws", "-o", "wide").splitlines()
    assert {"COMMAND", "SCOPE", "WORKER-NAME", "MEMORY"} <= set(wide[0].split())
    assert "sleep 1000" in wide[1]


@pytest.mark.parametrize(
    "word", ["ws", "workerset", "workersets", "workersets.workerset.dev", "ws/web", "workers"]
)
def test_a_set_has_many_names(cluster: Cluster, word: str):
    assert "web" in cluster.out("get", word)


def test_get_all_shows_sets_and_pods_once(cluster: Cluster):
    names = cluster.out("get", "all", "-o", "name").split()
    assert {"workerset.workerset.dev/web", "pod/web-0", "pod/web-1"} <= set(names)
    assert len(names) == len(set(names))


def test_every_form_of_output(cluster: Cluster):
    assert cluster.json("get", "ws", "web")["kind"] == "WorkerSet"
    assert cluster.json("get", "ws")["items"][0]["metadata"]["name"] == "web"
    assert "managedFields" not in cluster.out("get", "ws", "web", "-o", "yaml")
    assert "managedFields" in cluster.out("get", "ws", "web", "-o", "yaml", "--show-managed-fields")
    assert cluster.out("get", "ws", "-o", "jsonpath={.items[*].spec.num}") == "2"
    assert cluster.out("get", "ws", "-o", "custom-columns=N:.metadata.name").split() == ["N", "web"]
    assert cluster.out("get", "ws", "-o", "go-template={{len .items}}") == "1"
    assert cluster.out("get", "ws", "-A").split()[0] == "NAMESPACE"
    assert "workerset.dev/inventory=default" in cluster.out("get", "ws", "--show-labels")
    assert "web" in cluster.out("get", "ws", "-l", "!nothing", "--sort-by=.metadata.creationTimestamp")


def test_selectors_pick(cluster: Cluster):
    created(cluster, "picked")
    assert cluster.out("get", "ws", "-l", "of=test", "-o", "name").split() == [
        "workerset.workerset.dev/picked"
    ]
    assert cluster.out("get", "ws", "-l", "of notin (test)", "-o", "name").split() == [
        "workerset.workerset.dev/web"
    ]
    found = cluster.out("get", "ws", "--field-selector=metadata.name=picked", "-o", "name")
    assert found.split() == ["workerset.workerset.dev/picked"]
    refused = cluster.kubectl("get", "ws", "--field-selector=spec.num=1", code=1)
    assert "field label not supported: spec.num" in refused.stderr


def test_lists_come_in_chunks(cluster: Cluster):
    for number in range(5):
        created(cluster, f"many-{number}", suspend=True)
    assert len(cluster.out("get", "ws", "--chunk-size=2", "--no-headers").splitlines()) == 6


def test_what_is_not_there_is_said_in_kubectls_words(cluster: Cluster):
    assert (
        'workersets.workerset.dev "nothing" not found'
        in cluster.kubectl("get", "ws", "nothing", code=1).stderr
    )
    assert "doesn't have a resource type" in cluster.kubectl("get", "gadgets", code=1).stderr
    assert cluster.kubectl("get", "ws", "-n", "nowhere").stderr.startswith("No resources found")


def test_describe_shows_a_set_and_its_events(cluster: Cluster):
    found = cluster.out("describe", "ws", "web")
    assert re.search(r"Kind:\s+WorkerSet", found)
    assert "Events:" in found
    assert "Started" in found
    assert re.search(r"Status:\s+Running", cluster.out("describe", "pod", "web-0"))


def test_events_of_a_set(cluster: Cluster):
    assert "Started" in cluster.out("events", "--for", "workersets.workerset.dev/web")
    assert "workerset/web" in cluster.out("get", "events")


def test_explain_knows_every_field(cluster: Cluster):
    assert "processes run from the start" in cluster.out("explain", "ws.spec.num")
    whole = cluster.out("explain", "ws", "--recursive")
    for field in ("command", "max_threads", "observedGeneration", "creationTimestamp"):
        assert field in whole
    assert "Pod" in cluster.out("explain", "pod")


def test_discovery(cluster: Cluster):
    names = cluster.out("api-resources", "--no-headers", "-o", "name").split()
    assert {"workersets.workerset.dev", "pods", "events", "namespaces"} <= set(names)
    assert cluster.out("api-resources", "--categories=all", "-o", "name").split()[0] == "pods"
    assert {"v1", "workerset.dev/v1"} <= set(cluster.out("api-versions").split())
    assert "v1.32.0+workerset" in cluster.out("version")
    assert "is running at" in cluster.out("cluster-info")
    assert json.loads(cluster.out("get", "--raw", "/apis/workerset.dev/v1"))["kind"] == "APIResourceList"


def test_a_watch_sees_what_happens(cluster: Cluster):
    with cluster.popen("get", "ws", "--watch", "--output-watch-events", "--no-headers") as watch:
        try:
            assert watch.stdout is not None
            lines = iter(watch.stdout)
            assert next(lines).split()[:2] == ["ADDED", "web"]
            created(cluster, "seen")
            while (words := next(lines).split())[1] != "seen":
                pass
            assert words[0] == "ADDED"
            cluster.out("delete", "ws", "seen", "--wait=false")
            while (words := next(lines).split())[:2] != ["DELETED", "seen"]:
                pass
        finally:
            watch.kill()


def test_a_watch_of_one_object_sees_its_first_change(cluster: Cluster):
    created(cluster, "seen")
    with cluster.popen(
        "get", "ws", "seen", "-w", "-o", "jsonpath={.metadata.annotations.step}{'\\n'}"
    ) as watch:
        try:
            assert watch.stdout is not None
            assert next(watch.stdout) == "\n"
            cluster.out("annotate", "ws", "seen", "step=first")
            while next(watch.stdout) != "first\n":
                pass
        finally:
            watch.kill()


def test_a_watch_of_changes_alone_leaves_out_what_is_there(cluster: Cluster):
    """Nothing shows when it has begun, so there are changes until it tells of one."""
    created(cluster, "seen")
    words = ("get", "ws", "seen", "--watch-only", "-o", "jsonpath={.metadata.annotations.step}{'\\n'}")
    with cluster.popen(*words) as watch:
        try:
            assert watch.stdout is not None
            for step in range(200):
                cluster.out("annotate", "ws", "seen", f"step={step}", "--overwrite")
                if select.select([watch.stdout], [], [], 0)[0]:
                    break
            assert next(watch.stdout).strip().isdigit()
        finally:
            watch.kill()


def test_wait_for_what_will_be(cluster: Cluster):
    created(cluster, "soon")
    assert "condition met" in cluster.out("wait", "ws/soon", "--for=condition=Ready", "--timeout=30s")
    assert "condition met" in cluster.out("wait", "ws/soon", "--for=jsonpath={.status.readyReplicas}=1")
    assert "condition met" in cluster.out("wait", "ws/soon", "--for=create", "--timeout=5s")
    late = cluster.kubectl("wait", "ws/soon", "--for=condition=Suspended", "--timeout=1s", code=1)
    assert "timed out" in late.stderr
    cluster.out("delete", "ws", "soon", "--wait=false")
    cluster.out("wait", "ws/soon", "--for=delete", "--timeout=30s")


# ------------------------------------------------------------------------------------------ writing


def test_apply_creates_changes_and_leaves_alone(cluster: Cluster):
    assert "created" in cluster.out("apply", "-f", "-", stdin=manifest("one"))
    version = cluster.json("get", "ws", "one")["metadata"]["generation"]
    assert "unchanged" in cluster.out("apply", "-f", "-", stdin=manifest("one"))
    assert "configured" in cluster.out("apply", "-f", "-", stdin=manifest("one", num=2))
    assert cluster.json("get", "ws", "one")["metadata"]["generation"] == version + 1
    assert "sleep" in cluster.out("apply", "view-last-applied", "ws/one")


def test_apply_takes_back_what_it_no_longer_says(cluster: Cluster):
    cluster.out("apply", "-f", "-", stdin=manifest("one", env={"A": "1", "B": "2"}))
    cluster.out("apply", "-f", "-", stdin=manifest("one", env={"B": "2"}))
    assert cluster.json("get", "ws", "one")["spec"]["env"] == {"B": "2"}


@pytest.mark.parametrize(
    "verb", [["apply"], ["create"], ["apply", "--server-side"], ["apply", "--validate=strict"]]
)
def test_an_unknown_field_is_refused(cluster: Cluster, verb: list[str]):
    done = cluster.kubectl(*verb, "-f", "-", stdin=manifest("one", bogus=1), code=1)
    assert 'unknown field "spec.bogus"' in done.stderr
    cluster.kubectl("get", "ws", "one", code=1)


def test_an_unknown_field_is_warned_about_or_ignored(cluster: Cluster):
    done = cluster.kubectl("apply", "--validate=warn", "-f", "-", stdin=manifest("one", bogus=1))
    assert 'Warning: unknown field "spec.bogus"' in done.stderr
    done = cluster.kubectl("apply", "--validate=ignore", "-f", "-", stdin=manifest("two", bogus=1))
    assert not done.stderr
    assert "bogus" not in cluster.json("get", "ws", "two")["spec"]


def test_a_bad_value_is_named_with_its_field(cluster: Cluster):
    done = cluster.kubectl("apply", "-f", "-", stdin=manifest("one", num=-1, umask="9"), code=1)
    assert 'The WorkerSet "one" is invalid' in done.stderr
    assert "spec.num" in done.stderr
    created(cluster, "one")
    done = cluster.kubectl("patch", "ws", "one", "--type=merge", "-p", '{"spec":{"num":"x"}}', code=1)
    assert "spec.num" in done.stderr
    assert cluster.json("get", "ws", "one")["spec"]["num"] == 1


def test_dry_run_stores_nothing(cluster: Cluster):
    for verb in (["create"], ["apply"], ["apply", "--server-side"]):
        assert "dry run" in cluster.out(*verb, "--dry-run=server", "-f", "-", stdin=manifest("one"))
    cluster.kubectl("get", "ws", "one", code=1)
    created(cluster)
    version = cluster.json("get", "ws", "one")["metadata"]["resourceVersion"]
    cluster.out("scale", "ws/one", "--replicas=0", "--dry-run=server")
    cluster.out("delete", "ws", "one", "--dry-run=server")
    after = cluster.json("get", "ws", "one")
    assert after["spec"]["num"] == 1
    assert "deletionTimestamp" not in after["metadata"]
    assert int(after["metadata"]["resourceVersion"]) >= int(version)


def test_diff_shows_what_apply_would_do(cluster: Cluster):
    cluster.out("apply", "-f", "-", stdin=manifest("one"))
    cluster.kubectl("diff", "-f", "-", stdin=manifest("one"))
    found = cluster.kubectl("diff", "-f", "-", stdin=manifest("one", num=3), code=1).stdout
    assert "-  num: 1" in found
    assert "+  num: 3" in found
    found = cluster.kubectl("diff", "--server-side", "-f", "-", stdin=manifest("one", num=3), code=1)
    assert "num: 3" in found.stdout or "conflict" in found.stderr


def test_server_side_apply_owns_fields_and_meets_conflicts(cluster: Cluster):
    apply = ("apply", "--server-side", "-f", "-")
    assert "serverside-applied" in cluster.out(*apply, stdin=manifest("one"))
    cluster.out("scale", "ws/one", "--replicas=2")
    done = cluster.kubectl(*apply, "--field-manager=me", stdin=manifest("one", num=3), code=1)
    assert "conflict" in done.stderr
    assert ".spec.num" in done.stderr
    cluster.out(*apply, "--field-manager=me", "--force-conflicts", stdin=manifest("one", num=3))
    managers = {
        (one["manager"], one["operation"])
        for one in cluster.json("get", "ws", "one", "--show-managed-fields")["metadata"]["managedFields"]
    }
    assert {("me", "Apply"), ("kubectl", "Apply")} <= managers


def test_client_side_apply_becomes_server_side_apply(cluster: Cluster):
    """kubectl migrates the owner of what it applied before; nothing conflicts, nothing is left behind."""
    cluster.out("apply", "-f", "-", stdin=manifest("one", env={"A": "1", "B": "2"}))
    done = cluster.kubectl("apply", "--server-side", "-f", "-", stdin=manifest("one", env={"B": "2"}, num=2))
    assert "conflict" not in done.stderr
    found = cluster.json("get", "ws", "one", "--show-managed-fields")
    assert found["spec"]["env"] == {"B": "2"}
    managers = [(one["manager"], one["operation"]) for one in found["metadata"]["managedFields"]]
    assert ("kubectl", "Apply") in managers
    assert ("kubectl-client-side-apply", "Update") not in managers
    assert "unchanged" in cluster.out("apply", "-f", "-", stdin=manifest("one", env={"B": "2"}, num=2))
    cluster.out("apply", "-f", "-", stdin=manifest("one"))
    assert "env" not in cluster.json("get", "ws", "one")["spec"]


def test_migrating_still_conflicts_with_what_others_changed(cluster: Cluster):
    cluster.out("apply", "-f", "-", stdin=manifest("one", num=1))
    cluster.out("patch", "ws", "one", "--type=merge", "-p", '{"spec":{"num":3}}')
    done = cluster.kubectl("apply", "--server-side", "-f", "-", stdin=manifest("one", num=2), code=1)
    assert ".spec.num" in done.stderr
    assert cluster.json("get", "ws", "one")["spec"]["num"] == 3


def test_every_kind_of_patch(cluster: Cluster):
    created(cluster)
    cluster.out("patch", "ws", "one", "--type=merge", "-p", '{"spec":{"env":{"A":"1"}}}')
    cluster.out(
        "patch", "ws", "one", "--type=json", "-p", '[{"op":"replace","path":"/spec/env/A","value":"2"}]'
    )
    assert cluster.json("get", "ws", "one")["spec"]["env"] == {"A": "2"}
    done = cluster.kubectl("patch", "ws", "one", "--type=merge", "-p", '{"spec":{"env":{"A":"2"}}}')
    assert "no change" in done.stdout
    done = cluster.kubectl("patch", "ws", "one", "-p", '{"spec":{}}', code=1)
    assert "merge-patch" in done.stderr
    bad = '[{"op":"test","path":"/spec/env/A","value":"9"}]'
    assert cluster.kubectl("patch", "ws", "one", "--type=json", "-p", bad, code=1).stderr
    cluster.out(
        "patch", "ws", "one", "--subresource=status", "--type=merge", "-p", '{"status":{"message":"m"}}'
    )


def test_edit_replaces(cluster: Cluster):
    created(cluster)
    cluster.kubectl("edit", "ws", "one", KUBE_EDITOR="sed -i s/num:.1/num:\\ 2/")
    assert cluster.json("get", "ws", "one")["spec"]["num"] == 2
    found = cluster.json("get", "ws", "one")
    stale = found["metadata"].pop("resourceVersion")
    found["spec"]["num"] = 3
    assert "replaced" in cluster.out("replace", "-f", "-", stdin=json.dumps(found))
    found["metadata"]["resourceVersion"] = stale
    done = cluster.kubectl("replace", "-f", "-", stdin=json.dumps(found), code=1)
    assert "Conflict" in done.stderr or "modified" in done.stderr


def test_scale_labels_and_annotations(cluster: Cluster):
    created(cluster)
    assert "scaled" in cluster.out("scale", "ws/one", "--replicas=3", "--current-replicas=1")
    cluster.kubectl("scale", "ws/one", "--replicas=2", "--current-replicas=9", code=1)
    lines = cluster.out("get", "ws", "one", "--subresource=scale").splitlines()
    assert lines[0].split() == ["NAME", "DESIRED", "AVAILABLE", "AGE"]
    assert lines[1].split()[:2] == ["one", "3"]
    cluster.out("label", "ws", "one", "tier=a")
    assert cluster.kubectl("label", "ws", "one", "tier=b", code=1).stderr
    cluster.out("label", "ws", "one", "tier=b", "--overwrite")
    cluster.out("annotate", "ws", "one", "note=x")
    assert cluster.json("get", "ws", "one")["metadata"]["labels"]["tier"] == "b"
    assert "label" in cluster.kubectl("label", "ws", "one", "tier=a b", "--overwrite", code=1).stderr


def test_delete_waits_until_it_is_gone(cluster: Cluster):
    created(cluster)
    cluster.out("wait", "ws/one", "--for=condition=Ready")
    assert "deleted" in cluster.out("delete", "ws", "one")
    cluster.kubectl("get", "ws", "one", code=1)
    assert "not found" in cluster.kubectl("delete", "ws", "one", code=1).stderr
    cluster.out("delete", "ws", "one", "--ignore-not-found")


@pytest.mark.parametrize("words", [["--now"], ["--force"], ["--cascade=foreground"], ["--grace-period=1"]])
def test_ways_to_delete(cluster: Cluster, words: list[str]):
    created(cluster)
    assert "delete" in cluster.out("delete", "ws", "one", *words)
    cluster.out("wait", "ws/one", "--for=delete", "--timeout=20s")


def test_a_finalizer_holds_an_object(cluster: Cluster):
    created(cluster, suspend=True)
    hold = '{"metadata":{"finalizers":["example.com/hold"]}}'
    cluster.out("patch", "ws", "one", "--type=merge", "-p", hold)
    cluster.out("delete", "ws", "one", "--wait=false")
    assert cluster.json("get", "ws", "one")["metadata"]["deletionTimestamp"]
    cluster.out("patch", "ws", "one", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    cluster.out("wait", "ws/one", "--for=delete", "--timeout=20s")


def test_a_namespace_is_created_and_drained(cluster: Cluster):
    assert "created" in cluster.out("create", "namespace", "shop")
    cluster.out("apply", "-n", "shop", "-f", "-", stdin=manifest("inside"))
    cluster.out("wait", "-n", "shop", "ws/inside", "--for=condition=Ready")
    assert "shop" in cluster.out("get", "ns")
    assert "deleted" in cluster.out("delete", "ns", "shop")
    assert "not found" in cluster.kubectl("get", "ns", "shop", code=1).stderr
    assert not cluster.json("get", "pods", "-A", "-l", "workerset.dev/set=inside")["items"]
    assert "may not be deleted" in cluster.kubectl("delete", "ns", "default", code=1).stderr
    done = cluster.kubectl("apply", "-n", "shop", "-f", "-", stdin=manifest("inside"), code=1)
    assert 'namespaces "shop" not found' in done.stderr


# ------------------------------------------------------------------------------------------ the rest


def test_what_one_may_do(cluster: Cluster):
    assert cluster.out("auth", "can-i", "create", "ws").startswith("yes")
    refused = cluster.kubectl("auth", "can-i", "create", "nodes", code=1)
    assert refused.stdout.startswith("no")
    assert "workersets.workerset.dev" in cluster.out("auth", "can-i", "--list")
    assert "workerset:token:kubeconfig" in cluster.out("auth", "whoami")


def test_verbs_that_a_kind_lacks_are_refused_with_a_sentence(cluster: Cluster):
    done = cluster.kubectl("create", "service", "clusterip", "a", "--tcp=80", code=1)
    assert "HTTP sets listen themselves" in done.stderr
    assert cluster.kubectl("delete", "--raw", "/api/v1/namespaces/default/services/a", code=1).stderr


@pytest.mark.parametrize(
    "words", [["logs", "ws/web"], ["exec", "ws/web", "--", "true"], ["rollout", "status", "ws/web"]]
)
def test_what_kubectl_itself_cannot_do_with_other_kinds(cluster: Cluster, words: list[str]):
    done = cluster.kubectl(*words, code=1)
    assert "no kind" in done.stderr or "not implemented" in done.stderr or "cannot" in done.stderr
