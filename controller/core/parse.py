"""A schema-valid WorkerSet object as typed values, with the effective defaults of S1.

Knows no file and checks nothing: what the schema and `rules.py` accept, this takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.core import addresses, kinds, proberules, probes, quantity, signals, spec, words


def parse_workerset(obj: kinds.Object) -> spec.WorkerSetSpec:
    """Never raises for a valid object."""
    declared: Mapping[str, Any] = obj["spec"]
    take = declared.get
    num, max_threads, scopes = take("num"), take("max_threads"), take("scopes")
    return spec.WorkerSetSpec(
        template=_template(declared),
        kind=set_kind(declared),
        name=take("name"),
        scope=take("scope", ""),
        declared_num=None if num is None else int(num),
        declared_max_threads=None if max_threads is None else int(max_threads),
        max_consecutive_failures=int(take("max_consecutive_failures", 6)),
        retry_after_seconds=quantity.parse_duration(take("retry_after", "30s")),
        restart=spec.Restart(take("restart", "always")),
        ready_when=ready_gate(declared),
        min_ready_seconds=quantity.parse_duration(take("min_ready", "2s" if take("listen") else "1s")),
        stop_signal=signals.NUMBERS[take("stop_signal", "SIGTERM")],
        stop_grace_seconds=quantity.parse_duration(take("stop_grace", "30s")),
        suspend=take("suspend", False),
        instances=tuple(take("instances", ())),
        idle_timeout_seconds=quantity.parse_duration(take("idle_timeout", "0s")),
        scopes=None if scopes is None else tuple(scopes),
        log=_log_rules(take("log", {})),
        probes=parse_probes(declared),
        drain_timeout_seconds=quantity.parse_duration(take("drain_timeout", "10s")),
        rollout=rollout_rules(declared),
    )


def set_kind(declared: Mapping[str, Any]) -> spec.SetKind:
    """S1.7."""
    if declared.get("background"):
        return spec.SetKind.BACKGROUND
    return spec.SetKind.HTTP if declared.get("listen") else spec.SetKind.PLAIN


def ready_gate(declared: Mapping[str, Any]) -> spec.Gate:
    """S5: the declared gate, or the default of the kind and the language."""
    gate = declared.get("ready_when")
    if gate is not None:
        return spec.Gate(gate)
    if declared.get("listen"):
        return spec.Gate.LISTENING
    return spec.Gate.VARS if str(declared.get("file", "")).endswith(".php") else spec.Gate.STARTED


def command_words(command: str | list[str]) -> tuple[str, ...]:
    """Raises words.NeedsShell for a string that only a shell could run."""
    return words.split(command) if isinstance(command, str) else tuple(command)


def _template(declared: Mapping[str, Any]) -> spec.Template:
    take = declared.get
    command, umask, nice = take("command"), take("umask"), take("nice")
    limits = take("resources", {})
    files, memory, cpu = limits.get("files"), limits.get("memory"), limits.get("cpu")
    probe_port = take("probe_port")
    return spec.Template(
        file=take("file"),
        command=None if command is None else command_words(command),
        args=tuple(take("args", ())),
        interpreter=take("interpreter"),
        working_dir=take("working_dir", "."),
        env=dict(take("env", {})),
        env_files=tuple(take("env_files", ())),
        umask=None if umask is None else int(umask, 8),
        nice=None if nice is None else int(nice),
        user=take("user"),
        files_limit=None if files is None else int(files),
        memory_bytes=None if memory is None else quantity.parse_size(memory),
        cpu_cores=None if cpu is None else quantity.parse_cpu(cpu),
        tty=take("tty", False),
        listen=tuple(addresses.canonical(one) for one in take("listen", ())),
        port=take("port"),
        probe_port=probe_port if probe_port in (None, proberules.UNIX) else int(probe_port),
        watchdog_seconds=quantity.parse_duration(take("liveness_probe", {}).get("watchdog", "0s")),
    )


def parse_probes(declared: Mapping[str, Any]) -> probes.Probes:
    """S1.7: a plain set that binds its own port is ready when it can be connected to."""
    startup, readiness, liveness = (declared.get(f"{role}_probe") for role in probes.Role)
    if readiness is None and "port" in declared and not declared.get("background"):
        readiness = {"tcp": True}
    if startup is readiness is liveness is None:
        return probes.NONE
    return probes.Probes(*(_probe(one, declared) for one in (startup, readiness, liveness)))


def _probe(given: Mapping[str, Any] | None, declared: Mapping[str, Any]) -> probes.Probe | None:
    """One that names no port is about the worker's private one, or else about the set's own."""
    if given is None:
        return None
    take, default = given.get, probes.Probe()
    port, own = take("port"), declared.get("probe_port")
    if port is None:
        port = declared.get("port") if own is None else own if own != proberules.UNIX else None
    return probes.Probe(
        command=command_words(take("exec", [])),
        path=take("http", ""),
        watchdog_seconds=quantity.parse_duration(take("watchdog", "0s")),
        port=None if port is None else int(port),
        private="port" not in given and own not in (None, proberules.UNIX),
        initial_delay_seconds=quantity.parse_duration(take("initial_delay", "0s")),
        period_seconds=quantity.parse_duration(take("period", "10s")),
        timeout_seconds=quantity.parse_duration(take("timeout", "1s")),
        success_threshold=int(take("success_threshold", default.success_threshold)),
        failure_threshold=int(take("failure_threshold", default.failure_threshold)),
    )


def share(value: int | str) -> spec.Share:
    """`2`, or `25%` of num."""
    return spec.Share(quantity.number_of_share(value), percent=isinstance(value, str))


def rollout_rules(declared: Mapping[str, Any]) -> spec.Rollout:
    """Those of a set, from its spec."""
    given = declared.get("rollout", {})
    return spec.Rollout(
        max_surge=share(given.get("max_surge", 1)),
        max_unavailable=share(given.get("max_unavailable", 0)),
        progress_deadline_seconds=quantity.parse_duration(given.get("progress_deadline", "60s")),
        paused=given.get("paused", False),
    )


def _log_rules(declared: Mapping[str, Any]) -> spec.LogRules:
    default = spec.LogRules()
    return spec.LogRules(
        max_size_bytes=quantity.parse_size(declared["max_size"])
        if "max_size" in declared
        else default.max_size_bytes,
        keep=int(declared.get("keep", default.keep)),
    )
