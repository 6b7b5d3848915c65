"""Watched inputs and their bins: the same in every month, and no trip falls outside."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from taxi_assets.domain.drift_inputs import (
    BY_NAME,
    COLUMNS,
    INPUTS,
    MISSING,
    as_rows,
    count,
    from_rows,
    input_values,
)
from taxi_assets.domain.errors import DataError
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.report_schemas import FEATURE_HISTOGRAMS

ORDINARY = {
    "pickup_borough": 3,
    "dropoff_borough": 4,
    "pickup_x_mi": 189.5,
    "pickup_y_mi": 43.0,
    "same_zone": 0,
    "from_airport": 0,
    "to_airport": 1,
    "straight_mi": 2.2,
    "minute_of_day": 17 * 60 + 59,
    "weekday": 4,
    "passengers": 2,
    "expected_fare_usd": 15.0,
    "expected_duration_min": 12.0,
    "hour_pace": 1.1,
}
BINS = {
    "pickup_borough": "Manhattan",
    "dropoff_borough": "Queens",
    "pickup_east_mi": "3 to 4",
    "pickup_north_mi": "5 to 6",
    "same_zone": "no",
    "from_airport": "no",
    "to_airport": "yes",
    "straight_mi": "2 to 3",
    "trip_hour": "17",
    "weekday": "Friday",
    "passengers": "2",
    "expected_fare_usd": "14 to 16",
    "expected_duration_min": "12 to 14",
    "hour_pace": "1.1 to 1.15",
}


def batch(*trips: dict[str, float | None]) -> pa.RecordBatch:
    """Rows of a feature table; ordinary unless told."""
    rows = [{**ORDINARY, **trip} for trip in trips]
    schema = pa.schema([(name, pa.float32()) for name in COLUMNS])
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def bin_of(name: str, **trip: float | None) -> str:
    """The bin that one trip is in."""
    (code,) = BY_NAME[name].codes(input_values(batch(trip))[name])
    return BY_NAME[name].all_bins[code]


def test_an_ordinary_trip_is_where_it_belongs() -> None:
    assert {watched.name: bin_of(watched.name) for watched in INPUTS} == BINS


def test_the_inputs_are_features_of_the_model() -> None:
    assert set(COLUMNS) <= set(FEATURES)
    assert len(BY_NAME) == len(INPUTS) == 14


@pytest.mark.parametrize(
    ("name", "column", "value", "expected"),
    [
        ("straight_mi", "straight_mi", 0.0, "under 0.1"),
        ("straight_mi", "straight_mi", 0.125, "0.1 to 0.5"),
        ("straight_mi", "straight_mi", 12.0, "12 and more"),
        ("straight_mi", "straight_mi", 1e6, "12 and more"),
        ("expected_fare_usd", "expected_fare_usd", 8.0, "8 to 10"),
        ("pickup_east_mi", "pickup_x_mi", 170.0, "under 0"),
        ("trip_hour", "minute_of_day", 0, "0"),
        ("trip_hour", "minute_of_day", 59, "0"),
        ("trip_hour", "minute_of_day", 60, "1"),
        ("trip_hour", "minute_of_day", 1439, "23"),
        ("passengers", "passengers", 0, "0"),
        ("passengers", "passengers", 5, "5"),
        ("passengers", "passengers", 6, "6 and more"),
        ("passengers", "passengers", 9, "6 and more"),
        ("passengers", "passengers", None, MISSING),
        ("straight_mi", "straight_mi", None, MISSING),
    ],
)
def test_a_bin_holds_its_lower_edge_and_not_its_upper(
    name: str, column: str, value: float | None, expected: str
) -> None:
    assert bin_of(name, **{column: value}) == expected


def test_the_neutral_pace_before_any_history_is_no_value() -> None:
    assert bin_of("hour_pace", hour_pace=1.0, expected_fare_usd=None) == MISSING
    assert bin_of("hour_pace", hour_pace=1.0) == "1 to 1.05"


@given(
    hnp.arrays(
        np.float64,
        st.integers(0, 50),
        elements=st.floats(-1e9, 1e9) | st.just(float("nan")),
    )
)
def test_every_number_is_in_one_bin(values: np.ndarray) -> None:
    for watched in INPUTS:
        if watched.is_number:
            counts = np.bincount(watched.codes(values), minlength=len(watched.all_bins))
            assert counts.sum() == len(values)
            assert counts[-1] == np.isnan(values).sum()
            assert len(counts) == len(watched.all_bins)


def test_histograms_sum_to_the_trips_in_whatever_batches() -> None:
    trips = [{"straight_mi": mile / 7, "passengers": mile % 9 or None} for mile in range(90)]

    whole = count([batch(*trips)])

    assert {int(counts.sum()) for counts in whole.values()} == {90}
    for rows in (1, 13, 90):
        parts = count(batch(*trips[at : at + rows]) for at in range(0, 90, rows))
        assert as_rows(parts) == as_rows(whole)


def test_rows_are_the_tables_and_come_back_as_counts() -> None:
    counts = count([batch({}, {"weekday": 6})])

    rows = as_rows(counts)

    table = pa.Table.from_pylist(rows, FEATURE_HISTOGRAMS.arrow)
    again = from_rows(table.to_pylist())
    assert all((again[name] == counts[name]).all() for name in counts)
    assert {row["trips"] for row in rows if row["feature"] == "weekday"} == {0, 1}


def test_a_month_without_trips_has_all_bins_and_no_trips() -> None:
    rows = as_rows(count([]))

    assert len(rows) == sum(len(watched.all_bins) for watched in INPUTS)
    assert {row["trips"] for row in rows} == {0}


def test_histograms_of_other_bins_are_refused() -> None:
    rows = as_rows(count([batch({})]))

    with pytest.raises(DataError, match="other inputs or bins"):
        from_rows(rows[:-1])
    with pytest.raises(DataError, match="run their month again"):
        from_rows([{**rows[0], "bin": "Atlantis"}, *rows[1:]])
