"""The tests that FrankenPHP proves its background workers with, each proven here with real processes (S9).

Those about PHP itself are in `test_php.py`. Every test has a scope of its own in one shared project.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from controller.client import resources
from tests.e2e.agent import Agent, Remote
from tests.e2e.project import Project, wait_gone

NUMBERS = itertools.count(1)

PUBLISHER = """\
import os, workerset
here = f"{workerset.scope()}/runs"
os.makedirs(here, exist_ok=True)
open(f"{here}/{workerset.name().replace('/', '_')}.{os.getpid()}", "w").close()
workerset.set_vars({"name": workerset.name(), "scope": workerset.scope(), "pid": os.getpid()})
workerset.handle().wait()
"""

FAILING_TWICE = """\
import os, workerset
marks = f"{workerset.scope()}/marks"
os.makedirs(marks, exist_ok=True)
number = len(os.listdir(marks)) + 1
open(f"{marks}/{number}", "w").close()
if number <= int(os.environ["FAILURES"]):
    raise RuntimeError(f"attempt {number} of {workerset.name()}")
workerset.set_vars({"attempt": number})
workerset.handle().wait()
"""


class Shop:
    """One scope of the shared project, and the agent that asks from it."""

    def __init__(self, project: Project, agent: Agent) -> None:
        self.project = project
        self.agent = agent
        self.scope = f"s{next(NUMBERS)}"

    def declare(self, name: str, /, **spec: Any) -> str:
        """A background set; returns its name, which is the scope's own."""
        full = f"{self.scope}-{name}"
        wanted = {"background": True, "scope": self.scope, "file": "publisher.py", "ready_when": "handle"}
        path = self.project.declare(full, **{**wanted, **spec})
        self.project.ctl("apply", "-f", str(path.relative_to(self.project.root)))
        return full

    def do(self, code: str) -> Any:
        return self.agent.do(code.replace("SCOPE", repr(self.scope)))

    def fails(self, code: str) -> Remote:
        return self.agent.fails(code.replace("SCOPE", repr(self.scope)))

    def ensure(self, *names: str, timeout: float = 20) -> None:
        self.do(f"workerset.ensure({list(names)!r}, timeout={timeout}, scope=SCOPE)")

    def runs(self, name: str = "") -> list[str]:
        """The sentinels of this scope: NAME.PID, one a process that got to its first line."""
        folder = self.project.root / self.scope / "runs"
        found = sorted(path.name for path in folder.iterdir()) if folder.exists() else []
        return [one for one in found if one.startswith(name)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Agent]]:
    folder = tmp_path_factory.mktemp("upstream")
    for name in ("shop", "home"):
        (folder / name).mkdir()
    project = Project(folder / "shop", folder / "home")
    project.write("publisher.py", PUBLISHER)
    project.write("failing.py", FAILING_TWICE)
    try:
        yield project, Agent(project, "agent", background=True, name="agent", scope="agents")
    finally:
        project.close()


@pytest.fixture
def shop(house: tuple[Project, Agent]) -> Shop:
    return Shop(*house)


# ------------------------------------------------------------------ lifecycle


def test_background_worker_lifecycle(shop: Shop) -> None:
    name = shop.declare("one", name="one", num=1)
    shop.project.wait_state(name, "Ready")
    (pid,) = shop.project.pids(name)
    assert shop.runs() == [f"one.{pid}"]
    shop.project.ctl("stop", name)
    wait_gone(pid)
    assert not [one for one in shop.project.events(name) if one["reason"] == "Killed"]


def test_background_worker_crash_restarts(shop: Shop) -> None:
    name = shop.declare("one", name="one", num=1, file="failing.py", env={"FAILURES": "1"})
    shop.project.wait_state(name, "Ready")
    assert shop.do("dict(workerset.get_vars('one', scope=SCOPE))") == {"attempt": 2}


def test_background_worker_without_http(shop: Shop) -> None:
    """A background worker takes no HTTP traffic: it is handed no socket."""
    shop.project.write(
        "sockets.py",
        "import os, workerset\nworkerset.set_vars({'fds': os.environ.get('LISTEN_FDS')})\n"
        "workerset.handle().wait()\n",
    )
    shop.declare("one", name="one", num=1, file="sockets.py", ready_when="vars")
    assert shop.do("dict(workerset.ensure_vars('one', scope=SCOPE, timeout=20))") == {"fds": None}


def test_restart_force_kills_stuck_thread(shop: Shop) -> None:
    shop.project.write("stuck.py", "import time, workerset\nworkerset.handle()\ntime.sleep(60)\n")
    name = shop.declare("one", name="one", num=1, file="stuck.py", stop_grace="200ms")
    shop.project.wait_state(name, "Ready")
    pid = shop.project.wait_pid(f"{name}-0")
    shop.project.ctl("rollout", "restart", f"ws/{name}")
    wait_gone(pid)
    assert shop.project.wait_pid(f"{name}-0", other_than=pid) != pid


# ------------------------------------------------------------------ ensure


def test_ensure_background_worker_named_lazy(shop: Shop) -> None:
    name = shop.declare("one", name="one")
    assert shop.project.wait_state(name, "Lazy")
    assert shop.runs() == []
    shop.ensure("one")
    assert len(shop.runs("one.")) == 1
    shop.ensure("one")
    assert len(shop.runs("one.")) == 1


def test_ensure_background_worker_catch_all(shop: Shop) -> None:
    shop.declare("all")
    shop.ensure("a")
    shop.ensure("b")
    assert [one.split(".")[0] for one in shop.runs()] == ["a", "b"]
    assert len({one.split(".")[1] for one in shop.runs()}) == 2


def test_ensure_background_worker_catch_all_cap(shop: Shop) -> None:
    shop.declare("all", max_threads=2)
    shop.ensure("a", "b")
    error = shop.fails("workerset.ensure('c', scope=SCOPE)")
    assert error.kind == "CapReached"
    assert "max_threads" in error.message
    assert len(shop.runs()) == 2
    shop.do("workerset.release('a', scope=SCOPE)")
    shop.ensure("c")


def test_ensure_background_worker_undeclared(shop: Shop) -> None:
    shop.declare("one", name="one")
    error = shop.fails("workerset.ensure('two', scope=SCOPE)")
    assert error.kind == "Undeclared"
    assert shop.scope in error.message
    assert "one" in error.message
    error = shop.fails("workerset.ensure(['one', 'two'], scope=SCOPE)")
    assert error.kind == "Undeclared"
    assert shop.runs() == [], "nothing is started where one name cannot be"


def test_ensure_background_worker_concurrent(shop: Shop) -> None:
    shop.declare("all")
    found = shop.do(
        """
        failed = []
        def ask():
            try:
                workerset.ensure("same", scope=SCOPE, timeout=20)
            except Exception as error:
                failed.append(repr(error))
        threads = [threading.Thread(target=ask) for _ in range(16)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        result = failed
        """
    )
    assert found == []
    assert len(shop.runs("same.")) == 1


def test_ensure_background_worker_timeout(shop: Shop) -> None:
    shop.project.write("no_handle.py", "import time\ntime.sleep(1000)\n")
    shop.declare("one", name="one", file="no_handle.py")
    error = shop.fails("workerset.ensure('one', timeout=0.5, scope=SCOPE)")
    assert error.kind == "EnsureTimeout"
    assert "TimeoutError" in error.bases
    assert error.details["missing"] == "never took its handle"
    assert "0.5" in error.message


def test_ensure_background_worker_boot_failure(shop: Shop) -> None:
    shop.declare("one", name="one", file="failing.py", env={"FAILURES": "99"}, max_consecutive_failures=2)
    error = shop.fails("workerset.ensure('one', timeout=20, scope=SCOPE)")
    assert error.kind == "GivenUp"
    assert error.details["error"]["type"] == "RuntimeError"
    assert error.details["error"]["message"] == "attempt 3 of one"
    assert error.details["error"]["file"].endswith("failing.py")
    assert error.details["exitCode"] == 1
    assert error.details["entrypoint"] == "failing.py"
    assert "failing.py" in error.message


@pytest.mark.parametrize("num", [0, 1])
def test_catch_all_self_identity_rejected(shop: Shop, num: int) -> None:
    name = shop.declare("all", num=num)
    shop.project.wait_state(name, "Ready" if num else "CatchAll")
    before = shop.runs()
    error = shop.fails("workerset.ensure('publisher.py', scope=SCOPE)")
    assert "publisher.py" in error.message
    assert error.kind in ("Undeclared", "ValueError")
    assert shop.runs() == before


def test_catch_all_num_plus_lazy(shop: Shop) -> None:
    name = shop.declare("all", num=1, max_threads=4)
    shop.project.wait_state(name, "Ready")
    shop.ensure("a", "b", "c", "d")
    assert len(shop.runs()) == 5
    assert shop.fails("workerset.ensure('e', scope=SCOPE)").kind == "CapReached"


def test_catch_all_eager_instance(shop: Shop) -> None:
    name = shop.declare("all", num=1)
    shop.project.wait_state(name, "Ready")
    (run,) = shop.runs()
    assert int(run.rpartition(".")[2]) in shop.project.pids(name)


def test_post_boot_crash_loop_aborts(shop: Shop) -> None:
    """Ready once, then a crash in a loop: a later ensure fails instead of being told that all is well."""
    shop.project.write(
        "once.py",
        "import os, workerset\n"
        "if os.path.exists(workerset.scope() + '.once'):\n    raise SystemExit(1)\n"
        "open(workerset.scope() + '.once', 'w').close()\n"
        "workerset.handle().wait(0.2)\nraise SystemExit(1)\n",
    )
    name = shop.declare("one", name="one", file="once.py", max_consecutive_failures=1, retry_after="0s")
    shop.ensure("one")
    shop.project.wait_state(name, "Failed")
    assert shop.project.workerset(name)["status"].get("readyReplicas", 0) == 0
    assert shop.fails("workerset.ensure('one', timeout=20, scope=SCOPE)").kind == "GivenUp"


def test_catch_all_respawn_after_cap(shop: Shop) -> None:
    """Given up, then ensured again: started afresh (S3.8), and it recovers on its fourth boot."""
    shop.declare("all", file="failing.py", env={"FAILURES": "3"}, max_consecutive_failures=2, max_threads=1)
    assert shop.fails("workerset.ensure('a', timeout=20, scope=SCOPE)").kind == "GivenUp"
    shop.ensure("a")
    assert shop.do("dict(workerset.get_vars('a', scope=SCOPE))") == {"attempt": 4}


# ------------------------------------------------------------------ pools, batches, scopes


def test_pool(shop: Shop) -> None:
    name = shop.declare("one", name="one", num=3)
    shop.project.wait(resources.WORKERSETS, name, lambda obj: obj["status"].get("readyReplicas") == 3)
    assert len(shop.runs("one.")) == 3
    shop.ensure("one")
    assert len(shop.runs("one.")) == 3, "an ensure of an eager pool starts nothing (S3.4)"


def test_multi_entrypoint(shop: Shop) -> None:
    for one in ("one", "two"):
        shop.declare(one, name=one, env={"WHO": one})
    shop.ensure("one", "two")
    assert [one.split(".")[0] for one in shop.runs()] == ["one", "two"]


def test_ensure_background_worker_batch(shop: Shop) -> None:
    shop.declare("all")
    shop.ensure("a", "b", "c")
    assert [one.split(".")[0] for one in shop.runs()] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        ("[]", "ValueError"),
        ("['a', 7]", "TypeError"),
        ("['a', 'a']", "ValueError"),
        ("['a', '']", "ValueError"),
    ],
    ids=["empty", "non_string", "duplicate", "empty_name"],
)
def test_ensure_background_worker_batch_malformed(shop: Shop, names: str, kind: str) -> None:
    shop.declare("all")
    assert shop.fails(f"workerset.ensure({names}, scope=SCOPE)").kind == kind
    assert shop.runs() == []


def test_same_name_different_scope(house: tuple[Project, Agent]) -> None:
    first, second = Shop(*house), Shop(*house)
    for one in (first, second):
        one.declare("same", name="same")
        one.ensure("same")
    assert len(first.runs()) == len(second.runs()) == 1
    for one in (first, second):
        assert one.do("workerset.ensure_vars('same', scope=SCOPE)['scope']") == one.scope


def test_catch_all_per_scope(house: tuple[Project, Agent]) -> None:
    first, second = Shop(*house), Shop(*house)
    for one in (first, second):
        one.declare("all", max_threads=1)
    first.ensure("a")
    assert first.fails("workerset.ensure('b', scope=SCOPE)").kind == "CapReached"
    assert second.runs() == []
    second.ensure("b")
    assert first.fails("workerset.get_vars('b', scope=SCOPE)").kind == "NotPublished"


# ------------------------------------------------------------------ vars


def test_background_worker_publish_and_read(shop: Shop) -> None:
    shop.declare("one", name="one", ready_when="vars")
    shop.ensure("one")
    (run,) = shop.runs()
    assert shop.do("dict(workerset.get_vars('one', scope=SCOPE))") == {
        "name": "one",
        "scope": shop.scope,
        "pid": int(run.rpartition(".")[2]),
    }


def test_background_worker_error_paths(shop: Shop) -> None:
    shop.declare("one", name="one")
    assert shop.fails("workerset.get_vars('two', scope=SCOPE)").kind == "Undeclared"
    assert "ensure" in shop.fails("workerset.get_vars('one', scope=SCOPE)").message
    plain = Agent(shop.project, f"{shop.scope}-plain")
    assert plain.fails("workerset.set_vars({})").kind == "NotAvailable"
    assert plain.fails("workerset.set_vars({'a': object()})").kind in ("NotAvailable", "ValueError")


@pytest.mark.parametrize(
    ("value", "kind"),
    [("{'a': object()}", "ValueError"), ("{'a': [1, {'b': set()}]}", "ValueError"), ("['a']", "TypeError"),
     ("{1.5: 'a'}", "ValueError"), ("{'a': '\\udc80'}", "ValueError")],
)  # fmt: skip
def test_background_worker_type_validation(shop: Shop, value: str, kind: str) -> None:
    shop.do("workerset.set_vars({'kept': True})")
    assert shop.fails(f"workerset.set_vars({value})").kind == kind
    assert shop.do("dict(workerset.get_vars('agent'))") == {"kept": True}


def test_background_worker_binary_safe(shop: Shop) -> None:
    code = "{'nul': 'a\\0b', 'utf8': 'héllo ✓', 'empty': '', 'bytes': bytes(range(256)), 0: [], 'big': 2**70}"
    shop.do(f"workerset.set_vars({code})")
    assert shop.do(f"workerset.get_vars('agent') == {code}") is True


def test_background_worker_enum_missing(shop: Shop) -> None:
    shop.project.write(
        "enums.py",
        "import enum, sys, workerset\n"
        "class Colour(enum.Enum):\n    RED = 1\n"
        "sys.modules['shop_colours'] = sys.modules['__main__']\nColour.__module__ = 'shop_colours'\n"
        "workerset.set_vars({'colour': Colour.RED})\nworkerset.handle().wait()\n",
    )
    shop.declare("one", name="one", file="enums.py", ready_when="vars")
    shop.ensure("one")
    error = shop.fails("workerset.get_vars('one', scope=SCOPE)")
    assert error.kind == "EnumMissing"
    assert "shop_colours:Colour" in error.message


def test_background_worker_crash_restart(shop: Shop) -> None:
    """Stale vars stay readable while it is down, and its next snapshot is seen."""
    shop.declare("one", name="one", ready_when="vars")
    shop.ensure("one")
    first = shop.do("dict(workerset.get_vars('one', scope=SCOPE))")
    generation = shop.do("workerset.generation('one', scope=SCOPE)")
    os.kill(first["pid"], signal.SIGKILL)
    assert shop.do("workerset.get_vars('one', scope=SCOPE)['name']") == "one"
    found = shop.do(f"workerset.wait_vars('one', after={generation}, timeout=20, scope=SCOPE)")
    assert found[0] == generation + 1
    assert found[1]["pid"] != first["pid"]


def test_background_worker_get_vars_cache_identity(shop: Shop) -> None:
    shop.do("workerset.set_vars({'n': [1]})")
    assert shop.do("workerset.get_vars('agent') is workerset.get_vars('agent')") is True


def test_background_worker_get_vars_cache_many_reads(shop: Shop) -> None:
    shop.do("workerset.set_vars({'n': [1]})")
    assert shop.do("len({id(workerset.get_vars('agent')) for _ in range(500)})") == 1


def test_background_worker_scope_isolation(house: tuple[Project, Agent]) -> None:
    first, second = Shop(*house), Shop(*house)
    for one in (first, second):
        one.declare("one", name="one", ready_when="vars")
    first.ensure("one")
    assert second.fails("workerset.get_vars('one', scope=SCOPE)").kind == "NotPublished"
    second.ensure("one")
    for one in (first, second):
        assert one.do("workerset.get_vars('one', scope=SCOPE)['scope']") == one.scope
