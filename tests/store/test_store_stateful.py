"""Random writes against a plain dict: the store agrees with it, and so does list + watch, at every step."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hypothesis import settings, stateful
from hypothesis import strategies as st

from controller import ports
from controller.core import errors, kinds
from controller.store.store import Store
from tests.contracts.store import take

Model = dict[tuple[str, str, str], int]

MARKER = "marker"

resources = st.sampled_from([kinds.WORKERSETS, kinds.PODS])
namespaces = st.sampled_from(["one", "two"])
names = st.sampled_from(["a", "b", "c"])
numbers = st.integers(0, 2)
writes = st.lists(st.tuples(st.sampled_from("cud"), resources, namespaces, names, numbers), max_size=5)


class Abandoned(Exception):
    pass


class StoreMachine(stateful.RuleBasedStateMachine):
    """`model` is the truth; `views` are what watchers from different moments make of what they hear."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.mkdtemp(prefix="workerset-test-")
        self.store = Store(f"{self.folder}/store.db", history_limit=30)
        self.model: Model = {}
        self.highest = 0
        self.heard: list[ports.Change] = []
        self.store.subscribe(self.heard.append)
        self.views: list[tuple[kinds.Resource, str | None, Model, ports.Subscription]] = []

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def write(self, what: str, resource: kinds.Resource, namespace: str, name: str, number: int) -> None:
        place = (resource.qualified, namespace, name)
        obj = {"metadata": {"name": name, "namespace": namespace}, "spec": {"number": number}}
        expected = (place in self.model) is (what != "c")
        try:
            if what == "c":
                self.store.create(resource, obj)
            elif what == "u":
                before = self.store.version()
                stored = self.store.update(resource, obj)
                assert (self.store.version() == before) is (self.model[place] == number)
                assert stored["spec"] == {"number": number}
            else:
                self.store.delete(resource, kinds.Key(namespace, name))
        except (errors.NotFound, errors.AlreadyExists):
            assert not expected
            return
        assert expected
        if what == "d":
            del self.model[place]
        else:
            self.model[place] = number

    def write_all(self, writes: list[tuple[str, kinds.Resource, str, str, int]]) -> None:
        for write in writes:
            self.write(*write)

    @stateful.rule(
        what=st.sampled_from("cud"), resource=resources, namespace=namespaces, name=names, number=numbers
    )
    def single(self, **write: object) -> None:
        self.write(**write)  # type: ignore[arg-type]

    @stateful.rule(writes=writes, durable=st.booleans())
    def transaction(self, writes: list[tuple[str, kinds.Resource, str, str, int]], durable: bool) -> None:
        with self.store.transaction(durable=durable):
            self.write_all(writes)

    @stateful.rule(outer=writes, inner=writes, later=writes, both=st.booleans())
    def rolled_back(
        self,
        outer: list[tuple[str, kinds.Resource, str, str, int]],
        inner: list[tuple[str, kinds.Resource, str, str, int]],
        later: list[tuple[str, kinds.Resource, str, str, int]],
        both: bool,
    ) -> None:
        def within() -> None:
            self.write_all(outer)
            self.undone(lambda: self.write_all(inner))
            self.write_all(later)

        if both:
            self.undone(within)
        else:
            with self.store.transaction():
                within()

    def undone(self, act: Callable[[], object]) -> None:
        model, state, version = dict(self.model), self.everything(), self.store.version()
        try:
            with self.store.transaction():
                act()
                raise Abandoned
        except Abandoned:
            pass
        self.model = model
        assert (self.everything(), self.store.version()) == (state, version)

    def everything(self) -> list[object]:
        return [self.store.list(one)[0] for one in (kinds.WORKERSETS, kinds.PODS)]

    @stateful.rule(resource=resources, namespace=st.one_of(st.none(), namespaces))
    def begin_watch(self, resource: kinds.Resource, namespace: str | None) -> None:
        state, version = self.state(resource, namespace), self.store.version()
        watch = self.store.watch(resource, namespace, since=version)
        self.views.append((resource, namespace, state, watch))

    @stateful.rule()
    def catch_up(self) -> None:
        """Every watcher has the state that a list has now, or was told that it missed something."""
        kept = []
        for resource, namespace, state, watch in self.views:
            now = self.state(resource, namespace)
            try:
                with self.marker(resource, namespace or "two") as version:
                    self.follow(resource, state, watch, version)
            except errors.Expired:
                continue
            assert state == now
            kept.append((resource, namespace, state, watch))
        self.views = kept

    def state(self, resource: kinds.Resource, namespace: str | None) -> Model:
        found, _ = self.store.list(resource, namespace)
        return {_place(resource, one): one["spec"]["number"] for one in found}

    @contextmanager
    def marker(self, resource: kinds.Resource, namespace: str) -> Iterator[int]:
        """An object that is there for a moment, so that every watcher has something to hear."""
        obj = {"metadata": {"name": MARKER, "namespace": namespace}, "spec": {"number": 0}}
        made = self.store.create(resource, obj)
        try:
            yield int(made["metadata"]["resourceVersion"])
        finally:
            self.store.delete(resource, kinds.Key(namespace, MARKER))

    def follow(self, resource: kinds.Resource, state: Model, watch: ports.Subscription, until: int) -> None:
        version = 0
        while version < until:
            for change in take(watch):
                assert change.version > version
                version = change.version
                place = _place(resource, change.object)
                if place[2] == MARKER:
                    continue
                assert (change.type == "ADDED") is (place not in state)
                assert (change.previous is None) is (change.type == "ADDED")
                if change.previous is not None:
                    assert change.previous["spec"]["number"] == state[place]
                if change.type == "DELETED":
                    del state[place]
                else:
                    state[place] = change.object["spec"]["number"]

    @stateful.rule(cleanly=st.booleans())
    def restart(self, cleanly: bool) -> None:
        if cleanly:
            self.store.close()
        else:  # a copy of the files in use is what a crash leaves behind
            left = tempfile.mkdtemp(prefix="workerset-test-")
            shutil.copytree(self.folder, left, dirs_exist_ok=True)
            self.store.close()
            shutil.rmtree(self.folder)
            self.folder = left
        self.store = Store(f"{self.folder}/store.db", history_limit=30)
        self.store.subscribe(self.heard.append)
        self.views.clear()
        self.model = {
            place: number for place, number in self.model.items() if place[0] != kinds.PODS.qualified
        }
        assert self.store.version() >= self.highest

    @stateful.invariant()
    def agrees_with_the_model(self) -> None:
        assert self.state(kinds.WORKERSETS, None) | self.state(kinds.PODS, None) == self.model
        assert self.store.version() >= self.highest
        self.highest = self.store.version()

    @stateful.invariant()
    def was_heard_in_order(self) -> None:
        versions = [one.version for one in self.heard]
        assert versions == sorted(set(versions))


def _place(resource: kinds.Resource, obj: kinds.Object) -> tuple[str, str, str]:
    return resource.qualified, obj["metadata"]["namespace"], obj["metadata"]["name"]


StoreMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestStoreMachine = StoreMachine.TestCase
