"""The public shape of the tables."""

import pyarrow as pa
import pytest

from taxi_assets.domain.features import CARRIED, FEATURES, LEARNED
from taxi_assets.domain.fleets import FLEETS, Fleet
from taxi_assets.domain.schemas import (
    CLEAN_TRIPS,
    HOUR_HISTORY,
    REJECTED_TRIPS,
    ROUTE_HISTORY,
    TABLES,
    TRIP_FEATURES,
)
from taxi_assets.domain.table import MONTH, Table

PLAIN_TYPES = {
    pa.int32(),
    pa.int64(),
    pa.float32(),
    pa.float64(),
    pa.bool_(),
    pa.string(),
    pa.binary(),
    pa.timestamp("us"),
}
EVERY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


@EVERY_TABLE
def test_every_column_stands_once_and_says_what_it_holds(table: Table) -> None:
    names = table.arrow.names

    assert len(set(names)) == len(names)
    assert MONTH.name not in names
    assert all(column.description for column in table.columns)
    assert {column.type for column in table.columns} <= PLAIN_TYPES


@EVERY_TABLE
def test_bounds_stand_in_order(table: Table) -> None:
    bounds = [(c.low, c.high) for c in table.columns if None not in (c.low, c.high)]

    assert all(low < high for low, high in bounds)


def test_tables_are_found_by_their_name() -> None:
    assert all(TABLES[name].name == name for name in TABLES)


@pytest.mark.parametrize("fleet", FLEETS.values(), ids=FLEETS)
def test_every_canonical_column_of_a_fleet_has_its_place_in_trips(fleet: Fleet) -> None:
    expected = ["source_row", *(column.name for column in fleet.columns), "duration_min"]

    assert CLEAN_TRIPS.arrow.names == expected
    assert REJECTED_TRIPS.arrow.names == ["rule", *expected, "raw_row"]


def test_a_clean_trip_has_bounds_where_a_rejected_one_may_hold_anything() -> None:
    clean = {column.name: column for column in CLEAN_TRIPS.columns}
    rejected = {column.name: column for column in REJECTED_TRIPS.columns}

    for name in ("pickup_zone", "dropoff_zone", "distance_mi", "fare_usd", "duration_min"):
        assert None not in (clean[name].low, clean[name].high)
        assert not clean[name].nullable
        assert (rejected[name].low, rejected[name].high) == (None, None)
        assert rejected[name].nullable


def test_only_what_is_learned_and_the_passengers_may_be_missing_among_features() -> None:
    features = [c for c in TABLES["trip_features"].columns if c.name in FEATURES]

    missing = {column.name for column in features if column.nullable}

    assert [column.name for column in features] == list(FEATURES)
    assert missing == {*LEARNED, "passengers"} - {"route_trips", "hour_pace", "fare_trend"}


def test_features_carry_what_there_is_to_learn_and_how_it_was_billed() -> None:
    assert TRIP_FEATURES.arrow.names == [*CARRIED, *FEATURES]
    carried, clean = (
        {column.name: column for column in table.columns} for table in (TRIP_FEATURES, CLEAN_TRIPS)
    )
    assert all(carried[name] == clean[name] for name in CARRIED)


@pytest.mark.parametrize(
    ("name", "low"),
    [
        ("pickup_zone", 1.0),
        ("pickup_borough", 0.0),
        ("holiday", 0.0),
        ("hour_pace", 0.0),
        ("expected_fare_usd", 0.0),
        ("east_mi", None),
        ("dropoff_y_mi", None),
        ("passengers", None),
    ],
)
def test_a_feature_is_bounded_unless_it_may_point_anywhere(name: str, low: float | None) -> None:
    features = {column.name: column for column in TRIP_FEATURES.columns}

    assert features[name].low == low


@pytest.mark.parametrize("table", [ROUTE_HISTORY, HOUR_HISTORY], ids=["routes", "hours"])
def test_a_place_in_history_is_a_zone_a_borough_or_the_city(table: Table) -> None:
    places = [column for column in table.columns if column.name in ("pickup_zone", "dropoff_zone")]

    assert [(place.low, place.high) for place in places] == [(-6, 263)] * 2
