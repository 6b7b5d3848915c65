"""Published files of any year, read as canonical trips."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.schemas import CLEAN_TRIPS
from taxi_assets.domain.trips import (
    canonical,
    misfit,
    require_usable,
    schema_faults,
    usable_as,
)
from taxi_assets_tests.builders import GREEN, MONTH, NOON, PUBLISHED, published_trips

YELLOW = FLEETS["yellow"]
REAL_MONTHS = ["2023-01", "2023-02", "2023-03", "2024-01", "2025-01", "2025-02", "2025-03"]
ODD = "a column nobody has seen"


def retyped(kind: pa.DataType, *names: str) -> pa.RecordBatch:
    """One ordinary trip with some published columns of another type."""
    row = published_trips()
    return pa.record_batch(
        {n: row[n].cast(kind) if n in names else row[n] for n in row.schema.names}
    )


def with_column(name: str, values: pa.Array) -> pa.RecordBatch:
    """Ordinary trips with one published column replaced, or added."""
    rows = published_trips(vendor=[2] * len(values))
    columns = {n: rows[n] for n in rows.schema.names} | {name: values}
    return pa.record_batch(columns)


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


def test_a_trip_is_renamed_retyped_numbered_and_timed() -> None:
    trips = canonical(published_trips(minutes=[12.0, 7.5]), GREEN, first_row=1000)

    assert trips.schema.equals(CLEAN_TRIPS.arrow)
    assert trips["source_row"].to_pylist() == [1000, 1001]
    assert trips["duration_min"].to_pylist() == [12.0, 7.5]
    first = trips.to_pylist()[0]
    carried = {name: PUBLISHED[name][2] for name in PUBLISHED if name in first}
    assert carried.items() <= first.items()


@pytest.mark.parametrize("month", REAL_MONTHS)
def test_every_real_file_reads_as_the_same_columns(real_tlc: Path, month: str) -> None:
    table = pq.read_table(real_tlc / GREEN.file_name(month))
    (batch,) = table.combine_chunks().to_batches()

    trips = canonical(batch, GREEN, 0)

    assert schema_faults(table.schema, GREEN) == ([], [])
    assert trips.schema.equals(CLEAN_TRIPS.arrow)
    assert trips["fare_usd"].equals(batch["fare_amount"])
    assert trips["pickup_zone"].to_pylist() == batch["PULocationID"].to_pylist()
    assert trips["rate_code"].null_count == batch["RatecodeID"].null_count


@pytest.mark.parametrize("kind", [pa.int8(), pa.int32(), pa.int64(), pa.uint64(), pa.float64()])
def test_whole_numbers_of_any_width_read_alike(kind: pa.DataType) -> None:
    numbers = ["VendorID", "RatecodeID", "PULocationID", "DOLocationID", "passenger_count"]

    trips = canonical(retyped(kind, *numbers), GREEN, 0)

    assert trips.equals(canonical(published_trips(), GREEN, 0))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_any_unit_read_alike(unit: str) -> None:
    times = ["lpep_pickup_datetime", "lpep_dropoff_datetime"]

    trips = canonical(retyped(pa.timestamp(unit), *times), GREEN, 0)

    assert trips.equals(canonical(published_trips(), GREEN, 0))


def test_names_are_matched_in_any_case() -> None:
    rows = published_trips()
    shouted = rows.rename_columns([name.upper() for name in rows.schema.names])

    assert canonical(shouted, GREEN, 0).equals(canonical(rows, GREEN, 0))
    assert schema_faults(shouted.schema, GREEN) == ([], [])


@pytest.mark.parametrize("title", ["airport_fee", "Airport_fee"])
def test_yellow_airport_fees_are_read_in_both_cases(title: str) -> None:
    rows = with_column(title, pa.array([1.75]))
    yellow = rows.rename_columns([n.replace("lpep", "tpep") for n in rows.schema.names])

    assert canonical(yellow, YELLOW, 0)["airport_usd"].to_pylist() == [1.75]


@pytest.mark.parametrize("title", [title for title, _, _ in PUBLISHED.values()])
def test_a_column_of_type_null_reads_as_nulls_of_the_right_type(title: str) -> None:
    trips = canonical(with_column(title, pa.nulls(3)), GREEN, 0)

    assert trips.schema.equals(CLEAN_TRIPS.arrow)


def test_a_column_the_file_lacks_reads_as_null() -> None:
    trips = canonical(published_trips().drop_columns(["cbd_congestion_fee"]), GREEN, 0)

    assert trips.schema.equals(CLEAN_TRIPS.arrow)
    assert trips["cbd_usd"].to_pylist() == [None]


@pytest.mark.parametrize("kind", [pa.float32(), pa.float64()])
def test_what_is_not_a_finite_number_reads_as_null(kind: pa.DataType) -> None:
    values = pa.array([np.nan, np.inf, -np.inf, None, 2.5], kind, from_pandas=False)

    money = canonical(with_column("fare_amount", values), GREEN, 0)["fare_usd"]
    count = canonical(with_column("passenger_count", values), GREEN, 0)["passengers"]

    assert money.to_pylist() == [None, None, None, None, 2.5]
    assert count.to_pylist() == [None, None, None, None, 2]


@pytest.mark.parametrize(
    ("kind", "value", "read"),
    [
        (pa.int64(), 2**31 - 1, 2**31 - 1),
        (pa.int64(), 2**31, None),
        (pa.int64(), -(2**31), -(2**31)),
        (pa.int64(), -(2**31) - 1, None),
        (pa.uint32(), 2**31, None),
        (pa.uint64(), 2**40, None),
        (pa.uint64(), 2**63, None),
        (pa.float64(), 2.0**31 - 1, 2**31 - 1),
        (pa.float64(), 2.0**31, None),
        (pa.float64(), 1e300, None),
        (pa.float64(), -0.9, 0),
        (pa.float64(), 5.9, 5),
        (pa.float32(), 5.9, 5),
        (pa.float32(), 2.0**31, None),
    ],
)
def test_a_count_that_fits_is_truncated_and_one_out_of_range_reads_as_null(
    kind: pa.DataType, value: float, read: int | None
) -> None:
    rows = with_column("passenger_count", pa.array([1, value], kind))

    assert canonical(rows, GREEN, 0)["passengers"].to_pylist() == [1, read]


@given(at=st.integers(1, 9))
def test_batches_are_read_as_the_whole_is(at: int) -> None:
    rows = published_trips(fare_usd=[float(n) for n in range(10)])

    parts = [canonical(rows.slice(0, at), GREEN, 0), canonical(rows.slice(at), GREEN, at)]

    whole = pa.Table.from_batches([canonical(rows, GREEN, 0)])
    assert pa.Table.from_batches(parts).equals(whole)


def test_no_rows_read_as_no_trips() -> None:
    trips = canonical(published_trips().slice(0, 0), GREEN, 0)

    assert len(trips) == 0
    assert trips.schema.equals(CLEAN_TRIPS.arrow)
