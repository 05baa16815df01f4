"""Single traits of supervisord.conf, units and circus.ini, where a golden file would not say why."""

from __future__ import annotations

import pytest

from controller.core import words
from controller.importers import formats, sources
from tests.fakes.import_files import ImportFiles
from tests.importers.reading import lost, spec, translated

# -------------------------------------------------------------------------------------- supervisord


@pytest.mark.parametrize(
    ("form", "numprocs", "commands"),
    [
        ("%(process_num)d", 3, ["a $(WORKERSET_ORDINAL)"]),
        ("80%(process_num)02d", 3, ["a 800$(WORKERSET_ORDINAL)"]),
        ("80%(process_num)02d", 11, [f"a 80{number:02}" for number in range(11)]),
        ("%(process_num)s", 1, ["a 0"]),
        ("%(program_name)s %%", 1, ["a web %"]),
        ("%(numprocs)s", 2, ["a 2"]),
    ],
)
def test_supervisord_expansions(form: str, numprocs: int, commands: list[str]) -> None:
    found = translated("supervisord", f"[program:web]\ncommand=a {form}\nnumprocs={numprocs}\n")
    assert [draft.spec["command"] for draft in found.sets] == commands


@pytest.mark.parametrize(
    ("word", "restart"), [("true", "always"), ("false", "never"), ("unexpected", "on_failure")]
)
def test_supervisord_autorestart(word: str, restart: str) -> None:
    assert spec("supervisord", f"[program:a]\ncommand=a\nautorestart={word}\n")["restart"] == restart


def test_supervisord_groups_are_labels_of_their_programs_only() -> None:
    text = ("[group:g]\nprograms=web, jobs\n[program:web]\ncommand=a\n[program:web-api]\ncommand=b\n"
            "[program:jobs]\ncommand=c %(process_num)d\nnumprocs=2\nnumprocs_start=5\n")  # fmt: skip
    found = translated("supervisord", text)
    assert {draft.name: draft.labels for draft in found.sets} == {
        "web": {"group": "g"},
        "web-api": {},
        "jobs-5": {"group": "g"},
        "jobs-6": {"group": "g"},
    }


def test_supervisord_home_is_known_in_paths_and_asked_for_in_commands() -> None:
    text = "[program:a]\ncommand=%(ENV_HOME)s/a\ndirectory=%(ENV_HOME)s/b\nenvironment=C=%(ENV_HOME)s/c\n"
    made = spec("supervisord", text)
    assert (made["command"], made["working_dir"], made["env"]) == (
        "$(HOME)/a",
        "/home/me/b",
        {"C": "/home/me/c"},
    )


def test_supervisord_includes_itself_once() -> None:
    files = ImportFiles({"supervisord.conf": "[include]\nfiles=*.conf\n[program:a]\ncommand=a\n"})
    assert len(translated("supervisord", files.texts["supervisord.conf"], files).sets) == 1


# ------------------------------------------------------------------------------------------ systemd


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("/bin/a -b 'c d' \"e'f\"", ["/bin/a", "-b", "c d", "e'f"]),
        ("/bin/a ${K}y $$X", ["/bin/a", "$(K)y", "$X"]),
        ("/bin/a ${X}y $Z '$$X' `", ["sh", "-c", "exec /bin/a \"${X}y\" ${Z} '$X' '`'"]),
        ("@/bin/a name -b", ["/bin/a", "-b"]),
        (":/bin/a ${X}", ["/bin/a", "${X}"]),
        ("/bin/a \\x41\\n", ["/bin/a", "A\n"]),
        ("/bin/sh -c 'echo $(date)'", ["/bin/sh", "-c", "echo $$(date)"]),
        ("/bin/a %n %p 100%%", ["/bin/a", "web.service", "web", "100%"]),
    ],
)
def test_systemd_words(line: str, command: list[str]) -> None:
    assert spec("systemd", f"[Service]\nEnvironment=K=1\nExecStart={line}\n")["command"] == command


@pytest.mark.parametrize("key", ["TimeoutStopSec", "TimeoutSec"])
@pytest.mark.parametrize("value", ["0", "infinity", "0s"])
def test_systemd_no_limit_of_a_stop_is_not_none_at_all(key: str, value: str) -> None:
    found = translated("systemd", f"[Service]\nExecStart=/bin/a\n{key}={value}\n")
    assert found.sets[0].spec["stop_grace"] == "24h"
    assert [note.text for note in found.sets[0].notes] == [f"{key}={value}: no limit there, 24h here"]


def test_systemd_a_name_on_the_bus_is_lost() -> None:
    found = translated("systemd", "[Service]\nType=dbus\nBusName=org.example\nExecStart=/bin/a\n")
    assert lost(found)[0] == "web.service:2: Type: dbus is not known: nothing waits for a name on the bus"


def test_systemd_several_commands_of_a_oneshot() -> None:
    made = spec(
        "systemd", "[Service]\nType=oneshot\nExecStart=/bin/a ; /bin/b 'c d'\nExecStart=-/bin/c ${X}\n"
    )
    assert made["command"] == ["sh", "-c", "/bin/a && /bin/b 'c d' && exec /bin/c \"${X}\""]
    assert (made["restart"], made["ready_when"]) == ("never", "completed")


def test_systemd_words_that_are_no_variable_cost_only_themselves() -> None:
    text = "[Service]\nExecStart=/bin/x\nEnvironment=A=value with spaces B=2\n"
    found = translated("systemd", text)
    assert found.sets[0].spec["env"] == {"A": "value", "B": "2"}
    [note] = lost(found)
    assert note.endswith("are quotes missing: with spaces")


def test_systemd_a_drop_in_alone_is_told() -> None:
    found = translated("systemd", "[Service]\nEnvironment=A=1\n", name="web.service.d/a.conf")
    assert "there is no ExecStart" in lost(found)[0]


def test_systemd_the_socket_beside_a_service_is_found() -> None:
    files = ImportFiles({"web.socket": "[Socket]\nListenStream=127.0.0.1:80\n"})
    made = spec("systemd", "[Unit]\nRequires=web.socket\n[Service]\nExecStart=/bin/a\n", files)
    assert made["listen"] == ["127.0.0.1:80"]


def test_systemd_a_socket_that_is_not_there_is_told() -> None:
    found = translated("systemd", "[Unit]\nRequires=web.socket\n[Service]\nExecStart=/bin/a\n")
    assert lost(found) == ["web.service:2: Requires=web.socket: not among these units"]


@pytest.mark.parametrize("is_there", [True, False])
def test_env_files_that_may_be_missing_are_left_out_where_they_are(is_there: bool) -> None:
    files = ImportFiles({"a.env": "A=1\n"} if is_there else {})
    texts = {
        "systemd": ("web.service", "[Service]\nEnvironmentFile=-a.env\nExecStart=/bin/a\n"),
        "compose": (
            "compose.yaml",
            "services: {a: {command: a, env_file: [{path: a.env, required: false}]}}\n",
        ),
    }
    for form, (name, text) in texts.items():
        found, [(_, document)] = formats.documents(form, (sources.Source(name, text),), files)
        assert document["spec"].get("env_files") == (["a.env"] if is_there else None)
        assert bool(lost(found)) != is_there


@pytest.mark.parametrize(("group", "is_lost"), [("me", False), ("www", True)])
def test_systemd_a_group_of_its_own_is_lost(group: str, is_lost: bool) -> None:
    found = translated("systemd", f"[Service]\nUser=me\nGroup={group}\nExecStart=/bin/a\n")
    assert bool(lost(found)) == is_lost


def test_systemd_the_home_folder_in_paths() -> None:
    made = spec("systemd", "[Service]\nWorkingDirectory=%h/a\nEnvironment=B=%h/b\nExecStart=%h/c\n")
    assert (made["working_dir"], made["env"], made["command"]) == (
        "/home/me/a",
        {"B": "/home/me/b"},
        ["$(HOME)/c"],
    )


# ------------------------------------------------------------------------------------------- circus


def test_circus_variables_in_paths_and_env() -> None:
    text = ("[watcher:a]\ncmd = $(circus.env.HOME)/a\nworking_dir = $(circus.env.HOME)/b\n"
            "[env]\nX = 1\nY = $X/y\nPATH = /c:$PATH\n")  # fmt: skip
    found = translated("circus", text)
    made = found.sets[0].spec
    assert (made["command"], made["working_dir"]) == ("env PATH=/c:$(PATH) $(HOME)/a", "/home/me/b")
    assert made["env"] == {"X": "1", "Y": "1/y"}
    assert lost(found) == []


def test_circus_sockets_are_handed_over_in_the_order_they_are_named() -> None:
    text = ("[watcher:a]\ncmd = s --fd $(circus.sockets.one) --fd $(circus.sockets.TWO)\n"
            "[socket:two]\nport = 81\n[socket:one]\nhost = localhost\nport = 80\n")  # fmt: skip
    made = spec("circus", text)
    assert made["command"] == "s --fd $(LISTEN_FD) --fd 4"
    assert made["listen"] == ["127.0.0.1:80", "127.0.0.1:81"]


def test_circus_a_socket_that_is_not_there_is_told() -> None:
    [told] = lost(translated("circus", "[watcher:a]\ncmd = s $(circus.sockets.x)\n"))
    assert told == "circus.ini:2: no [socket:x] in these files"


def test_circus_a_port_is_known_where_env_says_it() -> None:
    text = "[watcher:a]\ncmd = s $(circus.sockets.web)\n[socket:web]\nhost = ::1\nport = $(circus.env.port)\n"
    assert lost(translated("circus", text)) == [
        "circus.ini:2: [socket:web] is no address to listen on: [::1]:$(circus.env.port)"
    ]
    assert spec("circus", f"{text}[env]\nPORT = 81\n")["listen"] == ["[::1]:81"]


def test_circus_what_circusd_is_told_is_inherited() -> None:
    text = "[circus]\numask = 027\nwarmup_delay = 2\ncheck_delay = 5\n[watcher:a]\ncmd = a\n"
    found = translated("circus", text)
    assert found.sets[0].spec["umask"] == "027"
    assert lost(found) == ["circus.ini:3: warmup_delay: processes start together"]


@pytest.mark.parametrize(
    ("command", "made"),
    [
        ("a -x", "env PATH=/b:$(PATH) a -x"),
        ("a 'b c'", "env PATH=/b:$(PATH) a 'b c'"),
        ("a && b", ["env", "PATH=/b:$(PATH)", "a", "&&", "b"]),
    ],
)
def test_supervisord_a_path_is_added_to_the_one_that_is_there(command: str, made: object) -> None:
    text = f'[program:a]\ncommand={command}\nenvironment=PATH="/b:%(ENV_PATH)s",X="1"\n'
    found = spec("supervisord", text)
    assert (found["command"], found["env"]) == (made, {"X": "1"})


def test_supervisord_variables_with_others_in_them_are_quoted_for_the_command() -> None:
    text = "[program:a]\ncommand=a\nenvironment=X='two \\ \"words\" $5 %(ENV_A)s'\n"
    made = spec("supervisord", text)["command"]
    assert words.split(made) == ("env", 'X=two \\ "words" $5 $(A)', "a")
