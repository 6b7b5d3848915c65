"""Errors against numbers worked out by hand."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.evaluation import Score, score
from taxi_assets.domain.schemas import EVALUATION

FARES = st.integers(250, 25_000).map(lambda cents: cents / 100)


def test_errors_are_those_worked_out_by_hand() -> None:
    actual, predicted = np.array([10.0, 20.0, 30.0, 40.0]), np.array([11.0, 18.0, 30.0, 45.0])

    result = score(actual, predicted)

    # misses 1, 2, 0, 5; their squares add up to 30; the fares' variance is 125
    assert dataclasses.asdict(result) == pytest.approx(
        {
            "trips": 4,
            "mae_usd": 2.0,
            "rmse_usd": 7.5**0.5,
            "median_error_usd": 1.5,
            "r2": 0.94,
        }
    )


@given(fares=st.lists(FARES, min_size=1))
def test_a_perfect_prediction_misses_nothing(fares: list[float]) -> None:
    result = score(np.array(fares), np.array(fares))

    assert (result.mae_usd, result.rmse_usd, result.median_error_usd) == (0.0, 0.0, 0.0)


def test_predicting_the_mean_explains_nothing() -> None:
    actual = np.array([10.0, 20.0, 60.0])

    assert score(actual, np.full(3, 30.0)).r2 == pytest.approx(0.0)


@pytest.mark.parametrize("fares", [[10.0], [10.0] * 4, [2.7] * 3, [3.7] * 50])
def test_fares_that_do_not_vary_have_no_variance_to_explain(fares: list[float]) -> None:
    result = score(np.array(fares), np.array(fares) + 1.0)

    assert result.r2 is None
    assert result.mae_usd == pytest.approx(1.0)


def test_a_score_fits_into_the_evaluation_table() -> None:
    columns = {column.name for column in EVALUATION.columns}

    assert {field.name for field in dataclasses.fields(Score)} <= columns


def test_no_trips_are_no_score() -> None:
    with pytest.raises(DataError, match="no trips to score"):
        score(np.array([]), np.array([]))


@pytest.mark.parametrize("prediction", [np.nan, np.inf, -np.inf])
def test_a_prediction_that_is_no_number_is_an_error_and_not_a_score(prediction: float) -> None:
    with pytest.raises(DataError, match="not a number"):
        score(np.array([10.0, 20.0]), np.array([10.0, prediction]))
