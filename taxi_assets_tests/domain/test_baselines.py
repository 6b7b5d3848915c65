"""The baselines a model has to beat, against plainer computations."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain import baselines
from taxi_assets.domain.baselines import LINEAR_INPUTS, fit_linear, route_median, tariff
from taxi_assets.domain.estimate import tariff_estimate_usd
from taxi_assets.domain.features import CATEGORICAL, FEATURES
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.window import Window, out_of_fold
from taxi_assets_tests.builders import square_city

NAMES = list(FEATURES)
AMOUNTS = [NAMES.index(name) for name in LINEAR_INPUTS]
NOON = np.datetime64("2025-03-03T12:00:00", "us")


@pytest.fixture(scope="module")
def features(winter: Window) -> FloatArray:
    return out_of_fold(winter, square_city())


def some_features(rng: np.random.Generator, rows: int, missing: float) -> FloatArray:
    features = rng.normal(5, 3, (rows, len(FEATURES))).astype(np.float32)
    features[rng.random(features.shape) < missing] = np.nan
    return features


def plain_fit(features: FloatArray, fares: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """What least squares on the whole matrix at once says of its own rows."""
    amounts = features[:, AMOUNTS].astype(float)
    filled = np.where(np.isnan(amounts), np.nanmean(amounts, axis=0), amounts)
    scale = filled.std(axis=0)
    filled = (filled - filled.mean(axis=0)) / np.where(scale == 0, 1, scale)
    design = np.column_stack([np.ones(len(filled)), filled])
    weight, *_ = np.linalg.lstsq(design, fares.astype(float), rcond=1e-7)
    return np.asarray(design @ weight)


@given(seed=st.integers(0, 1000), missing=st.floats(0, 0.5))
def test_the_linear_baseline_is_plain_least_squares(seed: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    features, fares = some_features(rng, 200, missing), rng.normal(15, 5, 200)

    predicted = fit_linear(features, fares).predict(features)

    np.testing.assert_allclose(predicted, plain_fit(features, fares), atol=1e-6)


def test_features_that_follow_from_each_other_leave_least_squares_as_good(
    features: FloatArray, winter: Window
) -> None:
    fares = winter.rides.fare_usd

    predicted = fit_linear(features, fares).predict(features)

    plain = plain_fit(features, fares)
    assert np.square(predicted - fares).mean() <= np.square(plain - fares).mean() * 1.001


@pytest.mark.parametrize("chunk", [1, 7, 100, 199, 200])
def test_a_matrix_in_chunks_is_fitted_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    rng = np.random.default_rng(3)
    features, fares = some_features(rng, 200, 0.2), rng.normal(15, 5, 200)
    whole = fit_linear(features, fares)

    monkeypatch.setattr(baselines, "CHUNK", chunk)
    linear = fit_linear(features, fares)

    np.testing.assert_allclose(linear.weight, whole.weight, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(linear.mean, whole.mean)
    np.testing.assert_allclose(linear.scale, whole.scale)
    assert linear.intercept_usd == whole.intercept_usd


def test_the_linear_baseline_finds_a_line() -> None:
    features = np.ones((50, len(FEATURES)), np.float32)
    features[:, NAMES.index("straight_mi")] = np.arange(50)
    fares = 3.0 + 3.5 * np.arange(50)
    far = features[:1].copy()
    far[0, NAMES.index("straight_mi")] = 100

    linear = fit_linear(features, fares)

    np.testing.assert_allclose(linear.predict(features), fares)
    np.testing.assert_allclose(linear.predict(far), [353.0])


def test_zone_ids_are_names_to_the_linear_baseline_and_not_amounts(
    features: FloatArray, winter: Window
) -> None:
    linear = fit_linear(features, winter.rides.fare_usd)
    elsewhere = features.copy()
    elsewhere[:, [NAMES.index(name) for name in CATEGORICAL]] = 263

    predicted = linear.predict(elsewhere)

    np.testing.assert_array_equal(predicted, linear.predict(features))
    assert set(LINEAR_INPUTS) | set(CATEGORICAL) == set(FEATURES)


def test_a_missing_value_counts_as_its_mean_to_the_linear_baseline(
    features: FloatArray, winter: Window
) -> None:
    linear = fit_linear(features, winter.rides.fare_usd)
    passengers = NAMES.index("passengers")
    known, unknown = features[:1].copy(), features[:1].copy()
    known[0, passengers] = np.nanmean(features[:, passengers], dtype=float)
    unknown[0, passengers] = np.nan

    np.testing.assert_allclose(linear.predict(unknown), linear.predict(known), rtol=1e-6)


def test_a_feature_that_is_never_known_does_not_disturb_the_linear_baseline(
    features: FloatArray, winter: Window
) -> None:
    blind = features.copy()
    blind[:, NAMES.index("route_fare_usd")] = np.nan

    predicted = fit_linear(blind, winter.rides.fare_usd).predict(blind)

    assert np.isfinite(predicted).all()
    assert np.abs(predicted - winter.rides.fare_usd).mean() < 2


def test_the_route_median_is_what_the_route_has_cost_or_else_the_global_median() -> None:
    features = np.zeros((3, len(FEATURES)), np.float32)
    features[:, NAMES.index("route_fare_usd")] = [13.5, np.nan, 70.0]

    assert route_median(features, otherwise_usd=15.0).tolist() == [13.5, 15.0, 70.0]


def expecting(**columns: list[float]) -> FloatArray:
    """Features of rides of which only these are known; their names are those of the tariff's."""
    names = {
        "miles": "expected_distance_mi",
        "minutes": "hour_duration_min",
        "start": "pickup_zone",
        "end": "dropoff_zone",
    }
    features = np.full((len(columns["miles"]), len(FEATURES)), np.nan, np.float32)
    for name, values in columns.items():
        features[:, NAMES.index(names[name])] = values
    return features


RIDES = {
    "miles": [5.0, 15.0, 15.0, 60.0],
    "minutes": [60.0, 30.0, 30.0, 60.0],
    "start": [7, 41, 132, 41],
    "end": [92, 132, 41, 1],
}


@pytest.mark.parametrize("fleet", ["green", "yellow"])
def test_the_tariff_is_that_of_the_distance_and_duration_to_expect(fleet: str) -> None:
    times = np.array(["2025-03-03", "2025-03-04", "2022-12-01", "2025-03-03"], "datetime64[us]")

    fares = tariff(expecting(**RIDES), times, fleet, otherwise_usd=15.0)

    measures = (np.array(RIDES[name], float) for name in ("miles", "minutes"))
    zones = (np.array(RIDES[name]) for name in ("start", "end"))
    expected = tariff_estimate_usd(*measures, *zones, times, fleet=fleet)
    assert fares.tolist() == expected.tolist()


@pytest.mark.parametrize("unknown", ["miles", "minutes"])
def test_the_tariff_of_a_ride_without_a_past_is_the_global_median(unknown: str) -> None:
    told = {name: list(map(float, values)) for name, values in RIDES.items()}
    told[unknown][1] = np.nan

    fares = tariff(expecting(**told), np.full(4, NOON), "green", otherwise_usd=15.25)

    known = tariff(expecting(**RIDES), np.full(4, NOON), "green", otherwise_usd=15.25)
    assert fares[1] == 15.25
    assert fares[[0, 2, 3]].tolist() == known[[0, 2, 3]].tolist()


def test_without_any_past_the_tariff_knows_nothing() -> None:
    nothing = {name: [np.nan] * 2 for name in ("miles", "minutes")}
    features = expecting(**nothing, start=[7, 41], end=[92, 132])

    assert tariff(features, np.full(2, NOON), "green", otherwise_usd=15.0).tolist() == [15.0, 15.0]
