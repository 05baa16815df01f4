"""kubectl's commands, one a line, in the order of one sitting: what each must say. The page is held to it.

`web` (two workers that print "begun") runs; `given` is standard input, for `-f -`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Command:
    line: str
    says: str
    code: int = 0
    given: str = ""


def _set(name: str, **spec: Any) -> str:
    return json.dumps(
        {
            "apiVersion": "workerset.dev/v1",
            "kind": "WorkerSet",
            "metadata": {"name": name, "labels": {"of": "table"}},
            "spec": {"command": ["sleep", "1000"], "stop_grace": "1s", **spec},
        }
    )


ONE, TWO, THREE = (_set("one", num=number) for number in (1, 2, 3))
MADE = _set("made")

WORKS = (
    Command("version", "v1.32"),
    Command("cluster-info", "running at"),
    Command("api-resources", "workersets"),
    Command("api-resources --api-group=workerset.dev -o name", "workersets.workerset.dev"),
    Command("api-versions", "workerset.dev/v1"),
    Command("explain ws", "WorkerSet"),
    Command("explain ws.spec.command", "command"),
    Command("explain deploy", "Deployment"),
    Command("get ws", "UP-TO-DATE"),
    Command("get ws web -o wide", "COMMAND"),
    Command("get ws web -o yaml", "kind: WorkerSet"),
    Command("get ws web -o json", '"kind": "WorkerSet"'),
    Command("get ws web -o name", "workerset.workerset.dev/web"),
    Command("get ws -o jsonpath={.items[0].spec.num}", "2"),
    Command("get ws -o custom-columns=N:.metadata.name,R:.status.readyReplicas", "web"),
    Command("get ws -o 'go-template={{len .items}}'", "1"),
    Command("get ws --sort-by=.metadata.name", "web"),
    Command("get ws --field-selector=metadata.name=web", "web"),
    Command("get ws --chunk-size=1 -A", "default"),
    Command("get ws -l of=nothing", "No resources found"),
    Command("get ws web --subresource=scale", "DESIRED"),
    Command("get ws --show-labels", "LABELS"),
    Command("get ws -L of", "OF"),
    Command("get all", "pod/web-0"),
    Command("get workers", "web"),
    Command("get pods -o wide", "web-1"),
    Command("get deploy,rs", "deployment.apps/web"),
    Command("get events", "Started"),
    Command("get ns", "default"),
    Command("get nodes", "local"),
    Command("get services", "No resources found"),
    Command("get controllerrevisions", "web"),
    Command("get --raw /apis/workerset.dev/v1", "APIResourceList"),
    Command("describe ws web", "Events:"),
    Command("describe pod web-0", "Running"),
    Command("describe deploy web", "Replicas"),
    Command("describe node local", "local"),
    Command("events --for=ws/web", "Started"),
    Command("create -f -", "created", given=MADE),
    Command("create -f -", "AlreadyExists", 1, given=MADE),
    Command("create -f - --dry-run=server", "dry run", given=ONE),
    Command("replace -f -", "replaced", given=MADE),
    Command("apply -f - --dry-run=server", "dry run", given=ONE),
    Command("apply -k kustomized --dry-run=server", "made created (server dry run)"),
    Command("apply -f - --validate=strict", "created", given=ONE),
    Command("apply -f -", "unchanged", given=ONE),
    Command("diff -f -", "", given=ONE),
    Command("diff -f -", "num: 2", 1, given=TWO),
    Command("apply -f -", "configured", given=TWO),
    Command("apply view-last-applied ws/one", "WorkerSet"),
    Command("apply --server-side -f -", "serverside-applied", given=TWO),
    Command("apply --server-side --field-manager=other -f -", "conflict", 1, given=THREE),
    Command(
        "apply --server-side --field-manager=other --force-conflicts -f -",
        "applied",
        given=_set("one", num=1),
    ),
    Command('patch ws one --type=merge -p \'{"spec":{"num":2}}\'', "patched"),
    Command('patch ws one --type=json -p \'[{"op":"replace","path":"/spec/num","value":1}]\'', "patched"),
    Command('patch deploy one --type=strategic -p \'{"spec":{"replicas":1}}\'', "one"),
    Command("edit ws one", "edited"),
    Command("scale ws/one --replicas=2", "scaled"),
    Command("scale ws/one --current-replicas=2 --replicas=1", "scaled"),
    Command("scale deploy/one --replicas=1", "one"),
    Command("label ws one tier=a", "labeled"),
    Command("label ws one tier-", "unlabeled"),
    Command("annotate ws one note=x", "annotated"),
    Command("wait ws/one --for=condition=Ready --timeout=30s", "condition met"),
    Command("wait ws/one --for=jsonpath={.status.readyReplicas}=1 --timeout=30s", "condition met"),
    Command("wait ws/one --for=create --timeout=5s", "condition met"),
    Command("wait pod -l workerset.dev/set=web --for=condition=Ready --timeout=30s", "condition met"),
    Command("set env deploy/one A=b", "env updated"),
    Command("rollout restart deploy/one", "restarted"),
    Command("rollout status deploy/one --timeout=30s", "successfully rolled out"),
    Command("rollout history deploy/one", "REVISION"),
    Command("rollout undo deploy/one", "rolled back"),
    Command("logs web-0", "begun"),
    Command("logs web-0 --tail=1 --timestamps", "begun"),
    Command("logs web-0 --since=1h", "begun"),
    Command("logs -l workerset.dev/set=web --prefix", "web-1"),
    Command("logs deploy/web", "begun"),
    Command("exec web-0 -- echo said", "said"),
    Command("exec web-0 -- sh -c 'exit 7'", "exit code 7", 7),
    Command("exec deploy/web -- echo said", "said"),
    Command("cp web-0:/etc/hostname copied", ""),
    Command("top pods", "web-0"),
    Command("top nodes", "local"),
    Command("auth can-i create ws", "yes"),
    Command("auth can-i create nodes", "no", 1),
    Command("auth can-i --list", "workersets"),
    Command("auth whoami", "kubeconfig"),
    Command("create namespace shop", "created"),
    Command("delete namespace shop", "deleted"),
    Command("create configmap settings --from-literal=a=b", "created"),
    Command("get configmaps", "settings"),
    Command("delete configmap settings", "deleted"),
    Command("delete pod web-0 --timeout=30s", "deleted"),
    Command("delete ws one --dry-run=server", "dry run"),
    Command("delete ws one --cascade=foreground", "deleted"),
    Command("delete ws one --ignore-not-found", ""),
    Command("delete ws -l of=table", "made"),
)

NO_KIND, NOT_SERVED = "no kind", "not supported"
"""What kubectl says of kinds it was not built with; what the server says of verbs a view lacks."""

CANNOT = (
    Command("logs ws/web", NO_KIND, 1),
    Command("exec ws/web -- true", NO_KIND, 1),
    Command("rollout status ws/web", NO_KIND, 1),
    Command("port-forward ws/web 8080", NO_KIND, 1),
    Command("set env ws/web A=b", NO_KIND, 1),
    Command("patch ws web --type=strategic -p '{\"spec\":{}}'", "merge-patch", 1),
    Command("get ws nothing", "not found", 1),
    Command("run one --image=x", NOT_SERVED, 1),
    Command("create deployment one --image=x", NOT_SERVED, 1),
    Command("create service clusterip one --tcp=80", "HTTP sets listen themselves", 1),
    Command("expose ws/web --port=80", NO_KIND, 1),
    Command("create secret generic one", "", 1),
    Command("autoscale deploy/web --max=3", "", 1),
    Command("drain local", "patch is not supported on nodes"),
    Command("cordon local", "patch is not supported on nodes"),
    Command("taint node local a=b:NoSchedule", "", 1),
    Command("certificate approve one", "", 1),
    Command("debug web-0 --image=x", "ephemeral containers are disabled", 1),
    Command("explain ws --output=plaintext-openapiv2", "", 1),
)
