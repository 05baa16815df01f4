"""What a worker is started with (S8.1, S8.2): its argv, its folder, every variable with its source."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from controller import ports
from controller.core import masking, proberules, spec, tokens
from controller.runtime import interpreters
from controller.sdk.workerset import contract

BASE = "base environment"
MANIFEST = "env"
ENV_FILES = "env_files"
OURS = "workerset"
LISTEN_FD = "LISTEN_FD"
"""In `command` and `args` of HTTP sets: the number of the first socket; no variable of the process."""

SDK = os.path.dirname(os.path.dirname(os.path.abspath(contract.__file__)))
"""The folder that holds the package `workerset`, and nothing else."""

_REFERENCE = re.compile(r"\$\$\(|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the worker is: the part of S8.2 that is no part of its template."""

    worker_name: str
    scope: str = ""
    background: bool = False
    ordinal: int = 0
    namespace: str = ""
    """Empty: nobody is started, the variables are only shown."""


@dataclass(frozen=True, slots=True)
class Contacts:
    """How workers reach us: the worker socket, what signs their tokens, and the slots they publish in.

    `vars_path` takes namespace, scope, name and `user`; it raises `OSError` where no slot can be made.
    """

    socket: str
    secret: str
    vars_path: Callable[[str, str, str, str | None], str]


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable and where its value comes from."""

    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything but what only the shim knows (run id, sockets). `by_ordinal`: argv differs in a pool.

    `own` is what is put over the base environment.
    """

    argv: tuple[str, ...]
    cwd: str
    own: Mapping[str, Variable]
    base: Mapping[str, Variable]
    by_ordinal: bool

    @property
    def variables(self) -> Mapping[str, Variable]:
        return {**self.base, **self.own}


_Surroundings = tuple[str, interpreters.Choice, Mapping[str, Variable]]
"""The folder, the interpreter and the variables of its language."""

Seen = dict[int, _Surroundings]
"""Them by the template, the object, that they were looked up for."""


class Resolver:
    """Resolves templates of one project against its base environment."""

    def __init__(self, root: str, base_env: Mapping[str, str], contacts: Contacts | None = None) -> None:
        self._root = root
        self._contacts = contacts
        self.base = {name: value for name, value in base_env.items() if name not in contract.PRIVATE}
        self._base = {name: Variable(value, BASE) for name, value in self.base.items()}
        self._tag = Variable(contract.project_tag(root), OURS)

    def resolve(
        self,
        template: spec.Template,
        identity: Identity,
        env_file_values: Mapping[str, str],
        seen: Seen | None = None,
    ) -> Launch:
        """Raises `LaunchProblem` where it is clear already that nothing can be started. `seen` keeps what was
        looked up on the disk for a template, for as long as the caller keeps that."""
        found = None if seen is None else seen.get(id(template))
        cwd, choice, language = found or self._look_up(template)
        if seen is not None:
            seen[id(template)] = cwd, choice, language
        own = {**language}
        if template.port is not None:
            own["PORT"] = Variable(str(template.port), "port")
        for name, value in env_file_values.items():
            own[name] = Variable(value, ENV_FILES)
        for name, value in template.env.items():
            own[name] = Variable(value, MANIFEST)
        private = template.probe_port == proberules.UNIX
        self._add_contract(own, identity, len(template.listen) + private)
        if isinstance(template.probe_port, int):
            own[contract.PROBE_PORT] = Variable(str(template.probe_port + identity.ordinal), OURS)
        if template.watchdog_seconds:
            own[contract.WATCHDOG_USEC] = Variable(str(round(template.watchdog_seconds * 1e6)), OURS)
        self._add_contacts(own, identity, template.user)
        words = self._words(template, identity, choice)
        known = {**own, LISTEN_FD: Variable(str(contract.HANDLE), OURS)} if template.listen else own
        argv = tuple(expand(word, known, self._base) for word in words)
        if not argv or not argv[0]:
            raise ports.LaunchProblem("the command is empty: give a program as its first word")
        by_ordinal = contract.PROBE_PORT in own or any(contract.ORDINAL in word for word in words)
        return Launch(argv, cwd, own, self._base, by_ordinal)

    def _look_up(self, template: spec.Template) -> _Surroundings:
        cwd = os.path.normpath(os.path.join(self._root, template.working_dir))
        choice = self._choose(template, cwd)
        return cwd, choice, self._language(choice, cwd)

    def _choose(self, template: spec.Template, cwd: str) -> interpreters.Choice:
        if template.file is not None:
            return interpreters.choose(template, cwd, self._root, self.base)
        venv, where = interpreters.venv_of(cwd, self._root, self.base)
        return interpreters.Choice("", where, venv)

    def _words(
        self, template: spec.Template, identity: Identity, choice: interpreters.Choice
    ) -> tuple[str, ...]:
        """S8.2: with `file`, the script sees `[file, name, *args]`."""
        if template.file is None:
            return (*(template.command or ()), *template.args)
        path = os.path.join(self._root, template.file)
        if not os.path.exists(path):
            raise ports.LaunchProblem(f"file not found: {template.file} (relative to {self._root})")
        given = [choice.program, *choice.options] if choice.program else []
        given += [path, identity.worker_name]
        return (*(word.replace("$(", "$$(") for word in given), *template.args)

    def _language(self, choice: interpreters.Choice, cwd: str) -> dict[str, Variable]:
        own = {"PYTHONUNBUFFERED": Variable("1", OURS)}
        first = [f"{choice.venv}/bin"] if choice.venv else []
        modules = interpreters.nearest(cwd, self._root, "node_modules/.bin")
        if modules:
            first.append(modules)
        if first:
            path = self.base.get("PATH", os.defpath)
            names = " and ".join(os.path.relpath(one, self._root) for one in first)
            own["PATH"] = Variable(":".join([*first, path]), f"{BASE}, after {names}")
        if choice.venv:
            own["VIRTUAL_ENV"] = Variable(choice.venv, OURS)
        return own

    def _add_contract(self, variables: dict[str, Variable], identity: Identity, sockets: int) -> None:
        fixed = {
            contract.CONTRACT: contract.VERSION,
            contract.NAME: identity.worker_name,
            contract.SCOPE: identity.scope,
            contract.ORDINAL: str(identity.ordinal),
            contract.HANDLE_FD: str(contract.HANDLE + sockets),
        }
        if sockets:
            fixed[contract.LISTEN_FDS] = str(sockets)
        if identity.background:
            fixed[contract.BACKGROUND] = "1"
            fixed[contract.FRANKENPHP_WORKER] = identity.worker_name
            fixed[contract.FRANKENPHP_NAME] = identity.worker_name
            fixed[contract.FRANKENPHP_BACKGROUND] = "1"
        for name, value in fixed.items():
            variables[name] = Variable(value, OURS)
        variables[contract.PROJECT] = self._tag

    def _add_contacts(self, variables: dict[str, Variable], identity: Identity, user: str | None) -> None:
        """S8.2: where to ask and to publish, and our library first on Python's path."""
        theirs = variables.get("PYTHONPATH") or self._base.get("PYTHONPATH")
        path = SDK if theirs is None or not theirs.value else f"{SDK}:{theirs.value}"
        source = OURS if path == SDK or theirs is None else f"{theirs.source}, after the SDK"
        variables["PYTHONPATH"] = Variable(path, source)
        if self._contacts is None:
            return
        variables[contract.SOCKET] = Variable(self._contacts.socket, OURS)
        if identity.background and not identity.namespace:
            variables[contract.VARS] = Variable("(the slot of its name)", OURS)
        elif identity.background:
            try:
                slot = self._contacts.vars_path(
                    identity.namespace, identity.scope, identity.worker_name, user
                )
            except OSError as problem:
                raise ports.LaunchProblem(f"cannot make its shared memory: {problem}") from None
            variables[contract.VARS] = Variable(slot, OURS)

    def own_of(self, worker: ports.WorkerRef) -> dict[str, str]:
        """What differs from worker to worker of a pool: its token."""
        return {} if self._contacts is None else {contract.TOKEN: tokens.sign(self._contacts.secret, worker)}


def expand(word: str, own: Mapping[str, Variable], base: Mapping[str, Variable]) -> str:
    """`$(NAME)` as Kubernetes does it: unknown names stay as they are, `$$(NAME)` is `$(NAME)`.

    Any other `$$` is left alone: in `sh -c` it is the shell's own process id.
    """
    if "$(" not in word:
        return word

    def one(found: re.Match[str]) -> str:
        if found[1] is None:
            return "$("
        known = own.get(found[1]) or base.get(found[1])
        return found[0] if known is None else known.value

    return _REFERENCE.sub(one, word)


def listing(launch: Launch) -> list[dict[str, str]]:
    """S8.1: what `workerctl env` shows, by name; variables only the shim knows are named as such."""
    variables = dict(launch.variables)
    of_a_run = [contract.RUN, contract.NOTIFY_SOCKET]
    if contract.LISTEN_FDS in variables:
        of_a_run += [contract.LISTEN_PID, contract.LISTEN_FDNAMES]
    for name in of_a_run:
        variables[name] = Variable("(new for each run)", OURS)
    if contract.SOCKET in variables:
        variables[contract.TOKEN] = Variable("(its own for each worker)", OURS)
    return [
        {"name": name, "value": masking.masked(name, variables[name].value), "source": variables[name].source}
        for name in sorted(variables)
    ]
