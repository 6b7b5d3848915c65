"""A run whose process is gone is found dead and run again; one that may be alive is left alone."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher import WorkerStatus

from taxi_assets.resources.local_runs import PLACE, LocalRunLauncher, Place
from taxi_assets_tests.homes import NO_MODELS, OURS, REPOSITORY, Home

HERE = Place.here()
DEADLINE_S = 150
pytestmark = pytest.mark.skipif(HERE is None, reason="only Linux tells where a process is")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with Home.at(tmp_path).instance() as instance:
        yield instance


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process that lives until it is told to end."""
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def health(instance: dg.DagsterInstance, pid: int | None, place: Place | None) -> WorkerStatus:
    """What the launcher of our dagster.yaml says of a run with such a worker."""
    launcher = instance.run_launcher
    assert isinstance(launcher, LocalRunLauncher)
    run = instance.create_run_for_job(
        dg.GraphDefinition(name="nothing").to_job(),
        tags={PLACE: json.dumps(asdict(place))} if place else {},
    )
    if pid is not None:
        instance.report_engine_event(f"Started process for run (pid: {pid}).", run)
    return launcher.check_run_worker_health(run).status


def test_a_living_worker_is_running_and_a_killed_one_gone_even_before_its_parent_looks(
    instance: dg.DagsterInstance, worker: subprocess.Popen[bytes]
) -> None:
    alive = health(instance, worker.pid, HERE)
    worker.kill()
    os.waitid(os.P_PID, worker.pid, os.WEXITED | os.WNOWAIT)  # ended, and still a zombie
    zombie = health(instance, worker.pid, HERE)
    worker.wait()

    assert alive is WorkerStatus.RUNNING
    assert zombie is WorkerStatus.NOT_FOUND
    assert health(instance, worker.pid, HERE) is WorkerStatus.NOT_FOUND


def test_a_run_that_cannot_be_seen_is_never_called_dead(instance: dg.DagsterInstance) -> None:
    assert HERE
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    elsewhere = replace(HERE, machine="another", boot="another")

    assert health(instance, ended.pid, elsewhere) is WorkerStatus.RUNNING
    assert health(instance, ended.pid, replace(HERE, pids="another")) is WorkerStatus.RUNNING
    assert health(instance, ended.pid, None) is WorkerStatus.RUNNING
    assert health(instance, None, HERE) is WorkerStatus.RUNNING


def test_no_worker_outlives_a_boot(instance: dg.DagsterInstance) -> None:
    assert HERE

    assert health(instance, os.getpid(), replace(HERE, boot="the one before")) is (
        WorkerStatus.NOT_FOUND
    )


MONTH = "2025-01"


@contextmanager
def daemon(environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`dagster-daemon run`, in a process group with its code server and run workers."""
    told = ["--module-name", "taxi_assets.definitions"]
    with (
        (folder / "daemon.log").open("ab") as out,
        subprocess.Popen(
            [sys.executable, "-m", "dagster._daemon", "run", *told],
            env=environment,
            cwd=folder,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def until_one(
    instance: dg.DagsterInstance, statuses: list[dg.DagsterRunStatus], log: Path
) -> dg.DagsterRun:
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        found = instance.get_runs(dg.RunsFilter(statuses=statuses))
        if found:
            return found[0]
        time.sleep(0.2)
    pytest.fail(f"no run is {statuses}; the daemon says:\n{log.read_text()[-3_000:]}")


@pytest.mark.slow
def test_a_run_that_a_reboot_has_ended_is_run_again_when_the_daemon_is_back(tmp_path: Path) -> None:
    home = Home.at(tmp_path, min_train_months=NO_MODELS)
    held = tmp_path / "dagster" / "dagster.yaml"
    often = held.read_text().replace("poll_interval_seconds: 30", "poll_interval_seconds: 2")
    held.write_text(often)
    home.simulate([MONTH], rows=1_000)
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    environment = others | home.environment(TAXI_FIRST_MONTH=MONTH, PYTHONPATH=str(REPOSITORY))
    told = ["--module-name", "taxi_assets.definitions"]
    log = tmp_path / "daemon.log"
    subprocess.run(
        [sys.executable, "-m", "dagster", "sensor", "start", "green_publication_sensor", *told],
        env=environment | {"TAXI_SENSOR_S": "5"},
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )

    with home.instance() as instance:
        with daemon(environment | {"TAXI_SENSOR_S": "5"}, tmp_path) as all_of_it:
            killed = until_one(instance, [dg.DagsterRunStatus.STARTED], log)
            os.killpg(all_of_it.pid, signal.SIGKILL)
            all_of_it.wait()
        left = instance.get_run_by_id(killed.run_id)
        with daemon(environment | {"TAXI_SENSOR_S": "5"}, tmp_path):
            again = until_one(instance, [dg.DagsterRunStatus.SUCCESS], log)
        ended = instance.get_run_by_id(killed.run_id)

    assert left is not None
    assert left.status is dg.DagsterRunStatus.STARTED
    assert ended is not None
    assert ended.status is dg.DagsterRunStatus.FAILURE
    assert again.parent_run_id == killed.run_id
    assert home.stage().tables["clean_trips", MONTH].rows > 0
