"""Features: the same for one trip and for millions, and blind to what a ride then costs."""

import math
from dataclasses import replace
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.features import (
    CARRIED,
    FEATURES,
    LEARNED,
    build_features,
    trip_features,
)
from taxi_assets.domain.history import METRICS
from taxi_assets.domain.places import FloatArray, Places, learn
from taxi_assets.domain.schemas import TRIP_FEATURES
from taxi_assets.domain.trips import canonical
from taxi_assets.domain.validation import failures, pandera_schema
from taxi_assets.domain.window import Window
from taxi_assets.domain.zones import BOROUGHS
from taxi_assets_tests.builders import GREEN, NOON, canonical_trips, rides, square_city, window
from taxi_assets_tests.strategies import GOOD_ROWS, good_months, month_of

MEDIANS = LEARNED[1:10]  # of route, pick-up and drop-off zone
ALWAYS_KNOWN = ("route_trips", "hour_pace", "fare_trend")
NO_RIDES = rides().take(slice(0, 0))


@pytest.fixture(scope="module")
def known() -> Places:
    """What two earlier trips from 74 to 75 and one back have taught."""
    past = rides(
        pickup_zone=[74, 74, 75],
        dropoff_zone=[75, 75, 74],
        fare_usd=[10.0, 20.0, 100.0],
        distance_mi=[1.0, 2.0, 30.0],
        minutes=[5.0, 7.0, 60.0],
    )
    return learn(square_city(), past)


@pytest.fixture(scope="module")
def newcomer() -> Places:
    """The city of someone who has seen no trip."""
    return learn(square_city(), NO_RIDES)


def one_trip(
    known: Places, pickup: int = 74, dropoff: int = 75, at: datetime = NOON, passengers: float = 1.0
) -> dict[str, float]:
    """Features of one trip by name."""
    (row,) = build_features(
        np.array([pickup]),
        np.array([dropoff]),
        np.array([at], "datetime64[us]"),
        np.array([passengers]),
        known,
    ).tolist()
    return dict(zip(FEATURES, row, strict=True))


def test_zones_say_where_a_ride_starts_and_ends(known: Places) -> None:
    trip = one_trip(known, 74, 132)

    assert (trip["pickup_zone"], trip["dropoff_zone"]) == (74, 132)
    assert BOROUGHS[int(trip["pickup_borough"])] == "Bronx"
    assert BOROUGHS[int(trip["dropoff_borough"])] == "Queens"
    assert (trip["pickup_x_mi"], trip["pickup_y_mi"]) == (14.5, 3.5)
    assert (trip["dropoff_x_mi"], trip["dropoff_y_mi"]) == (12.5, 6.5)


@pytest.mark.parametrize(
    ("pickup", "dropoff", "same", "from_airport", "to_airport"),
    [
        (74, 75, 0, 0, 0),
        (74, 74, 1, 0, 0),
        (132, 74, 0, 1, 0),
        (74, 1, 0, 0, 1),
        (138, 138, 1, 1, 1),
    ],
)
def test_a_round_trip_and_airports_are_flagged(
    known: Places, pickup: int, dropoff: int, same: int, from_airport: int, to_airport: int
) -> None:
    trip = one_trip(known, pickup, dropoff)

    assert trip["same_zone"] == same
    assert (trip["from_airport"], trip["to_airport"]) == (from_airport, to_airport)


def test_distances_are_measured_straight_and_along_the_street_grid(known: Places) -> None:
    trip = one_trip(known, 74, 133)  # one mile west, three north

    assert (trip["east_mi"], trip["north_mi"]) == (-1.0, 3.0)
    assert trip["straight_mi"] == pytest.approx(math.sqrt(10))
    turn = math.radians(29)
    avenues = -math.sin(turn) + 3 * math.cos(turn)
    streets = -math.cos(turn) - 3 * math.sin(turn)
    assert trip["grid_mi"] == pytest.approx(abs(avenues) + abs(streets))
    assert trip["zone_size_mi"] == pytest.approx(1.0)


def test_a_ride_along_an_avenue_is_as_long_on_the_grid_as_straight() -> None:
    turn = math.radians(29)
    zones = square_city().copy()
    zones.loc[zones["zone"] == 75, ["x_mi", "y_mi"]] = [
        14.5 + 2 * math.sin(turn),
        3.5 + 2 * math.cos(turn),
    ]

    trip = one_trip(learn(zones, NO_RIDES))

    assert trip["straight_mi"] == pytest.approx(2.0, abs=1e-5)
    assert trip["grid_mi"] == pytest.approx(2.0, abs=1e-5)


@given(at=st.datetimes(datetime(2009, 1, 1), datetime(2050, 12, 31, 23, 59)))
def test_the_calendar_is_pythons(newcomer: Places, at: datetime) -> None:
    trip = one_trip(newcomer, at=at)

    minute = at.hour * 60 + at.minute
    assert trip["minute_of_day"] == minute
    assert trip["weekday"] == at.weekday()
    assert trip["minute_of_week"] == at.weekday() * 1440 + minute
    assert trip["month_of_year"] == at.month


@pytest.mark.parametrize(
    ("at", "holiday"),
    [
        pytest.param(datetime(2025, 7, 4, 23, 59), 2, id="federal"),
        pytest.param(datetime(2021, 12, 24), 2, id="federal, observed on the Friday before"),
        pytest.param(datetime(2025, 2, 12), 1, id="Lincoln's birthday, the state's alone"),
        pytest.param(datetime(2025, 7, 5), 0, id="ordinary"),
    ],
)
def test_a_holiday_counts_twice_when_the_whole_country_has_it(
    newcomer: Places, at: datetime, holiday: int
) -> None:
    assert one_trip(newcomer, at=at)["holiday"] == holiday


@pytest.mark.parametrize("year", [2008, 2051])
def test_a_year_whose_holidays_nobody_knows_is_refused(newcomer: Places, year: int) -> None:
    with pytest.raises(UsageError, match="2009 to 2050"):
        one_trip(newcomer, at=datetime(year, 6, 1))


@given(pickup=st.integers(1, 263), dropoff=st.integers(1, 263))
def test_a_borough_pair_can_be_told_apart_into_its_boroughs(
    newcomer: Places, pickup: int, dropoff: int
) -> None:
    trip = one_trip(newcomer, pickup, dropoff)

    boroughs = square_city().set_index("zone")["borough"]
    start, end = divmod(int(trip["borough_pair"]), len(BOROUGHS))
    assert BOROUGHS[start] == BOROUGHS[int(trip["pickup_borough"])] == boroughs[pickup]
    assert BOROUGHS[end] == BOROUGHS[int(trip["dropoff_borough"])] == boroughs[dropoff]


def test_passengers_are_taken_as_they_are_and_may_be_unknown(known: Places) -> None:
    assert one_trip(known, passengers=5.0)["passengers"] == 5
    assert math.isnan(one_trip(known, passengers=math.nan)["passengers"])


def test_history_says_what_route_start_and_end_have_cost(known: Places) -> None:
    trip = one_trip(known, 74, 75)

    assert trip["route_trips"] == 2
    assert [trip[name] for name in MEDIANS] == [15, 1.5, 6, 15, 1.5, 6, 15, 1.5, 6]


def test_speed_and_pace_follow_from_what_is_expected(known: Places) -> None:
    trip = one_trip(known, 74, 75)

    hours = trip["expected_duration_min"] / 60
    assert trip["expected_mph"] == pytest.approx(trip["expected_distance_mi"] / hours)
    paced = trip["expected_duration_min"] * trip["hour_pace"]
    assert trip["hour_duration_min"] == pytest.approx(paced)
    assert trip["hour_pace"] != 1.0  # the past was at noon on a Wednesday too


def test_an_unknown_route_still_knows_its_two_zones(known: Places) -> None:
    trip = one_trip(known, 75, 75)

    assert trip["route_trips"] == 0
    assert all(math.isnan(trip[name]) for name in MEDIANS[:3])
    assert [trip[name] for name in MEDIANS[3:]] == [100, 30, 60, 15, 1.5, 6]


def test_without_a_past_all_that_is_learned_is_missing_and_nothing_else(newcomer: Places) -> None:
    trip = one_trip(newcomer)

    missing = {name for name, value in trip.items() if math.isnan(value)}
    assert missing == set(LEARNED) - set(ALWAYS_KNOWN)
    assert [trip[name] for name in ALWAYS_KNOWN] == [0, 1, 1]


@given(pickup=st.integers(1, 263), dropoff=st.integers(1, 263))
def test_with_any_past_only_the_medians_of_routes_and_zones_may_be_missing(
    known: Places, pickup: int, dropoff: int
) -> None:
    trip = one_trip(known, pickup, dropoff)

    assert {name for name, value in trip.items() if math.isnan(value)} <= set(MEDIANS)


MONTHS = ("2025-01", "2025-02", "2025-03")


def features_by_month(ridden: Window) -> dict[str, FloatArray]:
    """Features of each month's rides from the months before it, as the graph builds them."""
    month_of_ride = ridden.rides.pickup_at.astype("datetime64[M]")
    found = {}
    for month in MONTHS:
        before = month_of_ride < np.datetime64(month)
        here = ridden.take(month_of_ride == np.datetime64(month))
        found[month] = build_features(
            here.rides.pickup_zone,
            here.rides.dropoff_zone,
            here.rides.pickup_at,
            here.passengers,
            learn(square_city(), ridden.rides.take(before)),
        )
    return found


def months_that_changed(ridden: Window, other: Window) -> list[str]:
    before, after = features_by_month(ridden), features_by_month(other)
    return [m for m in MONTHS if not np.array_equal(before[m], after[m], equal_nan=True)]


@settings(max_examples=15)
@given(seed=st.integers(0, 99), ride=st.integers(0, 179), changed=st.sampled_from(METRICS))
def test_no_feature_sees_a_ride_of_its_own_month_or_a_later_one(
    seed: int, ride: int, changed: str
) -> None:
    ridden = window(dict.fromkeys(MONTHS, 60), seed)
    values = getattr(ridden.rides, changed).copy()
    values[ride] += 50
    other = replace(ridden, rides=replace(ridden.rides, **{changed: values}))

    changed_months = months_that_changed(ridden, other)

    assert set(changed_months) <= set(MONTHS[ride // 60 + 1 :])


@pytest.mark.parametrize("changed", METRICS)
@pytest.mark.parametrize("month", [0, 1, 2])
def test_what_a_month_taught_shows_in_the_months_after_it(changed: str, month: int) -> None:
    ridden = window(dict.fromkeys(MONTHS, 60), seed=1)
    values = getattr(ridden.rides, changed).copy()
    values[60 * month : 60 * month + 60] *= 1.5
    other = replace(ridden, rides=replace(ridden.rides, **{changed: values}))

    changed_months = months_that_changed(ridden, other)

    assert changed_months == list(MONTHS[month + 1 :])


@given(month=good_months())
def test_one_row_equals_the_batch(known: Places, month: pa.RecordBatch) -> None:
    trips = canonical(month, GREEN, 0)

    batch = trip_features(trips, known)

    for row in range(len(trips)):
        assert trip_features(trips.slice(row, 1), known).equals(batch.slice(row, 1))


@given(rows=st.lists(GOOD_ROWS, min_size=1, max_size=10), other=GOOD_ROWS)
def test_no_feature_sees_what_the_months_rides_turn_out_to_be(
    known: Places, rows: list[dict[str, object]], other: dict[str, object]
) -> None:
    afterwards = {name: other[name] for name in ("fare_usd", "distance_mi", "minutes")}

    before = trip_features(canonical(month_of(rows), GREEN, 0), known)
    after = trip_features(canonical(month_of([row | afterwards for row in rows]), GREEN, 0), known)

    names = list(FEATURES)
    assert before.select(names).equals(after.select(names))


def test_no_feature_sees_payment_surcharges_or_total(known: Places) -> None:
    paid = {"tip_usd": 99.0, "tolls_usd": 9.0, "total_usd": 500.0, "extra_usd": 7.5}
    how = {"payment_type": 4, "rate_code": 5, "trip_type": 2, "vendor": 1}

    dear, plain = (
        trip_features(trips, known) for trips in (canonical_trips(**paid, **how), canonical_trips())
    )

    names = list(FEATURES)
    assert dear.select(names).equals(plain.select(names))


@given(month=good_months())
def test_the_table_is_what_it_promises_and_carries_its_targets(
    known: Places, month: pa.RecordBatch
) -> None:
    trips = canonical(month, GREEN, 7)

    table = trip_features(trips, known)

    assert table.schema.equals(TRIP_FEATURES.arrow)
    assert failures(pandera_schema(TRIP_FEATURES), table) == []
    for name in CARRIED:
        assert table[name].equals(trips[name])


def test_missing_values_are_null_in_the_table(newcomer: Places) -> None:
    table = trip_features(canonical_trips(passengers=[None, 2]), newcomer)

    assert table["passengers"].to_pylist() == [None, 2.0]
    assert table["route_fare_usd"].to_pylist() == [None, None]


@pytest.mark.parametrize("passengers", [[None, None], [1, 2]])
def test_passengers_may_all_be_unknown_or_all_known(
    newcomer: Places, passengers: list[int | None]
) -> None:
    table = trip_features(canonical_trips(passengers=passengers), newcomer)

    assert table["passengers"].to_pylist() == passengers


def test_no_trips_have_no_features(known: Places) -> None:
    table = trip_features(canonical_trips().slice(0, 0), known)

    assert table.schema.equals(TRIP_FEATURES.arrow)
    assert len(table) == 0


@pytest.mark.parametrize(("pickup", "dropoff"), [(264, 74), (74, 264)])
def test_a_zone_beyond_the_city_is_an_error_and_not_a_guess(
    known: Places, pickup: int, dropoff: int
) -> None:
    with pytest.raises(IndexError, match="264"):
        one_trip(known, pickup, dropoff)


@pytest.mark.parametrize(("pickup", "dropoff"), [(0, 74), (74, 0), (-1, 74)])
def test_a_zone_below_the_first_is_refused_rather_than_read_from_the_end(
    pickup: int, dropoff: int, known: Places
) -> None:
    one = np.array([np.datetime64("2025-03-14T08:30")]), np.array([1.0])

    with pytest.raises(IndexError, match="start at 1"):
        build_features(np.array([pickup]), np.array([dropoff]), *one, known)
