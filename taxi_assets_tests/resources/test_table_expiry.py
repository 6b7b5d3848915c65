"""Expiry on real stores: what is current or needed reads as before, and the rest is freed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxi_assets.domain.errors import SnapshotGone
from taxi_assets.domain.retention import SAFE_AGE
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.storage import open_storage
from taxi_assets.resources.table_expiry import Needed, expirable, expire, unreferenced
from taxi_assets_tests.lakes import MONTHS, NAME, RIDES, Place, rides
from taxi_assets_tests.resources.conftest import local_lake

JANUARY = "2025-01"
LATER = datetime.now(UTC) + timedelta(days=999)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from(MONTHS[:2]), st.sampled_from([0, 3, 5])),
        st.tuples(st.just("roll back"), st.integers(0, 9), st.just(0)),
        st.tuples(st.just("prune"), st.just(0), st.just(0)),
    ),
    min_size=2,
    max_size=8,
)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Place]:
    """A lake for every example."""
    root, numbers = tmp_path_factory.mktemp("lakes"), count()
    return lambda: local_lake(None, root / str(next(numbers)))


def prune(lake: Lake, *needed: Needed, now: datetime = LATER) -> int:
    """Prune all that is past; returns how many snapshots and files went."""
    storage = open_storage(lake.warehouse, lake.s3_endpoint)
    ids = expirable(lake.iceberg(NAME), NAME, needed, now)
    planned = unreferenced(lake, storage, NAME, ids, now)
    expire(lake, NAME, ids, needed, now)
    left = unreferenced(lake, storage, NAME, (), now)
    assert {file.name for file in planned} == {file.name for file in left}
    for file in planned:
        storage.delete(file.name)
    return len(ids) + len(planned)


def held(place: Place) -> dict[str, tuple[object, pa.Table]]:
    return {
        month: (version, pa.Table.from_batches(place.lake.verified(NAME, RIDES, month)))
        if version.rows
        else (version, pa.table({}))
        for month, version in place.lake.versions(NAME).items()
    }


def test_what_is_current_or_needed_reads_as_before_and_the_rest_is_freed(place: Place) -> None:
    learned = place.write(JANUARY, rides(5))
    replaced = place.write(JANUARY, rides(6))
    place.write(JANUARY, rides(7))
    place.write("2025-02", rides(3))
    assert learned.snapshot_id is not None
    assert replaced.snapshot_id is not None
    needed = Needed(JANUARY, learned.data_version, learned.snapshot_id)
    before, files = held(place), place.files()

    assert prune(place.lake, needed) > 0

    assert held(place) == before
    assert len(place.files()) == len(files) - 1
    kept = place.another().slice(NAME, RIDES, [JANUARY], {JANUARY: learned.snapshot_id})
    assert kept.read().equals(pa.Table.from_batches([rides(5)]))
    with pytest.raises(SnapshotGone, match="is no longer in the table"):
        place.lake.slice(NAME, RIDES, [JANUARY], {JANUARY: replaced.snapshot_id}).read()
    assert prune(place.lake, needed) == 0
    assert not place.write(JANUARY, rides(7)).changed


@given(STEPS)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_order_of_writes_rollbacks_and_prunes_loses_a_month(
    fresh: Callable[[], Place], steps: list[tuple[str, str | int, int]]
) -> None:
    place = fresh()
    place.write(JANUARY, rides(4))

    for what, target, rows in steps:
        if what == "write":
            place.write(str(target), rides(rows))
        elif what == "roll back":
            past = [v.snapshot_id for v in place.lake.history(NAME) if v.committed_at]
            if past:  # whole versions only: nobody would go back to half of a commit
                key = past[int(target) % len(past)]
                place.iceberg().manage_snapshots().set_current_snapshot(key).commit()
        else:
            before = held(place)
            prune(place.lake)
            assert held(place) == before


@pytest.mark.parametrize(("age", "stays"), [(timedelta(), True), (SAFE_AGE * 2, False)])
def test_a_file_that_a_run_is_writing_stays_until_it_is_surely_abandoned(
    fresh: Callable[[], Place], age: timedelta, stays: bool
) -> None:
    place = fresh()
    place.write(JANUARY, rides(5))
    storage = open_storage(place.lake.warehouse)
    data = next(file.name for file in storage.files("") if file.name.endswith(".parquet"))
    staged = f"{data.rpartition('/')[0]}/staged.parquet"
    storage.write(staged, b"half a file")

    prune(place.lake, now=datetime.now(UTC) + age)

    assert (storage.size(staged) is not None) is stays


def test_where_the_tables_files_are_not_all_seen_no_file_is_judged(
    fresh: Callable[[], Place],
) -> None:
    place = fresh()
    place.write(JANUARY, rides(5))
    place.write(JANUARY, rides(6))
    storage = open_storage(place.lake.warehouse)
    iceberg = place.iceberg()
    current = next(iter(iceberg.scan().plan_files())).file.file_path
    storage.delete(current.removeprefix("file://").removeprefix(f"{storage.root}/"))

    assert unreferenced(place.lake, storage, NAME, (), LATER) == []
    elsewhere = open_storage(f"{place.lake.warehouse}-copy")
    assert unreferenced(place.lake, elsewhere, NAME, (), LATER) == []


def test_files_in_gs_are_listed_and_deleted(gs_bucket: str) -> None:
    storage = open_storage(f"gs://{gs_bucket}/lake")
    storage.write("green/a/one", b"1")
    storage.write("green/two", b"22")

    found = storage.files("green")
    storage.delete("green/two")
    storage.delete("green/two")

    assert [(file.name, file.bytes) for file in found] == [("green/a/one", 1), ("green/two", 2)]
    assert [file.name for file in storage.files("green")] == ["green/a/one"]
    assert abs(datetime.now(UTC) - found[0].modified) < timedelta(hours=1)
