"""A real daemon: a month is published, and nobody has to do anything."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from taxi_assets.automation.retraining import TRAINING
from taxi_assets_tests.daemons import daemon, ticks, until
from taxi_assets_tests.homes import NO_MODELS, Home

MONTH = "2025-01"
PATIENCE_S = 150  # on a busy machine; two ticks and a run take half a minute


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path, min_train_months=NO_MODELS)


@pytest.fixture
def log(home: Home) -> Iterator[Path]:
    """That of a daemon with the sensor of publications switched on."""
    told = {"TAXI_FIRST_MONTH": MONTH, "TAXI_RETRAIN": "manual"}
    with daemon(home, ["green_publication_sensor"], **told) as found:
        yield found


def ended(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    return [run for run in instance.get_runs() if run.is_finished]


def happened(instance: dg.DagsterInstance, run: dg.DagsterRun) -> tuple[set[str], set[str]]:
    """The assets that a run planned to make, and the checks that came to a verdict."""
    types = dg.DagsterEventType
    planned = instance.all_logs(run.run_id, of_type=types.ASSET_MATERIALIZATION_PLANNED)
    checked = instance.all_logs(run.run_id, of_type=types.ASSET_CHECK_EVALUATION)
    keys = [entry.get_dagster_event().asset_key for entry in planned]
    verdicts = [entry.get_dagster_event().asset_check_evaluation_data for entry in checked]
    return {key.path[-1] for key in keys if key}, {verdict.check_name for verdict in verdicts}


def until_ticks(instance: dg.DagsterInstance, count: int, log: Path) -> None:
    until(lambda: ticks(instance) >= count, PATIENCE_S, log)


@pytest.mark.slow
def test_a_month_that_is_published_is_run_within_two_ticks_and_once(home: Home, log: Path) -> None:
    with home.instance() as instance:
        until_ticks(instance, 1, log)  # when nothing is out yet
        assert instance.get_runs() == []

        home.simulate([MONTH], rows=1_000)
        published_after = ticks(instance)
        until(lambda: bool(ended(instance)), PATIENCE_S, log)
        (run,) = ended(instance)
        until_ticks(instance, ticks(instance) + 2, log)  # and ask for nothing more

        assert run.status == dg.DagsterRunStatus.SUCCESS
        assert run.tags["taxi/trigger"] == "published"
        assert run.tags["dagster/partition"] == MONTH
        assert len(instance.get_runs()) == 1
        made, checked = happened(instance, run)
        assert made >= {"clean_trips", "trip_features", "drift_report"}
        assert not made & set(TRAINING)
        assert checked >= {"matches_schema", "conserves_every_row"}
        (state,) = instance.all_instigator_state()
        asking = instance.get_ticks(state.instigator_origin_id, state.selector_id)[::-1]
        first = next(n for n, tick in enumerate(asking) if tick.run_ids)
        assert first <= published_after + 1
    assert home.landing.current(f"green/{MONTH}") is not None
    assert home.stage().tables["clean_trips", MONTH].rows > 0
