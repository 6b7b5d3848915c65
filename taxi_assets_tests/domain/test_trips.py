"""Published files of any year, read as canonical trips."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.schemas import CLEAN_TRIPS
from taxi_assets.domain.trips import (
    canonical,
    schema_faults,
)
from taxi_assets_tests.builders import GREEN, PUBLISHED, published_trips, retyped, with_column

YELLOW = FLEETS["yellow"]
REAL_MONTHS = ["2023-01", "2023-02", "2023-03", "2024-01", "2025-01", "2025-02", "2025-03"]


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
