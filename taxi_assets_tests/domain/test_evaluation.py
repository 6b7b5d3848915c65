"""Errors against numbers worked out by hand, and intervals against other ways of computing."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.bootstrap import bootstrap_interval
from taxi_assets.domain.errors import DataError
from taxi_assets.domain.evaluation import (
    Outcomes,
    Predictions,
    by_slice,
    evaluate,
    overall,
    pinball,
    score,
    score_quotes,
)
from taxi_assets.domain.heads import Quotes
from taxi_assets.domain.schemas import EVALUATION
from taxi_assets.domain.slices import Slicing

FARES = st.integers(250, 25_000).map(lambda cents: cents / 100)


def quotes(fare: Any, low: Any, high: Any, ride_min: Any) -> Quotes:
    return Quotes(*(np.array(values, np.float64) for values in (fare, low, high, ride_min)))


def outcomes(fares: Any, minutes: Any = None, hours: Any = None) -> Outcomes:
    at = np.datetime64("2025-03-01T00:30", "us") + np.zeros(len(fares), "timedelta64[h]")
    if hours is not None:
        at = at + np.array(hours, "timedelta64[h]")
    return Outcomes(at, np.array(fares, np.float64), np.array(minutes or fares, np.float64))


def whole(rides: int) -> Slicing:
    return Slicing("all", ("all",), np.zeros(rides, np.int8))


def test_errors_are_those_worked_out_by_hand() -> None:
    actual, predicted = np.array([10.0, 20.0, 30.0, 40.0]), np.array([11.0, 18.0, 30.0, 45.0])

    result = score(actual, predicted)

    # misses 1, 2, 0, 5; their squares add up to 30; the fares' variance is 125
    assert dataclasses.asdict(result) == pytest.approx(
        {
            "trips": 4,
            "mean_fare_usd": 25.0,
            "mae_usd": 2.0,
            "rmse_usd": 7.5**0.5,
            "median_error_usd": 1.5,
            "bias_usd": 1.0,
            "r2": 0.94,
        }
    )


def test_intervals_and_ride_times_are_scored_as_worked_out_by_hand() -> None:
    said = quotes([10, 10, 10, 10], [8, 8, 8, 8], [12, 13, 14, 17], [5, 6, 7, 8])

    result = score_quotes(
        np.array([8.0, 13.0, 15.0, 5.0]), np.array([5.0, 5.0, 5.0, 5.0]), said, level=0.8
    )

    # lower bound: 0, 0.1 * 5, 0.1 * 7 and 0.9 * 3; upper bound: 0.1 * 4, 0, 0.9 * 1 and 0.1 * 12
    assert dataclasses.asdict(result) == pytest.approx(
        {
            "level": 0.8,
            "coverage": 0.5,
            "width_usd": 6.0,
            "pinball_usd": (3.9 / 4 + 2.5 / 4) / 2,
            "ride_mae_min": 1.5,
        }
    )


@given(fares=st.lists(FARES, min_size=1), quantile=st.sampled_from([0.1, 0.5, 0.9]))
def test_no_constant_has_a_smaller_quantile_loss_than_the_quantile(
    fares: list[float], quantile: float
) -> None:
    actual = np.array(fares)
    best = np.quantile(actual, quantile, method="inverted_cdf")

    losses = [pinball(actual, np.full(len(actual), fare), quantile) for fare in fares]

    assert pinball(actual, np.full(len(actual), best), quantile) <= min(losses) + 1e-9


@given(fares=st.lists(FARES, min_size=1))
def test_a_perfect_prediction_misses_nothing(fares: list[float]) -> None:
    result = score(np.array(fares), np.array(fares))

    assert (result.mae_usd, result.rmse_usd, result.median_error_usd) == (0.0, 0.0, 0.0)
    assert result.bias_usd == 0.0


def test_predicting_the_mean_explains_nothing() -> None:
    actual = np.array([10.0, 20.0, 60.0])

    assert score(actual, np.full(3, 30.0)).r2 == pytest.approx(0.0)


@pytest.mark.parametrize("fares", [[10.0], [10.0] * 4, [2.7] * 3, [3.7] * 50])
def test_fares_that_do_not_vary_have_no_variance_to_explain(fares: list[float]) -> None:
    result = score(np.array(fares), np.array(fares) + 1.0)

    assert result.r2 is None
    assert result.mae_usd == pytest.approx(1.0)


def test_each_part_is_scored_on_its_own_rides() -> None:
    kind = Slicing("kind", ("a", "b", "empty"), np.array([0, 1, 0, 1], np.int8))
    said = quotes([11, 22, 33, 44], [9, 19, 31, 41], [12, 23, 34, 45], [10, 20, 30, 40])
    predictors = [
        Predictions("model", "7", said, 0.8),
        Predictions("route_median", "7", np.array([10.0, 20.0, 30.0, 40.0])),
    ]

    rows = evaluate(outcomes([10, 20, 30, 40]), predictors, [whole(4), kind])

    assert set(by_slice(rows, "model")) == {("all", "all"), ("kind", "a"), ("kind", "b")}
    maes = {key: row["mae_usd"] for key, row in by_slice(rows, "model").items()}
    assert maes == {("all", "all"): 2.5, ("kind", "a"): 2.0, ("kind", "b"): 3.0}
    held = {key: row["coverage"] for key, row in by_slice(rows, "model").items()}
    assert held == {("all", "all"): 0.5, ("kind", "a"): 0.5, ("kind", "b"): 0.5}
    assert overall(rows)["route_median"]["mae_usd"] == 0.0
    assert "coverage" not in overall(rows)["route_median"]
    assert {row["model_version"] for row in rows} == {"7"}


def test_rows_fit_into_the_evaluation_table() -> None:
    fares = np.linspace(5, 60, 48)
    said = quotes(fares, fares - 1, fares + 1, fares)
    predictors = [Predictions(name, "1", said, 0.8) for name in ("model", "champion")]

    rows = evaluate(outcomes(fares, list(fares), range(48)), predictors, [whole(48)])

    assert {name for row in rows for name in row} == set(EVALUATION.arrow.names)


def test_the_champions_row_holds_how_much_the_model_loses_to_it() -> None:
    fares = np.full(48, 20.0)
    model, champion = (quotes(fares + by, fares, fares, fares) for by in (3.0, -1.0))
    predictors = [
        Predictions("model", "2", model, 0.8),
        Predictions("champion", "1", champion, 0.8),
    ]

    rows = evaluate(outcomes(fares, list(fares), range(48)), predictors, [whole(48)])

    told = overall(rows)["champion"]
    assert (told["loss_low_usd"], told["loss_high_usd"]) == (2.0, 2.0)
    assert "loss_low_usd" not in overall(rows)["model"]


def test_too_few_hours_tell_nothing_of_the_loss() -> None:
    fares = np.full(48, 20.0)
    said = quotes(fares, fares, fares, fares)
    predictors = [Predictions(name, "1", said, 0.8) for name in ("model", "champion")]

    rows = evaluate(outcomes(fares, list(fares), np.arange(48) % 23), predictors, [whole(48)])

    assert overall(rows)["champion"]["loss_low_usd"] is None


def test_no_trips_are_no_score() -> None:
    with pytest.raises(DataError, match="no trips to score"):
        evaluate(outcomes([]), [Predictions("model", "1", np.array([]))], [whole(0)])


@pytest.mark.parametrize("prediction", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", range(4))
def test_a_prediction_that_is_no_number_is_an_error_and_not_a_score(
    prediction: float, place: int
) -> None:
    told = [[10.0, 20.0] for _ in range(4)]
    told[place][1] = prediction

    with pytest.raises(DataError, match="prediction of model is not a number"):
        evaluate(outcomes([10, 20]), [Predictions("model", "1", quotes(*told), 0.8)], [whole(2)])


def test_an_interval_of_independent_rides_is_the_textbooks() -> None:
    values = np.random.default_rng(3).normal(0.5, 2.0, 4_000)

    found = bootstrap_interval(values, np.arange(4_000))

    half = 1.9606 * values.std(ddof=1) / 4_000**0.5  # Student's t with 3,999 degrees of freedom
    assert found == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)


def test_an_interval_of_blocks_is_that_of_drawing_whole_blocks_ride_by_ride() -> None:
    rng = np.random.default_rng(5)
    blocks = rng.integers(0, 60, 900)
    values = rng.normal(0.0, 1.0, 900) + rng.normal(0.0, 1.0, 60)[blocks]

    found = bootstrap_interval(values, blocks)

    means = []
    for _ in range(2_000):
        drawn = rng.integers(0, 60, 60)
        means.append(np.concatenate([values[blocks == block] for block in drawn]).mean())
    assert found == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=0.04)


def test_hours_that_share_their_luck_are_fewer_witnesses_than_their_rides() -> None:
    rng = np.random.default_rng(5)
    hours = np.repeat(np.arange(100), 50)
    values = rng.normal(0.0, 1.0, 100)[hours]

    by_hour = bootstrap_interval(values, hours)
    by_ride = bootstrap_interval(values, np.arange(len(values)))

    assert by_hour is not None
    assert by_ride is not None
    assert by_hour[1] - by_hour[0] > 5 * (by_ride[1] - by_ride[0])


def test_the_same_rides_give_the_same_interval_and_another_seed_another() -> None:
    values, hours = np.random.default_rng(1).random(500), np.arange(500) // 10

    first = bootstrap_interval(values, hours)

    assert bootstrap_interval(values, hours) == first
    assert bootstrap_interval(values, hours, seed=1) != first


@pytest.mark.parametrize(("blocks", "known"), [(23, False), (24, True)])
def test_fewer_than_a_days_blocks_have_no_interval(blocks: int, known: bool) -> None:
    found = bootstrap_interval(np.random.default_rng(1).random(240), np.arange(240) % blocks)

    assert (found is not None) is known
