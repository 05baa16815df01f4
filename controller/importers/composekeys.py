"""What the keys of a compose service become."""

from __future__ import annotations

import re
from collections.abc import Mapping

from controller.importers import composefile, convert, drafts, interpolation
from controller.manifest import trees

_PORT = re.compile(r"(?:(?:[\d.]+|\[[\da-fA-F:]+\]):)?(?:(?P<out>\d*):)?(?P<inside>\d+)(?:/(?P<kind>\w+))?")
_RESTART = {"no": "never", "always": "always", "unless-stopped": "always", "on-failure": "on_failure",
            "none": "never", "any": "always"}  # fmt: skip


def environment(draft: drafts.Draft, service: composefile.Service, known: Mapping[str, str]) -> None:
    """What is only a variable of the same name is inherited; a value with one that nobody sets is lost."""
    given = service.tree.get("environment")
    if given is None:
        return
    place = service.places.get("environment", service.place)
    for key, value in (composefile.as_map(given).fields or {}).items():
        if value.text is None:
            continue
        try:
            text = interpolation.fill(value.text, known)
        except ValueError as error:
            draft.lose(place, f"environment.{key}: {error}")
            continue
        if text.missing and text.only != key:
            draft.lose(place, f"environment.{key}: {', '.join(text.missing)} is not set in .env")
        elif not text.missing:
            draft.set_env(key, text.plain)


def _restart(draft: drafts.Draft, given: drafts.Field) -> None:
    word, _, count = (given.value.text or "no").partition(":")
    if word not in _RESTART:
        raise ValueError(f"unknown: {given.value.text}")
    draft.spec["restart"] = _RESTART[word]
    if count:
        draft.spec["max_consecutive_failures"] = convert.number(count)


def _env_files(draft: drafts.Draft, given: drafts.Field) -> None:
    for one in given.value.items or (given.value,):
        path = one.text if one.is_scalar else (one.get("path") or one).text
        if not path:
            continue
        draft.spec.setdefault("env_files", []).append(path)
        required = one.get("required")
        if required is not None and not convert.truth(required.text or "true"):
            draft.optional[path] = given.place


def _ports(draft: drafts.Draft, given: drafts.Field) -> None:
    """The first TCP port is the one that the program binds."""
    for one in given.value.items or ():
        inside, outside, kind = _port(one)
        if kind not in ("", "tcp"):
            draft.lose(given.place, f"ports: only TCP ports are known: {inside}/{kind}")
        elif "port" in draft.spec:
            draft.lose(given.place, f"ports: a set has one port, {draft.spec['port']}: {inside}")
        else:
            draft.spec["port"] = inside
            if outside and outside != str(inside):
                draft.change(given.place, f"published as {outside} there; it is {inside}, its own, here")


def _port(given: trees.Tree) -> tuple[int, str, str]:
    """The port of the container, the published one, the protocol."""
    if given.fields is not None:
        texts = {key: one.text or "" for key, one in given.fields.items()}
        return convert.number(texts.get("target", "")), texts.get("published", ""), texts.get("protocol", "")
    found = _PORT.fullmatch(given.text or "")
    if found is None:
        raise ValueError(f"one port is expected: {given.text}")
    return convert.number(found["inside"]), found["out"] or "", found["kind"] or ""


def _expose(draft: drafts.Draft, given: drafts.Field) -> None:
    for one in given.value.items or ():
        draft.spec.setdefault("port", convert.number((one.text or "").partition("/")[0]))


def _depends(draft: drafts.Draft, given: drafts.Field) -> None:
    names = draft.spec.setdefault("depends_on", [])
    for name in composefile.as_map(given.value).fields or {}:
        name = name.partition(":")[0]
        if name not in names:
            names.append(name)


def _cpu(text: str) -> str:
    if not re.fullmatch(r"[0-9.]+", text):
        raise ValueError(f"not an amount of processors: {text}")
    return f"{round(float(text) * 1000)}m"


def _deploy(draft: drafts.Draft, given: drafts.Field) -> None:
    for key, value in (given.value.fields or {}).items():
        if key == "replicas":
            draft.spec["num"] = convert.number(value.text or "")
        elif key == "resources":
            limits = value.get("limits")
            for name, one in (limits.fields or {}).items() if limits is not None else ():
                rule = {"cpus": "cpus", "memory": "mem_limit"}.get(name)
                if rule is None:
                    draft.lose(given.place, f"deploy.resources.limits.{name}: cpu and memory can be limited")
                else:
                    drafts.apply(RULES, draft, drafts.Field(rule, one, given.place), of="a service")
        elif key == "restart_policy":
            _policy(draft, value, given.place)
        else:
            draft.lose(given.place, f"deploy.{key}: there is one machine")


def _policy(draft: drafts.Draft, value: trees.Tree, place: str) -> None:
    for key, one in (value.fields or {}).items():
        if key == "condition":
            _restart(draft, drafts.Field(key, one, place))
        elif key == "max_attempts":
            draft.spec["max_consecutive_failures"] = convert.number(one.text or "")
        else:
            draft.change(place, f"deploy.restart_policy.{key}: a failed worker is run again after 0 to 1 s")


def _logging(draft: drafts.Draft, given: drafts.Field) -> None:
    options = given.value.get("options")
    for key, one in (options.fields or {}).items() if options is not None else ():
        if key == "max-size":
            draft.spec.setdefault("log", {})["max_size"] = convert.size(one.text or "")
        elif key == "max-file":
            draft.spec.setdefault("log", {})["keep"] = convert.number(one.text or "")


def _ulimits(draft: drafts.Draft, given: drafts.Field) -> None:
    for key, one in (given.value.fields or {}).items():
        limit = one if one.is_scalar else one.get("soft")
        if key == "nofile" and limit is not None:
            draft.spec.setdefault("resources", {})["files"] = convert.number(limit.text or "")
        else:
            draft.lose(given.place, f"ulimits.{key}: only the number of open files can be limited")


def _profiles(draft: drafts.Draft, given: drafts.Field) -> None:
    names = ", ".join(one.text or "" for one in given.value.items or (given.value,))
    draft.spec["suspend"] = True
    draft.change(given.place, f"of the profile {names}: suspended, workerctl start runs it")


def _develop(draft: drafts.Draft, given: drafts.Field) -> None:
    watch = given.value.get("watch")
    for one in (watch.items or ()) if watch is not None else ():
        path = (one.get("path") or one).text or ""
        draft.spec.setdefault("watch", []).append(convert.pattern(path))


def _volumes(draft: drafts.Draft, given: drafts.Field) -> None:
    for one in given.value.items or ():
        kind, source = one.get("type"), one.get("source")
        name = (source.text if source is not None else "") if one.fields is not None else one.text
        name = (name or "").partition(":")[0]
        is_file = name.startswith((".", "/", "~")) or (kind is not None and kind.text in ("bind", "tmpfs"))
        if not is_file:
            draft.lose(given.place, f"volumes: the program needs a folder of this machine instead of: {name}")


def _truth(field: str) -> drafts.Rule:
    def act(draft: drafts.Draft, given: drafts.Field) -> None:
        if convert.truth(given.value.text or ""):
            draft.spec[field] = True

    return drafts.Rule(f"`{field}`", act)


def _user(draft: drafts.Draft, given: drafts.Field) -> None:
    name, _, group = (given.value.text or "").partition(":")
    if name:
        draft.spec["user"] = name
    if group not in ("", name):
        raise ValueError(f"the group is that of user, not: {group}")


def _image(draft: drafts.Draft, given: drafts.Field) -> None:
    what = given.value.text if given.key == "image" else "what the Dockerfile installs"
    draft.change(given.place, f"runs on this machine: it needs {what}")


_ALONE = drafts.needless("it is a process of this machine")
_CONFINED = drafts.lost("processes are not confined")
RULES: drafts.Rules = {
    "command": drafts.read("`command`, after `entrypoint`; without either what the Dockerfile runs"),
    "entrypoint": drafts.read("the first words of `command`"),
    "environment": drafts.read("`env`; hosts that are services become localhost"),
    "healthcheck": drafts.read("`readiness_probe`: `http` for a request with curl or wget, else `exec`"),
    "working_dir": drafts.read("`working_dir`: the folder that is mounted there, else that of the build"),
    "image": drafts.Rule("a comment: what it holds must be installed", _image),
    "build": drafts.Rule("a comment; its folder is the `working_dir`", _image),
    "env_file": drafts.Rule("`env_files`; one that may be missing, and is, is left out", _env_files),
    "depends_on": drafts.Rule("`depends_on`; what must complete gets `ready_when: completed`", _depends),
    "links": drafts.Rule("`depends_on`", _depends),
    "ports": drafts.Rule("`port`: the first one the program binds", _ports),
    "expose": drafts.Rule("`port`, where there are no ports", _expose),
    "restart": drafts.Rule("`restart`; `never` where it is missing, as there", _restart),
    "scale": drafts.put("num", convert.number),
    "deploy": drafts.Rule("`num`, `resources`, `restart`; the rest has no equivalent", _deploy),
    "mem_limit": drafts.put("resources.memory", convert.size),
    "cpus": drafts.put("resources.cpu", _cpu),
    "stop_signal": drafts.put("stop_signal", convert.stop_signal),
    "stop_grace_period": drafts.put("stop_grace", convert.duration),
    "user": drafts.Rule("`user`; a group has no equivalent", _user),
    "tty": _truth("tty"),
    "logging": drafts.Rule("`log`", _logging),
    "ulimits": drafts.Rule("`resources.files`; others have no equivalent", _ulimits),
    "profiles": drafts.Rule("`suspend: true`", _profiles),
    "develop": drafts.Rule("`watch`", _develop),
    "volumes": drafts.Rule("paths of `command` and `working_dir`; a named one has none", _volumes),
    **dict.fromkeys(
        ("container_name", "hostname", "domainname", "networks", "network_mode", "platform", "init", "labels",
         "annotations", "extra_hosts", "dns", "dns_search", "pull_policy", "shm_size", "pid", "ipc",
         "stdin_open", "attach"), _ALONE),
    **dict.fromkeys(
        ("cap_add", "cap_drop", "privileged", "security_opt", "read_only", "tmpfs", "devices", "sysctls",
         "cgroup_parent", "runtime", "gpus"), _CONFINED),
    **dict.fromkeys(("secrets", "configs"), drafts.lost("read a file, or use `env_files`")),
    "volumes_from": drafts.lost("files are where they are"),
    "mem_reservation": drafts.lost("only limits are known"),
    "pids_limit": drafts.lost("processes are not counted"),
    "post_start": drafts.lost("nothing runs after a start"),
    "pre_stop": drafts.lost("nothing runs before a stop"),
}  # fmt: skip
