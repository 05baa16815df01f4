"""supervisord.conf: programs, their numbers and expansions, included files and groups."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from controller.importers import convert, drafts, inifile, shell, sources

FILES = ("supervisord.conf", "supervisor.conf")
ABOUT = "supervisord.conf (Supervisor)"

_EXPANSION = re.compile(r"%\((\w+)\)(0?)(\d*)([sd])|%%")
_PAIR = re.compile(r"""\s*([\w.]+)\s*=\s*("[^"]*"|'[^']*'|[^,\n]*)\s*(?:,|\n|$)""")
_ENVIRONMENT = re.compile(r"%\(ENV_(\w+)\)s")
_HOME = re.compile(r"""(?<!HOME=)(?<!HOME=["'])%\(ENV_HOME\)s""")
_OTHERS = frozenset(
    {"supervisord", "supervisorctl", "unix_http_server", "inet_http_server", "rpcinterface", "include"}
)
_PROGRAMS = ("program", "fcgi-program")
_MOST = 1000
_ORDINAL = "$(WORKERSET_ORDINAL)"


def _restart(draft: drafts.Draft, given: drafts.Field) -> None:
    if given.value.lower() != "unexpected":
        draft.spec["restart"] = "always" if convert.truth(given.value) else "never"


def _exit_codes(_draft: drafts.Draft, given: drafts.Field) -> None:
    if others := [code for code in re.split(r"[,\s]+", given.value) if code not in ("", "0")]:
        raise ValueError(f"only 0 counts as success, not: {', '.join(others)}")


def _directory(draft: drafts.Draft, given: drafts.Field) -> None:
    if "%(ENV_" in given.value:
        raise ValueError(f"no variables in paths: {given.value}")
    draft.spec["working_dir"] = posixpath.normpath(given.value)


def _environment(draft: drafts.Draft, given: drafts.Field) -> None:
    rest = _PAIR.sub("", given.value).strip()
    if rest:
        raise ValueError(f'not of the form KEY="value",KEY="value": {rest}')
    for key, value in _PAIR.findall(given.value):
        text = value.strip().strip("'\"")
        if text == f"%(ENV_{key})s":
            continue  # inherited anyway
        if "%(ENV_" in text:
            draft.set_late(key, _ENVIRONMENT.sub(r"$(\1)", text))
        else:
            draft.set_env(key, text)


def _log_size(draft: drafts.Draft, given: drafts.Field) -> None:
    if given.value != "0":
        draft.spec.setdefault("log", {})["max_size"] = convert.size(given.value)


_LOGS = "what workers print is kept, both streams in order: `workerctl logs`"
_GROUP = "a worker is always stopped with everything it started"
_OTHER = drafts.lost("unknown")
RULES: drafts.Rules = {
    "command": drafts.read("`command`, without a shell where it needs none; `%(ENV_X)s` becomes `$(X)`"),
    "numprocs": drafts.read("`num`; `%(process_num)d` is `$(WORKERSET_ORDINAL)`, or there is a set for each"),
    "numprocs_start": drafts.read("one set a process, with its number in the name"),
    "process_name": drafts.needless("workers are called NAME-0, NAME-1, …"),
    "autostart": drafts.where_false("suspend", True),
    "autorestart": drafts.Rule("`restart`; `on_failure` where it is missing, as there", _restart),
    "exitcodes": drafts.Rule("0 only; other codes have no equivalent", _exit_codes),
    "startsecs": drafts.put("min_ready", convert.duration),
    "startretries": drafts.put("max_consecutive_failures", convert.number),
    "stopsignal": drafts.put("stop_signal", convert.stop_signal),
    "stopwaitsecs": drafts.put("stop_grace", convert.duration),
    "user": drafts.put("user", str),
    "umask": drafts.put("umask", convert.umask),
    "directory": drafts.Rule("`working_dir`", _directory),
    "environment": drafts.Rule(
        "`env`, after that of `[supervisord]`; before the command, by `env`, where `%(ENV_X)s` is in it",
        _environment,
    ),
    "stdout_logfile_maxbytes": drafts.Rule("`log.max_size`", _log_size),
    "stdout_logfile_backups": drafts.put("log.keep", convert.number),
    **dict.fromkeys(
        ("stdout_logfile", "stderr_logfile", "stderr_logfile_maxbytes", "stderr_logfile_backups"),
        drafts.needless(_LOGS),
    ),
    **dict.fromkeys(("redirect_stderr", "loglevel"), drafts.needless(_LOGS)),
    **dict.fromkeys(("stopasgroup", "killasgroup"), drafts.needless(_GROUP)),
    "serverurl": drafts.needless("workers find the controller by WORKERSET_SOCKET"),
    "priority": drafts.lost("sets start together; `depends_on` says what must be ready first"),
    **dict.fromkeys(("stdout_syslog", "stderr_syslog"), drafts.lost("what workers print goes to files only")),
    **dict.fromkeys(
        ("stdout_capture_maxbytes", "stderr_capture_maxbytes", "stdout_events_enabled",
         "stderr_events_enabled"),
        drafts.lost("there are no events in what a worker prints"),
    ),
    "socket": drafts.lost("a FastCGI socket is not handed over: `listen` does it by systemd's convention"),
    "socket_owner": drafts.lost("see socket"),
    "socket_mode": drafts.lost("see socket"),
    "socket_backlog": drafts.lost("see socket"),
}  # fmt: skip


def translate(given: tuple[sources.Source, ...], files: sources.Files) -> drafts.Drafts:
    """Raises NotOurs."""
    found = drafts.Drafts()
    sections: list[tuple[inifile.Section, str]] = []
    for source in given:
        sections += _sections(source, files, found, frozenset())
    if not any(section.kind in _PROGRAMS or section.kind in _OTHERS for section, _ in sections):
        raise sources.NotOurs(given[0].name, 0, "no [program:NAME] in it", "is this a supervisord.conf?")
    home = files.environ.get("HOME", "")
    everywhere = next(
        (one.fields.get("environment") for one, _ in sections if one.name == "supervisord"), None
    )
    for section, folder in sections:
        if section.kind in _PROGRAMS:
            found.sets += _programs(_with_home(section, home), folder, everywhere)
        elif section.kind not in (*_OTHERS, "group"):
            found.lose(section.place, f"[{section.name}]: nothing here is like it")
    titles = {section.title: section.place for section, _ in sections if section.kind in _PROGRAMS}
    for section, _ in sections:
        if section.kind == "group":
            _group(section, found, titles)
    return found


def _sections(
    source: sources.Source, files: sources.Files, found: drafts.Drafts, above: frozenset[str]
) -> Iterator[tuple[inifile.Section, str]]:
    folder = source.name.rpartition("/")[0] or "."
    for section in inifile.parse(source, (";", "#")):
        yield section, folder
        if section.name != "include" or "files" not in section.fields:
            continue
        for pattern in section.text("files").replace("%(here)s", folder).split():
            others = [
                one for one in files.find(pattern, source.name) if one.name not in above | {source.name}
            ]
            if not others:
                found.change(section.fields["files"].place, f"no file fits: {pattern}")
            for other in others:
                yield from _sections(other, files, found, above | {source.name})


def _with_home(section: inifile.Section, home: str) -> inifile.Section:
    """The one variable whose value is the machine's in any case; in a command it is asked for at run time."""
    fields = {}
    for key, one in section.fields.items():
        known = home if key != "command" and home else "%(ENV_HOME)s"
        fields[key] = drafts.Field(key, _HOME.sub(known, str(one.value)), one.place)
    return inifile.Section(section.name, section.place, fields)


def _programs(
    section: inifile.Section, folder: str, everywhere: drafts.Field | None
) -> Iterator[drafts.Draft]:
    """One set, or one a process where its number cannot be told at run time."""
    start, count = section.text("numprocs_start", "0"), section.text("numprocs", "1")
    try:
        first, number = convert.number(start), convert.number(count)
    except ValueError:
        first, number = 0, 1
    numbers = range(first, first + max(number, 1))
    texts = {key: str(one.value) for key, one in section.fields.items() if RULES.get(key, _OTHER).apply}
    forms = {match[0]: match for text in texts.values() for match in _EXPANSION.finditer(text)
             if match[1] == "process_num"}  # fmt: skip
    if number > _MOST:
        forms = {}  # more than a set may have anyway, which is told where it is checked
    if number > 1 and forms and (first or not _only_in_command(texts) or not _one_width(forms, numbers)):
        for one in numbers:
            yield _program(section, folder, everywhere, {"process_num": one}, f"{section.title}-{one}")
        return
    width = len(str(numbers[-1]))
    draft = _program(section, folder, everywhere, {"process_num": None if number > 1 else first}, width=width)
    if number != 1:
        draft.spec["num"] = number
    yield draft


def _only_in_command(texts: Mapping[str, str]) -> bool:
    return not any("%(process_num)" in texts.get(key, "") for key in ("directory", "environment", "user"))


def _one_width(forms: Mapping[str, re.Match[str]], numbers: range) -> bool:
    """Whether the ordinals are written with equally many digits, so that zeros before them are constant."""
    same = len(str(numbers[0])) == len(str(numbers[-1]))
    return all(not form[3] or (same and form[2] == "0") for form in forms.values())


def _program(
    section: inifile.Section,
    folder: str,
    everywhere: drafts.Field | None,
    known: Mapping[str, int | None],
    name: str = "",
    *,
    width: int = 1,
) -> drafts.Draft:
    draft = drafts.Draft(name or section.title, section.place, {"restart": "on_failure"})
    facts = {"program_name": section.title, "group_name": section.title, "here": folder}
    facts |= {"numprocs": section.text("numprocs", "1")}
    facts |= {key: str(one) for key, one in known.items() if one is not None}
    given = [] if everywhere is None else [drafts.Field("environment", everywhere.value, everywhere.place)]
    for one in [*given, *section.fields.values()]:
        value = _expand(str(one.value), facts, width, in_command=one.key == "command")
        drafts.apply(RULES, draft, drafts.Field(one.key, value, one.place), of="supervisord")
    _command(draft, section, facts, width)
    return draft


def _command(draft: drafts.Draft, section: inifile.Section, facts: Mapping[str, str], width: int) -> None:
    given = section.fields.get("command")
    if given is None:
        draft.lose(section.place, f"[{section.name}] has no command")
        return
    text = _expand(str(given.value), facts, width, in_command=True)
    try:
        shell.put_words(draft, text)
        shell.put_late(draft)
    except ValueError as error:
        draft.lose(given.place, f"command: {error}")


def _expand(text: str, facts: Mapping[str, str], width: int, *, in_command: bool) -> str:
    def one(match: re.Match[str]) -> str:
        if match[0] == "%%":
            return "%"
        name, zero, digits = match[1], match[2], int(match[3] or 0)
        if name in facts:
            return facts[name].zfill(digits) if zero or match[4] == "d" else facts[name]
        if name == "process_num" and in_command:
            return "0" * max(digits - width, 0) + _ORDINAL
        if name.startswith("ENV_") and in_command:
            return f"$({name[4:]})"
        return match[0]

    return _EXPANSION.sub(one, text)


def _group(section: inifile.Section, found: drafts.Drafts, titles: Mapping[str, str]) -> None:
    """A label of its programs, which are known by where they stand: one may be several sets."""
    places = {titles.get(name.strip()) for name in section.text("programs").split(",")}
    for draft in found.sets:
        if draft.place in places:
            draft.labels["group"] = section.title
    if "priority" in section.fields:
        why = RULES["priority"].becomes.replace("`", "")
        found.lose(section.fields["priority"].place, f"priority: {why}")
