"""Checks without a verdict: silence is allowed where it is said to be, and an error elsewhere."""

from pathlib import Path

import dagster as dg
import pytest

from taxi_assets.checks.monthly import CannotJudge, Check, Seen, monthly_checks
from taxi_assets.definitions import resources
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.partitions import monthly
from taxi_assets_tests.homes import Home

MONTHS = monthly("2024-01")


def silent(seen: Seen) -> CannotJudge:
    """It has nothing to say."""
    return CannotJudge("there is nothing to compare with")


def ran(home: Home, check: Check) -> dg.ExecuteInProcessResult:
    """An asset, its check, and an asset behind them."""

    @dg.asset(key=["green", "evaluation"], partitions_def=MONTHS)
    def evaluation() -> None:
        return None

    @dg.asset(key=["green", "champion"], partitions_def=MONTHS, deps=[evaluation])
    def champion() -> None:
        return None

    graph = dg.Definitions(
        assets=[evaluation, champion],
        asset_checks=monthly_checks([check], FLEETS["green"], MONTHS),
        resources=resources(home.settings),
        jobs=[dg.define_asset_job("both_job", dg.AssetSelection.all())],
    )
    return graph.resolve_job_def("both_job").execute_in_process(
        partition_key="2024-03", raise_on_error=False
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.at(tmp_path / "home")


@pytest.mark.parametrize("blocking", [False, True])
def test_a_check_that_may_be_silent_records_nothing_and_stops_nothing(
    home: Home, blocking: bool
) -> None:
    result = ran(home, Check("evaluation", "silent", silent, blocking, may_be_silent=True))

    assert result.success
    assert result.get_asset_check_evaluations() == []
    assert len(result.asset_materializations_for_node("green__champion")) == 1


def test_a_blocking_check_that_is_silent_by_accident_is_an_error(home: Home) -> None:
    result = ran(home, Check("evaluation", "silent", silent, blocking=True))

    (failure,) = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data.error
    assert error is not None
    assert error.cause is not None
    assert "silent blocks, so it has to come to a verdict" in error.cause.message
