"""Words people bring along (S1.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.core import foreign, vocabulary
from controller.manifest import source

SPEC = source.load()["properties"]["spec"]["properties"]


def fix(key: str, value: object = None, parents: tuple[str, ...] = ("spec",)) -> str:
    known = (source.at(parents) or {}).get("properties", {})
    problem = foreign.unknown_field((*parents, key), value, known, SPEC)
    assert problem.code == "UnknownField"
    assert problem.path == (*parents, key)
    return problem.fix


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("replicas", 3, "write num: 3"),
        ("numprocs", 2, "write num: 2"),
        ("environment", {"A": "b"}, "write env: {A: b}"),
        ("environment", ["A=b", "C=d e"], 'write env: {A: b, C: "d e"}'),
        ("envFrom", [], "write env_files: [.env]"),
        ("env_file", ".env", "write env_files: [.env]"),
        ("cwd", "app", "write working_dir: app"),
        ("directory", "/srv/app", "write working_dir: /srv/app"),
        ("restartPolicy", "OnFailure", "write restart: on_failure"),
        ("restartPolicy", "Always", "write restart: always"),
        ("autorestart", True, "write restart: always"),
        ("autorestart", "unexpected", "write restart: on_failure"),
        ("autorestart", False, "write restart: never"),
        ("stopsignal", "QUIT", "write stop_signal: SIGQUIT"),
        ("KillSignal", "SIGINT", "write stop_signal: SIGINT"),
        ("stopwaitsecs", 10, "write stop_grace: 10s"),
        ("terminationGracePeriodSeconds", 5, "write stop_grace: 5s"),
        ("minReadySeconds", 2, "write min_ready: 2s"),
        ("RestartSec", 1.5, "write retry_after: 1.5s"),
        ("ExecStart", "app --serve", 'write command: "app --serve"'),
        ("script", "app.py", "write file: app.py"),
        ("LimitNOFILE", 1024, "write resources: {files: 1024}"),
        ("max_memory_restart", "1Gi", "write resources: {memory: 1Gi}"),
        ("image", "nginx", vocabulary.LOCAL),
        ("containers", [], vocabulary.LOCAL),
        ("stdout_logfile", "x.log", vocabulary.LOGS),
        ("cron_restart", "0 0 * * *", vocabulary.SCHEDULE),
        ("workingDir", "app", "write working_dir: app"),
        ("stopGrace", 5, "write stop_grace: 5s"),
        ("env-files", [".env"], "write env_files: [.env]"),
        ("Num", 1, "write num: 1"),
        ("comand", "x", "did you mean command"),
        ("interpeter", "x", "did you mean interpreter"),
        ("labels", {}, "move labels under metadata"),
        ("enviroment", {"A": "b"}, "write env: {A: b}"),
        ("zzzzzzzz", 1, ""),
    ],
)
def test_s1_1_foreign_words_in_spec(key: str, value: object, expected: str) -> None:
    assert fix(key, value) == expected


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("httpGet", {"path": "/healthz", "port": 80}, "write http: /healthz"),
        ("periodSeconds", 5, "write period: 5s"),
        ("initialDelaySeconds", 1, "write initial_delay: 1s"),
        ("failureThreshold", 2, "write failure_threshold: 2"),
        ("tcpSocket", {"port": 1}, "write tcp: …"),
    ],
)
def test_s1_1_foreign_words_in_probes(key: str, value: object, expected: str) -> None:
    assert fix(key, value, ("spec", "readiness_probe")) == expected


@pytest.mark.parametrize(
    ("parents", "key", "expected"),
    [
        ((), "replicas", "write num: 1 under spec"),
        ((), "command", "move command under spec"),
        ((), "name", "move name under metadata"),
        ((), "labels", "move labels under metadata"),
        ((), "services", "write each process as a WorkerSet document of its own, separated by ---"),
        (("metadata",), "label", "did you mean labels"),
        (("metadata",), "num", "move num under spec"),
        (("spec", "resources"), "limits", "write the limits themselves: resources: {files: 1024}"),
        (("spec", "resources"), "nofile", "write files: 1"),
        (("spec", "resources"), "gpu", "did you mean cpu"),
        (("spec", "log"), "maxsize", "write max_size: 1"),
        (("spec", "log"), "where", "the fields here are: max_size, keep"),
        (("spec", "log"), "num", "move num under spec"),
    ],
)
def test_s1_1_foreign_words_elsewhere(parents: tuple[str, ...], key: str, expected: str) -> None:
    assert fix(key, 1, parents) == expected


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("restart", "OnFailure", "write restart: on_failure"),
        ("restart", "on-failure", "write restart: on_failure"),
        ("restart", "unless-stopped", "write restart: always"),
        ("restart", False, "write restart: never"),
        ("restart", "alway", "write restart: always"),
        ("restart", 17, "write one of: always, on_failure, never"),
        ("stop_signal", "TERM", "write stop_signal: SIGTERM"),
        ("stop_signal", 9, "write stop_signal: SIGKILL"),
        ("stop_signal", "sigint", "write stop_signal: SIGINT"),
        ("ready_when", "sd_notify", "write ready_when: notify"),
        ("ready_when", "Started", "write ready_when: started"),
    ],
)
def test_s1_1_foreign_values(field: str, value: object, expected: str) -> None:
    assert foreign.value_fix(field, value, SPEC[field]["enum"]) == expected


@pytest.mark.parametrize(
    "table", ["TARGETS", "SENTENCES", "PROBE_TARGETS", "RESOURCE_TARGETS", "LOG_TARGETS"]
)
def test_the_vocabulary_gives_each_word_one_meaning(table: str) -> None:
    rows = getattr(vocabulary, table)
    words = [word for text in rows.values() for word in text.split()]
    assert len(words) == len(set(words))
    assert all(word == word.lower().replace("_", "").replace("-", "") for word in words)


def test_every_target_is_a_field_of_the_schema() -> None:
    for target in vocabulary.TARGETS:
        assert source.at(("spec", *target.split("."))) is not None, target
    for target in vocabulary.PROBE_TARGETS:
        assert source.at(("spec", "liveness_probe", target)) is not None, target


def test_no_foreign_word_is_a_field_of_its_own() -> None:
    assert not {word for text in vocabulary.TARGETS.values() for word in text.split()} & set(SPEC)


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_key_and_value_get_an_answer(key: str, value: str) -> None:
    assert "\n" not in foreign.scalar(value) or value
    fix(key, value)
