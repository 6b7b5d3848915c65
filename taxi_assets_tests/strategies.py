"""Months as bad as files can be, for property tests."""

from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from taxi_assets_tests.builders import NOON, published_trips

NOT_NUMBERS = st.sampled_from([None, float("nan"), float("inf"), float("-inf")])
PICKUPS = st.sampled_from(
    [
        *[NOON + timedelta(minutes=minute) for minute in range(3)],
        datetime(2025, 1, 1),
        datetime(2025, 1, 31, 23, 59, 59, 999_999),
        datetime(2024, 12, 31, 23, 59, 59, 999_999),
        datetime(2025, 2, 1),
        datetime(2001, 1, 1),
        datetime(2300, 1, 1),
        None,
    ]
)
MINUTES = st.sampled_from([12.0, 0.5, 0.51, 180.0, 180.01, 0.0, -5.0, 1440.0, None])
ZONES = st.sampled_from([74, 75, 1, 263, 0, 264, 265, -1, None])
DISTANCES = (
    st.sampled_from([2.5, 0.05, 0.06, 99.9, 100.0, 84_731.0, 0.0, -1.0])
    | st.floats(-1e6, 1e6)
    | NOT_NUMBERS
)
FARES = (
    st.sampled_from([13.5, -13.5, 2.5, 2.49, 250.0, 250.01, 0.0, -7.0, 1e12, -1e12])
    | st.floats(-1e6, 1e6)
    | NOT_NUMBERS
)
ROWS = st.fixed_dictionaries(
    {
        "pickup_at": PICKUPS,
        "minutes": MINUTES,
        "pickup_zone": ZONES,
        "dropoff_zone": ZONES,
        "passengers": st.sampled_from([1, 6, 0, 2**40, None]),
        "distance_mi": DISTANCES,
        "fare_usd": FARES,
    }
)
GOOD_ROWS = st.fixed_dictionaries(
    {
        "pickup_at": st.datetimes(datetime(2025, 1, 1), datetime(2025, 1, 31, 23, 59)),
        "minutes": st.floats(10, 60),
        "pickup_zone": st.integers(1, 263),
        "dropoff_zone": st.integers(1, 263),
        "passengers": st.none() | st.integers(0, 9),
        "distance_mi": st.floats(0.1, 10),
        "fare_usd": st.integers(250, 25_000).map(lambda cents: cents / 100),
    }
)


def month_of(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    """Rows as a published file."""
    return published_trips(**{name: [row[name] for row in rows] for name in rows[0]})


@st.composite
def raw_months(draw: st.DrawFn) -> pa.RecordBatch:
    """A published month with nulls, NaN, infinities, absurd values and refunds, in any order."""
    rows = draw(st.lists(ROWS | GOOD_ROWS, min_size=1, max_size=10))
    refunded = draw(st.lists(st.sampled_from(rows), max_size=6))
    copies = [
        row | {"fare_usd": -row["fare_usd"] if row["fare_usd"] is not None else None}
        for row in refunded
    ]
    return month_of(draw(st.permutations(rows + copies)))


def good_months(max_size: int = 10) -> st.SearchStrategy[pa.RecordBatch]:
    """A published month of trips that break no rule."""
    return st.lists(GOOD_ROWS, min_size=1, max_size=max_size).map(month_of)


def cuts(rows: int) -> st.SearchStrategy[list[int]]:
    """Places where to cut so many rows into batches, some of them empty."""
    return st.lists(st.integers(0, rows), max_size=4)
