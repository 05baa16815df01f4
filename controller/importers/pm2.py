"""PM2's process files: what ecosystem.config.js exports, or the same as JSON or YAML."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping

from controller.importers import drafts, pm2keys, rebase, shell, sources
from controller.manifest import trees

FILES = ("ecosystem.config.js", "ecosystem.config.cjs", "ecosystem.config.json", "pm2.json", "process.json")
ABOUT = "ecosystem.config.js, or the same as JSON or YAML (PM2)"

_INTERPRETERS = {
    **dict.fromkeys((".js", ".mjs", ".cjs"), "node"),
    ".py": "python3",
    ".sh": "bash",
    ".rb": "ruby",
    ".php": "php",
    ".pl": "perl",
    ".ts": "bun",
    ".tsx": "bun",
}
_SUFFIX = re.compile(r"\.[a-z]+$")


def read(source: sources.Source, files: sources.Files, found: drafts.Drafts) -> None:
    """One file; raises NotOurs."""
    for app in _apps(source, found):
        found.sets.append(_app(app, source, files))


def _apps(source: sources.Source, found: drafts.Drafts) -> tuple[trees.Tree, ...]:
    try:
        roots = trees.parse(source.text)
    except trees.BadText as error:
        raise sources.NotOurs(source.name, error.line, error.message, error.fix) from None
    root = roots[0] if len(roots) == 1 else trees.Tree(1)
    apps = root.get("apps")
    if apps is None and (root.items is not None or root.get("script") is not None):
        apps = root
    if apps is None or apps.is_scalar:
        raise sources.NotOurs(source.name, 0, "no list of apps in it", "is this a process file of PM2?")
    for key, line in root.key_lines.items() if apps is not root else ():
        if key == "deploy":
            found.lose(source.at(line), "deploy: nothing is deployed to other machines")
        elif key != "apps":
            found.lose(source.at(line), f"{key}: unknown key of a process file")
    return apps.items if apps.items is not None else (apps,)


def _app(app: trees.Tree, source: sources.Source, files: sources.Files) -> drafts.Draft:
    place = source.at(app.line)
    if app.fields is None:
        raise sources.NotOurs(source.name, app.line if source.has_lines else 0, "an app is not a map of keys")
    name = app.get("name")
    stem = _SUFFIX.sub("", (_script(app) or "app").rpartition("/")[2])
    draft = drafts.Draft((name.text if name else "") or stem, place, {"stop_signal": "SIGINT"})
    for key, value in app.fields.items():
        at = source.at(app.key_lines[key])
        if key == "ignore_watch" and not pm2keys.is_watched(app.get("watch")):
            draft.notes.append(drafts.Note(at, key, "needless"))
        elif key.startswith("env_") and key not in pm2keys.RULES:
            pm2keys.other_env(draft, drafts.Field(key, value, at), files.variant)
        else:
            drafts.apply(pm2keys.RULES, draft, drafts.Field(key, value, at), of="PM2")
    _without_inherited(draft, place, files.environ)
    pm2keys.instances(draft, app, source, files.processors)
    try:
        _command(draft, app, files.root)
    except ValueError as error:
        draft.lose(place, f"script: {error}")
    return draft


def _without_inherited(draft: drafts.Draft, place: str, environ: Mapping[str, str]) -> None:
    """`...process.env` would put the whole environment of whoever imports into a file."""
    own = {key: value for key, value in draft.env.items() if environ.get(key) != value}
    if len(own) < len(draft.env):
        draft.change(place, f"inherited, and left out of env: {len(draft.env) - len(own)} variables")
        draft.spec["env"] = own
    if not own:
        draft.spec.pop("env", None)


def _script(app: trees.Tree) -> str:
    return pm2keys.text_of(app, "script") or pm2keys.text_of(app, "cmd")


def _command(draft: drafts.Draft, app: trees.Tree, root: str) -> None:
    script = rebase.near(_script(app), root, str(draft.spec.get("working_dir", ".")))
    if not script:
        raise ValueError(f"{draft.name} has none")
    interpreter = pm2keys.text_of(app, "interpreter") or pm2keys.text_of(app, "exec_interpreter")
    options = _words(app.get("interpreter_args")) + _words(app.get("node_args"))
    args = _words(app.get("args"))
    if re.search(r"\s", script) and interpreter in ("", "none"):
        _line(draft, script, has_args=bool(args))
        return
    if options and not interpreter and re.fullmatch(r"[\w-]+", script):
        draft.set_env("NODE_OPTIONS", " ".join(options))  # a program of PATH: node would look for it here
        interpreter = "none"
    if interpreter == "none":
        interpreter = ""
    elif not interpreter:
        found = _SUFFIX.search(script)
        interpreter = _INTERPRETERS.get(found[0], "") if found else "node" if options else ""
    if not interpreter and "/" not in script and _SUFFIX.search(script):
        script = f"./{script}"
    whole = [*([interpreter, *options] if interpreter else []), script, *args]
    draft.spec["command"] = shell.simplest([shell.escaped(one) for one in whole])


def _line(draft: drafts.Draft, script: str, *, has_args: bool) -> None:
    """PM2 gives a script with blanks in it to a shell, and forgets `args`."""
    shell.put(draft, script)
    if has_args:
        draft.change(draft.place, "args: PM2 leaves them out where script is a whole command line")


def _words(given: trees.Tree | None) -> list[str]:
    """A list, or one string that is split at white space."""
    if given is None or given.fields is not None:
        return []
    if given.items is not None:
        return [one.text or "" for one in given.items]
    return shlex.split(given.text or "")
