"""`top`: processor time and memory of workers and sets, as the kernel counts them."""

from __future__ import annotations

from controller import clock
from controller.cli import common, errors, sorting, tables
from controller.client import waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Sequence
    from typing import Any

    from controller.cli.context import Context

EXAMPLES = """
  workerctl top
  workerctl top sets
  workerctl top workers web-0 web-1 --interval 1s
  workerctl top -A --sort-by memory
"""
DESCRIPTION = """
Processor time and memory of workers, with all the processes below them. CPU is the average since the start
of the process, in thousandths of one processor; --interval measures over that long instead.
"""
_SUBJECTS = {
    "workers": "workers",
    "worker": "workers",
    "pods": "workers",
    "pod": "workers",
    "po": "workers",
    "sets": "sets",
    "ws": "sets",
    "workersets": "sets",
    "workerset": "sets",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="OBJECT", help="workers or sets, then names")
    common.add_selector(parser)
    common.add_all_namespaces(parser)
    parser.add_argument(
        "--interval", type=common.duration, default=None, metavar="DURATION", help="measure over this long"
    )
    parser.add_argument(
        "--sort-by", choices=("cpu", "memory", "name"), default="name", help="the highest first"
    )
    parser.add_argument("--no-headers", action="store_true", help="without the line of column names")


class Sample:
    """What one process tree has used. `cpu` in seconds, `since` the wall time it counts from."""

    __slots__ = ("cpu", "memory", "name", "namespace", "pid", "since", "workerset")

    def __init__(self, item: dict[str, Any]) -> None:
        self.namespace = str(item.get("namespace") or "")
        self.workerset = str(item.get("workerset") or "")
        self.name = str(item.get("worker") or "")
        self.pid = int(item.get("pid") or 0)
        self.cpu = float(item.get("cpuSeconds") or 0.0)
        self.memory = int(item.get("memoryBytes") or 0)
        self.since = float(item.get("startedAt") or 0.0)


class Row:
    """One line: cores is None where nothing can be said yet."""

    __slots__ = ("cores", "memory", "name", "namespace", "pid")

    def __init__(self, namespace: str, name: str, pid: int, cores: float | None, memory: int) -> None:
        self.namespace = namespace
        self.name = name
        self.pid = pid
        self.cores = cores
        self.memory = memory


def run(args: argparse.Namespace, context: Context) -> int:
    subject, names = _words(args.words)
    time = clock.SystemClock()
    first, at = _samples(args, context), time.monotonic()
    if args.interval:
        waiting.pause(int(args.interval * 1000))
        second, seconds = _samples(args, context), time.monotonic() - at
        rows = [
            _between(first.get((one.namespace, one.name, one.pid)), one, seconds) for one in second.values()
        ]
        used = second
    else:
        now = time.wall()
        rows = [_average(one, now) for one in first.values()]
        used = first
    if subject == "sets":
        rows = _by_set(rows, list(used.values()))
    if names:
        missing = [name for name in names if name not in {row.name for row in rows}]
        if missing:
            raise errors.CliError(f"no process of: {', '.join(missing)}", "see what runs: workerctl get pods")
        rows = [row for row in rows if row.name in names]
    return _print(args, context, subject, rows)


def _words(words: Sequence[str]) -> tuple[str, list[str]]:
    if words and words[0] in _SUBJECTS:
        return _SUBJECTS[words[0]], list(words[1:])
    pairs = [word.partition("/") for word in words]
    if pairs and all(slash and kind in _SUBJECTS for kind, slash, _ in pairs):
        return _SUBJECTS[pairs[0][0]], [name for _, _, name in pairs]
    return "workers", list(words)


def _samples(args: argparse.Namespace, context: Context) -> dict[tuple[str, str, int], Sample]:
    where = common.namespace_or_all(args, context)
    query = {"namespace": where, "labelSelector": args.selector}
    answer = context.client().request("GET", "/workerset/v1/usage", query).json()
    found = [Sample(item) for item in answer.get("items") or ()]
    return {(one.namespace, one.name, one.pid): one for one in found}


def _average(one: Sample, now: float) -> Row:
    lived = now - one.since
    cores = one.cpu / lived if one.since and lived > 0.01 else None
    return Row(one.namespace, one.name, one.pid, cores, one.memory)


def _between(before: Sample | None, one: Sample, seconds: float) -> Row:
    """A process that came in between counts from its start."""
    used = one.cpu - (before.cpu if before is not None else 0.0)
    cores = max(used, 0.0) / seconds if seconds > 0 else None
    return Row(one.namespace, one.name, one.pid, cores, one.memory)


def _by_set(rows: Iterable[Row], samples: Sequence[Sample]) -> list[Row]:
    sets: dict[tuple[str, str], Row] = {}
    for row, one in zip(rows, samples, strict=True):
        total = sets.setdefault((one.namespace, one.workerset), Row(one.namespace, one.workerset, 0, 0.0, 0))
        total.cores = None if total.cores is None or row.cores is None else total.cores + row.cores
        total.memory += row.memory
        total.pid += 1
    return list(sets.values())


def _print(args: argparse.Namespace, context: Context, subject: str, rows: list[Row]) -> int:
    if not rows:
        context.note("no process runs")
        return errors.OK
    rows.sort(key=lambda row: (row.namespace, sorting.natural(row.name)))
    if args.sort_by == "cpu":
        rows.sort(key=lambda row: row.cores or 0.0, reverse=True)
    elif args.sort_by == "memory":
        rows.sort(key=lambda row: row.memory, reverse=True)
    header = ["NAME", "WORKERS" if subject == "sets" else "PID", "CPU(cores)", "MEMORY(bytes)"]
    lines: list[list[object]] = [[row.name, row.pid, _cores(row.cores), _memory(row.memory)] for row in rows]
    if args.all_namespaces:
        header.insert(0, "NAMESPACE")
        lines = [[row.namespace, *line] for row, line in zip(rows, lines, strict=True)]
    tables.Printer(context, header, with_header=not args.no_headers).rows(lines)
    return errors.OK


def _cores(cores: float | None) -> str:
    return "<unknown>" if cores is None else f"{cores * 1000:.0f}m"


def _memory(size: int) -> str:
    return f"{size / (1 << 20):.0f}Mi" if size >= 10 << 20 else f"{size >> 10}Ki"
