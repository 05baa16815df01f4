"""Processes of another user (S1 `user`, S8.4), and the umask: before the first instruction."""

from __future__ import annotations

import json
import os
import pwd
from pathlib import Path

import pytest

from controller import ports
from controller.core import kinds, spec
from controller.shim import accounts, finding, records
from tests.runtime.test_limits import ended, python
from tests.runtime.tree import Tree

SHOW = """\
import json, os, socket
said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
said.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
os.write(os.open("/dev/stdout", os.O_WRONLY), b"opened\\n")
old = os.umask(0)
print(json.dumps({"uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(), "umask": old,
    "home": os.environ["HOME"], "user": os.environ.get("USER"), "listen": os.environ.get("LISTEN_PID"),
    "pid": os.getpid(), "ours": sorted(set(os.environ) & {"WORKERSET_SOCKET", "WORKERSET_TOKEN"}),
    "handle": os.fstat(int(os.environ["WORKERSET_HANDLE_FD"])).st_mode & 0o170000}))
"""
NOBODY = pwd.getpwnam("nobody")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may run processes of another user")


def a_spec(**fields: object) -> records.Spec:
    given = {"argv": ["x"], "cwd": "/", "env": {}, "max_size": 1, "keep": 1, **fields}
    return records.Spec(given, {"HOME": "/root", "PATH": "/bin"})


def shown(tree: Tree) -> dict[str, object]:
    text = Path(tree.paths.logs, "default", "web-0.log").read_text()
    assert "opened" in text
    line = next(line for line in text.splitlines() if "{" in line)
    found: dict[str, object] = json.loads(line[line.index("{") :])
    return found


@as_root
@pytest.mark.parametrize("listen", [(), ("unix:web.sock",)])
@pytest.mark.parametrize("nice", [None, 3])
def test_a_process_of_another_user_has_its_rights_and_no_others(
    fresh_tree: Tree, listen: tuple[str, ...], nice: int | None
) -> None:
    fresh_tree.start()
    template = spec.Template(
        command=("/usr/bin/env", "python3", "-c", SHOW), user="nobody", umask=0o027, nice=nice, listen=listen
    )
    opened = [ports.OpenSockets(kinds.Key("default", "web"), listen)] if listen else []
    process = ended(fresh_tree, template, *opened)
    assert process.exit is not None
    assert process.exit.code == 0, process.exit
    assert process.ready
    facts = shown(fresh_tree)
    assert facts["uid"] == [NOBODY.pw_uid] * 3
    assert facts["gid"] == [NOBODY.pw_gid] * 3
    assert set(facts["groups"]) <= set(os.getgrouplist("nobody", NOBODY.pw_gid))  # type: ignore[call-overload]
    assert facts["umask"] == 0o027
    assert (facts["home"], facts["user"], facts["ours"]) == (NOBODY.pw_dir, "nobody", [])
    assert facts["listen"] == (str(facts["pid"]) if listen else None)
    assert facts["handle"] == 0o010000


@as_root
def test_what_the_manifest_sets_goes_before_the_accounts_own(fresh_tree: Tree) -> None:
    fresh_tree.start()
    template = spec.Template(
        command=("/usr/bin/env", "python3", "-c", SHOW), user=str(NOBODY.pw_uid), env={"HOME": "/tmp"}
    )
    process = ended(fresh_tree, template)
    assert process.exit is not None
    assert process.exit.code == 0, process.exit
    assert shown(fresh_tree)["home"] == "/tmp"


@as_root
def test_an_unknown_user_is_no_start(fresh_tree: Tree) -> None:
    fresh_tree.start()
    process = ended(fresh_tree, spec.Template(command=("true",), user="no-such-user"))
    assert process.exit is not None
    assert process.exit.error == "no such user on this machine, getent passwd lists them: no-such-user"


@as_root
def test_a_program_that_the_user_may_not_reach_says_so(fresh_tree: Tree, tmp_path: Path) -> None:
    fresh_tree.start()
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    program = private / "run"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    process = ended(fresh_tree, spec.Template(command=(str(program),), user="nobody"))
    assert process.exit is not None
    assert process.exit.code not in (0, None)
    assert "ermission denied" in Path(fresh_tree.paths.logs, "default", "web-0.log").read_text()


def test_without_root_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    with pytest.raises(finding.StartFailed, match=r"only root may .* uid 54321: .* remove user: nobody"):
        accounts.of(a_spec(user="nobody"))


def test_ones_own_user_needs_nothing() -> None:
    own = pwd.getpwuid(os.geteuid())
    assert accounts.of(a_spec(user=own.pw_name)) is None
    assert accounts.of(a_spec(user=str(own.pw_uid))) is None
    assert accounts.of(a_spec()) is None


@pytest.mark.parametrize("user", ["no-such-user", "1:1", "4294967296", "²", "a\udc80"])
def test_what_is_no_user(user: str) -> None:
    with pytest.raises(finding.StartFailed, match="no such user"):
        accounts.find(user)


def test_a_number_without_a_name_is_a_user_too() -> None:
    found = accounts.find("1234567")
    assert (found.uid, found.gid, found.name) == (1234567, 1234567, "")
    assert "--clear-groups" in accounts.words(found, ["/bin/true", "true"])


def test_without_setpriv_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(finding.StartFailed, match="install util-linux"):
        accounts.words(accounts.find("nobody"), ["/bin/true", "true"])


def test_the_umask_holds_before_the_program_begins(fresh_tree: Tree) -> None:
    fresh_tree.start()
    show = "import os; print('umask', oct(os.umask(0)))"
    process = ended(fresh_tree, spec.Template(command=python(show), umask=0o077))
    assert process.exit is not None
    assert process.exit.code == 0
    assert "umask 0o77" in Path(fresh_tree.paths.logs, "default", "web-0.log").read_text()
