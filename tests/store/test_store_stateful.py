"""Random writes against a plain dict: the store agrees with it, and so does list + watch, at every step."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable

from hypothesis import settings, stateful
from hypothesis import strategies as st

from controller import ports
from controller.core import errors, kinds
from controller.store.store import Store
from tests.contracts.store import take

Model = dict[tuple[str, str, str], int]

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
        found, version = self.store.list(resource, namespace)
        state = {_place(resource, one): one["spec"]["number"] for one in found}
        watch = self.store.watch(resource, namespace, since=version)
        self.views.append((resource, namespace, state, watch))

    @stateful.rule()
    def catch_up(self) -> None:
        """Every watcher has the state that a list has now, or was told that it missed something."""
        kept = []
        for resource, namespace, state, watch in self.views:
            now = {
                _place(resource, one): one["spec"]["number"]
                for one in self.store.list(resource, namespace)[0]
            }
            try:
                self.follow(resource, state, now, watch)
            except errors.Expired:
                continue
            kept.append((resource, namespace, state, watch))
        self.views = kept

    def follow(self, resource: kinds.Resource, state: Model, now: Model, watch: ports.Subscription) -> None:
        marker: kinds.Object = {"metadata": {"name": "marker", "namespace": "one"}, "spec": {"number": 0}}
        other: kinds.Object = {"metadata": {"name": "marker", "namespace": "two"}, "spec": {"number": 0}}
        for one in (marker, other):  # so that there is something to hear
            self.store.create(resource, one)
        ended = False
        while not ended:
            for change in take(watch):
                ended = ended or change.object["metadata"]["name"] == "marker"
                if change.object["metadata"]["name"] == "marker":
                    continue
                place = _place(resource, change.object)
                assert (change.type == "ADDED") is (place not in state)
                if change.type == "DELETED":
                    del state[place]
                else:
                    assert change.type == "ADDED" or change.previous is not None
                    state[place] = change.object["spec"]["number"]
        assert state == now
        for one in (marker, other):
            self.store.delete(resource, kinds.Key(one["metadata"]["namespace"], "marker"))

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
        found = {
            _place(resource, one): one["spec"]["number"]
            for resource in (kinds.WORKERSETS, kinds.PODS)
            for one in self.store.list(resource)[0]
        }
        assert found == self.model
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
