"""From a stored object to what the planner takes: parsed and hashed once a change, not once a pass."""

from __future__ import annotations

import dataclasses

from controller import ports
from controller.core import (
    deletion,
    depending,
    kinds,
    parse,
    plan,
    revisions,
    rolling,
    spec,
    steps,
    template,
    worker,
)
from controller.engine import earlier, memory
from controller.engine.claims import ClaimIndex
from controller.engine.dependencies import Dependencies
from controller.engine.history import History
from controller.engine.scaling import Scaling
from controller.settings import EngineSettings

ENV_RETRY_SECONDS = 30.0
_UNDECLARED = spec.WorkerSetSpec(template=spec.Template(), kind=spec.SetKind.PLAIN, declared_num=0)


@dataclasses.dataclass(frozen=True, slots=True)
class Halt:
    """The controller ends: nothing starts, all stops within at most `grace_seconds` (None: its own)."""

    grace_seconds: float | None = None

    @staticmethod
    def sooner(before: Halt | None, grace_seconds: float | None) -> Halt:
        """Asked again: the least grace of all counts."""
        given = (None if before is None else before.grace_seconds, grace_seconds)
        return Halt(min((one for one in given if one is not None), default=None))


@dataclasses.dataclass(frozen=True, slots=True)
class Around:
    """What of other sets, of earlier templates and of traffic counts for what is wanted."""

    claims: ClaimIndex
    dependencies: Dependencies
    history: History
    scaling: Scaling


class Desires:
    """Builds `plan.Desired`; the same facts object is handed out while nothing about them changes."""

    def __init__(
        self,
        store: ports.Store,
        runtime: ports.Runtime,
        around: Around,
        settings: EngineSettings,
    ) -> None:
        self._store = store
        self._runtime = runtime
        self._claims, self._dependencies = around.claims, around.dependencies
        self._history, self._scaling = around.history, around.scaling
        self._settings = settings
        self.halt: Halt | None = None

    def of(
        self, key: kinds.Key, obj: kinds.Object | None, mind: memory.SetMemory, now: float
    ) -> plan.Desired:
        """The desired state of a key; an undeclared one wants nothing."""
        if obj is None:
            nobodys = self._undeclared(key)
            return plan.Desired(None, self._current(mind, nobodys, None, self._grace(nobodys.spec, None)))
        identity = memory.identity_of(obj)
        if mind.identity != identity or mind.facts is None or mind.env_stale:
            self._read(key, obj, mind, identity)
        self._place(key, obj, mind, now)
        facts = mind.facts
        if facts is None:
            raise AssertionError(f"facts of {key} were not read")
        deleting = "deletionTimestamp" in obj["metadata"]
        going = deleting or facts.spec.suspend or self.halt is not None
        places, hold = self._staying(key, mind, facts.spec) if going else (mind.places, None)
        if hold is None and not deleting:
            hold = self._hold(key, mind, now)
        grace = self._grace(facts.spec, deletion.asked_grace(kinds.WORKERSETS, obj))
        ensures = self._store.ensures(key.namespace, key.name)
        current = self._current(mind, facts, hold, grace)
        before = rolling.History(revisions.good(obj), mind.earlier)
        scale = self._scaling.shown(key) if places else None
        awaits = None if going else self._dependencies.hold(key)
        return plan.Desired(
            obj,
            current,
            places,
            deleting,
            ensures,
            tell=mind.status_rests_until <= now,
            patient=mind.is_patient(obj),
            history=before,
            scale=scale,
            awaits=awaits,
        )

    def _staying(
        self, key: kinds.Key, mind: memory.SetMemory, rules: spec.WorkerSetSpec
    ) -> tuple[tuple[steps.Place, ...], worker.Wait | None]:
        """Of a set that is to stop: none, unless what depends on it stops first."""
        dependents = self._dependencies.stops_after(key, all_stop=self.halt is not None)
        if not dependents:
            return (), None
        running = dataclasses.replace(rules, suspend=False, instances=tuple(mind.listed or ()))
        places = steps.places(key.name, running, yielded=mind.yielded) if rules.suspend else mind.places
        return places, depending.wait_to_stop(dependents)

    def _place(self, key: kinds.Key, obj: kinds.Object, mind: memory.SetMemory, now: float) -> None:
        """Where names come and go, the facts stay what they are: only the places are made anew."""
        if mind.facts is None:
            return
        rules = mind.facts.spec
        listed, yielded = obj["spec"].get("instances"), self._claims.yielded(key)
        target = self._scaling.target(key, rules, now)
        made_of = (yielded, target)
        is_same = made_of == (mind.yielded, mind.target) and mind.places_of is rules
        if listed is mind.listed and is_same:
            return
        if is_same and listed and mind.listed and not yielded and mind.left_out is worker.NOT_ANY:
            more = steps.grown(key.name, rules, mind.places, mind.listed, listed)
            if more is not None:
                mind.places, mind.listed = more, listed
                return
        known = {place.worker_name: place for place in mind.places} if mind.places_of is rules else {}
        if listed:
            rules = dataclasses.replace(rules, instances=tuple(listed))
        mind.places = steps.places(key.name, rules, yielded=yielded, known=known, target=target)
        mind.left_out = steps.left_out(rules, yielded)
        mind.listed, mind.places_of = listed, mind.facts.spec
        mind.yielded, mind.target = made_of

    def _read(
        self, key: kinds.Key, obj: kinds.Object, mind: memory.SetMemory, identity: memory.Identity
    ) -> None:
        rules = parse.parse_workerset(obj)
        if rules.instances:
            rules = dataclasses.replace(rules, instances=())
        mind.env_file_values, mind.env_problem = self._env_files(rules.template)
        mind.env_stale = mind.env_problem != ""
        known = mind.env_problem == ""
        mind.identity = identity
        fresh = worker.SetFacts(
            namespace=key.namespace,
            name=key.name,
            uid=obj["metadata"]["uid"],
            generation=obj["metadata"]["generation"],
            spec=rules,
            template_hash=template.hash_of(obj, mind.env_file_values) if known else None,
            boot_id=self._settings.boot_id,
            env_file_values=mind.env_file_values,
            ready_resets_after_seconds=self._settings.ready_resets_after_seconds,
        )
        http = rules.kind is spec.SetKind.HTTP
        mind.earlier = earlier.read(obj, self._history.of(obj), self._runtime) if http else {}
        same = mind.facts and dataclasses.replace(
            mind.facts, hold=None, grace_seconds=None, caution="", left_out=worker.NOT_ANY
        )
        if fresh != same:
            mind.facts = fresh

    def _env_files(self, wanted: spec.Template) -> tuple[dict[str, str], str]:
        if not wanted.env_files:
            return {}, ""
        try:
            return dict(self._runtime.env_file_values(wanted)), ""
        except ports.LaunchProblem as problem:
            return {}, str(problem)

    def _hold(self, key: kinds.Key, mind: memory.SetMemory, now: float) -> worker.Wait | None:
        if self.halt is not None:
            return plan.SHUTTING_DOWN if mind.places else None
        blocker = self._claims.blocker(key)
        if blocker is not None:
            return worker.Wait("Conflict", str(blocker))
        if mind.env_problem and mind.places:
            return worker.Wait("EnvFile", mind.env_problem, now + ENV_RETRY_SECONDS)
        return None

    def _grace(self, rules: spec.WorkerSetSpec, asked: float | None) -> float | None:
        """Instead of the set's own: what its deletion asked for, and at most what the end of all allows."""
        if self.halt is None or self.halt.grace_seconds is None:
            return asked
        return min(rules.stop_grace_seconds if asked is None else asked, self.halt.grace_seconds)

    def _current(
        self,
        mind: memory.SetMemory,
        facts: worker.SetFacts,
        hold: worker.Wait | None,
        grace: float | None,
    ) -> worker.SetFacts:
        """Facts stay the same object while they say the same: unchanged workers are not planned again."""
        told = (hold, grace, mind.caution, mind.left_out)
        if (facts.hold, facts.grace_seconds, facts.caution, facts.left_out) == told:
            return facts
        changed = dataclasses.replace(
            facts, hold=hold, grace_seconds=grace, caution=mind.caution, left_out=mind.left_out
        )
        mind.facts = changed
        return changed

    def _undeclared(self, key: kinds.Key) -> worker.SetFacts:
        return worker.SetFacts(
            namespace=key.namespace,
            name=key.name,
            uid="",
            generation=0,
            spec=_UNDECLARED,
            template_hash=None,
            boot_id=self._settings.boot_id,
        )
