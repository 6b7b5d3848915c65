"""Features out of fold: no ride has a part in its own."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_assets.domain.features import FEATURES, LEARNED
from taxi_assets.domain.history import METRICS
from taxi_assets.domain.places import learn
from taxi_assets.domain.window import FOLDS, TREND, Window, features_of, out_of_fold, target
from taxi_assets_tests.builders import square_city, window

NAMES = list(FEATURES)
ROUTE = [NAMES.index(name) for name in NAMES if name.startswith("route_")]


def changed(ridden: Window, **columns: Any) -> Window:
    """The same rides with some columns of another content."""
    return replace(ridden, rides=replace(ridden.rides, **columns))


def on_one_route(rows: int, seed: int = 1) -> Window:
    """Rides that differ in all but their route."""
    ridden = window({"2025-01": rows}, seed)
    return changed(
        ridden,
        pickup_zone=np.full_like(ridden.rides.pickup_zone, 74),
        dropoff_zone=np.full_like(ridden.rides.dropoff_zone, 75),
    )


def fold_mates(ridden: Window) -> npt.NDArray[np.int64]:
    """How many rides each ride's own features are kept from, rides being on one route."""
    others = out_of_fold(ridden, square_city())[:, NAMES.index("route_trips")]
    return len(ridden) - others.astype(np.int64)


@settings(max_examples=10)
@given(
    seed=st.integers(0, 99),
    ride=st.integers(0, 59),
    metric=st.sampled_from(METRICS),
    to=st.floats(3, 170, width=32),
)
def test_no_ride_has_a_part_in_its_own_features(
    seed: int, ride: int, metric: str, to: float
) -> None:
    ridden = window({"2025-01": 60}, seed)
    values = getattr(ridden.rides, metric).copy()
    values[ride] = to

    before = out_of_fold(ridden, square_city())
    after = out_of_fold(changed(ridden, **{metric: values}), square_city())

    np.testing.assert_array_equal(after[ride], before[ride])


@pytest.mark.parametrize("metric", METRICS)
def test_a_ride_does_have_a_part_in_the_features_of_others(metric: str) -> None:
    ridden = on_one_route(50)
    values = getattr(ridden.rides, metric).copy()
    values[:25] *= 2

    before = out_of_fold(ridden, square_city())
    after = out_of_fold(changed(ridden, **{metric: values}), square_city())

    column = NAMES.index(f"route_{metric}")
    assert (after[:, column] > before[:, column]).all()


@pytest.mark.parametrize("rows", [1, 2, 7, 50, 400])
def test_each_ride_is_in_exactly_one_fold(rows: int) -> None:
    mates = fold_mates(on_one_route(rows))

    # a fold of k rides shows as k rides that are kept from k
    sizes, rides = np.unique(mates, return_counts=True)
    assert (sizes >= 1).all()
    assert (rides % sizes == 0).all()
    assert (rides // sizes).sum() <= FOLDS


def test_there_are_five_folds_of_about_one_size() -> None:
    mates = fold_mates(on_one_route(1_000))

    sizes, rides = np.unique(mates, return_counts=True)
    assert (rides // sizes).sum() == 5
    assert 150 < sizes.min() <= sizes.max() < 250


def test_folds_depend_on_the_position_of_a_ride_and_on_nothing_else() -> None:
    one, other = on_one_route(300, seed=1), on_one_route(300, seed=2)
    backwards = one.take(slice(None, None, -1))

    mates = fold_mates(one)

    assert fold_mates(other).tolist() == mates.tolist()
    assert fold_mates(backwards).tolist() == mates.tolist()
    assert len(set(mates.tolist())) > 1


def test_the_same_window_has_the_same_features(winter: Window) -> None:
    once, again = (out_of_fold(winter, square_city()) for _ in range(2))

    assert once.shape == (1_200, len(FEATURES))
    assert once.dtype == np.float32
    np.testing.assert_array_equal(once, again)


def test_what_is_not_learned_is_what_serving_would_build(winter: Window) -> None:
    known = learn(square_city(), winter.rides)

    found, served = out_of_fold(winter, square_city()), features_of(winter, known)

    plain = [NAMES.index(name) for name in NAMES if name not in LEARNED]
    np.testing.assert_array_equal(found[:, plain], served[:, plain])
    assert not np.array_equal(found[:, ROUTE], served[:, ROUTE], equal_nan=True)


def test_what_fares_did_of_late_is_taken_from_the_window_as_it_is(winter: Window) -> None:
    trend = np.linspace(0.5, 2.0, len(winter), dtype=np.float32)
    told = replace(winter, fare_trend=trend)

    found = out_of_fold(told, square_city())

    assert NAMES[TREND] == "fare_trend"
    np.testing.assert_array_equal(found[:, TREND], trend)


def test_a_ride_that_is_alone_on_its_route_knows_no_route_median() -> None:
    ridden = on_one_route(40)
    start = ridden.rides.pickup_zone.copy()
    start[7] = 80

    (alone,) = out_of_fold(changed(ridden, pickup_zone=start), square_city())[[7]]

    medians = [index for index in ROUTE if NAMES[index] != "route_trips"]
    assert np.isnan(alone[medians]).all()
    assert alone[NAMES.index("route_trips")] == 0
    assert np.isfinite(alone[NAMES.index("expected_fare_usd")])


def test_no_rides_have_no_features() -> None:
    none = window({"2025-01": 0}, seed=1)

    assert out_of_fold(none, square_city()).shape == (0, len(FEATURES))


def test_features_out_of_fold_leave_the_window_alone() -> None:
    ridden, same = (window({"2025-01": 40}, seed=1) for _ in range(2))

    out_of_fold(ridden, square_city())

    for name in ("pickup_zone", "dropoff_zone", "pickup_at", *METRICS):
        np.testing.assert_array_equal(getattr(ridden.rides, name), getattr(same.rides, name))
    np.testing.assert_array_equal(ridden.passengers, same.passengers)
    np.testing.assert_array_equal(ridden.fare_trend, same.fare_trend)


@pytest.mark.parametrize(
    "rows",
    [slice(2, 4), np.array([2, 3]), np.arange(10) // 2 == 1],
    ids=["slice", "places", "mask"],
)
def test_some_of_the_rides_are_taken_with_all_that_is_known_of_them(rows: Any) -> None:
    ridden = replace(window({"2025-01": 10}, 1), fare_trend=np.arange(10, dtype=np.float32))

    some = ridden.take(rows)

    assert len(some) == 2
    assert some.fare_trend.tolist() == [2, 3]
    np.testing.assert_array_equal(some.passengers, ridden.passengers[2:4])
    np.testing.assert_array_equal(some.rides.pickup_at, ridden.rides.pickup_at[2:4])
    np.testing.assert_array_equal(target(some, "fare_usd"), ridden.rides.fare_usd[2:4])
    np.testing.assert_array_equal(target(some, "duration_min"), ridden.rides.duration_min[2:4])
