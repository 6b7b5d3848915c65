"""A real daemon: a month is published, and nobody has to do anything."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from taxi_assets_tests.homes import NO_MODELS, OURS, REPOSITORY, Home

MONTH = "2025-01"
PATIENCE_S = 150  # on a busy machine; two ticks and a run take half a minute


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path, min_train_months=NO_MODELS)


@pytest.fixture
def environment(home: Home) -> dict[str, str]:
    """The home's, without anything of ours that this process happens to have."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    return others | home.environment(
        TAXI_FIRST_MONTH=MONTH, TAXI_SENSOR_S="5", PYTHONPATH=str(REPOSITORY)
    )


@pytest.fixture
def daemon(home: Home, environment: dict[str, str], tmp_path: Path) -> Iterator[Path]:
    """`dagster-daemon run` with the sensor switched on; gives its log."""
    told = ["--module-name", "taxi_assets.definitions"]
    dagster = [sys.executable, "-m", "dagster"]
    subprocess.run(
        [*dagster, "sensor", "start", "green_publication_sensor", *told],
        env=environment,
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    log = tmp_path / "daemon.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [sys.executable, "-m", "dagster._daemon", "run", *told],
            env=environment,
            cwd=tmp_path,
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        yield log
        process.terminate()
        process.wait(timeout=60)


def ticks(instance: dg.DagsterInstance) -> int:
    (state,) = instance.all_instigator_state()
    return len(instance.get_ticks(state.instigator_origin_id, state.selector_id))


def until_a_run_ends(instance: dg.DagsterInstance, log: Path) -> dg.DagsterRun:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for run in instance.get_runs():
            if run.is_finished:
                return run
        time.sleep(0.5)
    pytest.fail(f"no run has ended; the daemon says:\n{log.read_text()[-3_000:]}")


def until_ticks(instance: dg.DagsterInstance, count: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        if ticks(instance) >= count:
            return
        time.sleep(0.5)
    pytest.fail(f"the sensor does not tick; the daemon says:\n{log.read_text()[-3_000:]}")


@pytest.mark.slow
def test_a_month_that_is_published_is_run_within_two_ticks_and_once(
    home: Home, daemon: Path
) -> None:
    with home.instance() as instance:
        until_ticks(instance, 1, daemon)  # when nothing is out yet
        assert instance.get_runs() == []

        home.simulate([MONTH], rows=1_000)
        published_after = ticks(instance)
        run = until_a_run_ends(instance, daemon)
        until_ticks(instance, ticks(instance) + 2, daemon)  # and ask for nothing more

        assert run.status == dg.DagsterRunStatus.SUCCESS
        assert run.tags["taxi/trigger"] == "published"
        assert run.tags["dagster/partition"] == MONTH
        assert len(instance.get_runs()) == 1
        (state,) = instance.all_instigator_state()
        asking = instance.get_ticks(state.instigator_origin_id, state.selector_id)[::-1]
        first = next(n for n, tick in enumerate(asking) if tick.run_ids)
        assert first <= published_after + 1
    assert home.landing.current(f"green/{MONTH}") is not None
    assert home.stage().tables["clean_trips", MONTH].rows > 0
