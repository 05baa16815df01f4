"""The screen of `dev`, without a terminal: what its keys do, and lines that fit whatever the size."""

from __future__ import annotations

import fcntl
import os
import struct
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from controller.cli import context as contexts
from controller.cli import render_screen, screenmodel
from controller.cli import screen as screens
from controller.client import errors as client_errors

Key = tuple[str, str]


def obj(name: str, state: str = "Ready", message: str = "", **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "default", "generation": 1, "annotations": {}},
        "spec": {"num": 2},
        "status": {
            "state": state, "message": message, "readyReplicas": 2, "observedGeneration": 1,
            "restarts": 3, **status,
        },
    }  # fmt: skip


def screen(*objects: dict[str, Any]) -> screenmodel.Screen:
    sets = {("default", one["metadata"]["name"]): one for one in objects}
    return screenmodel.Screen("project ~/shop", sets)


def shown(of: screenmodel.Screen, width: int = 80, height: int = 24, *, colour: bool = False) -> list[str]:
    lines = render_screen.frame(of, width, height)
    assert len(lines) == height
    assert all(cell_len(line.plain) <= width for line in lines)
    return render_screen.encoded(lines, width, {}, colour=colour)


def test_sets_above_and_lines_below() -> None:
    made = screen(obj("web"), obj("job", "Failed", "exit 1 after 0.2s"))
    made.usage["default", "web"] = screenmodel.Usage(0.25, 64 << 20)
    made.add("10:14:02", "web-0", "Application startup complete.")
    lines = shown(made)
    text = "\n".join(lines)
    assert "2 sets, 1 well, 1 failed" in lines[0]
    assert "› job" in text
    assert "exit 1 after 0.2s" in text
    assert "25%" in text
    assert "64Mi" in text
    assert "10:14:02 web-0 | Application startup complete." in text
    assert lines[-1].startswith("↑↓ choose")


def test_the_last_cause_stands_beside_a_set_that_is_well() -> None:
    made = obj("web")
    made["metadata"]["annotations"]["workerset.dev/restarted-by"] = "src/a.py (modified)"
    assert "restarted by src/a.py (modified)" in "\n".join(shown(screen(made), 120))


@pytest.mark.parametrize(("width", "name"), [(80, "a-rather-lo…"), (160, "a-rather-long-name-of-a-set")])
def test_a_long_name_leaves_room_for_the_last_cause(width: int, name: str) -> None:
    made = obj("a-rather-long-name-of-a-set")
    made["metadata"]["annotations"]["workerset.dev/restarted-by"] = "src/a.py (modified)"
    text = "\n".join(shown(screen(made), width))
    assert f"› {name} " in text
    assert "restarted by src/a.py" in text


def test_of_a_long_trouble_the_end_is_seen_too() -> None:
    made = screen(obj("web"))
    made.trouble = "\n".join([*(f"problem {number}" for number in range(20)), "the last good state goes on"])
    text = "\n".join(shown(made))
    assert "problem 6" in text
    assert "problem 7" not in text
    assert "the last good state goes on" in text


def test_without_colour_there_are_only_words() -> None:
    made = screen(obj("web"))
    assert "\x1b" not in "".join(shown(made))
    assert "\x1b[" in "".join(shown(made, colour=True))


@given(
    st.integers(1, 200),
    st.integers(2, 60),
    st.lists(st.text(max_size=30), max_size=12),
    st.lists(st.text(max_size=200), max_size=60),
)
def test_every_frame_fits(width: int, height: int, names: list[str], said: list[str]) -> None:
    made = screen(*(obj(name, "Failed", name * 5) for name in names))
    for number, text in enumerate(said):
        made.add("10:14:02", f"w-{number % 3}" if number % 4 else "", text)
    shown(made, width, height)
    made.press("enter")
    shown(made, width, height)


def test_what_workers_print_cannot_move_the_cursor() -> None:
    made = screen(obj("web"))
    made.add("10:14:02", "web-0", "\x1b[2J\x1b[31mred\x1b[0m\x1b]0;title\x07 a\tb\rc\x07")
    assert made.lines[-1].text == "red a    bc"


def test_f_shows_the_lines_of_one_set_and_all_again() -> None:
    made = screen(obj("web"), obj("web-admin"))
    made.add("1", "web-0", "one")
    made.add("2", "web-admin-0", "two")
    made.press("f")
    assert [line.text for line in made.shown()] == ["one"]
    made.press("j")
    assert [line.text for line in made.shown()] == ["two"]
    made.press("f")
    assert len(made.shown()) == 2


def test_p_holds_the_log_still() -> None:
    made = screen(obj("web"))
    made.add("1", "web-0", "one")
    made.press("p")
    made.add("2", "web-0", "two")
    assert [line.text for line in made.shown()] == ["one"]
    assert "paused" in "\n".join(shown(made))
    made.press(" ")
    assert len(made.shown()) == 2


def test_enter_opens_the_failure_and_any_key_closes_it() -> None:
    conditions = [{"type": "GivenUp", "status": "True", "reason": "TooMany", "message": "KeyError 'API_KEY'"}]
    made = screen(obj("job", "Failed", "exit 1", conditions=conditions))
    made.add("1", "job-0", "Traceback")
    made.press("enter")
    text = "\n".join(shown(made))
    assert "KeyError 'API_KEY'" in text
    assert "Traceback" in text
    made.press("x")
    assert "any key closes this" not in "\n".join(shown(made))


@pytest.mark.parametrize(
    ("key", "asked"),
    [
        ("r", screenmodel.Asked("restart", ("default", "web"))),
        ("+", screenmodel.Asked("scale", ("default", "web"), 1)),
        ("-", screenmodel.Asked("scale", ("default", "web"), -1)),
        ("q", screenmodel.Asked("quit")),
        ("z", None),
    ],
)
def test_keys_that_ask_the_controller(key: str, asked: screenmodel.Asked | None) -> None:
    assert screen(obj("web")).press(key) == asked


def test_keys_without_any_set_do_no_harm() -> None:
    made = screen()
    for key in ("j", "k", "f", "r", "+", "-", "enter", "p", "?"):
        assert made.press(key) is None
    shown(made)


def test_many_sets_scroll_around_the_chosen_one() -> None:
    made = screen(*(obj(f"set{number:02d}") for number in range(50)))
    for _ in range(30):
        made.press("down")
    assert "› set30" in "\n".join(shown(made))


def test_what_is_broken_stands_between_and_leaves_room() -> None:
    made = screen(obj("web"))
    made.trouble = "manifests/web.yaml:4:7: error: spec.nmu: unknown field: nmu\n" + "more\n" * 40
    lines = shown(made)
    assert any("manifests/web.yaml:4:7" in line for line in lines)
    assert any(line.startswith("── log") for line in lines)


END = "\x1b[0n"


class Terminal:
    """The other end of a terminal; `written` is what came to it since the last time."""

    def __init__(self, folder: Path) -> None:
        self._end, ours = os.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.input, self.output = os.fdopen(ours, encoding="utf-8"), os.fdopen(os.dup(ours), "w")
        self.context = contexts.Context(self.input, self.output, self.output, {}, str(folder))

    def written(self) -> str:
        """The kernel passes it on when it likes: all has come once what is written now has."""
        self.output.write(END)
        self.output.flush()
        come = b""
        while not come.endswith(END.encode()):
            come += os.read(self._end, 1 << 16)
        return come.decode().removesuffix(END)

    def close(self) -> None:
        self.input.close()
        self.output.close()
        os.close(self._end)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    made = Terminal(tmp_path)
    yield made
    made.close()


def _gone(*_: object) -> None:
    raise client_errors.ConnectionLost("the controller has gone")


def test_only_lines_that_changed_are_written(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing changed is nothing written, however often it is looked at."""
    monkeypatch.setattr(screens, "FRAME_MS", 0)
    monkeypatch.setattr(contexts.Context, "client", _gone)
    web = obj("web")
    with screens.TerminalScreen(terminal.context, "~/shop", {("default", "web"): web}) as shown:
        shown.due()
        assert "› web" in terminal.written()
        for _ in range(3):
            shown.due()
        assert terminal.written() == ""
        shown.note("web restarted")
        shown.due()
        written = terminal.written()
        assert "web restarted" in written
        assert "› web" not in written
        assert written.count("\x1b[K") == 1
