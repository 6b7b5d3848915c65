"""Training, and the baselines a model has to beat."""

from dataclasses import replace

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.features import CATEGORICAL, FEATURES
from taxi_assets.domain.model import (
    MAX_ROUNDS,
    PARAMETERS,
    MonthOfTrips,
    Trained,
    fit_linear,
    route_median,
    train,
)
from taxi_assets_tests.builders import month_of_trips

NAMES = list(FEATURES)
MONTHS = [month_of_trips("2025-01", 500, 1), month_of_trips("2025-02", 250, 2)]


def test_the_same_trips_train_the_same_model(trained: Trained) -> None:
    again = train(MONTHS, threads=2)

    assert again == trained


def test_other_trips_train_another_model(trained: Trained) -> None:
    january, february = MONTHS
    dearer = replace(february, fare_usd=february.fare_usd + 0.01)

    assert train([january, dearer], threads=2).model_text != trained.model_text


def test_training_says_what_it_learned_from(trained: Trained) -> None:
    assert trained.rows == {"2025-01": 500, "2025-02": 250}
    assert trained.global_median_usd == np.median(np.concatenate([m.fare_usd for m in MONTHS]))
    assert PARAMETERS.items() <= trained.parameters.items()
    assert trained.parameters["num_threads"] == 2


def test_the_model_names_its_features_and_has_the_chosen_number_of_trees(trained: Trained) -> None:
    booster = lgb.Booster(model_str=trained.model_text)

    assert booster.feature_name() == NAMES
    assert booster.num_trees() == trained.rounds


def test_importances_are_shares_of_the_gain_with_the_largest_first(trained: Trained) -> None:
    shares = list(trained.importance.values())

    assert next(iter(trained.importance)) == "straight_mi"
    assert set(trained.importance) == set(NAMES)
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1.0)


def test_a_model_that_splits_nothing_gives_no_feature_importance() -> None:
    few = [month_of_trips("2025-01", 5, 1), month_of_trips("2025-02", 5, 2)]

    assert set(train(few, threads=1).importance.values()) == {0.0}


def test_training_stops_early_where_the_last_month_is_predicted_best(trained: Trained) -> None:
    january, february = MONTHS
    data = lgb.Dataset(january.features, january.fare_usd)
    booster = lgb.train(trained.parameters, data, trained.rounds + 20)

    def rmse(trees: int) -> float:
        predicted = booster.predict(february.features, num_iteration=trees)
        return float(np.sqrt(np.mean((predicted - february.fare_usd) ** 2)))

    assert 1 < trained.rounds < MAX_ROUNDS
    assert trained.early_stop_rmse_usd == pytest.approx(rmse(trained.rounds))
    nearby = range(max(1, trained.rounds - 20), trained.rounds + 21)
    assert min(nearby, key=rmse) == trained.rounds


def test_the_final_model_has_seen_the_last_month_too(trained: Trained) -> None:
    january, february = MONTHS
    raised = replace(february, fare_usd=february.fare_usd * 2)

    booster = lgb.Booster(model_str=train([january, raised], threads=2).model_text)

    before = lgb.Booster(model_str=trained.model_text).predict(february.features)
    assert booster.predict(february.features).mean() > before.mean() * 1.1


def test_a_model_of_ordinary_trips_beats_the_global_median(trained: Trained) -> None:
    march = month_of_trips("2025-03", 400, 3)

    predicted = lgb.Booster(model_str=trained.model_text).predict(march.features)

    miss = np.abs(predicted - march.fare_usd).mean()
    assert miss < 0.2 * np.abs(trained.global_median_usd - march.fare_usd).mean()


def test_parameters_may_be_chosen() -> None:
    trained = train(MONTHS, threads=2, parameters={**PARAMETERS, "num_leaves": 3})

    assert trained.parameters["num_leaves"] == 3
    assert "num_leaves=3\n" in trained.model_text


def test_another_objective_reports_its_rmse_too() -> None:
    trained = train(MONTHS, threads=2, parameters={**PARAMETERS, "objective": "l1"})

    assert 0 < trained.early_stop_rmse_usd < 10


NO_TRIPS = MonthOfTrips("2025-03", MONTHS[0].features[:0], MONTHS[0].fare_usd[:0])


@pytest.mark.parametrize(
    "months",
    [
        pytest.param([], id="none"),
        pytest.param(MONTHS[:1], id="one"),
        pytest.param([NO_TRIPS, *MONTHS], id="one without trips"),
        pytest.param([*MONTHS, NO_TRIPS], id="a last one without trips"),
    ],
)
def test_a_model_needs_two_months_with_trips(months: list[MonthOfTrips]) -> None:
    with pytest.raises(DataError, match="at least two months that have trips"):
        train(months, threads=1)


def test_training_leaves_its_months_alone() -> None:
    months = [month_of_trips("2025-01", 200, 1), month_of_trips("2025-02", 200, 2)]
    months[0].features[0, NAMES.index("passengers")] = np.nan
    before = [(m.features.copy(), m.fare_usd.copy()) for m in months]

    train(months, threads=1)

    for month, (features, fares) in zip(months, before, strict=True):
        np.testing.assert_array_equal(month.features, features)
        np.testing.assert_array_equal(month.fare_usd, fares)


AMOUNTS = [NAMES.index(name) for name in NAMES if name not in CATEGORICAL]


@given(seed=st.integers(0, 1000), missing=st.floats(0, 0.5))
def test_the_linear_baseline_is_plain_least_squares(seed: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    features = rng.normal(5, 3, (200, len(FEATURES))).astype(np.float32)
    features[rng.random(features.shape) < missing] = np.nan
    fares = rng.normal(15, 5, 200)

    predicted = fit_linear(features, fares).predict(features)

    amounts = features[:, AMOUNTS].astype(float)
    filled = np.where(np.isnan(amounts), np.nanmean(amounts, axis=0), amounts)
    design = np.column_stack([np.ones(200), filled])
    weight, *_ = np.linalg.lstsq(design, fares, rcond=None)
    np.testing.assert_allclose(predicted, design @ weight, atol=1e-6)


def test_the_linear_baseline_finds_a_line() -> None:
    features = np.ones((50, len(FEATURES)), np.float32)
    features[:, NAMES.index("straight_mi")] = np.arange(50)
    fares = 3.0 + 3.5 * np.arange(50)
    far = features[:1].copy()
    far[0, NAMES.index("straight_mi")] = 100

    linear = fit_linear(features, fares)

    np.testing.assert_allclose(linear.predict(features), fares)
    np.testing.assert_allclose(linear.predict(far), [353.0])


def test_zone_ids_are_names_to_the_linear_baseline_and_not_amounts() -> None:
    january, february = MONTHS
    linear = fit_linear(january.features, january.fare_usd)
    elsewhere = february.features.copy()
    elsewhere[:, [NAMES.index(name) for name in CATEGORICAL]] = 263

    predicted = linear.predict(elsewhere)

    np.testing.assert_array_equal(predicted, linear.predict(february.features))


def test_a_missing_value_counts_as_its_mean_to_the_linear_baseline() -> None:
    january, _ = MONTHS
    linear = fit_linear(january.features, january.fare_usd)
    known, unknown = january.features[:1].copy(), january.features[:1].copy()
    known[0, NAMES.index("passengers")] = january.features[:, NAMES.index("passengers")].mean()
    unknown[0, NAMES.index("passengers")] = np.nan

    np.testing.assert_allclose(linear.predict(unknown), linear.predict(known), rtol=1e-6)


def test_a_feature_that_is_never_known_does_not_disturb_the_linear_baseline() -> None:
    january, _ = MONTHS
    features = january.features.copy()
    features[:, NAMES.index("route_fare_usd")] = np.nan

    predicted = fit_linear(features, january.fare_usd).predict(features)

    assert np.isfinite(predicted).all()


def test_the_route_median_is_what_the_route_has_cost_or_else_the_global_median() -> None:
    features = np.zeros((3, len(FEATURES)), np.float32)
    features[:, NAMES.index("route_fare_usd")] = [13.5, np.nan, 70.0]

    assert route_median(features, otherwise_usd=15.0).tolist() == [13.5, 15.0, 70.0]
