"""The published row that a rejected trip keeps, as JSON."""

import json
from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.cleaning import as_json
from taxi_assets_tests.builders import NOON, published_trips, sort_month

TICK = timedelta(microseconds=1)


def test_a_rejected_trip_keeps_its_whole_published_row() -> None:
    month = published_trips(fare_usd=999.0, passengers=None, pickup_at=NOON + TICK, minutes=12)

    (result,) = sort_month(month)

    row = json.loads(result.rejected["raw_row"][0].as_py())
    assert list(row) == month.schema.names
    assert row["fare_amount"] == 999.0
    assert row["passenger_count"] is None
    assert row["lpep_pickup_datetime"] == "2025-01-15T12:00:00.000001"
    assert row["store_and_fwd_flag"] == "N"


def test_a_raw_row_does_not_depend_on_the_rows_beside_it() -> None:
    rows = published_trips(passengers=[1, None])

    together = as_json(rows).to_pylist()

    assert together == [as_json(rows.slice(row, 1))[0].as_py() for row in range(2)]


@pytest.mark.parametrize(
    "number", [1, 2**53 + 1, 84_731.123456789, 0.1234567890123456, 1e-12, 1e300, -13.5]
)
def test_numbers_are_kept_as_published_beside_nulls(number: float) -> None:
    rows = pa.record_batch({"number": pa.array([number, None])})

    (row, _) = as_json(rows).to_pylist()

    assert json.loads(row)["number"] == number


@given(text=st.lists(st.none() | st.text(), max_size=5))
def test_every_row_is_one_json_object_whatever_its_text(text: list[str | None]) -> None:
    rows = as_json(pa.record_batch({"note": pa.array(text, pa.string())}))

    assert [json.loads(row)["note"] for row in rows.to_pylist()] == text


@given(at=st.datetimes())
def test_times_of_any_year_are_kept_to_the_microsecond(at: datetime) -> None:
    (row,) = as_json(pa.record_batch({"at": pa.array([at], pa.timestamp("us"))})).to_pylist()

    assert datetime.fromisoformat(json.loads(row)["at"]) == at
