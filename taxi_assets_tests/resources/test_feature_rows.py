"""Feature tables as the arrays that models take: every row, or a refusal."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.features import FEATURES, trip_features
from taxi_assets.domain.history import RIDE_COLUMNS, RIDE_KINDS, read_rides
from taxi_assets.domain.places import learn
from taxi_assets.domain.schemas import TRIP_FEATURES
from taxi_assets.domain.window import Window, out_of_fold
from taxi_assets.resources.feature_rows import feature_batches, matrix, read_window
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets_tests.builders import NOON, canonical_trips, rides, square_city
from taxi_assets_tests.lakes import NAME, Place
from taxi_assets_tests.resources.conftest import local_lake

JANUARY, FEBRUARY, MARCH = "2025-01", "2025-02", "2025-03"
KNOWN = learn(square_city(), rides(pickup_at=[NOON, NOON], fare_usd=[10.0, 12.0]))


@pytest.fixture
def home(tmp_path: Path) -> Place:
    return local_lake(None, tmp_path)


def features(rows: int, first: int = 0) -> pa.RecordBatch:
    """So many rides with features, no two alike; every third without a number of passengers."""
    numbers = range(first, first + rows)
    trips = canonical_trips(
        pickup_zone=[74 + n % 3 for n in numbers],
        passengers=[None if n % 3 == 0 else n % 5 for n in numbers],
        fare_usd=[10.0 + n / 4 for n in numbers],
        distance_mi=[1.0 + n / 8 for n in numbers],
        rate_code=[None if n % 4 == 0 else 1 for n in numbers],
        minutes=[5.0 + n for n in numbers],
    )
    return trip_features(trips, KNOWN)


def written(home: Place, **months: pa.RecordBatch) -> TableSlice:
    """Months of features, in a slice of three months."""
    for month, rows in months.items():
        home.lake.write(NAME, TRIP_FEATURES, month.replace("_", "-")[1:], [rows])
    return home.lake.slice(NAME, TRIP_FEATURES, [JANUARY, FEBRUARY, MARCH])


def assert_holds(window: Window, *batches: pa.RecordBatch) -> None:
    table = pa.Table.from_batches(batches)
    expected = read_rides(batches)
    for name, kind in zip(RIDE_COLUMNS, RIDE_KINDS, strict=True):
        assert getattr(window.rides, name).dtype == kind
        np.testing.assert_array_equal(getattr(window.rides, name), getattr(expected, name))
    np.testing.assert_array_equal(window.passengers, table["passengers"].to_numpy())
    np.testing.assert_array_equal(window.fare_trend, table["fare_trend"].to_numpy())


def test_a_window_holds_every_ride_of_its_months_in_their_order(home: Place) -> None:
    january, february = features(5), features(7, first=5)
    trips = written(home, _2025_02=february, _2025_01=january)

    window = read_window(trips, [JANUARY, FEBRUARY])

    assert window.months == {JANUARY: 5, FEBRUARY: 7}
    assert_holds(window, january, february)
    assert np.isnan(window.passengers).sum() == 4


def test_a_window_holds_only_the_months_it_was_asked_for(home: Place) -> None:
    trips = written(home, _2025_01=features(5), _2025_02=features(7, first=5))

    window = read_window(trips, [FEBRUARY])

    assert window.months == {FEBRUARY: 7}
    assert_holds(window, features(7, first=5))


def test_months_without_rides_and_months_that_never_were_add_none(home: Place) -> None:
    trips = written(home, _2025_01=features(5), _2025_02=features(0))

    window = read_window(trips, [JANUARY, FEBRUARY, MARCH])

    assert window.months == {JANUARY: 5, FEBRUARY: 0, MARCH: 0}
    assert_holds(window, features(5))


def test_a_window_can_be_learned_from(home: Place) -> None:
    window = read_window(written(home, _2025_01=features(20)), [JANUARY])

    assert out_of_fold(window, square_city()).shape == (20, len(FEATURES))


@pytest.mark.parametrize("months", [[JANUARY], [JANUARY, FEBRUARY], [FEBRUARY, JANUARY]])
def test_a_month_with_fewer_rows_than_noted_is_no_training_data(
    home: Place, months: list[str]
) -> None:
    trips = written(home, _2025_01=features(5), _2025_02=features(7, first=5))
    whole = read_window(trips, months)
    home.iceberg().delete("fare_usd < 10.5")  # the first two of January

    with pytest.raises(DataError, match=r"notes 5 rows for 2025-01 and holds 3"):
        read_window(trips, months)

    assert len(whole) == sum(whole.months.values())


@pytest.mark.parametrize("months", [[JANUARY], [JANUARY, FEBRUARY], [FEBRUARY, JANUARY]])
def test_a_month_with_more_rows_than_noted_is_no_training_data(
    home: Place, months: list[str]
) -> None:
    trips = written(home, _2025_01=features(5), _2025_02=features(7, first=5))
    more = pa.Table.from_batches([features(20)])
    home.iceberg().append(more.append_column("month", pa.array([JANUARY] * 20)))

    with pytest.raises(DataError, match=r"notes 5 rows for 2025-01 and holds 25"):
        read_window(trips, months)


def test_a_month_as_it_stood_is_read_as_it_stood(home: Place) -> None:
    then = home.lake.write(NAME, TRIP_FEATURES, JANUARY, [features(5)])
    home.lake.write(NAME, TRIP_FEATURES, JANUARY, [features(3, first=50)])
    assert then.snapshot_id is not None
    past = home.lake.slice(NAME, TRIP_FEATURES, [JANUARY], {JANUARY: then.snapshot_id})

    assert_holds(read_window(past, [JANUARY]), features(5))


def test_batches_hold_features_beside_what_they_are_judged_by(home: Place) -> None:
    rows = features(9)

    (batch,) = feature_batches(written(home, _2025_01=rows))

    assert batch.features.dtype == np.float32
    for index, name in enumerate(FEATURES):
        np.testing.assert_array_equal(batch.features[:, index], rows[name].to_numpy(False))
    assert batch.fare_usd.tolist() == rows["fare_usd"].to_pylist()
    assert batch.duration_min.tolist() == rows["duration_min"].to_pylist()
    assert batch.pickup_at.tolist() == rows["pickup_at"].to_pylist()
    known = [1.0 if code else np.nan for code in rows["rate_code"].to_pylist()]
    np.testing.assert_array_equal(batch.rate_code, known)


def test_batches_come_in_the_order_of_months(home: Place) -> None:
    trips = written(home, _2025_02=features(7, first=5), _2025_01=features(5))

    fares = np.concatenate([batch.fare_usd for batch in feature_batches(trips)])

    assert fares.tolist() == [10.0 + n / 4 for n in range(12)]


@pytest.mark.parametrize("code", [None, 1])
def test_rate_codes_may_all_be_unknown_or_all_known(home: Place, code: int | None) -> None:
    rows = trip_features(canonical_trips(rate_code=[code] * 3), KNOWN)

    (batch,) = feature_batches(written(home, _2025_01=rows))

    assert batch.rate_code.dtype == np.float64
    np.testing.assert_array_equal(batch.rate_code, [np.nan if code is None else code] * 3)


def test_a_table_without_rows_has_no_features(home: Place) -> None:
    batches = list(feature_batches(written(home, _2025_01=features(0))))

    assert sum(len(batch.fare_usd) for batch in batches) == 0


def test_a_matrix_has_the_columns_in_the_order_asked_for() -> None:
    rows = features(4)

    found = matrix(rows, ["passengers", "pickup_zone"])

    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:, 1], [74, 75, 76, 74])
    np.testing.assert_array_equal(found[:, 0], [np.nan, 1, 2, np.nan])
