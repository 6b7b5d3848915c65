"""Watched inputs and their bins: the same in every month, and no trip falls outside."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from taxi_assets.domain.drift_inputs import (
    ASKED,
    BY_NAME,
    COLUMNS,
    COUNTED,
    INPUTS,
    LEARNED,
    MISSING,
    as_rows,
    count,
    from_rows,
    input_values,
    with_learned,
)
from taxi_assets.domain.errors import DataError
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.places import learn
from taxi_assets.domain.report_schemas import FEATURE_HISTOGRAMS
from taxi_assets.domain.window import features_of
from taxi_assets_tests.builders import square_city, window

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
    assert {watched.name: bin_of(watched.name) for watched in COUNTED} == BINS


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


def test_history_is_asked_as_the_champion_asks_it() -> None:
    past, trips = window({"2025-01": 3_000}, seed=1), window({"2025-02": 200}, seed=2)
    known = learn(square_city(), past.rides)
    asked = {name: getattr(trips.rides, name) for name in ASKED}
    frame = pd.DataFrame({**asked, "passengers": trips.passengers, "weekday": 1.0})

    found = with_learned(frame, known)

    matrix = features_of(trips, known)
    for name in LEARNED:
        assert found[name].to_numpy() == pytest.approx(matrix[:, list(FEATURES).index(name)])
    assert list(found) == ["passengers", "weekday", *LEARNED]
    assert not found[list(LEARNED)].isna().any(axis=None)


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

    assert len(rows) == sum(len(watched.all_bins) for watched in COUNTED)
    assert {row["trips"] for row in rows} == {0}


def test_histograms_of_other_bins_are_refused() -> None:
    rows = as_rows(count([batch({})]))

    with pytest.raises(DataError, match="other inputs or bins"):
        from_rows(rows[:-1])
    with pytest.raises(DataError, match="run their month again"):
        from_rows([{**rows[0], "bin": "Atlantis"}, *rows[1:]])
