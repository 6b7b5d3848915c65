"""Months unlike those of the small city: another fleet, and enough trips to learn from."""

import pytest

from taxi_assets.domain.evaluation import overall
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.schemas import CLEAN_TRIPS
from taxi_assets.simulator.noise import noise_floor
from taxi_assets_tests.homes import Home, checks_of

MONTHS = ("2025-01", "2025-02", "2025-03")


@pytest.mark.slow
def test_yellow_cabs_work_by_configuration_alone(tmp_path_factory: pytest.TempPathFactory) -> None:
    home = Home.at(tmp_path_factory.mktemp("yellow"), fleet="yellow", fleets=("green", "yellow"))
    home.simulate(MONTHS, rows=2_000)

    stage = home.run(*MONTHS)

    assert [outcome.failures for outcome in stage.outcomes.values()] == [[], [], []]
    assert stage.outcomes["2025-03"].assets["champion"]["model"] == "taxi-fare-yellow"
    assert stage.aliases["champion"] == stage.models[-1].version == 1
    assert {name for name, _ in stage.tables} >= {"clean_trips", "trip_features", "evaluation"}
    assert home.rows("clean_trips", "2025-03").schema == CLEAN_TRIPS.arrow
    assert home.rows("clean_trips", "2025-03")["airport_usd"].null_count < 500  # green has none
    assert all(check.passed for check in checks_of(home, stage.outcomes["2025-03"]).values())


@pytest.mark.slow
def test_on_a_bigger_month_the_model_comes_near_what_can_be_known(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    home = Home.at(tmp_path_factory.mktemp("bigger"))
    home.simulate(MONTHS, rows=25_000)

    stage = home.run(*MONTHS)

    assert [outcome.failures for outcome in stage.outcomes.values()] == [[], [], []]
    scores = overall(home.rows("evaluation", MONTHS[-1]).to_pylist())
    errors = {name: row["mae_usd"] for name, row in scores.items()}
    floor = noise_floor(fleet=FLEETS["green"], month=MONTHS[-1], trips=5_000)
    assert errors["model"] < errors["linear_regression"]
    assert errors["model"] < errors["route_median"]
    assert errors["model"] <= 1.1 * floor.mae_usd
