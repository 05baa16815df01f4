"""`ports.Vars` on files that workers map (S6)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from controller import ports
from controller.sdk.workerset import codec, layout, payload
from controller.vars import folder, header, leftovers, seeds, sleeping

_LOOKS = 8
"""So often is the word read again while the payload it names is not there or damaged."""


class SharedVars:
    """All slots of a project. `mark` and `put_mark` keep the high-water mark of generations, durably.

    Slots of an earlier boot are dropped when the folder is first looked at. Whatever else is lost, the
    folder included, is made anew by the next call that is about it, with generations above the old ones.
    """

    def __init__(
        self,
        path: str,
        boot_id: str,
        wall: Callable[[], float],
        mark: Callable[[], int],
        put_mark: Callable[[int], None],
    ) -> None:
        self._folder = path
        self._boot = bytes.fromhex(boot_id.replace("-", ""))[:16].ljust(16, b"\0")
        self._seeds = seeds.Seeds(wall, mark, put_mark)
        self._slots: dict[ports.VarsName, str] | None = None
        self._first: dict[ports.VarsName, int] = {}
        self._waiting: dict[str, set[asyncio.Event]] = {}

    # ------------------------------------------------------------------ slots

    def slot(self, name: ports.VarsName) -> str:
        """The path of the header file; made if there is none, if it is damaged or of another boot."""
        known = self._known()
        path = self._path(name)
        try:
            if header.read(path).boot == self._boot:
                if name not in known:
                    folder.write_name(path, name)
                    known[name] = path
                return path
            lost = {name: path}
        except FileNotFoundError:
            lost = self._lost(name, path)
        except ValueError:
            lost = {name: path}
        if lost:
            self._seeds.was_lost()
        made = {name: path, **lost}
        first = min(self._make(one, place) for one, place in made.items())
        known.update(made)
        for place in lost.values():
            groups = folder.grouped(os.path.dirname(place))
            leftovers.clean(place, groups.get(os.path.basename(place), ()), first + 1)
        return path

    def slot_of(self, name: ports.VarsName, user: int | None) -> str:
        path = self.slot(name)
        above, _, file = path.rpartition("/")
        theirs = folder.of_user(self._folder, user)
        place = f"{theirs}/{file}"
        if above != theirs:
            if user is not None:
                folder.give(os.path.dirname(place), user)
            folder.move(path, place, header.read(path).generation)
            self._known()[name] = place
            self._look_again(place)
        return place

    def lend(self, name: ports.VarsName, folder: str) -> str:
        path = self.slot(name)
        header.open_to_all(path)
        header.set_word(path, layout.TOUCHED, 1)
        return folder + path.removeprefix(self._folder)

    def _lost(self, name: ports.VarsName, path: str) -> dict[ports.VarsName, str]:
        """What went with the header of this name: all there was, if the folder is gone."""
        known = self._known()
        if folder.secure(self._folder):
            return dict(known)
        return {name: path} if name in known else {}

    def _make(self, name: ports.VarsName, path: str) -> int:
        user = folder.user_of(path)
        if user >= 0:
            folder.give(os.path.dirname(path), user)
        seed = self._seeds.seed()
        folder.write_name(path, name)
        header.make(path, seed, self._boot, user)
        self._first[name] = seed
        return seed

    def known(self) -> Sequence[ports.VarsName]:
        return sorted(self._known())

    def remove(self, name: ports.VarsName) -> None:
        path = self._known().pop(name, None) or self._path(name)
        self._first.pop(name, None)
        try:
            last = header.read(path).generation
            self._seeds.was_at(last)
        except (FileNotFoundError, ValueError):
            last = 0
            self._seeds.was_lost()
        header.set_word(path, layout.READY, 0)
        self._look_again(path)
        leftovers.drop(path, last)

    # ------------------------------------------------------------------ marks

    def set_ready(self, name: ports.VarsName, ready: bool) -> None:
        header.set_word(self._healed(name), layout.READY, int(ready))

    def look_again(self, names: Iterable[ports.VarsName]) -> None:
        for name in names:
            self._look_again(self._healed(name))

    def take_touched(self, name: ports.VarsName) -> bool:
        """Clears first and counts afterwards: a reader that sees the count touches after the clearing."""
        path = self._healed(name)
        touched = header.get_word(path, layout.TOUCHED) != 0
        if touched:
            header.set_word(path, layout.TOUCHED, 0)
            header.count_up(path, layout.SWEPT)
        return touched

    def touch(self, name: ports.VarsName) -> None:
        header.set_word(self._healed(name), layout.TOUCHED, 1)

    # ------------------------------------------------------------------ what is published

    def epoch(self, name: ports.VarsName) -> int:
        return header.get_word(self._path(name), layout.EPOCH)

    def generation(self, name: ports.VarsName) -> int:
        with contextlib.suppress(FileNotFoundError, ValueError):
            words = header.read(self._path(name))
            return words.generation if words.published else 0
        return 0

    def publishes(self) -> Mapping[ports.VarsName, int]:
        """Each publish is one generation more."""
        found: dict[ports.VarsName, int] = {}
        for name, path in self._known().items():
            with contextlib.suppress(FileNotFoundError, ValueError):
                generation = header.read(path).generation
                found[name] = max(0, generation - self._first.setdefault(name, generation))
        return found

    def read(self, name: ports.VarsName) -> ports.Snapshot | None:
        path = self._path(name)
        why = ""
        file = path
        for _ in range(_LOOKS):
            try:
                words = header.read(path)
            except FileNotFoundError:
                return None
            except ValueError as error:
                raise ValueError(f"{_HEADER}, {error}: {path}") from None
            if not words.published:
                return None
            file = layout.payload_file(path, words.generation)
            try:
                return _snapshot(path, words.generation)
            except FileNotFoundError:
                why = "it is missing"
            except ValueError as error:
                why = str(error)
        raise ValueError(f"published vars are damaged, {why}: the next publish heals it: {file}")

    async def changed(self, name: ports.VarsName, generation: int, seconds: float) -> None:
        path = self._path(name)
        try:
            words = header.read(path)
        except (FileNotFoundError, ValueError):
            return
        if (words.generation if words.published else 0) != generation:
            return
        over = asyncio.Event()
        self._waiting.setdefault(path, set()).add(over)
        try:
            await sleeping.beside(lambda: header.sleep(path, words.generation, seconds), over)
        finally:
            self._waiting[path].discard(over)
            if not self._waiting[path]:
                del self._waiting[path]

    # ------------------------------------------------------------------ inside

    def _known(self) -> dict[ports.VarsName, str]:
        """Looks at the folder once; drops what another boot left, and what killed writers did."""
        if self._slots is None:
            self._slots = {}
            if os.path.lexists(self._folder):
                folder.secure(self._folder)
            for user in (None, *folder.users(self._folder)):
                self._slots |= self._found(folder.of_user(self._folder, user))
        return self._slots

    def _found(self, place: str) -> dict[ports.VarsName, str]:
        """Those in one folder."""
        found = {}
        for slot, files in folder.grouped(place).items():
            path = f"{place}/{slot}"
            name = folder.read_name(path)
            if not self._is_kept(path, files):
                for file in files:
                    payload.remove(f"{place}/{file}")
            elif name is not None:
                found[name] = path
        return found

    def _is_kept(self, path: str, files: Iterable[str]) -> bool:
        """A damaged header is for `read` to report and for `slot` to heal."""
        try:
            words = header.read(path)
        except FileNotFoundError:
            return False
        except ValueError:
            return True
        if words.boot != self._boot:
            return False
        leftovers.clean(path, files, words.generation)
        return True

    def _path(self, name: ports.VarsName) -> str:
        return self._known().get(name) or f"{self._folder}/{folder.slot_file(name)}"

    def _healed(self, name: ports.VarsName) -> str:
        """The path; a slot that was there and is not is made first."""
        known = self._known()
        return self.slot(name) if name in known and not os.path.exists(known[name]) else self._path(name)

    def _look_again(self, path: str) -> None:
        """Who waits in this process is told directly: the word it falls asleep on stays as it is."""
        header.count_up(path, layout.EPOCH)
        header.wake(path)
        for over in self._waiting.get(path, ()):
            over.set()


_HEADER = "the header of shared memory is damaged, the next ensure of its name makes it anew"


def _snapshot(path: str, generation: int) -> ports.Snapshot:
    body = payload.unpack(payload.load(path, generation), generation)
    changed = os.stat(layout.payload_file(path, generation)).st_mtime
    return ports.Snapshot(generation, changed, body, codec.parse(body))
