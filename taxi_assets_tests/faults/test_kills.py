"""A run that was killed anywhere and run again gives what it would have given undisturbed."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from taxi_assets_tests.faults.conftest import LAST, Prepared, run
from taxi_assets_tests.faults.doom import POINTS
from taxi_assets_tests.faults.processes import call, start
from taxi_assets_tests.faults.seen import Seen, look
from taxi_assets_tests.homes import Home

pytestmark = pytest.mark.slow
COLUMNS = ("killed", "tables whole", "orphan files", "versions", "of them whole", "same after")


@pytest.fixture(scope="module")
def counts() -> Iterator[list[tuple[object, ...]]]:
    """A line for each kill, shown with -s."""
    lines: list[tuple[object, ...]] = []
    yield lines
    template = "{:<42}" + "{:>15}" * (len(COLUMNS) - 1)
    for line in (COLUMNS, *lines):
        sys.stdout.write("\n" + template.format(*map(str, line)))


@pytest.mark.parametrize("point", POINTS)
def test_a_run_killed_anywhere_and_run_again_gives_the_same(
    prepared: Prepared, home: Home, tmp_path: Path, point: str, counts: list[tuple[object, ...]]
) -> None:
    killed = start(
        home, tmp_path / "killed", "run", "--only", "models", "--months", LAST, point=point
    )

    ended = killed.wait()
    left = call(home, look)
    run(home, tmp_path / "again", LAST)
    again = call(home, look)

    assert ended == -signal.SIGKILL, killed.said()
    whole = months_that_are_whole(left, prepared)
    assert again.results() == prepared.after.results()
    assert again.unfinished == 0
    versions = (again.numbers, len(again.models))
    counts.append((point, f"{whole} of 5", again.orphans, *versions, "yes"))


def months_that_are_whole(left: Seen, prepared: Prepared) -> int:
    """How many tables have the killed month; each has all of it or nothing of it."""
    assert left.before(LAST) == prepared.before.before(LAST)
    assert left.champion in (prepared.before.champion, prepared.after.champion)
    assert left.candidate in (prepared.before.candidate, prepared.after.candidate)
    assert set(left.models) <= set(prepared.after.models)
    parts = [part for part in left.tables if part[1] == LAST]
    whole = [part for part in parts if left.tables[part] == prepared.after.tables[part]]
    absent = [part for part in parts if left.tables[part] == prepared.before.tables[part]]
    assert set(whole) | set(absent) == set(parts)
    return len(whole)
