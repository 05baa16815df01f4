"""The floors, the homes of side effects, and the sizes of things, read from the source with `ast`.

docs/architecture.md explains the rules; each test prints every offender with its place.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pytest

from tests.source_code import PACKAGE, ROOT, Module, body_lines, of_ours, parameters

FLOORS = {
    "core": 0, "sdk": 0,
    "ports": 1, "settings": 1, "clock": 1, "ids": 1, "inotify": 1,
    "manifest": 2, "store": 2, "runtime": 2, "vars": 2, "files": 2, "client": 2, "kube": 2, "probes": 2,
    "access": 2,
    "engine": 3, "api": 3, "importers": 3,
    "projectcontrol": 4, "gateway": 4, "logkeeping": 4,
    "app": 5,
    "places": 4,
    "cli": 6, "embedding": 6,
    "__main__": 7,
}  # fmt: skip
"""Imports point down only; parts of one floor never import each other. The shim stands apart."""

FACE = {"__init__": "embedding"}
"""What `import controller` offers, and where alone it may come from; lazily, which a test checks."""

APART = "shim"
MAY_START_THE_SHIM = {"app", "cli", "embedding", "runtime"}
"""`runtime` and the roof know how to launch and find the shim; nobody else knows there is one."""

SAME_FLOOR = {("ports", "settings")}
"""Values that a port's signature names."""


@dataclass(frozen=True)
class Effect:
    """A dangerous thing: the modules and dotted names that do it, and the only places that may."""

    what: str
    names: str
    homes: str


STARTING = """subprocess pty os.fork os.forkpty os.posix_spawn os.posix_spawnp os.execv os.execve os.execvp
    os.execvpe os.system os.popen os.wait os.waitpid os.waitid os.setsid os.setpgid
    asyncio.create_subprocess_exec asyncio.create_subprocess_shell"""

EFFECTS = (
    Effect("YAML", "yaml", "manifest/ cli/output.py cli/yamlvalue.py"),
    Effect("JSON Schema", "jsonschema referencing", "manifest/"),
    Effect("SQLite", "sqlite3", "store/db.py"),
    Effect("shared memory", "mmap multiprocessing", "vars/ sdk/"),
    Effect("the C library", "ctypes", "inotify.py shim/ sdk/ vars/"),
    Effect("the terminal", "rich", "cli/render"),
    Effect("HTTP server", "uvicorn httptools", "api/server"),
    Effect("web framework", "starlette", "api/"),
    Effect("starting and reaping processes", STARTING, "shim/ cli/programs.py"),
    Effect("signalling processes", "os.kill os.killpg signal.pidfd_send_signal", "shim/ client/waiting.py"),
    Effect("sockets", "socket _socket", "client/ runtime/ api/server shim/ sdk/ kube/"),
    Effect(
        "clocks",
        "time datetime.datetime.now datetime.datetime.utcnow datetime.date.today",
        "clock.py shim/ sdk/",
    ),
    Effect("randomness", "random secrets uuid os.urandom", "ids.py"),
    Effect("signal handlers", "signal.signal signal.set_wakeup_fd", "cli/run.py shim/"),
    Effect("logging set-up", "logging.basicConfig logging.config logging.handlers", "cli/run.py"),
    Effect(
        "its own environment",
        "os.environ os.getenv os.putenv sys.argv",
        "cli/main.py embedding/environ.py sdk/ shim/ __main__.py",
    ),
    Effect("threads", "threading concurrent asyncio.to_thread", "sdk/ vars/sleeping.py"),
    Effect("pickles and eval", "pickle marshal shelve builtins.eval builtins.exec", ""),
)

RETRIES = {"runtime/connection.py", "sdk/workerset/aio.py"}
"""May pause before they try again: a shim or a controller that is away tells nobody when it is back."""

IMPURE = {
    "asyncio",
    "io",
    "os",
    "pathlib",
    "selectors",
    "shutil",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
}
"""What a pure part has no use for, beyond the effects above."""

MOST_FILE_LINES = 300
MOST_BODY_LINES = 40
MOST_PARAMETERS = 6


MODULES = [Module(path) for path in sorted(PACKAGE.rglob("*.py"))]
TESTS = [Module(path) for path in sorted((ROOT / "tests").rglob("*.py")) if "children" not in path.parts]


def none_of(offenders: Iterable[str], rule: str) -> None:
    found = sorted(set(offenders))
    if found:
        pytest.fail(f"{rule}:\n  " + "\n  ".join(found), pytrace=False)


# ------------------------------------------------------------------------------------------- floors


def test_every_part_has_a_floor() -> None:
    parts = {module.part for module in MODULES} - {"__init__"}
    assert parts <= {*FLOORS, APART}, f"no floor in the table for: {parts - {*FLOORS, APART}}"


def test_imports_point_down_and_never_sideways() -> None:
    def allowed(module: Module, target: str) -> bool:
        if target in ("", module.part) or target.startswith("__"):
            return True
        if module.part == APART:
            return target == "sdk"
        if target == APART:
            return module.part in MAY_START_THE_SHIM
        if module.part in FACE:
            return target == FACE[module.part]
        if target not in FLOORS:
            return True
        return FLOORS[target] < FLOORS[module.part] or (module.part, target) in SAME_FLOOR

    none_of(
        (
            f"{module.at(node)}: {module.part} imports {name}"
            for module in MODULES
            for name, node in module.imports
            if not allowed(module, of_ours(name))
        ),
        "imports point down only, and siblings never import each other",
    )


@pytest.mark.parametrize("part", ["shim", "sdk"])
def test_what_runs_beside_workers_needs_the_standard_library_only(part: str) -> None:
    none_of(
        (
            f"{module.at(node)}: {name}"
            for module in MODULES
            if module.part == part
            for name, node in module.imports
            if not of_ours(name) and name.split(".")[0] not in sys.stdlib_module_names
        ),
        f"{part} imports the standard library only",
    )


# ------------------------------------------------------------------------------------------ effects


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.what)
def test_each_effect_stays_in_its_home(effect: Effect) -> None:
    def hits(name: str) -> bool:
        return any(name == one or name.startswith(one + ".") for one in effect.names.split())

    none_of(
        (
            f"{module.at(node)}: {name}"
            for module in MODULES
            if not any(module.place.startswith(home) for home in effect.homes.split())
            for name, node in (*module.imports, *module.dotted)
            if hits(name)
        ),
        f"{effect.what}: only in {effect.homes or 'nothing of ours'}",
    )


def test_waiting_in_asyncio_is_for_events_not_for_time() -> None:
    """`asyncio.sleep(0)` lets others run; any other number is a poll, or the pause before a retry."""
    none_of(
        (
            f"{module.at(node)}: {ast.unparse(node)}"
            for module in MODULES
            if module.place not in RETRIES
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call)
            and ast.unparse(node.func) == "asyncio.sleep"
            and ast.unparse(node.args[0]) != "0"
        ),
        "wait for the event, with a deadline",
    )


def test_the_core_is_pure() -> None:
    none_of(
        (
            f"{module.at(node)}: {name}"
            for module in MODULES
            if module.part == "core"
            for name, node in module.imports
            if name.split(".")[0] in IMPURE
        ),
        "core has no I/O",
    )
    none_of(
        (
            f"{module.at(node)}: {ast.unparse(node.func)}"
            for module in MODULES
            if module.part == "core"
            for node in ast.walk(module.tree)
            if isinstance(node, (ast.AsyncFunctionDef, ast.Call))
            and (
                isinstance(node, ast.AsyncFunctionDef) or ast.unparse(node.func) in ("open", "print", "input")
            )
        ),
        "core has no I/O and nothing to wait for",
    )


# -------------------------------------------------------------------------------------------- sizes


def test_files_are_short() -> None:
    none_of(
        (
            f"{module.path.relative_to(ROOT)}: {count} lines"
            for module in MODULES
            if (count := module.text.count("\n")) > MOST_FILE_LINES
        ),
        f"a file has at most {MOST_FILE_LINES} lines",
    )


def test_modules_say_what_they_own() -> None:
    none_of(
        (module.at(module.tree) for module in MODULES if not ast.get_docstring(module.tree)),
        "a module begins with a docstring",
    )


def functions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for module in MODULES:
        for node in ast.walk(module.tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield f"{module.at(node)}: {node.name}", node


def test_functions_are_short() -> None:
    none_of(
        (f"{name} has {n}" for name, node in functions() if (n := body_lines(node)) > MOST_BODY_LINES),
        f"a function's body has at most {MOST_BODY_LINES} lines",
    )


def test_functions_take_few_parameters() -> None:
    none_of(
        (f"{name} has {n}" for name, node in functions() if (n := parameters(node)) > MOST_PARAMETERS),
        f"at most {MOST_PARAMETERS} parameters before a frozen dataclass takes over",
    )


# ------------------------------------------------------------------------------------------- habits


def test_what_is_private_stays_private() -> None:
    none_of(
        (
            f"{module.at(node)}: {name}"
            for module in MODULES
            for name, node in (*module.imports, *module.dotted)
            if name.startswith("controller.")
            and any(part.startswith("_") and not part.startswith("__") for part in name.split("."))
            and not module.place.startswith(name.split(".")[1] + "/_")
        ),
        "a name with an underscore belongs to its module",
    )


def test_tests_do_not_sleep() -> None:
    none_of(
        (
            f"{test.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {name}"
            for test in TESTS
            for name, node in test.dotted
            if name in ("time.sleep", "asyncio.sleep") and not _lets_others_run(test, node)
        ),
        "tests wait for events, with a deadline",
    )


def _lets_others_run(module: Module, node: ast.AST) -> bool:
    """`asyncio.sleep(0)`."""
    return any(
        isinstance(call, ast.Call) and call.func is node and ast.unparse(call.args[0]) == "0"
        for call in ast.walk(module.tree)
    )
