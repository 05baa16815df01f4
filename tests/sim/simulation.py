"""The whole controller under random edits, crashes, stuck stops, restarts, full disks; one seed, no time.

After each step invariants are checked; at the end the world is made kind and everything must converge, with
nothing left to do and no appointment left.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import Any

from controller import ports, settings
from controller.core import (
    depending,
    errors,
    instances,
    kinds,
    parse,
    plan,
    resolution,
    revisions,
    rollout,
    spec,
    steps,
    template,
)
from controller.core.lifecycle import State
from tests.fakes.runtime import Script
from tests.fakes.world import NAMESPACE, World

NAMES = ("x", "y", "j1", "j2", "j3", "j4")
SETS = ("alpha", "beta", "gamma")
LISTEN = (["127.0.0.1:1"], ["0.0.0.0:1", "unix:a"], ["127.0.0.1:2", "127.0.0.1:1"], ["unix:a", "127.0.0.1:0"])
RESTING = (State.FAILED, State.COMPLETED, State.BACKOFF)


class Broken(AssertionError):
    """An invariant does not hold."""


class Simulation:
    """`run()` plays one seed to its end; `trace` says what was done."""

    def __init__(self, seed: int, *, path: str = ":memory:") -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.trace: list[str] = []
        self.kind = False
        # What was only asked for is written at once by every second seed, when it is answered by the others.
        self.held = settings.EngineSettings(boot_id="boot-1", hold_seconds=0.5 * (seed % 2))
        self.world = World(self._direct, path=path, engine_settings=self.held)
        self.world.runtime.env_files[".env"] = {"A": "1"}
        self.env_read: dict[str, dict[str, str]] = {".env": {"A": "1"}}

    def run(self, edits: int = 25) -> None:
        for _ in range(edits):
            self._act()
            self.world.run_for(self.random.choice((0.0, 0.05, 0.5, 2.0, 7.0, 40.0)))
            self.check()
        self._converge()

    # ---- what happens

    def _direct(self, start: ports.StartRun, _count: int) -> Script:
        """How a run behaves: anything goes, until the world is kind."""
        rules = parse.parse_workerset(self.world.get(start.ref.workerset))
        gates = {"handle_after": 0.1, "ready_after": 0.2, "publish_after": 0.3}
        if rules.kind is spec.SetKind.HTTP:
            gates = {"listens_after": self.random.choice((0.1, 0.1, 3.0))}
        if rules.ready_when is spec.Gate.COMPLETED:
            gates["exit_after"] = 0.5
        roll = 0.0 if self.kind else self.random.random()
        pick = self.random.uniform
        if roll < 0.45:
            return Script(**gates)
        if roll < 0.65:
            return Script(**{**gates, "exit_after": pick(0, 15)}, exit_code=self.random.choice((0, 1, 3)))
        if roll < 0.70:
            return Script(exit_after=pick(0, 0.5), exit_signal=11)
        if roll < 0.75:
            return Script(error="command not found: nope")
        if roll < 0.82:
            late = {"ready_after": pick(0, 5), "handle_after": pick(0, 5), "listens_after": pick(0, 5)}
            late["publish_after"] = pick(0, 5)
            return Script(start_delay=pick(0, 3), **late)
        if roll < 0.90:
            return Script(**gates, ignores_stop=True)
        if roll < 0.95:
            return Script(**gates, stop_seconds=pick(0, 8))
        after = {"exit_after": pick(0, 4)} if self.random.random() < 0.5 else {}
        return Script(
            **{**gates, **after}, exit_code=1, survivors=2, survivors_stay=self.random.random() < 0.5
        )

    def _act(self) -> None:
        acts = (
            (6, self._apply),
            (2, self._scale),
            (1, self._suspend),
            (2, self._delete),
            (2, self._restart),
            (1, self._delete_pod),
            (5, self._ensure),
            (2, self._release),
            (3, self._crash),
            (3, self._restart_controller),
            (1, self._fill_disk),
            (1, self._disconnect),
            (1, self._edit_env),
            (1, self._jump_wall),
        )
        weights = [weight for weight, _ in acts]
        act = self.random.choices([act for _, act in acts], weights)[0]
        self.trace.append(f"{self.world.clock.monotonic():.2f} {act.__name__}")
        act()

    def _some_set(self) -> str | None:
        there = [name for name in SETS if self.world.find(name) is not None]
        return self.random.choice(there) if there else None

    def _random_spec(self) -> dict[str, Any]:
        choose = self.random.choice
        declared: dict[str, Any] = {"command": [choose(("v1", "v2", "v3"))], "num": choose((0, 1, 1, 2, 4))}
        background = self.random.random() < 0.6
        if background:
            declared |= self._random_background()
        elif self.random.random() < 0.4:
            declared["listen"] = choose(LISTEN)
            declared["rollout"] = self._random_rollout()
        gates = ("started", "started", "handle", "notify", "completed")
        gate = choose((*gates, "vars") if background else gates)
        if "listen" in declared:
            gate = "listening"
        declared["ready_when"] = gate
        policies = (
            ("on_failure", "never") if gate == "completed" else ("always", "always", "on_failure", "never")
        )
        declared["restart"] = choose(policies)
        declared["max_consecutive_failures"] = choose((0, 1, 3, -1))
        declared["retry_after"] = choose(("0s", "5s", "30s"))
        declared["stop_grace"] = choose(("1s", "5s"))
        declared["min_ready"] = choose(("500ms", "2s"))
        if self.random.random() < 0.2:
            declared["env_files"] = [".env"]
        if self.seed % 7 == 6 and self.random.random() < 0.5:  # others play as they did before there was any
            declared["depends_on"] = self.random.sample((*SETS, "x", "j1", "nobody"), choose((1, 1, 2)))
        return declared

    def _random_background(self) -> dict[str, Any]:
        choose = self.random.choice
        declared: dict[str, Any] = {"background": True, "scope": choose(("", "", "shop"))}
        if self.random.random() < 0.6:
            declared["name"] = choose(("x", "y"))
        else:
            declared |= {"max_threads": 3, "num": choose((0, 0, 1))}
            if self.random.random() < 0.3:
                declared["instances"] = [choose(NAMES)]
        if self.random.random() < 0.3:
            declared["idle_timeout"] = "20s"
        return declared

    def _random_rollout(self) -> dict[str, Any]:
        surge, unavailable = self.random.choice(((1, 0), (1, 0), (0, 1), ("50%", "50%"), (3, 1)))
        return {
            "max_surge": surge,
            "max_unavailable": unavailable,
            "progress_deadline": self.random.choice(("3s", "20s")),
            "paused": self.random.random() < 0.15,
        }

    def _try(self, write: Any) -> None:
        try:
            write()
        except errors.StorageFull:
            self.trace.append("  refused: disk full")

    def _apply(self) -> None:
        name = self.random.choice(SETS)
        found = self.world.find(name)
        if found is None or "deletionTimestamp" not in found["metadata"]:
            declared = self._random_spec()
            self.trace.append(f"  {name} {declared}")
            self._try(lambda: self.world.apply(name, declared))

    def _edit(self, **fields: Any) -> None:
        name = self._some_set()
        if name is not None:
            self.trace.append(f"  {name} {fields}")
            self._try(lambda: self.world.edit(name, **fields))

    def _scale(self) -> None:
        if self.seed % 7 == 5 and self.random.random() < 0.7:  # others play as they did before
            self._edit(user=self.random.choice(("ann", "bob", None)))
            return
        self._edit(num=self.random.choice((0, 1, 2, 3, 5)))

    def _suspend(self) -> None:
        self._edit(suspend=self.random.random() < 0.5)

    def _delete(self) -> None:
        name = self._some_set()
        if name is not None:
            self.trace.append(f"  {name}")
            self._try(lambda: self.world.delete(name))

    def _restart(self) -> None:
        name = self._some_set()
        if name is not None:
            self.trace.append(f"  {name}")
            self._try(lambda: self.world.annotate_restart(name, f"{self.random.random()}"))

    def _delete_pod(self) -> None:
        pods = self.world.pods()
        if pods:
            worker = self.random.choice(pods)
            self.trace.append(f"  {worker}")
            self._try(lambda: self.world.delete_pod(worker))

    def _directory(self) -> resolution.Directory:
        sets = self.world.store.list(kinds.WORKERSETS, NAMESPACE)[0]
        return resolution.Directory(one for obj in sets if (one := resolution.declared(obj)) is not None)

    def _ensure(self) -> None:
        """As a worker's request does: resolved first, and refused over the cap."""
        name, scope = self.random.choice(NAMES), self.random.choice(("", "shop"))
        found = self._directory().find(scope, name)
        owner = self.random.choice(("workerctl", *(f"{NAMESPACE}/{one}" for one in SETS)))
        alive = owner == "workerctl" or self._is_there(owner.partition("/")[2])
        if found is None or found.is_eager or not alive:
            return
        held = self.world.get(found.key.name)["spec"].get("instances", [])
        if found.is_catch_all and name not in held and len(held) >= found.cap:
            return
        self.trace.append(f"  {name} of {found.key.name} for {owner}")
        self._try(lambda: self.world.ensure(found.key.name, name, owner))

    def _is_there(self, name: str) -> bool:
        obj = self.world.find(name)
        return obj is not None and "deletionTimestamp" not in obj["metadata"]

    def _release(self) -> None:
        held = [(one, name) for one in SETS for name in self.world.store.ensures(NAMESPACE, one)]
        if held:
            of, name = self.random.choice(held)
            self.trace.append(f"  {name} of {of}")
            self._try(lambda: self.world.release(of, name))

    def _crash(self) -> None:
        live = [one for one in self.world.runtime.live() if one.pid]
        if live:
            one = self.random.choice(live)
            self.trace.append(f"  {one.ref.worker} {one.run}")
            self.world.runtime.crash(one.run, self.random.choice((0, 1)))

    def _fill_disk(self) -> None:
        self.world.store.full = not self.world.store.full
        self.trace.append(f"  full={self.world.store.full}")
        if not self.world.store.full:
            self.world.run_for(1.0)

    def _disconnect(self) -> None:
        self.world.runtime.set_connected(not self.world.runtime.connected())
        self.trace.append(f"  connected={self.world.runtime.connected()}")

    def _edit_env(self) -> None:
        files = self.world.runtime.env_files
        if self.random.random() < 0.3:
            files.pop(".env", None)
        else:
            files[".env"] = {"A": f"{self.random.random()}"}
        self.trace.append(f"  {files}")
        self.env_read = {}

    def _jump_wall(self) -> None:
        self.world.clock.jump_wall(self.random.choice((-86400.0, -10.0, 3600.0)))

    def _restart_controller(self) -> None:
        """S4: nothing healthy is disturbed, nothing finished or given up is run again."""
        world = self.world
        world.settle()
        steady = world.runtime.connected() and not world.store.full
        resting = self._resting() if steady else set()
        env_same = ".env" in world.runtime.env_files
        healthy = self._healthy() if steady and env_same else set()
        world.kill_controller()
        if self.random.random() < 0.5:
            self.trace.append("  away for a while")
            world.clock.advance(self.random.choice((0.2, 3.0, 20.0)))
            world.runtime.play()
            resting, healthy = set(), {run for run in healthy if self._is_live(run)}
        world.start_controller()
        first = len(world.runtime.verbs)
        world.settle()
        for verb in world.runtime.verbs[first:]:
            if isinstance(verb, ports.CloseHandle | ports.Kill) and verb.run in healthy:
                raise Broken(f"a restart of the controller disturbed {verb.ref.worker}: {verb}")
            if isinstance(verb, ports.StartRun) and verb.ref.worker in resting:
                raise Broken(f"a restart of the controller revived {verb.ref.worker}")

    def _resting(self) -> set[str]:
        found = set()
        for name in SETS:
            mind = self.world.engine.memory(kinds.Key(NAMESPACE, name))
            if mind is not None and mind.last is not None and not self._env_edited(name):
                found |= {view.ref.worker for view in mind.last.views.values() if view.state in RESTING}
        return found

    def _env_edited(self, name: str) -> bool:
        """A new controller reads env files anew, and finds another template than the last one had."""
        obj = self.world.find(name)
        return (
            obj is not None and "env_files" in obj["spec"] and self.world.runtime.env_files != self.env_read
        )

    def _healthy(self) -> set[str]:
        """Runs of the current template that nothing is to be done about."""
        found = set()
        for one in self.world.runtime.live():
            obj = self.world.find(one.ref.workerset)
            mind = self.world.engine.memory(kinds.Key(NAMESPACE, one.ref.workerset))
            if obj is None or mind is None or mind.facts is None or mind.evicted:
                continue
            fresh = template.hash_of(obj, self.world.runtime.env_file_values(mind.facts.spec.template))
            if one.handle_closed_at is None and one.template_hash == fresh and not mind.facts.hold:
                found.add(one.run)
        return found

    def _is_live(self, run: str) -> bool:
        return any(one.run == run for one in self.world.runtime.live())

    # ---- what must hold

    def check(self) -> None:
        if not self.world.runtime.connected():
            return
        self._check_identities()
        self._check_sockets()
        for name in SETS:
            obj = self.world.find(name)
            self._check_number(name, obj)
            if obj is not None and not self.world.store.full and not self._is_held(name):
                self._check_status(name, obj)

    def _is_held(self, name: str) -> bool:
        """A run was asked for a moment ago; the status follows with the answer. Even seeds wait for none."""
        if not self.held.hold_seconds:
            return False
        mind = self.world.engine.memory(kinds.Key(NAMESPACE, name))
        return mind is not None and mind.held is not None

    def _check_identities(self) -> None:
        """Never two sets, or two users, at once under one worker name of one scope."""
        holders: dict[str, set[tuple[str, str]]] = defaultdict(set)
        for one in self.world.runtime.live():
            start = self.world.runtime._starts[one.run]
            if start.background:
                holder = one.ref.workerset, start.template.user or ""
                holders[f"{start.scope}/{start.worker_name}"].add(holder)
        for name, found in holders.items():
            if len(found) > 1:
                raise Broken(f"two holders of one name: {name} {sorted(found)}")

    def _check_sockets(self) -> None:
        """Two sets never want one address at once, and nothing that nobody wants stays bound."""
        for name in SETS:
            key = kinds.Key(NAMESPACE, name)
            for one in self.world.runtime.sockets(key):
                if one.error:
                    raise Broken(f"{name}: {one.error}")

    def _check_number(self, name: str, obj: kinds.Object | None) -> None:
        live = self.world.runtime.live(kinds.Key(NAMESPACE, name))
        staying = [one for one in live if one.handle_closed_at is None]
        wanted = 0
        if obj is not None and "deletionTimestamp" not in obj["metadata"]:
            rules = parse.parse_workerset(obj)
            wanted = len(steps.places(name, rules))
            if wanted and rules.kind is spec.SetKind.HTTP:
                wanted += rollout.limits(rules.rollout, wanted).surge
        if len(staying) > wanted and self._hold_of(name) != depending.STOPS_LATER:
            raise Broken(f"{name}: {len(staying)} run, {wanted} are wanted")

    def _hold_of(self, name: str) -> str:
        mind = self.world.engine.memory(kinds.Key(NAMESPACE, name))
        hold = None if mind is None or mind.last is None else mind.last.facts.hold
        return "" if hold is None else hold.reason

    def _check_status(self, name: str, obj: kinds.Object) -> None:
        status = obj["status"]
        live = self.world.runtime.live(kinds.Key(NAMESPACE, name))
        if status["readyReplicas"] > sum(1 for one in live if one.pid):
            raise Broken(f"{name}: more ready than alive: {status}")
        if status["replicas"] != len(live):
            raise Broken(f"{name}: {len(live)} live, status says {status['replicas']}")
        if status["observedGeneration"] != obj["metadata"]["generation"]:
            raise Broken(f"{name}: the status is of another generation")
        conditions = {one["type"]: one["status"] for one in status["conditions"]}
        if conditions["GivenUp"] == "True" and conditions["Ready"] == "True":
            raise Broken(f"{name}: given up and ready")
        everywhere = status["updatedReplicas"] == status["replicas"]
        if (
            status["currentRevision"] == revisions.name_of(obj)
            and everywhere
            and status["state"] != "Waiting"
        ):
            part = template.declared_hash(obj["spec"])
            for one in live:
                if template.declared_part(one.template_hash) != part:
                    raise Broken(f"{name}: claims {status['currentRevision']}, {one.ref.worker} runs another")
        self._check_pods(name, live)

    def _check_pods(self, name: str, live: list[ports.Process]) -> None:
        for one in live:
            pod = self.world.pod(one.ref.worker)
            if pod["metadata"]["annotations"].get(kinds.ANNOTATION_PID, "0") != str(one.pid):
                raise Broken(
                    f"{one.ref.worker}: the Pod has another process: {pod['metadata']['annotations']}"
                )
            revision = pod["metadata"]["labels"]["controller-revision-hash"]
            if revision != template.declared_part(one.template_hash):
                raise Broken(f"{one.ref.worker}: the Pod claims another revision")

    # ---- the end

    def _converge(self) -> None:
        world = self.world
        self.kind = True
        world.store.full = False
        world.runtime.env_files[".env"] = {"A": "end"}
        if not world.runtime.connected():
            world.runtime.set_connected(True)
        world.engine.refresh(kinds.Key(NAMESPACE, name) for name in SETS)
        for _ in range(20):
            world.run_for(60)
            self.check()
            if world.next_at() is None:
                break
            for one in world.runtime.live():
                if world.runtime._scripts[one.run].exit_after is not None and one.pid:
                    world.runtime.crash(one.run)
        if world.next_at() is not None:
            raise Broken(f"it never comes to rest: next at {world.next_at()}")
        self._check_idle()
        self._check_ensured()
        for name in SETS:
            self._check_converged(name)

    def _check_idle(self) -> None:
        """Planning everything again changes nothing at all."""
        version, verbs = self.world.store.version(), len(self.world.runtime.verbs)
        self.world.engine.refresh(kinds.Key(NAMESPACE, name) for name in SETS)
        self.world.settle()
        if self.world.store.version() != version:
            raise Broken("planning again wrote something")
        if len(self.world.runtime.verbs) != verbs:
            raise Broken(f"planning again did something: {self.world.runtime.verbs[verbs:]}")

    def _check_ensured(self) -> None:
        """S3.2: each name that is asked for is listed where it is answered; slots are those of the names."""
        directory, slots = self._directory(), set()
        for name in SETS:
            obj = self.world.find(name)
            ensures = self.world.store.ensures(NAMESPACE, name)
            if obj is None:
                if ensures:
                    raise Broken(f"{name} is gone and names of it are ensured: {ensures}")
                continue
            scope = obj["spec"].get("scope", "")
            for asked in ensures:
                found = directory.find(scope, asked)
                if found is None or found.key.name != name:
                    raise Broken(f"{asked} is kept with {name}, and answered by {found}")
                if asked not in obj["spec"].get("instances", ()):
                    raise Broken(f"{asked} is ensured and not listed: {obj['spec']}")
            slots |= {(scope, one) for one in instances.names_of(obj)}
        known = {(one.scope, one.name) for one in self.world.vars.known()}
        if known != slots:
            raise Broken(f"slots of shared memory: {known}, names: {slots}")

    def _check_converged(self, name: str) -> None:
        obj, key = self.world.find(name), kinds.Key(NAMESPACE, name)
        for one in self.world.runtime.processes(key):
            if one.exit is not None:
                raise Broken(f"{one.ref.worker}: an exit was never acknowledged: {one}")
        if obj is None:
            if self.world.runtime.processes(key) or self.world.runtime.sockets(key):
                raise Broken(f"{name} is gone and still has processes or sockets")
            return
        if "deletionTimestamp" in obj["metadata"]:
            raise Broken(f"{name} is never gone")
        rules, status = parse.parse_workerset(obj), obj["status"]
        mind = self.world.engine.memory(key)
        if mind is None or mind.facts is None:
            raise Broken(f"{name} is not known")
        if self._hold_of(name) in depending.STARTS:
            if status["state"] not in ("Waiting", "Failed") or not self._lacks(obj):
                raise Broken(f"{name} waits for nothing: {status['message']}")
            return
        if mind.facts.hold is not None:
            if mind.facts.hold.reason != "Conflict" or status["state"] not in ("Waiting", "Suspended"):
                raise Broken(f"{name} waits: {mind.facts.hold}")
            return
        wanted = rules.template.listen if steps.places(name, rules) else ()
        bound = tuple(one.address for one in self.world.runtime.sockets(key) if one.bound)
        if bound != wanted and not (self._is_held_up(obj) and bound):
            raise Broken(f"{name} listens elsewhere: {self.world.runtime.sockets(key)}")
        if rules.kind is spec.SetKind.HTTP:
            self._check_rolled(name, obj, mind.last, len(steps.places(name, rules)))
            return
        for place in mind.places:
            view = mind.last.views[place.worker] if mind.last is not None else None
            if view is None or not (view.ready or self._may_rest(view.state, rules)):
                raise Broken(f"{place.worker} is not where it should be: {view}")
            if view.run and view.template_hash != mind.facts.template_hash:
                raise Broken(f"{place.worker} runs an old template")

    def _lacks(self, obj: kinds.Object) -> list[str]:
        """What it depends on and is not ready."""
        ready, scope = set(), obj["spec"].get("scope", "")
        for name in SETS:
            found = self.world.find(name)
            if found is None or found["status"]["state"] not in ("Ready", "Completed", "CatchAll"):
                continue
            if found["status"]["message"] != "nothing is wanted: num is 0":
                ready.add(name)
            if found["spec"].get("scope", "") == scope:
                ready |= {one["name"] for one in found["status"]["instances"] if one["state"] == "Ready"}
        return [name for name in obj["spec"]["depends_on"] if name not in ready]

    def _check_rolled(self, name: str, obj: kinds.Object, last: plan.Plan | None, wanted: int) -> None:
        """As many as are wanted, of the declared template, unless its rollout is paused or has failed."""
        views = [] if last is None else [one for one in last.views.values() if one.wanted]
        rules = parse.parse_workerset(obj)
        if len(views) != wanted or not all(one.ready or self._may_rest(one.state, rules) for one in views):
            raise Broken(f"{name}: {wanted} are wanted, there are {views}")
        held = self._is_held_up(obj)
        fresh = None if last is None else last.facts.template_hash
        if not held and any(one.template_hash != fresh for one in views):
            raise Broken(f"{name}: an old template is never replaced: {views}")

    def _is_held_up(self, obj: kinds.Object) -> bool:
        """It runs what it ran before, on the addresses of that."""
        return obj["status"]["state"] == "Failed" or obj["spec"].get("rollout", {}).get("paused", False)

    def _may_rest(self, state: State, rules: spec.WorkerSetSpec) -> bool:
        if state is State.COMPLETED:
            return rules.restart is not spec.Restart.ALWAYS
        final = rules.restart is spec.Restart.NEVER or rules.retry_after_seconds == 0
        if rules.ready_when is spec.Gate.COMPLETED and state is State.RUNNING:
            return True
        return state is State.FAILED and final
