"""Versions of a month: read as they were, checked against their data version, and brought back."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taxi_assets.domain.errors import SnapshotGone, VersionMismatch
from taxi_assets.domain.schemas import TRIP_FEATURES
from taxi_assets.domain.table import Column
from taxi_assets.domain.versions import content_hash
from taxi_assets.resources.feature_rows import read_window
from taxi_assets.resources.table_slice import TableSlice, TableVersion
from taxi_assets_tests.lakes import MONTHS, NAME, RIDES, Place, rides
from taxi_assets_tests.resources.conftest import local_lake

JANUARY = "2025-01"
WRITES = st.lists(
    st.tuples(st.sampled_from(MONTHS[:2]), st.sampled_from([0, 3, 4, 5])), min_size=1, max_size=7
)
WIDER = replace(
    RIDES, columns=(*RIDES.columns[:3], Column("tip", pa.int64(), ""), *RIDES.columns[3:])
)


@pytest.fixture
def home(tmp_path: Path) -> Place:
    return local_lake(None, tmp_path)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Place]:
    """A lake for every example."""
    root, numbers = tmp_path_factory.mktemp("lakes"), count()
    return lambda: local_lake(None, root / str(next(numbers)))


def at(place: Place, version: TableVersion) -> TableSlice:
    """A version as somebody recorded it."""
    assert version.snapshot_id is not None
    return place.lake.slice(NAME, RIDES, MONTHS, {version.month: version.snapshot_id})


def widened(rows: pa.RecordBatch) -> pa.RecordBatch:
    return rows.add_column(3, "tip", pa.array(range(len(rows)), pa.int64()))


def test_every_version_can_be_read_at_its_snapshot_whatever_was_written_since(place: Place) -> None:
    content = [
        (JANUARY, rides(5)),
        ("2025-02", rides(0)),
        (JANUARY, rides(7)),
        ("2025-03", rides(2, first=50)),
        (JANUARY, rides(0)),
        ("2025-02", rides(4)),
        (JANUARY, rides(5)),
    ]

    written = [place.write(month, rows) for month, rows in content]

    for version, (month, rows) in zip(written, content, strict=True):
        then = at(place, version)
        assert then.versions == {month: replace(version, changed=False)}
        assert then.read().equals(pa.Table.from_batches([rows]))
        assert version.data_version == content_hash(RIDES.arrow, then.batches())
        then.verify()


@given(writes=WRITES)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
def test_any_version_restored_is_current_again_and_one_more(
    fresh: Callable[[], Place], writes: list[tuple[str, int]]
) -> None:
    place = fresh()
    for month, rows in writes:
        place.write(month, rides(rows))
    history = place.lake.history(NAME)

    for past in history:
        before, held = place.lake.history(NAME), place.lake.versions(NAME)
        again = place.lake.restore(RIDES, past, "somebody")

        changed = held[past.month].data_version != past.data_version
        after = place.lake.history(NAME)
        assert again == replace(place.lake.versions(NAME)[past.month], changed=changed)
        assert again.data_version == past.data_version
        assert len(place.read(past.month)) == past.rows
        assert len(after) == len(before) + changed
        old = [replace(version, current=False) for version in before]
        assert [replace(version, current=False) for version in after[changed:]] == old
        others = {m: v for m, v in held.items() if m != past.month}
        assert others.items() <= place.lake.versions(NAME).items()


def test_the_history_tells_who_wrote_what_newest_first(home: Place) -> None:
    first = home.lake.write(NAME, RIDES, JANUARY, [rides(5)], "run 1")
    other = home.lake.write(NAME, RIDES, "2025-02", [rides(3)], "run 2")
    second = home.lake.write(NAME, RIDES, JANUARY, [rides(7)], "run 3")
    past = home.lake.history(NAME)[-1]

    third = home.lake.restore(RIDES, past, "somebody")

    found = home.lake.history(NAME)
    told = [(v.snapshot_id, v.rows, v.run_id, v.restored_by, v.current) for v in found]
    assert told == [
        (third.snapshot_id, 5, "", "somebody", True),
        (second.snapshot_id, 7, "run 3", "", False),
        (other.snapshot_id, 3, "run 2", "", True),
        (first.snapshot_id, 5, "run 1", "", False),
    ]
    times = [version.committed_at for version in found if version.committed_at]
    assert times == sorted(times, reverse=True)
    assert len(times) == 4


def test_a_table_without_months_has_versions_too(home: Place) -> None:
    whole = replace(RIDES, monthly=False)
    first = home.lake.write("city.rides", whole, "all", [rides(5)])
    home.lake.write("city.rides", whole, "all", [rides(7)])

    home.lake.restore(whole, home.lake.history("city.rides")[-1], "somebody")

    now = home.lake.slice("city.rides", whole, ["all"])
    assert now.versions["all"].data_version == first.data_version
    assert now.read().equals(pa.Table.from_batches([rides(5)]))


@pytest.mark.parametrize("between", [0, 3])
def test_after_a_rollback_by_hand_the_versions_are_what_the_table_holds(
    place: Place, between: int
) -> None:
    old = place.write(JANUARY, rides(5))
    place.write(JANUARY, rides(5, first=100))
    place.write("2025-02", rides(3))
    iceberg = place.iceberg()
    iceberg.manage_snapshots().rollback_to_snapshot(old.snapshot_id).commit()
    if between:  # the rollback is no longer the last thing that happened
        place.write("2025-03", rides(between))

    held = place.lake.versions(NAME)
    again = place.write(JANUARY, rides(5, first=100))

    assert held[JANUARY] == replace(old, changed=False)
    assert held.keys() == ({JANUARY, "2025-03"} if between else {JANUARY})
    assert again.changed
    assert place.read(JANUARY)["ride"].to_pylist() == list(range(100, 105))
    assert at(place, again).read().equals(place.read(JANUARY))


def test_writing_what_a_rollback_brought_back_only_mends_the_note(home: Place) -> None:
    old = home.write(JANUARY, rides(5))
    home.write(JANUARY, rides(7))
    home.iceberg().manage_snapshots().rollback_to_snapshot(old.snapshot_id).commit()
    files, snapshots = home.files(), home.snapshots()

    again = home.write(JANUARY, rides(5))

    assert again == replace(old, changed=False)
    assert (home.files(), home.snapshots()) == (files, snapshots)
    assert old.data_version in home.iceberg().properties[f"taxi.version.{JANUARY}"]


def test_a_version_that_a_rollback_undid_can_be_brought_back(home: Place) -> None:
    old = home.write(JANUARY, rides(5))
    undone = home.write(JANUARY, rides(7))
    home.iceberg().manage_snapshots().rollback_to_snapshot(old.snapshot_id).commit()
    newest = home.lake.history(NAME)[0]

    again = home.lake.restore(RIDES, newest, "somebody")

    assert (newest.snapshot_id, newest.current) == (undone.snapshot_id, False)
    assert (again.data_version, again.changed) == (undone.data_version, True)
    assert home.read(JANUARY).equals(pa.Table.from_batches([rides(7)]))


def test_a_month_emptied_by_hand_and_then_by_a_run_is_empty_at_its_snapshot(home: Place) -> None:
    home.write(JANUARY, rides(5))
    home.iceberg().delete("month = '2025-01'")

    emptied = home.write(JANUARY, rides(0))

    assert emptied.changed
    assert len(at(home, emptied).read()) == 0
    at(home, emptied).verify()


def test_restoring_what_is_current_mends_rows_deleted_by_hand(home: Place) -> None:
    home.write(JANUARY, rides(5))
    home.iceberg().delete("month = '2025-01' and ride < 2")

    again = home.lake.restore(RIDES, home.lake.history(NAME)[0], "somebody")

    assert again.changed
    assert home.read(JANUARY).equals(pa.Table.from_batches([rides(5)]))


def test_expired_snapshots_leave_the_versions_that_are_current(home: Place) -> None:
    expired = home.write(JANUARY, rides(5))
    kept = {month: home.write(month, rides(n)) for n, month in enumerate(MONTHS, start=6)}
    iceberg = home.iceberg()
    expiry = iceberg.maintenance.expire_snapshots()
    expiry.by_ids([s.snapshot_id for s in iceberg.snapshots()[:-1]]).commit()

    held = home.lake.versions(NAME)

    assert [held[m].data_version for m in MONTHS] == [kept[m].data_version for m in MONTHS]
    for month in MONTHS:
        assert len(at(home, held[month]).read()) == kept[month].rows
    history = {version.month: version for version in home.lake.history(NAME)}
    assert all(version.current for version in history.values())
    assert history[JANUARY].committed_at is None
    with pytest.raises(SnapshotGone) as caught:
        at(home, expired).read()
    message = str(caught.value)
    assert f"green/rides of {JANUARY} cannot be read at snapshot {expired.snapshot_id}" in message
    assert "taxi-assets versions green/rides" in message


def test_a_version_of_which_a_file_is_gone_is_named(home: Place) -> None:
    first = home.write(JANUARY, rides(5))
    (path,) = home.files()
    home.write(JANUARY, rides(7))
    Path(path).unlink()

    with pytest.raises(SnapshotGone, match="has lost a file"):
        at(home, first).read()

    assert len(home.read(JANUARY)) == 7


@pytest.mark.parametrize("undone", [False, True])
def test_a_snapshot_expired_from_between_hides_no_month_and_no_rollback(
    home: Place, undone: bool
) -> None:
    january = home.write(JANUARY, rides(5))
    february = home.write("2025-02", rides(3))
    march = home.write("2025-03", rides(4))
    april = home.write("2025-04", rides(2))
    iceberg = home.iceberg()
    if undone:
        iceberg.manage_snapshots().rollback_to_snapshot(march.snapshot_id).commit()
    iceberg.maintenance.expire_snapshots().by_id(february.snapshot_id).commit()

    held = home.lake.versions(NAME)

    left = [january, february, march, *([] if undone else [april])]
    assert [v.data_version for v in held.values()] == [v.data_version for v in left]
    assert held[JANUARY] == replace(january, changed=False)
    past = home.lake.slice(NAME, RIDES, held, {m: v.snapshot_id or 0 for m, v in held.items()})
    past.verify()


@pytest.mark.parametrize("month", ["2025-02", "2025-03"])
def test_a_snapshot_that_does_not_hold_the_month_is_refused(home: Place, month: str) -> None:
    january = home.write(JANUARY, rides(5))
    home.write("2025-02", rides(3))
    assert january.snapshot_id is not None

    with pytest.raises(SnapshotGone, match=rf"of {month} .* holds no version of that month"):
        home.lake.slice(NAME, RIDES, [month], {month: january.snapshot_id}).read()


def test_a_recorded_table_that_does_not_exist_is_refused(home: Place) -> None:
    with pytest.raises(SnapshotGone, match="went with its table"):
        home.lake.slice(NAME, RIDES, [JANUARY], {JANUARY: 1}).read()


def test_rows_that_are_not_those_of_the_data_version_are_refused_and_not_restored(
    home: Place,
) -> None:
    first = home.write(JANUARY, rides(5))
    (path,) = home.files()
    home.write("2025-02", rides(5, first=100))
    (other,) = home.files() - {path}
    home.write(JANUARY, rides(3))
    Path(path).write_bytes(Path(other).read_bytes())
    before, past = home.lake.versions(NAME), home.lake.history(NAME)[-1]

    with pytest.raises(VersionMismatch, match=first.data_version[:12]):
        at(home, first).verify()
    with pytest.raises(VersionMismatch):
        home.lake.restore(RIDES, past, "somebody")

    assert home.lake.versions(NAME) == before
    assert len(home.files()) == 3


def test_rows_changed_by_hand_do_not_pass_for_the_version_they_had(home: Place) -> None:
    home.write(JANUARY, rides(5))
    home.lake.slice(NAME, RIDES, [JANUARY]).verify()
    home.iceberg().delete("month = '2025-01' and ride < 2")

    with pytest.raises(VersionMismatch, match=r"holds 3 rows .* where 5 of"):
        home.lake.slice(NAME, RIDES, [JANUARY]).verify()


def test_a_version_from_before_a_column_is_read_checked_and_restored(home: Place) -> None:
    narrow = home.write(JANUARY, rides(5))
    home.write(JANUARY, widened(rides(6)), table=WIDER)
    past = home.lake.history(NAME)[-1]
    assert narrow.snapshot_id is not None
    then = home.lake.slice(NAME, WIDER, [JANUARY], {JANUARY: narrow.snapshot_id})

    then.verify()
    again = home.lake.restore(WIDER, past, "somebody")

    assert then.read().equals(home.read(JANUARY, table=WIDER))
    assert then.read()["tip"].null_count == 5
    assert again.data_version == narrow.data_version
    home.lake.slice(NAME, WIDER, [JANUARY]).verify()


def test_a_version_with_a_column_that_was_dropped_since_is_refused(home: Place) -> None:
    home.write(JANUARY, widened(rides(6)), table=WIDER)

    with pytest.raises(VersionMismatch, match=r"does not know \(tip\)"):
        home.lake.restore(RIDES, home.lake.history(NAME)[0], "somebody")


def test_tables_of_the_release_before_keep_their_versions(home: Place) -> None:
    written = home.write(JANUARY, rides(5))
    with home.iceberg().transaction() as transaction:  # it noted empty months, and no more
        transaction.set_properties(
            {"taxi.version.2025-02": '{"data_version": "204ba7f0", "rows": 0}'}
        )
    with home.iceberg().transaction() as transaction:  # and emptied others by a delete alone
        told = {"taxi.month": JANUARY, "taxi.data-version": "204ba7f0", "taxi.run": ""}
        transaction.delete("month = '2025-01'", snapshot_properties=told)

    held, history = home.lake.versions(NAME), home.lake.history(NAME)

    assert [(v.month, v.rows, v.data_version) for v in held.values()] == [
        (JANUARY, 0, "204ba7f0"),
        ("2025-02", 0, "204ba7f0"),
    ]
    assert [(v.month, v.rows) for v in history] == [(JANUARY, 0), (JANUARY, 5), ("2025-02", 0)]
    assert at(home, written).read().equals(pa.Table.from_batches([rides(5)]))


def features(rows: int) -> pa.RecordBatch:
    columns = [
        pa.array(range(1, rows + 1), pa.int64()).cast(field.type) for field in TRIP_FEATURES.arrow
    ]
    return pa.record_batch(columns, schema=TRIP_FEATURES.arrow)


def test_a_month_of_a_past_slice_is_as_past(home: Place) -> None:
    then = home.lake.write(NAME, TRIP_FEATURES, JANUARY, [features(5)])
    home.lake.write(NAME, TRIP_FEATURES, JANUARY, [features(3)])
    assert then.snapshot_id is not None
    past = home.lake.slice(NAME, TRIP_FEATURES, [JANUARY], {JANUARY: then.snapshot_id})

    assert len(read_window(past, [JANUARY])) == 5
