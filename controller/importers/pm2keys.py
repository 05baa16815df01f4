"""What the keys of an app of PM2 become. Bare numbers of time are milliseconds there."""

from __future__ import annotations

from controller.importers import convert, drafts, sources
from controller.manifest import trees

_SHARED = "instances share no port by themselves: use listen, and listen({fd: 3}) in the program"
_MILLISECONDS = 0.001
_HARMLESS = frozenset({"node_modules", "logs", "log", ".git", "public", "tmp", "dist", "build", "*.log"})


def text_of(app: trees.Tree, key: str) -> str:
    found = app.get(key)
    return (found.text or "") if found is not None and found.is_scalar else ""


def _time(text: str) -> str:
    return convert.duration(text, _MILLISECONDS)


def _env(draft: drafts.Draft, given: drafts.Field) -> None:
    for key, value in (given.value.fields or {}).items():
        if value.is_scalar:
            draft.set_env(key, value.text or "")
        else:
            draft.lose(given.place, f"{given.key}.{key}: a variable holds text only")


def other_env(draft: drafts.Draft, given: drafts.Field, variant: str) -> None:
    """`env_production`, which `--env production` lays over `env`."""
    name = given.key.removeprefix("env_")
    if name == variant:
        _env(draft, given)
    else:
        draft.lose(given.place, f"{given.key}: left out; --env {name} takes it")


def _exit_codes(draft: drafts.Draft, given: drafts.Field) -> None:
    codes = [one.text for one in given.value.items or (given.value,)]
    if "0" in codes:
        draft.spec.setdefault("restart", "on_failure")
    if others := [str(code) for code in codes if code != "0"]:
        raise ValueError(f"only 0 ends a worker for good, not: {', '.join(others)}")


def _memory(draft: drafts.Draft, given: drafts.Field) -> None:
    draft.spec.setdefault("resources", {})["memory"] = convert.size(given.value.text or "")
    draft.change(given.place, "max_memory_restart: a limit that the system holds, here")


def _watch(draft: drafts.Draft, given: drafts.Field) -> None:
    """The whole folder is what `true` means: here too without what git ignores."""
    if is_watched(given.value):
        named = [one.text or "" for one in given.value.items or (given.value,)]
        patterns = [convert.pattern(name) for name in named]
        draft.spec["watch"] = True if "**" in patterns or named[0].lower() == "true" else patterns


def is_watched(value: trees.Tree | None) -> bool:
    return value is not None and (bool(value.items) or (value.text or "false").lower() != "false")


def _ignore_watch(_draft: drafts.Draft, given: drafts.Field) -> None:
    names = [(one.text or "").strip("./*") for one in given.value.items or (given.value,)]
    if others := [name for name in names if name not in _HARMLESS]:
        raise ValueError(
            f"what .gitignore holds is not watched; list the others in watch: {', '.join(others)}"
        )


def _exec_mode(draft: drafts.Draft, given: drafts.Field) -> None:
    if (given.value.text or "").startswith("cluster"):
        draft.notes.append(drafts.Note(given.place, "exec_mode", "needless"))


def _delay(draft: drafts.Draft, given: drafts.Field) -> None:
    draft.change(given.place, f"{given.key}: a failed worker is run again after 0 to 1 s, its own pace")


def _group(draft: drafts.Draft, given: drafts.Field) -> None:
    if given.value.text not in (None, "default"):
        draft.labels["group"] = given.value.text


def _port(draft: drafts.Draft, given: drafts.Field) -> None:
    draft.set_env("PORT", given.value.text or "")


def instances(draft: drafts.Draft, app: trees.Tree, source: sources.Source, processors: int) -> None:
    """`max` and 0 are all processors, -1 all but one."""
    given = app.get("instances")
    word = text_of(app, "instances").lower()
    if given is None or word == "":
        return
    place = source.at(app.key_lines["instances"])
    try:
        number = 0 if word in ("max", "auto") else convert.number(word)
    except ValueError as error:
        draft.lose(place, f"instances: {error}")
        return
    if number <= 0:
        number = max(processors + number, 1)
        draft.change(place, f"instances: {word} is {number} on this machine")
    draft.spec["num"] = number
    if number > 1 and not text_of(app, "exec_mode").startswith("fork"):
        draft.lose(place, _SHARED)


_LOGS = drafts.needless("what workers print is kept: `workerctl logs`")
_PM2 = drafts.needless("about PM2 itself")
RULES: drafts.Rules = {
    "name": drafts.read("the set's name"),
    "script": drafts.read("`command`, with the interpreter that its suffix tells"),
    "cmd": drafts.read("what `script` is"),
    "args": drafts.read("the rest of `command`"),
    "interpreter": drafts.read("the first word of `command`; `none` leaves it out"),
    "exec_interpreter": drafts.read("the same"),
    "interpreter_args": drafts.read("words of `command` before the script"),
    "node_args": drafts.read("the same"),
    "instances": drafts.read("`num`; `max` is the number of processors of this machine"),
    "exec_mode": drafts.Rule("not needed; instances that share a port need `listen`", _exec_mode),
    "cwd": drafts.put("working_dir", str),
    "env": drafts.Rule("`env`; `--env NAME` lays `env_NAME` over it", _env),
    "env_file": drafts.put("env_files", lambda text: [text]),
    "port": drafts.Rule("`env: {PORT: …}`", _port),
    "watch": drafts.Rule("`watch`; a folder stands for all in it", _watch),
    "ignore_watch": drafts.Rule("nothing for what is not watched anyway; else lost", _ignore_watch),
    "autorestart": drafts.where_false("restart", "never"),
    "stop_exit_codes": drafts.Rule("`restart: on_failure` for 0; others are lost", _exit_codes),
    "max_restarts": drafts.put("max_consecutive_failures", convert.number),
    "min_uptime": drafts.put("min_ready", _time),
    "kill_timeout": drafts.put("stop_grace", _time),
    "max_memory_restart": drafts.Rule("`resources.memory`", _memory),
    "user": drafts.put("user", str),
    "uid": drafts.put("user", str),
    "namespace": drafts.Rule("the label `group`", _group),
    "restart_delay": drafts.Rule("nothing: the pace of restarts is fixed", _delay),
    "exp_backoff_restart_delay": drafts.Rule("nothing: the pace of restarts is fixed", _delay),
    **dict.fromkeys(
        ("error_file", "out_file", "output", "error", "log", "log_file", "log_type", "log_date_format",
         "merge_logs", "combine_logs", "time", "disable_logs"), _LOGS),
    **dict.fromkeys(
        ("vizion", "pmx", "automation", "force", "treekill", "pid", "pid_file", "watch_delay",
         "watch_options", "trace", "deep_monitoring", "append_env_to_name", "appendEnvToName",
         "listen_timeout", "description", "version"), _PM2),
    "instance_var": drafts.lost("WORKERSET_ORDINAL is the number of a process, from 0"),
    "wait_ready": drafts.lost_if_on("send READY=1 to NOTIFY_SOCKET and write ready_when: notify"),
    "shutdown_with_message": drafts.lost_if_on("a worker is stopped by a signal, or by its handle"),
    "source_map_support": drafts.lost_if_on("add --enable-source-maps to the command"),
    "cron_restart": drafts.lost_if_on("there are no schedules"),
    "cron": drafts.lost_if_on("there are no schedules"),
    "increment_var": drafts.lost_if_on("WORKERSET_ORDINAL tells the instances apart"),
    "post_update": drafts.lost("nothing runs after an update"),
    "filter_env": drafts.lost("workers inherit the project's environment"),
    "gid": drafts.lost("the group is that of `user`"),
}  # fmt: skip
