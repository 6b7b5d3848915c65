"""The noise floor lies below what can be learned from data, and stays where it is."""

import numpy as np
import pandas as pd
import pytest

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.simulator import Scenario, noise_floor
from taxi_assets_tests.simulator.conftest import clean


def test_the_floor_of_green_is_neither_trivial_nor_hopeless(green: Fleet) -> None:
    floor = noise_floor(fleet=green, month="2025-03")

    assert 1.5 < floor.mae_usd < 3.0
    assert floor.mae_usd < floor.rmse_usd < 3 * floor.mae_usd
    assert floor.trips > 9_000


def test_no_naive_predictor_gets_below_the_floor(green: Fleet, trips: pd.DataFrame) -> None:
    kept = clean(trips)
    order = np.random.default_rng(1).permutation(len(kept))
    known, unseen = kept.iloc[order[::2]], kept.iloc[order[1::2]]
    route = known.groupby(["PULocationID", "DOLocationID"])["fare_amount"].median()
    guess = unseen.join(route.rename("guess"), on=["PULocationID", "DOLocationID"])["guess"]
    guess = guess.fillna(known["fare_amount"].median())

    floor = noise_floor(fleet=green, month="2025-03")

    route_mae = float((unseen["fare_amount"] - guess).abs().mean())
    overall_mae = float((unseen["fare_amount"] - known["fare_amount"].median()).abs().mean())
    assert floor.mae_usd < route_mae < overall_mae


def test_the_floor_is_the_same_again_and_near_with_other_luck(green: Fleet) -> None:
    once = noise_floor(fleet=green, month="2025-03", seed=1)
    again = noise_floor(fleet=green, month="2025-03", seed=1)
    other = noise_floor(fleet=green, month="2025-03", seed=2)

    assert once == again
    assert other.mae_usd == pytest.approx(once.mae_usd, rel=0.03)
    assert other.rmse_usd == pytest.approx(once.rmse_usd, rel=0.06)


def test_dearer_rides_are_harder_to_foresee(green: Fleet) -> None:
    usual = noise_floor(fleet=green, month="2025-03")

    dear = noise_floor(
        fleet=green,
        month="2025-03",
        scenario=Scenario(tariff_rise_from="2025-03", tariff_rise_factor=1.5),
    )

    assert dear.mae_usd == pytest.approx(1.5 * usual.mae_usd, rel=0.06)


def test_yellow_has_a_floor_too(yellow: Fleet) -> None:
    floor = noise_floor(fleet=yellow, month="2025-03", trips=4000, draws=100)

    assert 1.0 < floor.mae_usd < 3.0


@pytest.mark.parametrize(
    ("month", "trips", "draws"),
    [("2025-3", 1000, 100), ("2025-03", 99, 100), ("2025-03", 1000, 18), ("2025-03", 1000, 21)],
)
def test_too_little_to_measure_on_is_refused(
    green: Fleet, month: str, trips: int, draws: int
) -> None:
    with pytest.raises(UsageError):
        noise_floor(fleet=green, month=month, trips=trips, draws=draws)
