"""What the keys of a systemd unit become."""

from __future__ import annotations

import re

from controller.core import quantity
from controller.importers import convert, drafts, unitfile

COMMANDS = frozenset({"ExecStart", "ExecStartPre", "ExecStop", "ExecCondition"})
_RESTART = {"no": "never", "always": "always", "on-failure": "on_failure"}


_NO_LIMIT = "24h"


def _kind(draft: drafts.Draft, given: drafts.Field) -> None:
    word = given.value.lower()
    if word.startswith("notify"):
        draft.spec["ready_when"] = "notify"
    elif word == "forking":
        raise ValueError("forking is not known: the program must stay in the foreground")
    elif word == "dbus":
        raise ValueError("dbus is not known: nothing waits for a name on the bus")


def _restart(draft: drafts.Draft, given: drafts.Field) -> None:
    word = given.value.lower()
    draft.spec["restart"] = _RESTART.get(word, "on_failure")
    if word not in _RESTART:
        draft.lose(given.place, f"Restart={given.value}: on_failure comes nearest")


def _environment(draft: drafts.Draft, given: drafts.Field) -> None:
    """As systemd does it: what is no assignment is left out, the rest holds."""
    wrong = []
    for word in unitfile.split(given.value):
        key, equals, value = word.partition("=")
        if equals:
            draft.set_env(key, value)
        else:
            wrong.append(word)
    if wrong:
        raise ValueError(f"not of the form KEY=value, are quotes missing: {' '.join(wrong)}")


def _env_file(draft: drafts.Draft, given: drafts.Field) -> None:
    path = given.value.removeprefix("-")
    if any(char in path for char in "*?["):
        raise ValueError(f"no patterns in env_files: {path}")
    draft.spec.setdefault("env_files", []).append(path)
    if given.value.startswith("-"):
        draft.optional[path] = given.place


def _folder(draft: drafts.Draft, given: drafts.Field) -> None:
    path = given.value.removeprefix("-").strip("\"'")
    if path.startswith("~") or "%" in path:
        raise ValueError(f"write the path itself: {given.value}")
    draft.spec["working_dir"] = path


def _grace(draft: drafts.Draft, given: drafts.Field) -> None:
    """0 is no limit, as infinity is (systemd.service(5)); a worker has one."""
    if given.value.lower() == "infinity" or convert.duration(given.value) == "0s":
        draft.spec["stop_grace"] = _NO_LIMIT
        draft.change(given.place, f"{given.key}={given.value}: no limit there, {_NO_LIMIT} here")
        return
    draft.spec["stop_grace"] = convert.duration(given.value)


def _group(draft: drafts.Draft, given: drafts.Field) -> None:
    if given.value != draft.spec.get("user"):
        raise ValueError("the group is that of user")


def _kill_mode(_draft: drafts.Draft, given: drafts.Field) -> None:
    if given.value.lower() not in ("control-group", "mixed"):
        raise ValueError("a worker is always stopped with everything it started")


def _burst(draft: drafts.Draft, given: drafts.Field) -> None:
    draft.spec.setdefault("max_consecutive_failures", convert.number(given.value))


def _interval(draft: drafts.Draft, given: drafts.Field) -> None:
    if convert.duration(given.value) == "0s":
        draft.spec["max_consecutive_failures"] = -1
    else:
        draft.change(
            given.place, f"{given.key}={given.value}: failures in a row are counted, however long apart"
        )


def _delay(draft: drafts.Draft, given: drafts.Field) -> None:
    draft.change(
        given.place, f"{given.key}={given.value}: a failed worker is run again after 0 to 1 s, its own pace"
    )


def _resource(field: str) -> drafts.Apply:
    def act(draft: drafts.Draft, given: drafts.Field) -> None:
        text = given.value.partition(":")[0]
        if text.lower() == "infinity":
            return
        value: object
        if field == "cpu":
            if not re.fullmatch(r"[0-9.]+%", text):
                raise ValueError(f"not a share of processors: {text}")
            value = f"{round(float(text[:-1]) * 10)}m"
        else:
            value = convert.number(text) if field == "files" else convert.size(text)
        draft.spec.setdefault("resources", {})[field] = value

    return act


def _log(_draft: drafts.Draft, _given: drafts.Field) -> None:
    """Everything a worker prints is kept."""


def _watchdog(draft: drafts.Draft, given: drafts.Field) -> None:
    if (period := convert.duration(given.value)) != "0s":
        draft.spec["liveness_probe"] = {"watchdog": period}


def _timeout(draft: drafts.Draft, given: drafts.Field) -> None:
    seconds = quantity.parse_duration(convert.duration(given.value)) if given.value != "infinity" else 0
    if seconds:
        draft.change(given.place, f"{given.key}={given.value}: a start takes as long as it takes")


_NETWORK = drafts.needless("there is nothing to order against")
UNIT: drafts.Rules = {
    "Description": drafts.read("a comment"),
    "Requires": drafts.read("`depends_on`, where the unit is among those given"),
    "Wants": drafts.read("`depends_on`, where the unit is among those given"),
    "BindsTo": drafts.read("`depends_on`, where the unit is among those given"),
    "Requisite": drafts.read("`depends_on`, where the unit is among those given"),
    "After": drafts.read("`depends_on`, where the unit is among those given; targets are not needed"),
    "StartLimitBurst": drafts.Rule("`max_consecutive_failures`", _burst),
    "StartLimitIntervalSec": drafts.Rule("`max_consecutive_failures: -1` where it is 0", _interval),
    "StartLimitInterval": drafts.Rule("the same", _interval),
    **dict.fromkeys(("Documentation", "DefaultDependencies", "Before", "SourcePath"), _NETWORK),
    "PartOf": drafts.lost("sets are stopped and restarted one by one; `-l LABEL` takes several"),
    "Conflicts": drafts.lost("sets do not exclude each other"),
    "OnFailure": drafts.lost("nothing is started by a failure: watch the Events"),
}
SERVICE: drafts.Rules = {
    "Type": drafts.Rule("`ready_when: notify`; `completed` for oneshot; nothing for forking, dbus", _kind),
    "ExecStart": drafts.read("`command`; several are one `[sh, -c, …]`"),
    "ExecStartPre": drafts.read("runs first, in the same `[sh, -c, …]`"),
    "ExecStop": drafts.read("`stop_signal` where it is `kill -SIGNAL $MAINPID`; else no equivalent"),
    "Restart": drafts.Rule("`restart`; `never` where it is missing, as there", _restart),
    "RestartSec": drafts.Rule("nothing: the pace of restarts is fixed", _delay),
    "StartLimitBurst": drafts.Rule("`max_consecutive_failures`", _burst),
    "StartLimitInterval": drafts.Rule("`max_consecutive_failures: -1` where it is 0", _interval),
    "Environment": drafts.Rule("`env`", _environment),
    "EnvironmentFile": drafts.Rule("`env_files`; one with `-` that is missing is left out", _env_file),
    "WorkingDirectory": drafts.Rule("`working_dir`", _folder),
    "User": drafts.put("user", str),
    "UMask": drafts.put("umask", convert.umask),
    "Nice": drafts.put("nice", convert.number),
    "KillSignal": drafts.put("stop_signal", convert.stop_signal),
    "TimeoutStopSec": drafts.Rule("`stop_grace`; no limit becomes 24h", _grace),
    "TimeoutSec": drafts.Rule("`stop_grace`; no limit becomes 24h", _grace),
    "KillMode": drafts.Rule("nothing for control-group and mixed; others have no equivalent", _kill_mode),
    "LimitNOFILE": drafts.Rule("`resources.files`", _resource("files")),
    "MemoryMax": drafts.Rule("`resources.memory`", _resource("memory")),
    "MemoryLimit": drafts.Rule("`resources.memory`", _resource("memory")),
    "CPUQuota": drafts.Rule("`resources.cpu`", _resource("cpu")),
    "TimeoutStartSec": drafts.Rule("nothing: a start takes as long as it takes", _timeout),
    "WatchdogSec": drafts.Rule("`liveness_probe: {watchdog: …}`", _watchdog),
    **dict.fromkeys(
        ("StandardOutput", "StandardError", "SyslogIdentifier", "LogRateLimitIntervalSec"),
        drafts.needless("what workers print is kept: `workerctl logs`"),
    ),
    **dict.fromkeys(("PassEnvironment", "RemainAfterExit", "PIDFile", "SendSIGKILL", "NotifyAccess"),
                    drafts.needless("so it is anyway")),
    "Group": drafts.Rule("nothing where it is that of `User`; else no equivalent", _group),
    "SupplementaryGroups": drafts.lost("groups are those of `user`"),
    "ExecReload": drafts.lost("send the signal yourself; `workerctl restart` starts anew"),
    "ExecStartPost": drafts.lost("nothing runs after a start"),
    "ExecStopPost": drafts.lost("nothing runs after a stop"),
    "ExecCondition": drafts.lost("there are no conditions"),
    "RuntimeMaxSec": drafts.lost("workers have no age: let the program end by itself with exit code 0"),
    "PermissionsStartOnly": drafts.lost("all of a set runs as `user`"),
}  # fmt: skip
_SANDBOX = re.compile(
    r"(Private|Protect|Restrict|ReadWrite|ReadOnly|Inaccessible|Capability|Ambient|System|Lock|Memory|NoNew|"
    r"Limit|IO|CPU|Tasks|Device|Bind|Temporary|Remove|Root|Dynamic|Slice|Delegate|OOM|Keyring|Proc|IP|Secure)"
)
_FOLDERS = re.compile(r"(Runtime|State|Cache|Logs|Configuration)Directory")


def service(draft: drafts.Draft, given: drafts.Field) -> None:
    """One key of [Service]."""
    if given.key in SERVICE or not (_SANDBOX.match(given.key) or _FOLDERS.match(given.key)):
        drafts.apply(SERVICE, draft, given, of="[Service]")
    elif _FOLDERS.match(given.key):
        draft.lose(given.place, f"{given.key}={given.value}: folders are not made")
    else:
        draft.lose(given.place, f"{given.key}={given.value}: processes are not confined")
