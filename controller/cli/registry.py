"""Every verb: which module has it, and its line in the help. Nothing is imported until a verb is used.

A verb's module has `add_arguments(parser) -> None`, `run(args, context) -> int`, and `EXAMPLES`
(text for its help and for docs/cli.md); optionally `DESCRIPTION`, `EXIT_CODES` (what it means by codes
other than the common ones), `ERROR_CODE` (1 unless given) and `TAKES_COMMAND` (what stands behind `--` is a
command, in `args.behind`).
"""

from __future__ import annotations


class Verb:
    """One row of the table."""

    __slots__ = ("group", "module", "summary")

    def __init__(self, module: str, summary: str, group: str) -> None:
        self.module = f"controller.cli.{module}"
        self.summary = summary
        self.group = group


RUN = "Run a project"
DECLARE = "Declare what should run"
LOOK = "Look at what runs"
CHANGE = "Change what runs"
SETTINGS = "Others"
HIDDEN = ""

GROUPS = (RUN, DECLARE, LOOK, CHANGE, SETTINGS)

VERBS: dict[str, Verb] = {
    "up": Verb("up", "apply the project's manifests, run them, and show what they say", RUN),
    "dev": Verb("dev", "up with a screen: follows manifests and sources while you edit", RUN),
    "down": Verb("down", "stop everything and end the controller; declarations stay", RUN),
    "run": Verb("oneoff", "run a command as a set would, once, without a controller", RUN),
    "stop": Verb("stop", "stop workers of a set until started again", RUN),
    "start": Verb("start", "start what was stopped", RUN),
    "status": Verb("status", "one screen: is everything well, and if not, why", RUN),
    "apply": Verb("apply", "declare what manifests say; starts a controller if none runs", DECLARE),
    "init": Verb("init", "propose manifests for the folder as it is", DECLARE),
    "create": Verb("create", "print the manifest of one set", DECLARE),
    "import": Verb("importing", "manifests from what other process managers are told", DECLARE),
    "diff": Verb("diff", "what an apply would change, field by field and worker by worker", DECLARE),
    "validate": Verb("validate", "check manifests without a controller", DECLARE),
    "explain": Verb("explain", "what a field of the manifest means", DECLARE),
    "schema": Verb("schema", "the JSON Schema of manifests, for editors and other validators", DECLARE),
    "edit": Verb("edit", "change a declaration in an editor", DECLARE),
    "patch": Verb("patch", "change fields of a declaration", DECLARE),
    "label": Verb("label", "set or remove labels", DECLARE),
    "annotate": Verb("annotate", "set or remove annotations", DECLARE),
    "delete": Verb("delete", "remove declarations and stop what they run", DECLARE),
    "get": Verb("get", "list sets, workers, events, namespaces", LOOK),
    "describe": Verb("describe", "everything about one set or worker, its events included", LOOK),
    "logs": Verb("logs", "what workers print", LOOK),
    "attach": Verb("attach", "what a worker prints from now on; type to one with a terminal", LOOK),
    "events": Verb("events", "what happened, newest last", LOOK),
    "vars": Verb("vars", "what workers have published", LOOK),
    "top": Verb("top", "processor time and memory of workers", LOOK),
    "env": Verb("env", "the environment a worker gets, and where each variable comes from", LOOK),
    "wait": Verb("wait", "wait until a set or worker is as wanted", LOOK),
    "ensure": Verb("ensure", "have background workers run, and wait until they are ready", CHANGE),
    "release": Verb("release", "the opposite of ensure: let them go", CHANGE),
    "scale": Verb("scale", "change how many processes a set runs", CHANGE),
    "restart": Verb("restart", "restart the workers of a set", CHANGE),
    "rollout": Verb("rollout", "status, history, undo and pause of changes to a set", CHANGE),
    "kubeconfig": Verb("kubeconfig", "let kubectl and other Kubernetes clients in", SETTINGS),
    "token": Verb("token", "tokens for those clients: create, list, revoke", SETTINGS),
    "systemd": Verb("systemd", "a systemd unit that keeps the project running", SETTINGS),
    "projects": Verb("projects", "all projects of this user with a running controller", SETTINGS),
    "version": Verb("version", "version of this command and of the controller", SETTINGS),
    "php-ini": Verb("phpini", "lines of php.ini, so that requests can ensure and read", SETTINGS),
    "completion": Verb("completion", "shell completion: bash, zsh, fish", SETTINGS),
    "_controller": Verb("run", "the controller process itself, started by its guardian", HIDDEN),
    "__complete": Verb("complete", "what the shell completion asks", HIDDEN),
}
