"""Two runs of one month at once: both end well, and leave what one would have left."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from taxi_assets_tests.faults.conftest import LAST, Prepared
from taxi_assets_tests.faults.processes import CONTEXT, Command, call, start
from taxi_assets_tests.faults.seen import look
from taxi_assets_tests.homes import Home

pytestmark = pytest.mark.slow
WAITING = "waiting for another run of this month"
DEADLINE_S = 120


def pause_before_cleaning(reached: Any, may_go_on: Any) -> None:
    """In the first run: stand still, holding the lock, until the test lets go."""
    import dagster as dg

    store = dg.DagsterInstance.handle_new_event

    def paused(instance: dg.DagsterInstance, entry: dg.EventLogEntry, **more: Any) -> None:
        event = entry.dagster_event
        if event and event.is_step_start and "clean_and_rejected" in str(event.step_key):
            reached.set()
            assert may_go_on.wait(DEADLINE_S)
        store(instance, entry, **more)

    dg.DagsterInstance.handle_new_event = paused


def without_the_lock(barrier: Any) -> None:
    """In both runs: begin together, as two that know nothing of each other's lock do."""
    from taxi_assets.commands import run

    @contextmanager
    def together(*_: Any) -> Iterator[None]:
        yield

    run.alone = together  # what keeps them apart
    run._bury_the_killed = lambda *_: barrier.wait(DEADLINE_S)  # noqa: SLF001 - it trusts the lock


def wait_until_said(command: Command, words: str) -> None:
    """Look at what a command prints until the words are there."""
    deadline = time.monotonic() + DEADLINE_S
    while words not in command.said():
        assert time.monotonic() < deadline, command.said()
        assert command.process.is_alive(), command.said()
        time.sleep(0.05)


def check_one_result(home: Home, prepared: Prepared, commands: list[Command]) -> None:
    """What one undisturbed run leaves is all there is."""
    assert [command.wait() for command in commands] == [0, 0], [c.said() for c in commands]
    found = call(home, look)
    assert found.results() == prepared.after.results()
    assert (found.numbers, len(found.models)) == (prepared.after.numbers, 2)
    assert (found.files, found.orphans) == (prepared.after.files, 0)
    assert found.unfinished == 0


def test_the_second_waits_for_the_first_and_finds_its_work_done(
    prepared: Prepared, home: Home, tmp_path: Path
) -> None:
    reached, may_go_on = CONTEXT.Event(), CONTEXT.Event()
    pause = (pause_before_cleaning, reached, may_go_on)
    arguments = ("run", "--only", "models", "--months", LAST)
    first = start(home, tmp_path / "first", *arguments, meet=pause)
    assert reached.wait(DEADLINE_S), first.said()

    second = start(home, tmp_path / "second", *arguments)
    wait_until_said(second, WAITING)
    may_go_on.set()

    check_one_result(home, prepared, [first, second])
    assert WAITING not in first.said()


def test_without_the_lock_the_lake_and_the_registry_still_keep_one_of_each(
    prepared: Prepared, home: Home, tmp_path: Path
) -> None:
    barrier = CONTEXT.Barrier(2)
    arguments = ("run", "--only", "models", "--months", LAST)

    both = [
        start(home, tmp_path / name, *arguments, meet=(without_the_lock, barrier))
        for name in ("first", "second")
    ]

    check_one_result(home, prepared, both)
