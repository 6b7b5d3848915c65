"""A month in the lake is what was written last, whole and once, on every kind of store."""

import math
from dataclasses import replace
from datetime import datetime

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.table import Column
from taxi_assets_tests.lakes import NAME, RIDES, Place, rides
from taxi_assets_tests.resources.conftest import local_lake

DAYS = st.datetimes(datetime(1678, 1, 1), datetime(2262, 1, 1))
FRAMES = st.lists(
    st.fixed_dictionaries(
        {
            "ride": st.none() | st.integers(-(2**63), 2**63 - 1),
            "passengers": st.none() | st.integers(-(2**31), 2**31 - 1),
            "fare_usd": st.none() | st.floats(allow_nan=False),
            "share": st.none() | st.floats(width=32, allow_nan=False),
            "pickup_at": st.none() | DAYS,
            "is_airport": st.none() | st.booleans(),
            "note": st.none() | st.text(),
            "shape": st.none() | st.binary(),
        }
    ),
    max_size=20,
).map(lambda rows: pa.RecordBatch.from_pylist(rows, schema=RIDES.arrow))


@pytest.fixture(scope="module")
def one_place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return local_lake(None, tmp_path_factory.mktemp("lake"))


@given(rows=FRAMES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_a_month_is_read_as_it_was_written(one_place: Place, rows: pa.RecordBatch) -> None:
    version = one_place.write("2025-01", rows)

    found = one_place.read("2025-01")

    assert found.schema == RIDES.arrow
    assert found.equals(pa.Table.from_batches([rows]))
    assert version.rows == len(rows)


def test_order_types_and_nulls_survive_every_store(place: Place) -> None:
    rows = rides(1_000)

    place.write("2025-01", rows)

    assert place.read("2025-01").equals(pa.Table.from_batches([rows]))


def test_no_number_and_no_value_stay_two_things(one_place: Place) -> None:
    fares = [math.nan, None, math.inf, -0.0]
    rows = pa.RecordBatch.from_pylist([{"fare_usd": fare} for fare in fares], schema=RIDES.arrow)

    one_place.write("2025-01", rows)

    assert repr(one_place.read("2025-01")["fare_usd"].to_pylist()) == repr(fares)


def test_some_columns_come_in_the_order_asked_for(place: Place) -> None:
    place.write("2025-01", rides(10))

    found = place.lake.slice(NAME, RIDES, ["2025-01"]).read(["note", "ride"])

    assert found.column_names == ["note", "ride"]
    assert found.equals(pa.Table.from_batches([rides(10)]).select(["note", "ride"]))


def test_replacing_a_month_leaves_the_others_alone(place: Place) -> None:
    before = {month: place.write(month, rides(20)) for month in ("2025-01", "2025-02", "2025-03")}

    changed = place.write("2025-02", rides(30, first=100))

    after = place.lake.versions(NAME)
    assert after == {
        month: replace(version, changed=False)
        for month, version in {**before, "2025-02": changed}.items()
    }
    assert place.read("2025-01").equals(pa.Table.from_batches([rides(20)]))
    assert place.read("2025-02").equals(pa.Table.from_batches([rides(30, first=100)]))
    assert place.read("2025-03").equals(pa.Table.from_batches([rides(20)]))


def test_the_same_rows_again_add_no_file_and_no_snapshot(place: Place) -> None:
    first = place.write("2025-01", rides(50))
    files, snapshots = place.files(), place.snapshots()

    again = Place(place.another(), place.files).write("2025-01", rides(50))

    assert again == replace(first, changed=False)
    assert first.changed
    assert place.files() == files
    assert place.snapshots() == snapshots


def test_the_same_rows_in_other_batches_are_the_same_rows(place: Place) -> None:
    rows = rides(50)
    first = place.write("2025-01", rows)
    files, snapshots = place.files(), place.snapshots()

    cuts = [rows.slice(0, 1), rows.slice(1, 0), rows.slice(1, 30), rows.slice(31)]
    again = place.lake.write(NAME, RIDES, "2025-01", iter(cuts))

    assert again == replace(first, changed=False)
    assert (place.files(), place.snapshots()) == (files, snapshots)


@pytest.mark.parametrize("batches", [[], [rides(0)]], ids=["no batch", "an empty batch"])
def test_an_empty_month_is_a_version_without_rows(
    place: Place, batches: list[pa.RecordBatch]
) -> None:
    written = place.lake.write(NAME, RIDES, "2025-01", batches)

    again = place.lake.write(NAME, RIDES, "2025-01", batches)

    assert (written.rows, written.changed, again.changed) == (0, True, False)
    assert place.lake.versions(NAME) == {"2025-01": again}
    assert place.read("2025-01").equals(RIDES.arrow.empty_table())
    assert again.data_version == written.data_version


def test_a_month_can_lose_all_its_rows_and_get_them_back(place: Place) -> None:
    full = place.write("2025-01", rides(5))

    emptied = place.write("2025-01", rides(0))
    rows_left = len(place.read("2025-01"))
    refilled = place.write("2025-01", rides(5))

    assert (emptied.rows, emptied.changed, rows_left) == (0, True, 0)
    assert (refilled.data_version, refilled.changed) == (full.data_version, True)
    assert place.read("2025-01").equals(pa.Table.from_batches([rides(5)]))


def test_months_are_read_in_time_order_whatever_order_they_came_in(place: Place) -> None:
    for month, first in (("2025-03", 30), ("2025-01", 10), ("2025-02", 20)):
        place.write(month, rides(10, first))

    some = place.lake.slice(NAME, RIDES, ["2025-03", "2024-12", "2025-01"])
    numbers = place.read("2025-02", "2025-03", "2025-01")["ride"].to_pylist()

    assert numbers == list(range(10, 40))
    assert some.read(["ride"])["ride"].to_pylist() == [*range(10, 20), *range(30, 40)]
    assert (list(some.versions), some.rows) == (["2025-01", "2025-03"], 20)


def test_an_earlier_month_can_still_be_read_from_the_snapshot_that_held_it(place: Place) -> None:
    old = place.write("2025-01", rides(5))
    place.write("2025-01", rides(9, first=100))

    then = place.iceberg().scan(snapshot_id=old.snapshot_id).to_arrow()

    assert then["ride"].to_pylist() == list(range(5))


def test_rows_deleted_by_hand_are_noticed_and_written_again(place: Place) -> None:
    first = place.write("2025-01", rides(10))
    place.write("2025-02", rides(10))
    place.iceberg().delete("month = '2025-01' and ride < 4")
    left = len(place.read("2025-01"))

    again = place.write("2025-01", rides(10))

    assert left == 6
    assert (again.changed, again.data_version) == (True, first.data_version)
    assert place.read("2025-01").equals(pa.Table.from_batches([rides(10)]))
    assert place.read("2025-02").equals(pa.Table.from_batches([rides(10)]))


def test_as_many_other_rows_written_by_hand_are_noticed_and_written_over(place: Place) -> None:
    first = place.write("2025-01", rides(10))
    later = place.write("2025-02", rides(10))
    iceberg = place.iceberg()
    others = place.read("2025-01").append_column("month", pa.array(["2025-01"] * 10))
    others = others.set_column(0, "ride", pa.array(range(50, 60), pa.int64()))
    iceberg.overwrite(others.select(iceberg.schema().column_names), "month = '2025-01'")
    changed = place.read("2025-01")["ride"].to_pylist()

    again = place.write("2025-01", rides(10))

    assert changed == list(range(50, 60))
    assert (again.changed, again.data_version) == (True, first.data_version)
    assert place.read("2025-01").equals(pa.Table.from_batches([rides(10)]))
    assert place.write("2025-02", rides(10)) == replace(later, changed=False)


def test_a_file_that_is_gone_is_noticed_and_written_again(place: Place) -> None:
    first = place.write("2025-01", rides(10))
    iceberg = place.iceberg()
    (task,) = iceberg.scan().plan_files()
    iceberg.io.delete(task.file.file_path)

    again = place.write("2025-01", rides(10))

    assert (again.changed, again.data_version) == (True, first.data_version)
    assert place.read("2025-01").equals(pa.Table.from_batches([rides(10)]))


@pytest.mark.parametrize("position", [0, 3, len(RIDES.columns)])
def test_a_new_column_widens_the_table_and_is_null_in_old_months(
    place: Place, position: int
) -> None:
    columns = list(RIDES.columns)
    columns.insert(position, Column("tip_usd", pa.float64(), "tip"))
    wider = replace(RIDES, columns=tuple(columns))
    place.write("2025-01", rides(3))
    new = rides(3, first=10)
    new = new.add_column(position, pa.field("tip_usd", pa.float64()), pa.array([1.0, None, 3.0]))

    place.write("2025-02", new, table=wider)

    both = place.read("2025-01", "2025-02", table=wider)
    assert both.column_names == wider.arrow.names
    assert both["tip_usd"].to_pylist() == [None] * 3 + [1.0, None, 3.0]
    assert place.read("2025-01").equals(pa.Table.from_batches([rides(3)]))  # code without it


@pytest.mark.parametrize(
    "wrong",
    [
        rides(3).drop_columns(["note"]),
        rides(3).select(["note", *[name for name in RIDES.arrow.names if name != "note"]]),
        rides(3).rename_columns([name.upper() for name in RIDES.arrow.names]),
    ],
    ids=["one is missing", "another order", "other names"],
)
def test_other_columns_are_refused_and_change_nothing(place: Place, wrong: pa.RecordBatch) -> None:
    place.write("2025-01", rides(5))
    before = (place.files(), place.lake.versions(NAME))

    with pytest.raises(DataError, match="Rows for rides have columns"):
        place.lake.write(NAME, RIDES, "2025-01", [rides(2), wrong])

    assert (place.files(), place.lake.versions(NAME)) == before
