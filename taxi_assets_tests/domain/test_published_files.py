"""Whether a published file is the one that was asked for, and can be read."""

from datetime import datetime

import pyarrow as pa
import pytest

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.trips import (
    misfit,
    require_usable,
    schema_faults,
    usable_as,
)
from taxi_assets_tests.builders import (
    GREEN,
    MONTH,
    NOON,
    published_trips,
    retyped,
    with_column,
)

YELLOW = FLEETS["yellow"]
ODD = "a column nobody has seen"


@pytest.mark.parametrize(
    ("found", "wanted", "usable"),
    [
        (pa.int32(), pa.int32(), True),
        (pa.int64(), pa.int32(), True),
        (pa.float64(), pa.int32(), True),
        (pa.float32(), pa.float64(), True),
        (pa.uint8(), pa.float64(), True),
        (pa.null(), pa.int32(), True),
        (pa.null(), pa.timestamp("us"), True),
        (pa.timestamp("ns"), pa.timestamp("us"), True),
        (pa.timestamp("s"), pa.timestamp("us"), True),
        (pa.timestamp("us", "UTC"), pa.timestamp("us"), False),
        (pa.string(), pa.timestamp("us"), False),
        (pa.int64(), pa.timestamp("us"), False),
        (pa.timestamp("us"), pa.int32(), False),
        (pa.string(), pa.int32(), False),
        (pa.bool_(), pa.int32(), False),
        (pa.decimal128(9, 2), pa.float64(), False),
    ],
)
def test_numbers_read_as_numbers_times_as_times_and_null_as_anything(
    found: pa.DataType, wanted: pa.DataType, usable: bool
) -> None:
    assert usable_as(found, wanted) is usable


def test_a_file_as_published_has_no_schema_faults() -> None:
    assert schema_faults(published_trips().schema, GREEN) == ([], [])


def test_a_new_column_is_named_as_published_and_is_not_wrong() -> None:
    schema = with_column(ODD.title(), pa.nulls(1)).schema

    assert schema_faults(schema, GREEN) == ([ODD.title()], [])


def test_each_missing_needed_column_is_named() -> None:
    schema = published_trips().drop_columns(["fare_amount", "PULocationID"]).schema

    added, wrong = schema_faults(schema, GREEN)

    assert added == []
    assert wrong == [
        "column pulocationid (pickup_zone) is missing",
        "column fare_amount (fare_usd) is missing",
    ]


def test_a_missing_column_that_is_not_needed_is_no_fault() -> None:
    schema = published_trips().drop_columns(["cbd_congestion_fee", "tip_amount"]).schema

    assert schema_faults(schema, GREEN) == ([], [])


@pytest.mark.parametrize(
    ("title", "name", "wanted"),
    [("fare_amount", "fare_usd", "double"), ("VendorID", "vendor", "int32")],
)
def test_a_retyped_column_is_named_with_both_types(title: str, name: str, wanted: str) -> None:
    _, wrong = schema_faults(retyped(pa.string(), title).schema, GREEN)

    assert wrong == [f"column {title} ({name}) is string, not {wanted}"]


def test_unusable_columns_are_refused_all_in_one_sentence() -> None:
    schema = retyped(pa.string(), "fare_amount").drop_columns(["trip_distance"]).schema

    with pytest.raises(DataError, match=r"as green trips: .*trip_distance.* missing; .*is string"):
        require_usable(schema, GREEN)


def test_usable_columns_pass() -> None:
    require_usable(published_trips().schema, GREEN)


def pickups(*at: datetime | None, unit: str = "us") -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(at, pa.timestamp(unit))])


IN, OUT = NOON, datetime(2025, 2, 3)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("times", [(IN,), (IN, OUT), (IN, IN, OUT, None)])
def test_a_file_with_at_least_half_its_pickups_in_the_month_fits(
    times: tuple[datetime | None, ...], unit: str
) -> None:
    assert misfit(published_trips().schema, pickups(*times, unit=unit), GREEN, MONTH) is None


@pytest.mark.parametrize(
    ("at", "fits"),
    [
        (datetime(2024, 12, 31, 23, 59, 59, 999_999), False),
        (datetime(2025, 1, 1), True),
        (datetime(2025, 1, 31, 23, 59, 59, 999_999), True),
        (datetime(2025, 2, 1), False),
    ],
)
def test_a_file_belongs_to_a_month_from_its_first_to_its_last_instant(
    at: datetime, fits: bool
) -> None:
    assert (misfit(published_trips().schema, pickups(at), GREEN, MONTH) is None) is fits


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_another_months_file_is_told_with_the_month_it_is_of(unit: str) -> None:
    found = pickups(IN, OUT, OUT, OUT, unit=unit)

    reason = misfit(published_trips().schema, found, GREEN, MONTH)

    assert reason == (
        "only 25% of its pickups lie in 2025-01 (most are in 2025-02): it is another month's file"
    )


def test_a_file_without_any_pickup_time_does_not_fit() -> None:
    reason = misfit(published_trips().schema, pickups(None, None), GREEN, MONTH)

    assert reason is not None
    assert "2025-01" in reason


def test_another_fleets_file_is_told_by_its_time_column() -> None:
    reason = misfit(published_trips().schema, pickups(IN), YELLOW, MONTH)

    assert reason == (
        "it has no tpep_pickup_datetime column but lpep_pickup_datetime: it is another fleet's file"
    )


def test_a_file_of_something_else_is_told_by_what_it_lacks() -> None:
    reason = misfit(pa.schema([("zone", pa.int32())]), None, GREEN, MONTH)

    assert reason == "it has no lpep_pickup_datetime column"


@pytest.mark.parametrize("found", [None, pickups()])
def test_a_file_without_trips_does_not_fit(found: pa.ChunkedArray | None) -> None:
    assert misfit(published_trips().schema, found, GREEN, MONTH) == "it has no trips"


def test_pickups_of_another_type_are_left_to_the_schema_check() -> None:
    found = pa.chunked_array([["2025-01-15"]])

    assert misfit(published_trips().schema, found, GREEN, MONTH) is None
