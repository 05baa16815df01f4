"""The root of the tree: `guardian.py ROOT STATE RUN MODE -- CONTROLLER ARGV…`.

Owns the project, starts shim and controller, starts either again, and when the shim dies or the end has
come kills everything below to a fixed point. Decides nothing else. Descriptors: 3 = the launcher's
ready pipe, 4 = the leash (end of file = drain and end).

MODE is `free` (nobody holds the leash), `leash`, or `host:PID`: the launcher of that number holds the leash
and is the controller itself, so that none is started, and its death is the end.
"""

from __future__ import annotations

import os
import sys
import time

sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from controller.sdk.workerset import contract
from controller.shim import household, lean, orphaned, ownership, proc, sweep
from controller.shim import loop as loops
from controller.shim.lean import signal

_READY = 3
_LEASH = 4
_OWNED = 3
_FREE = "free"
_SHIM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shim.py")


class Guardian:
    """Two children, one pipe to the launcher, and the end."""

    def __init__(self, house: household.Household, controller: list[str], mode: str) -> None:
        self._house = house
        self._controller_argv = controller
        self._leashed = mode != _FREE
        self._host = int(mode.partition(":")[2] or 0)
        self._tag = contract.project_tag(house.root)
        self._alive_pipe = os.pipe()
        self._controller = household.Child("controller")
        self._shim = household.Child("shim")
        self._heard = -1
        self._launcher = _READY
        self._was_ready = False
        self._ending = False
        self.code = 0
        self.loop = loops.Loop()

    def start(self) -> None:
        signals = lean.wake_on(signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        self.loop.watch(signals, lambda _events: self._signalled(signals))
        self.loop.watch(self._house.owner.socket.fileno(), self._asked)
        if self._leashed:
            self.loop.watch(_LEASH, self._released)
        for pid, command in sweep.kill_leftovers(self._tag):
            household.say(f"killed what an earlier controller left behind: {pid} {command}")
        self._start_shim()
        if self._host:
            self._attend_host()
        else:
            self._start_controller()

    def _attend_host(self) -> None:
        """A child of the host may hold the leash after its death: its end is watched too (pidfd_open(2)).

        There is no `controller.pid`: that process is not ours to be ended, nor to be waited for.
        """
        try:
            descriptor = os.pidfd_open(self._host)
        except ProcessLookupError:
            self._let_go()
            return
        self.loop.watch(descriptor, lambda _events: self._host_ended(descriptor))
        self._tell_launcher(b'{"ready": %d}\n' % self._shim.pid)

    def _host_ended(self, descriptor: int) -> None:
        self.loop.unwatch(descriptor)
        self._let_go()

    def _asked(self, _events: int) -> None:
        ownership.answer(self._house.owner.socket, self._house.run)

    def _released(self, _events: int) -> None:
        self.loop.unwatch(_LEASH)
        self._let_go()

    def _let_go(self) -> None:
        """Once, however it is noticed: to be told a second time to end means at once."""
        if not self._ending:
            self.end("the foreground is gone")

    def _signalled(self, signals: int) -> None:
        for number in os.read(signals, 4096):
            if number in (signal.SIGTERM, signal.SIGINT):
                self.end("asked to")
            elif number == signal.SIGHUP:
                self._house.repair()
                self._shim.send(signal.SIGHUP)
        self._reap()

    # ------------------------------------------------------------------ children

    def _environ(self, extra: dict[str, str]) -> dict[str, str]:
        return {**os.environ, contract.PROJECT: self._tag, **extra}

    def _start_shim(self) -> None:
        self.loop.cancel("shim")
        owner = self._house.owner
        passed = (self._alive_pipe[0], owner.socket.fileno(), owner.lock)
        actions = [(os.POSIX_SPAWN_DUP2, descriptor, descriptor) for descriptor in passed]
        numbers = [str(descriptor) for descriptor in passed]
        argv = [sys.executable, "-I", "-S", _SHIM, self._house.run, self._house.logs]
        argv += [str(household.soft_files()), *numbers]
        self._shim.spawn(argv, self._environ({}), actions)
        self._house.write_pid("shim", self._shim.pid)

    def _start_controller(self) -> None:
        self.loop.cancel("controller")
        if self._ending:
            return
        heard, said = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, said, _READY)] if not self._was_ready else []
        extra = {contract.GUARDIAN_PID: str(os.getpid())}
        if not self._was_ready:
            extra[contract.READY_FD] = str(_READY)
        try:
            self._controller.spawn(self._controller_argv, self._environ(extra), actions)
        except OSError as error:
            os.close(heard)
            self._not_started(f"cannot start the controller, {error.strerror}: {self._controller_argv[0]}")
            return
        finally:
            os.close(said)
        if self._was_ready:
            os.close(heard)
        else:
            self._heard = heard
            self.loop.watch(heard, self._controller_says)
        self._house.write_pid("controller", self._controller.pid)

    def _not_started(self, reason: str) -> None:
        if self._was_ready:
            household.say(reason)
            self._again_later()
        else:
            self._fail(reason)

    def _again_later(self) -> None:
        wait = self._controller.pause()
        household.say(f"starting the controller again in {wait:g}s")
        self.loop.at("controller", time.monotonic() + wait, self._start_controller)

    def _controller_says(self, _events: int) -> None:
        """The first word of a controller goes to the launcher as it is."""
        data = os.read(self._heard, 65536)
        self.loop.unwatch(self._heard)
        lean.close_quietly(self._heard)
        if data:
            self._was_ready = data.startswith(b'{"ready"')
            self._tell_launcher(data)

    def _tell_launcher(self, data: bytes) -> None:
        if self._launcher < 0:
            return
        try:
            os.write(self._launcher, data)
        except OSError:
            pass  # nobody waits any more
        lean.close_quietly(self._launcher)
        self._launcher = -1

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            if pid == self._controller.pid:
                self._controller_ended(code)
            elif pid == self._shim.pid:
                self._shim_ended(code)

    def _controller_ended(self, code: int) -> None:
        self._controller.pid = 0
        if self._ending or code == 0:
            self._stop_shim("the controller has ended")
        elif not self._was_ready:
            self._fail(f"the controller ended before it was ready: {household.ending(code)}")
        else:
            household.say(f"controller ended, {household.ending(code)}")
            self._shim.send(signal.SIGHUP)
            self._again_later()

    def _shim_ended(self, code: int) -> None:
        self._shim.pid = 0
        killed = sweep.kill_children(lambda pid: pid == self._controller.pid)
        for pid, command in killed:
            household.say(f"killed below the guardian: {pid} {command}")
        if self._ending:
            self._finish_if_done()
            return
        wait = self._shim.pause()
        household.say(f"shim ended, {household.ending(code)}; its workers are gone, starting it again")
        self.loop.at("shim", time.monotonic() + wait, self._start_shim)

    # ------------------------------------------------------------------ the end

    def _fail(self, reason: str) -> None:
        household.say(reason)
        self.code = self.code or 1
        self._tell_launcher(household.failed(reason, self._house.own_log))
        self._stop_shim("the controller cannot start")

    def end(self, why: str) -> None:
        """Drain and end; a second time: kill and end."""
        if self._ending:
            self._controller.send(signal.SIGKILL)
            self._shim.send(signal.SIGTERM)
            return
        household.say(f"ending, {why}")
        if self._controller.pid:
            self._ending = True
            self._controller.send(contract.DRAIN_SIGNAL)
        else:
            self._stop_shim(why)

    def _stop_shim(self, why: str) -> None:
        self._ending = True
        self.loop.cancel("controller")
        self.loop.cancel("shim")
        if self._shim.pid:
            household.say(f"stopping the shim, {why}")
            self._shim.send(signal.SIGTERM)
        self._finish_if_done()

    def _finish_if_done(self) -> None:
        if not self._controller.pid and not self._shim.pid:
            sweep.kill_children(lambda _pid: False)
            self.loop.running = False


def _move_in(root: str, state: str, run: str, leash: int) -> household.Household:
    """Own the project, where need be after an orphaned shim has let go of it. Raises `ownership.Taken`."""
    while True:
        try:
            return household.Household(root, state, run)
        except ownership.Taken as taken:
            if not orphaned.displace(taken.owner, lambda text: _tell(household.waiting(text)), leash):
                raise


def _tell(word: bytes) -> None:
    try:
        os.write(_READY, word)
    except OSError:
        pass  # nobody waits any more


def main(arguments: list[str]) -> int:
    if arguments[0] != "--reaper":
        os.closerange(_LEASH + 1, household.MOST_FILES)  # the launcher's own, which workers must not inherit
        proc.run_as_subreaper([os.path.abspath(__file__), "--reaper", *arguments])
    root, state, run, mode = arguments[1:5]
    for descriptor in (_READY, _LEASH):
        try:
            os.set_inheritable(descriptor, False)
        except OSError:
            continue
    try:
        house = _move_in(root, state, run, -1 if mode == _FREE else _LEASH)
    except ownership.Taken as taken:
        _tell(household.owned(taken.owner))
        return _OWNED
    except OSError as error:
        _tell(household.failed(f"cannot use {state}: {error.strerror}", ""))
        return 1
    guardian = Guardian(house, arguments[6:], mode)
    guardian.start()
    guardian.loop.run()
    house.close()
    household.say("ended")
    return guardian.code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
