"""A run whose process is gone is found dead and run again; one that may be alive is left alone."""

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.errors import DagsterInvariantViolationError
from dagster._core.launcher import LaunchRunContext, WorkerStatus

from taxi_assets.resources import local_runs
from taxi_assets.resources.local_runs import PLACE, LocalRunLauncher, Place
from taxi_assets_tests.daemons import kill_all, ticks
from taxi_assets_tests.faults.daemons import MONTH, Machine
from taxi_assets_tests.homes import Home

HERE = Place.here()
CANCELED = dg.DagsterRunStatus.CANCELED
pytestmark = pytest.mark.skipif(HERE is None, reason="only Linux tells where a process is")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with Home.at(tmp_path).instance() as instance:
        yield instance


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the launcher's clock, which stands still at 0."""
    monkeypatch.setattr(local_runs, "monotonic", lambda: 0.0)
    return lambda seconds: monkeypatch.setattr(local_runs, "monotonic", lambda: seconds)


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is told to end."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def started(instance: dg.DagsterInstance, pid: int | None, place: Place | None) -> dg.DagsterRun:
    """A run with such a worker."""
    run = instance.create_run_for_job(
        dg.GraphDefinition(name="nothing").to_job(),
        tags={PLACE: json.dumps(asdict(place))} if place else {},
    )
    if pid is not None:
        instance.report_engine_event(f"Started process for run (pid: {pid}).", run)
    return run


def health(instance: dg.DagsterInstance, run: dg.DagsterRun) -> WorkerStatus:
    """What the launcher of our dagster.yaml says of it."""
    launcher = instance.run_launcher
    assert isinstance(launcher, LocalRunLauncher)
    return launcher.check_run_worker_health(run).status


def test_a_killed_worker_is_called_dead_once_a_code_server_can_be_back_to_run_it_again(
    instance: dg.DagsterInstance, worker: subprocess.Popen[bytes], now: Callable[[float], None]
) -> None:
    run = started(instance, worker.pid, HERE)
    alive = health(instance, run)
    worker.kill()
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # ended, and still a zombie
    zombie = health(instance, run)
    worker.wait()
    now(60.0)
    waiting = health(instance, run)
    now(90.0)

    assert (alive, zombie, waiting) == (WorkerStatus.RUNNING,) * 3
    assert health(instance, run) is WorkerStatus.NOT_FOUND


def test_a_run_that_cannot_be_seen_is_never_called_dead(
    instance: dg.DagsterInstance, now: Callable[[float], None]
) -> None:
    assert HERE
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    elsewhere = replace(HERE, machine="another", boot="another")
    places = [(ended.pid, elsewhere), (ended.pid, replace(HERE, pids="another"))]
    runs = [started(instance, *told) for told in (*places, (ended.pid, None), (None, HERE))]

    assert {health(instance, run) for run in runs} == {WorkerStatus.RUNNING}
    now(1_000.0)
    assert {health(instance, run) for run in runs} == {WorkerStatus.RUNNING}


def test_no_worker_outlives_a_boot(instance: dg.DagsterInstance) -> None:
    assert HERE
    run = started(instance, os.getpid(), replace(HERE, boot="the one before"))

    assert health(instance, run) is WorkerStatus.NOT_FOUND


@pytest.mark.slow
def test_a_run_that_a_reboot_has_ended_is_run_again_when_the_daemon_is_back(tmp_path: Path) -> None:
    machine = Machine.at(tmp_path)

    with machine.home.instance() as instance:
        with machine.daemon() as process:
            killed = machine.until_a_run_is(instance, dg.DagsterRunStatus.STARTED)
            kill_all(process)
        left = instance.get_run_by_id(killed.run_id)
        with machine.daemon():
            again = machine.until_a_run_is(instance, dg.DagsterRunStatus.SUCCESS)
        ended = instance.get_run_by_id(killed.run_id)

    assert left is not None
    assert left.status is dg.DagsterRunStatus.STARTED
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.FAILURE
    assert again.parent_run_id == killed.run_id
    assert machine.home.stage().tables["clean_trips", MONTH].rows > 0


def test_what_two_daemons_have_asked_for_at_the_same_moment_is_run_once(
    instance: dg.DagsterInstance,
) -> None:
    asked = {"dagster/run_key": "green 2023-03 a1", "dagster/sensor_name": "green_publications"}
    nothing = dg.GraphDefinition(name="nothing").to_job()
    first, second = (instance.create_run_for_job(nothing, tags=asked) for _ in range(2))
    retry = instance.create_run_for_job(
        nothing, tags=asked, parent_run_id=first.run_id, root_run_id=first.run_id
    )
    launcher = instance.run_launcher
    assert isinstance(launcher, LocalRunLauncher)

    launcher.launch_run(LaunchRunContext(second, workspace=None))

    ended = instance.get_run_by_id(second.run_id)
    assert ended is not None
    assert ended.status is CANCELED
    (said,) = instance.all_logs(second.run_id, of_type=dg.DagsterEventType.RUN_CANCELED)
    assert first.run_id in said.message
    for started in (first, retry):  # neither is held back: both ask for a code server
        with pytest.raises(DagsterInvariantViolationError):
            launcher.launch_run(LaunchRunContext(started, workspace=None))


def test_a_run_that_two_daemons_start_at_the_same_moment_is_started_once(
    instance: dg.DagsterInstance,
) -> None:
    nothing = dg.GraphDefinition(name="nothing").to_job()
    run = instance.create_run_for_job(nothing)
    launcher, together = instance.run_launcher, threading.Barrier(8)
    assert isinstance(launcher, LocalRunLauncher)

    def start(_: int) -> bool:
        together.wait()
        try:
            launcher.launch_run(LaunchRunContext(run, workspace=None))
        except DagsterInvariantViolationError:  # who starts it asks for a code server
            return True
        return False

    with ThreadPoolExecutor(8) as daemons:
        started = list(daemons.map(start, range(8)))

    assert sum(started) == 1
    said = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    assert ["was started before" in entry.message for entry in said] == [True] * 7


@pytest.mark.slow
def test_two_daemons_by_mistake_run_a_month_once(tmp_path: Path) -> None:
    machine = Machine.at(tmp_path)

    with machine.home.instance() as instance, machine.daemon() as one, machine.daemon() as other:
        run = machine.until_a_run_is(instance, dg.DagsterRunStatus.SUCCESS)
        seen = ticks(instance)
        machine.until(lambda: ticks(instance) >= seen + 2)
        assert (one.poll(), other.poll()) == (None, None)
        others = instance.get_runs(
            dg.RunsFilter(
                statuses=[status for status in dg.DagsterRunStatus if status is not CANCELED]
            )
        )
        steps = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)

    assert [found.run_id for found in others] == [run.run_id]
    begun = [entry.step_key for entry in steps]
    assert len(begun) == len(set(begun))
    assert machine.home.stage().tables["clean_trips", MONTH].rows > 0
