"""A few hundred seeds of the simulation; `tests/sim/run.py --seeds N` plays as many as you like."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sim.simulation import Broken, Simulation

FORMERLY_FAILING = (
    94,
    127,
    210,
    261,
    845,
    1145,
    2275,
    2632,
    2815,
    2828,
    1055,
    20105,
    20358,
    21289,
    31500,
    33520,
    52688,
    200246,
    200253,
)
"""Seeds that once found a bug."""


def play(seeds: range | tuple[int, ...], path: str = ":memory:") -> None:
    for seed in seeds:
        try:
            Simulation(seed, path=path).run()
        except Broken as problem:
            raise AssertionError(f"python tests/sim/run.py --edits 25 --seed {seed}: {problem}") from problem


@pytest.mark.parametrize("first", range(0, 200, 40))
def test_seeds(first: int) -> None:
    play(range(first, first + 40))


def test_seeds_that_once_failed() -> None:
    play(FORMERLY_FAILING)


@pytest.mark.parametrize("seed", range(10_000, 10_010))
def test_seeds_with_a_store_on_disk_that_is_opened_again(seed: int, tmp_path: Path) -> None:
    play((seed,), str(tmp_path / "store.db"))
