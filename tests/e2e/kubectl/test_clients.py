"""Client libraries of Kubernetes, as they come, on WorkerSets and the views of them."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import kr8s
import kubernetes
import lightkube
import pytest
from kr8s.asyncio import objects as kr8s_objects
from kubernetes import dynamic, stream
from kubernetes.client import exceptions as refused
from lightkube.core import exceptions as lightkube_refused
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models import meta_v1
from lightkube.resources import apps_v1, core_v1
from lightkube.types import PatchType

from tests.e2e.kubectl.cluster import Cluster

PLACE = {"group": "workerset.dev", "version": "v1", "namespace": "default", "plural": "workersets"}
SPEC = {"command": ["sh", "-c", "echo begun; exec sleep 1000"], "num": 1, "stop_grace": "1s"}
Object = dict[str, Any]


def declared(name: str, **spec: Any) -> Object:
    return {
        "apiVersion": "workerset.dev/v1",
        "kind": "WorkerSet",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {**SPEC, **spec},
    }


# ------------------------------------------------------------------------------- kubernetes


@pytest.fixture(scope="module")
def official(door: Cluster) -> Iterator[kubernetes.client.ApiClient]:
    made = kubernetes.config.new_client_from_config(str(door.kubeconfig))
    yield made
    made.close()


@contextmanager
def official_set(client: kubernetes.client.ApiClient, name: str, **spec: Any) -> Iterator[Object]:
    sets = kubernetes.client.CustomObjectsApi(client)
    yield sets.create_namespaced_custom_object(**PLACE, body=declared(name, **spec))
    sets.delete_namespaced_custom_object(**PLACE, name=name)
    until(sets.list_namespaced_custom_object, lambda kind, obj: kind == "DELETED", name)


def until(listing: Callable[..., Any], holds: Callable[[str, Any], bool], name: str, **place: str) -> Any:
    """What a watch shows first of which `holds` is true; at once if there is nothing of that name."""
    place, field = place or PLACE, f"metadata.name={name}"
    now = listing(**place, field_selector=field)
    items, version = (
        (now["items"], now["metadata"]["resourceVersion"])
        if isinstance(now, dict)
        else (now.items, now.metadata.resource_version)
    )
    for found in items:
        if holds("ADDED", found):
            return found
    if not items and holds("DELETED", {}):
        return {}
    watch = kubernetes.watch.Watch()
    for change in watch.stream(
        listing, **place, field_selector=field, resource_version=version, timeout_seconds=30
    ):
        if holds(change["type"], change["object"]):
            watch.stop()
            return change["object"]
    raise AssertionError(f"not seen within 30 s of {name}")


def is_ready(_: str, obj: Object) -> bool:
    return any(
        one["type"] == "Ready" and one["status"] == "True"
        for one in obj.get("status", {}).get("conditions", ())
    )


def test_the_official_client_creates_watches_patches_scales_and_deletes(official):
    sets = kubernetes.client.CustomObjectsApi(official)
    with official_set(official, "of-official") as made:
        assert made["metadata"]["uid"]
        until(sets.list_namespaced_custom_object, is_ready, "of-official")
        patched = sets.patch_namespaced_custom_object(**PLACE, name="of-official", body={"spec": {"num": 2}})
        assert patched["spec"]["num"] == 2
        scale = sets.get_namespaced_custom_object_scale(**PLACE, name="of-official")
        assert scale["spec"]["replicas"] == 2
        sets.patch_namespaced_custom_object_scale(**PLACE, name="of-official", body={"spec": {"replicas": 1}})
        found = sets.get_namespaced_custom_object(**PLACE, name="of-official")
        assert found["spec"]["num"] == 1
        assert found["metadata"]["generation"] == 3
    with pytest.raises(refused.ApiException) as error:
        sets.get_namespaced_custom_object(**PLACE, name="of-official")
    assert error.value.status == 404


def test_the_official_client_reads_typed_views(official):
    core, apps = kubernetes.client.CoreV1Api(official), kubernetes.client.AppsV1Api(official)
    pods = core.list_namespaced_pod("default", label_selector="workerset.dev/set=web").items
    assert [pod.metadata.name for pod in pods] == ["web-0", "web-1"]
    assert {pod.status.phase for pod in pods} == {"Running"}
    assert apps.read_namespaced_deployment("web", "default").status.ready_replicas == 2
    assert [one.metadata.name for one in core.list_namespace().items] == ["default"]
    assert len(core.list_node().items) == 1
    assert {event.reason for event in core.list_namespaced_event("default").items}
    assert kubernetes.client.VersionApi(official).get_code().minor == "32"
    groups = kubernetes.client.ApisApi(official).get_api_versions().groups
    assert "workerset.dev" in {group.name for group in groups}
    usage = kubernetes.client.CustomObjectsApi(official).list_cluster_custom_object(
        "metrics.k8s.io", "v1beta1", "pods"
    )
    assert {"web-0", "web-1"} <= {one["metadata"]["name"] for one in usage["items"]}


def test_the_official_client_applies_by_its_dynamic_client(official):
    sets = dynamic.DynamicClient(official).resources.get(api_version="workerset.dev/v1", kind="WorkerSet")
    with official_set(official, "of-dynamic"):
        applied = sets.server_side_apply(
            body=declared("of-dynamic", num=2), namespace="default", field_manager="me", force_conflicts=True
        )
        assert applied.spec.num == 2
        assert "me" in {one.manager for one in applied.metadata.managedFields}
    with pytest.raises(refused.ApiException):
        sets.server_side_apply(body=declared("of-dynamic", num=-1), namespace="default", field_manager="me")


def test_the_official_client_reads_logs_and_runs_commands(official):
    core = kubernetes.client.CoreV1Api(official)
    with official_set(official, "of-exec"):
        until(core.list_namespaced_pod, lambda _, pod: running(pod), "of-exec-0", namespace="default")
        assert core.read_namespaced_pod_log("of-exec-0", "default", tail_lines=1) == "begun\n"
        link = stream.stream(
            core.connect_get_namespaced_pod_exec, "of-exec-0", "default",
            command=["sh", "-c", "echo said; exit 7"], stdout=True, stderr=True, _preload_content=False,
        )  # fmt: skip
        link.run_forever(timeout=20)
        assert link.read_stdout() == "said\n"
        assert link.returncode == 7
        link.close()


def running(pod: Any) -> bool:
    return bool(pod) and pod.status.phase == "Running" and pod.status.container_statuses[0].ready


# ------------------------------------------------------------------------------------- kr8s


@asynccontextmanager
async def of_kr8s(door: Cluster) -> AsyncIterator[Any]:
    """It reads no `tokenFile`, but a token; its clients belong to an event loop."""
    yield await kr8s.asyncio.api(kubeconfig=str(door.with_token(door.token).kubeconfig))


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
def test_kr8s_does_the_round(door: Cluster):
    asyncio.run(round_of_kr8s(door))
    gc.collect()  # it has no way to be closed


async def until_it_has_a_status(api: Any, name: str) -> None:
    """Its `wait` cannot do with less."""
    async with asyncio.timeout(30):
        async for _, item in api.watch("workersets.workerset.dev", field_selector=f"metadata.name={name}"):
            if "status" in item.raw:
                return


async def round_of_kr8s(door: Cluster) -> None:
    async with of_kr8s(door) as api:
        kind = kr8s_objects.new_class("WorkerSet", "workerset.dev/v1", scalable=True, scalable_spec="num")
        one = await kind(declared("of-kr8s"), api=api)
        await one.create()
        try:
            await until_it_has_a_status(api, "of-kr8s")
            await one.refresh()
            await one.wait("condition=Ready", timeout=30)
            await one.patch({"metadata": {"labels": {"by": "kr8s"}}})
            assert one.labels["by"] == "kr8s"
            await one.scale(2)
            found = [
                item async for item in api.get("workersets.workerset.dev", label_selector={"by": "kr8s"})
            ]
            assert [item.name for item in found] == ["of-kr8s"]
            pods = [pod async for pod in api.get("pods", label_selector={"workerset.dev/set": "of-kr8s"})]
            assert {pod.name for pod in pods} >= {"of-kr8s-0"}
            assert "begun" in [line async for line in pods[0].logs()]
            done = await pods[0].exec(["echo", "said"])
            assert done.stdout == b"said\n"
            assert (await api.version())["minor"] == "32"
        finally:
            await one.delete()
            await one.wait("delete", timeout=30)


# -------------------------------------------------------------------------------- lightkube


def test_lightkube_does_the_round(door: Cluster):
    sets = create_namespaced_resource("workerset.dev", "v1", "WorkerSet", "workersets")
    config = lightkube.KubeConfig.from_file(str(door.kubeconfig))
    client = lightkube.Client(config, field_manager="lightkube", trust_env=False)
    made = client.create(sets(metadata=meta_v1.ObjectMeta(name="of-light", namespace="default"), spec=SPEC))
    try:
        assert made.metadata.uid
        client.wait(sets, "of-light", for_conditions=["Ready"])
        client.patch(sets, "of-light", {"spec": {"num": 2}}, patch_type=PatchType.MERGE)
        applied = client.apply(sets(**declared("of-light", num=1)), force=True)
        assert applied.spec["num"] == 1
        with pytest.raises(lightkube_refused.ApiError) as error:
            client.patch(sets, "of-light", {"spec": {}}, patch_type=PatchType.STRATEGIC)
        assert error.value.status.code == 415
        assert [one.metadata.name for one in client.list(sets, fields={"metadata.name": "of-light"})] == [
            "of-light"
        ]
        assert list(client.log("of-light-0")) == ["begun\n"]
        assert client.get(apps_v1.Deployment, "of-light").spec.replicas == 1
        client.delete(core_v1.Pod, "of-light-0")
    finally:
        client.delete(sets, "of-light")
        client.close()
