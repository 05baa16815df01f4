"""The unit's text: what must be quoted is, and what a unit cannot say is refused."""

from __future__ import annotations

import pytest

from controller.cli import systemd, unitfile


@pytest.mark.parametrize(
    ("word", "written"),
    [
        ("/usr/bin/workerctl", "/usr/bin/workerctl"),
        ("/srv/my shop", '"/srv/my shop"'),
        ("100%", '"100%%"'),
        ("$HOME", '"$$HOME"'),
        ('say "hi"\\', '"say \\"hi\\"\\\\"'),
        ("a\tb", '"a\\tb"'),
    ],
)
def test_words_of_a_command_are_quoted(word: str, written: str) -> None:
    assert unitfile.quoted(word, command=True) == written


@pytest.mark.parametrize(
    ("root", "name"),
    [("/srv/shop", "shop"), ("/srv/my shop", "my-shop"), ("/", "root"), ("/srv/caf\u00e9@x", "caf--x")],
)
def test_the_file_is_named_after_the_folder(root: str, name: str) -> None:
    assert unitfile.file_name(root) == f"workerset-{name}.service"


@pytest.mark.parametrize("options", [(), ("--user",)])
def test_what_is_printed(shell, golden, monkeypatch, options) -> None:
    monkeypatch.setattr(systemd, "_command", lambda: ["/usr/local/bin/workerctl"])
    monkeypatch.setattr(systemd, "_owner", lambda _root: "deploy")
    shell.environ["PATH"] = "/usr/local/bin:/usr/bin:/bin"
    outcome = shell("systemd", *options)
    assert (outcome.code, outcome.err) == (0, "")
    golden(f"systemd{'-user' if options else ''}.txt", outcome.out.replace(str(shell.folder), "/srv/shop"))


def test_a_folder_with_a_line_break_is_refused(shell) -> None:
    folder = shell.folder / "a\nb"
    (folder / ".workerset").mkdir(parents=True)
    outcome = shell("-C", str(folder), "systemd")
    assert (outcome.code, outcome.out) == (1, "")
    assert "rename it" in outcome.err
