"""The public shape of the tables."""

import pyarrow as pa
import pytest

from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.fleets import FLEETS, Fleet
from taxi_assets.domain.schemas import CLEAN_TRIPS, MONTH, REJECTED_TRIPS, TABLES, Table

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
    learned = {
        f"{where}_{what}"
        for where in ("route", "pickup", "dropoff")
        for what in ("fare_usd", "distance_mi", "duration_min")
    }
    assert missing == learned | {"passengers"}
