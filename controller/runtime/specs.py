"""What the shim needs to start a process, sent once however many runs are started alike.

A spec is interned by its content, and the base environment apart from it: a thousand starts of one
template send one spec, a thousand templates do not send the base environment a thousand times.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from controller import ports
from controller.core import spec
from controller.runtime import environment, wire

_KEPT = 4096
_BASE = 1

_Asked = tuple[int, int, str, str, str, bool, spec.LogRules, int]


class Specs:
    """Knows what the shim at the other end of this connection has been sent."""

    def __init__(self, resolver: environment.Resolver) -> None:
        self._resolver = resolver
        self._sent: OrderedDict[str, int] = OrderedDict()
        self._next = 1
        self._base_sent = False
        self._batch: dict[_Asked, int] = {}
        self._alive: list[object] = []
        self._seen: environment.Seen = {}

    def begin_batch(self) -> None:
        """What was looked up on disk holds for one batch, not longer."""
        self._batch.clear()
        self._seen.clear()
        self._alive.clear()

    def forget_all(self) -> None:
        """A new connection knows nothing."""
        self._sent.clear()
        self._base_sent = False
        self.begin_batch()

    def spec_for(self, asked: ports.StartRun, out: list[wire.Message]) -> int:
        """The id of the spec for a start; appends to `out` what the shim does not know yet.

        Raises `LaunchProblem`.
        """
        found = self._batch.get(_alike(asked, -1))
        if found is None:
            found = self._batch.get(_alike(asked, asked.ordinal))
        if found is not None:
            return found
        identity = environment.Identity(
            worker_name=asked.worker_name,
            scope=asked.scope,
            background=asked.background,
            ordinal=asked.ordinal,
            namespace=asked.ref.namespace,
        )
        self._alive += (asked.template, asked.env_file_values)
        launch = self._resolver.resolve(asked.template, identity, asked.env_file_values, self._seen)
        number = self._intern(fields_of(launch, asked), out)
        self._batch[_alike(asked, asked.ordinal if launch.by_ordinal else -1)] = number
        return number

    def _intern(self, fields: Mapping[str, Any], out: list[wire.Message]) -> int:
        key = json.dumps(fields)
        number = self._sent.get(key)
        if number is not None:
            self._sent.move_to_end(key)
            return number
        if not self._base_sent:
            self._base_sent = True
            out.append(["base", _BASE, self._resolver.base])
        number, self._next = self._next, self._next + 1
        self._sent[key] = number
        out.append(["spec", number, _BASE, fields])
        if len(self._sent) > _KEPT:
            _, oldest = self._sent.popitem(last=False)
            out.append(["drop", oldest])
        return number


def _alike(asked: ports.StartRun, ordinal: int) -> _Asked:
    """Two starts with equal answers get equal specs; the objects live as long as the batch."""
    return (
        id(asked.template),
        id(asked.env_file_values) if asked.env_file_values else 0,
        asked.ref.namespace,
        asked.worker_name,
        asked.scope,
        asked.background,
        asked.log,
        ordinal,
    )


def fields_of(launch: environment.Launch, asked: ports.StartRun) -> dict[str, Any]:
    """The message's fields; `env` is what is put over the base environment."""
    fields = surroundings(launch, asked.template)
    fields.update(max_size=asked.log.max_size_bytes, keep=asked.log.keep)
    if asked.template.tty:
        fields["tty"] = True
    if asked.template.listen:
        fields["listen"] = asked.template.listen
    return fields


def surroundings(launch: environment.Launch, template: spec.Template) -> dict[str, Any]:
    """Of these fields those that any program of the set has, worker or not."""
    env = {name: one.value for name, one in launch.own.items()}
    optional = {
        "umask": template.umask,
        "nice": template.nice,
        "files": template.files_limit,
        "memory": template.memory_bytes,
        "cpu": template.cpu_cores,
        "user": template.user,
    }
    given = {name: value for name, value in optional.items() if value is not None}
    return {"argv": launch.argv, "cwd": launch.cwd, "env": env, **given}
