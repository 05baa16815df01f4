"""Which worker, or pool of workers, answers to a worker name: what was ensured is looked at by its name."""

from __future__ import annotations

from controller.cli import common, errors, instances
from controller.client import resources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from controller.client.http import Client


def find(client: Client, namespace: str, name: str) -> tuple[resources.Kind, str] | None:
    """Who runs under a worker name (S2.1): one worker, or a set whose pool does. Raises `CliError` where it
    is not clear which is meant."""
    found = common.list_objects(client, resources.PODS, namespace)
    pods = [pod for pod in found if instances.name_of(pod) == name]
    if len(pods) == 1:
        return resources.PODS, str(pods[0]["metadata"]["name"])
    sets = {str(pod["metadata"]["labels"]["workerset.dev/set"]) for pod in pods}
    if len(sets) > 1:
        told = ", ".join(f"pod/{pod['metadata']['name']}" for pod in pods)
        raise errors.CliError(
            f"several workers answer to this name in different scopes, give one of them: {told}"
        )
    return (resources.WORKERSETS, sets.pop()) if sets else None
