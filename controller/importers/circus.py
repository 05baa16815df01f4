"""circus.ini: watchers, sockets that are handed over, environments by watcher."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping

from controller.core import addresses
from controller.importers import convert, drafts, inifile, shell, sources

FILES = ("circus.ini",)
ABOUT = "circus.ini (Circus)"

_VARIABLE = re.compile(
    r"\$\((?:circus\.)?env\.(\w+)\)|\(\((?:circus\.)?env\.(\w+)\)\)|\$\(circus\.env\.(\w+)\)", re.I
)
_PLAIN = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
_SOCKET = re.compile(r"\$\(circus\.sockets\.([\w.-]+)\)|\(\(circus\.sockets\.([\w.-]+)\)\)", re.I)
_NUMBER = re.compile(r"\$\((?:circus\.)?wid\)|\(\((?:circus\.)?wid\)\)|\$WID\b", re.I)
_OTHERS = frozenset({"circus", "watcher", "socket", "env"})


_LOGS = "what workers print is kept, both streams in order: `workerctl logs`"
RULES: drafts.Rules = {
    "cmd": drafts.read("`command`; `$(circus.env.X)` becomes `$(X)`, `$(circus.wid)` `$(WORKERSET_ORDINAL)`"),
    "args": drafts.read("the rest of `command`"),
    "shell": drafts.read("`command: [sh, -c, …]`"),
    "use_sockets": drafts.read("`listen`, by the sockets that `cmd` and `args` name"),
    "virtualenv": drafts.read("programs are taken from its `bin`"),
    "numprocesses": drafts.put("num", convert.number),
    "working_dir": drafts.put("working_dir", str),
    "uid": drafts.put("user", str),
    "stop_signal": drafts.put("stop_signal", convert.stop_signal),
    "graceful_timeout": drafts.put("stop_grace", convert.duration),
    "max_retry": drafts.put("max_consecutive_failures", convert.number),
    "autostart": drafts.where_false("suspend", True),
    "respawn": drafts.where_false("restart", "never"),
    "rlimit_nofile": drafts.put("resources.files", convert.number),
    "stdout_stream.max_bytes": drafts.put("log.max_size", convert.size),
    "stdout_stream.backup_count": drafts.put("log.keep", convert.number),
    **dict.fromkeys(("copy_env", "copy_path"), drafts.needless("workers inherit the project's environment")),
    "singleton": drafts.needless("`num` is 1 unless told otherwise"),
    "stop_children": drafts.needless("a worker is always stopped with everything it started"),
    "virtualenv_py_ver": drafts.needless("see virtualenv"),
    "warmup_delay": drafts.lost_if_on("processes start together"),
    "priority": drafts.lost_if_on("sets start together; `depends_on` says what must be ready first"),
    "send_hup": drafts.lost_if_on("a restart is always a new process"),
    "max_age": drafts.lost_if_on("workers have no age: let the program end by itself with exit code 0"),
    "max_age_variance": drafts.lost_if_on("see max_age"),
    "on_demand": drafts.lost_if_on("nothing is started by a first connection"),
    "gid": drafts.lost("the group is that of `user`"),
    "shell_args": drafts.lost("write them into `command: [sh, -c, …]`"),
    "use_papa": drafts.lost_if_on("sockets outlive processes and controllers by themselves"),
    **dict.fromkeys(
        ("close_child_stdin", "close_child_stdout", "close_child_stderr"),
        drafts.lost_if_on("standard input is /dev/null, both outputs are kept"),
    ),
}
EVERYWHERE: drafts.Rules = {
    "umask": drafts.put("umask", convert.umask),
    "warmup_delay": RULES["warmup_delay"],
}


def translate(given: tuple[sources.Source, ...], files: sources.Files) -> drafts.Drafts:
    """Raises NotOurs."""
    found = drafts.Drafts()
    sections = [one for source in given for one in _sections(source, files, found, frozenset())]
    if not any(one.kind in ("circus", "watcher") for one in sections):
        raise sources.NotOurs(given[0].name, 0, "no [watcher:NAME] in it", "is this a circus.ini?")
    environments = [one for one in sections if one.kind == "env"]
    sockets = {one.title.lower(): _filled(one, environments) for one in sections if one.kind == "socket"}
    for section in sections:
        if section.kind == "watcher":
            found.sets.append(_watcher(section, sockets, environments, files.environ.get("HOME", "")))
        elif section.kind not in _OTHERS:
            found.lose(section.place, f"[{section.name}]: nothing here is like it")
    used = {address for one in found.sets for address in one.spec.get("listen", ())}
    for name, socket in sockets.items():
        if (address := _address(socket)) is None or address not in used:
            found.change(socket.place, f"[socket:{name}]: no watcher uses it")
    for section in sections:
        if section.name == "circus":
            _for_all(section, found)
    return found


def _for_all(section: inifile.Section, found: drafts.Drafts) -> None:
    """What circusd itself is told and its watchers inherit; the rest is about circusd."""
    for key in ("umask", "warmup_delay"):
        for draft in found.sets if key in section.fields else ():
            drafts.apply(EVERYWHERE, draft, section.fields[key], of="circus")


def _filled(socket: inifile.Section, environments: list[inifile.Section]) -> inifile.Section:
    """Variables in an address, by what [env] says of them."""
    everywhere = [env.fields for env in environments if not env.title]
    known = {key.lower(): str(one.value) for fields in everywhere for key, one in fields.items()}

    def filled(text: str) -> str:
        return _VARIABLE.sub(lambda found: known.get(_name(found).lower(), found[0]), text)

    fields = {key: drafts.Field(key, filled(one.value), one.place) for key, one in socket.fields.items()}
    return inifile.Section(socket.name, socket.place, fields)


def _sections(
    source: sources.Source, files: sources.Files, found: drafts.Drafts, above: frozenset[str]
) -> Iterator[inifile.Section]:
    for section in inifile.parse(source, (";",)):
        yield section
        if section.name != "circus":
            continue
        patterns = section.text("include").split()
        patterns += [f"{folder.rstrip('/')}/*.ini" for folder in section.text("include_dir").split()]
        for pattern in patterns:
            others = [
                one for one in files.find(pattern, source.name) if one.name not in above | {source.name}
            ]
            if not others:
                found.change(section.place, f"no file fits: {pattern}")
            for other in others:
                yield from _sections(other, files, found, above | {source.name})


def _watcher(
    section: inifile.Section,
    sockets: Mapping[str, inifile.Section],
    environments: list[inifile.Section],
    home: str,
) -> drafts.Draft:
    draft = drafts.Draft(section.title, section.place)
    for one in environments:
        patterns = [pattern.strip() for pattern in one.title.split(",")] if one.title else ["*"]
        if any(fnmatch.fnmatch(section.title, pattern) for pattern in patterns):
            for given in one.fields.values():
                _variable(draft, given, home)
    for given in section.fields.values():
        if given.key.startswith(("stdout_stream.", "stderr_stream.")) and given.key not in RULES:
            draft.notes.append(drafts.Note(given.place, given.key, "needless"))
        elif given.key.startswith("hooks."):
            draft.lose(given.place, f"{given.key}: there are no hooks; call it in the program itself")
        elif given.key.startswith("rlimit_") and given.key not in RULES:
            draft.lose(given.place, f"{given.key}: only the number of open files can be limited")
        else:
            _key(draft, given, home)
    _command(draft, section, sockets, home)
    return draft


def _variable(draft: drafts.Draft, given: drafts.Field, home: str) -> None:
    """A value with a variable in it is known where [env] says what that is, else at the start."""
    value = _PLAIN.sub(r"$(circus.env.\1)", given.value.replace("%%", "%"))
    value = _known(value, draft, home)
    if _VARIABLE.search(value):
        draft.set_late(given.key, _VARIABLE.sub(lambda found: f"$({_cased(_name(found), draft)})", value))
    else:
        draft.set_env(given.key, value)


def _key(draft: drafts.Draft, given: drafts.Field, home: str) -> None:
    value = given.value.replace("%%", "%")
    if given.key not in ("cmd", "args", "virtualenv"):
        value = _known(value, draft, home)
        if _VARIABLE.search(value):
            draft.lose(given.place, f"{given.key}: no variables here: {given.value}")
            return
    drafts.apply(RULES, draft, drafts.Field(given.key, value, given.place), of="circus")


def _known(value: str, draft: drafts.Draft, home: str) -> str:
    """Variables in paths: those of [env], and the home folder."""
    names = {"home": home} if home else {}
    names |= {key.lower(): known for key, known in draft.env.items()}
    return _VARIABLE.sub(lambda found: names.get(_name(found).lower(), found[0]), value)


def _name(found: re.Match[str]) -> str:
    return found[1] or found[2] or found[3]


def _command(
    draft: drafts.Draft, section: inifile.Section, sockets: Mapping[str, inifile.Section], home: str
) -> None:
    given = section.fields.get("cmd")
    if given is None or not given.value:
        draft.lose(section.place, f"[{section.name}] has no cmd")
        return
    text = f"{given.value} {section.text('args')}".strip().replace("%%", "%").replace("\n", " ")
    if _NUMBER.search(text):
        draft.change(given.place, "numbers of processes begin with 0 here, with 1 there")
    text = _NUMBER.sub("$(WORKERSET_ORDINAL)", text)
    text = _VARIABLE.sub(lambda found: f"$({_cased(_name(found), draft)})", text)
    text = _with_sockets(draft, given.place, text, sockets)
    try:
        if section.text("shell", "0").lower() in ("1", "true", "yes", "on"):
            draft.spec["command"] = ["sh", "-c", text]
        else:
            shell.put_words(draft, text)
    except ValueError as error:
        draft.lose(given.place, f"cmd: {error}")
        return
    if folder := _known(section.text("virtualenv"), draft, home):
        _in_virtualenv(draft, folder)
    shell.put_late(draft)


def _cased(name: str, draft: drafts.Draft) -> str:
    """Circus looks variables up whatever their case; the file's own come first, capitals else."""
    names = {key.lower(): key for key in draft.env}
    return names.get(name.lower(), name.upper())


def _with_sockets(draft: drafts.Draft, place: str, text: str, sockets: Mapping[str, inifile.Section]) -> str:
    def one(found: re.Match[str]) -> str:
        name = (found[1] or found[2]).lower()
        if name not in sockets:
            draft.lose(place, f"no [socket:{name}] in these files")
            return found[0]
        if (address := _address(sockets[name])) is None:
            draft.lose(place, f"[socket:{name}] is no address to listen on: {_shown(sockets[name])}")
            return found[0]
        listen = draft.spec.setdefault("listen", [])
        if address not in listen:
            listen.append(address)
        number = listen.index(address)
        return "$(LISTEN_FD)" if not number else str(3 + number)

    return _SOCKET.sub(one, text)


def _shown(socket: inifile.Section) -> str:
    path, host, port = socket.text("path"), socket.text("host", "localhost"), socket.text("port", "8080")
    return f"unix:{path}" if path else f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _address(socket: inifile.Section) -> str | None:
    """None for a host that is no number, and for a variable whose value is not in [env]."""
    try:
        return str(addresses.parse(_shown(socket)))
    except addresses.BadAddress:
        return None


def _in_virtualenv(draft: drafts.Draft, folder: str) -> None:
    command = draft.spec["command"]
    first = command.split()[0] if isinstance(command, str) else command[0]
    if "/" not in first and first != "sh":
        program = f"{folder.rstrip('/')}/bin/{first}"
        draft.spec["command"] = (
            program + command[len(first) :] if isinstance(command, str) else [program, *command[1:]]
        )
