"""Processes that write one table at once: every row arrives once, and every version is right."""

from dataclasses import replace

import pyarrow as pa
import pytest

from taxi_assets.domain.table import Column
from taxi_assets.domain.versions import content_hash
from taxi_assets_tests.lakes import MONTHS, NAME, RIDES, Place, Writers, rides


def hash_of(rows: pa.RecordBatch) -> str:
    return content_hash(RIDES.arrow, [rows])


def test_one_new_month_of_a_new_table_is_written_once(place: Place, writers: Writers) -> None:
    work = [[("2025-01", rides(200))]] * writers.count

    written = writers.write(place, work)

    assert [version.changed for (version,) in written].count(True) == 1
    assert {version.data_version for (version,) in written} == {hash_of(rides(200))}
    assert place.read("2025-01").equals(pa.Table.from_batches([rides(200)]))
    assert len(place.files()) == 1


def test_different_months_do_not_disturb_each_other(place: Place, writers: Writers) -> None:
    months = [f"2025-{number:02}" for number in range(1, 13)]
    content = {month: rides(100 + n, first=1_000 * n) for n, month in enumerate(months)}
    work = [
        [(month, content[month]) for month in months[n :: writers.count]]
        for n in range(writers.count)
    ]

    written = writers.write(place, work)

    assert all(version.changed for versions in written for version in versions)
    assert {m: v.data_version for m, v in place.lake.versions(NAME).items()} == {
        month: hash_of(rows) for month, rows in content.items()
    }
    assert place.read(*months).equals(pa.Table.from_batches(content.values()))
    assert len(place.files()) == len(months)


def test_the_same_months_in_turn_are_each_written_once(place: Place, writers: Writers) -> None:
    content = {month: rides(50, first=100 * n) for n, month in enumerate(MONTHS)}
    work = [
        [(month, content[month]) for month in (*MONTHS[n % 3 :], *MONTHS[: n % 3])]
        for n in range(writers.count)
    ]

    written = writers.write(place, work)

    changes = sorted(v.month for versions in written for v in versions if v.changed)
    assert changes == sorted(MONTHS)
    assert place.read(*MONTHS).equals(pa.Table.from_batches(content.values()))
    assert len(place.files()) == len(MONTHS)


def test_a_month_written_differently_at_once_is_one_of_them_and_whole(
    place: Place, writers: Writers
) -> None:
    place.write("2025-01", rides(5))
    sides = [rides(40 + n, first=500 * n) for n in range(writers.count)]

    written = writers.write(place, [[("2025-01", side)] for side in sides])

    now = place.lake.versions(NAME)["2025-01"]
    assert [version.data_version for (version,) in written] == [hash_of(side) for side in sides]
    (kept,) = [side for side in sides if hash_of(side) == now.data_version]
    assert now.rows == len(kept)
    assert place.read("2025-01").equals(pa.Table.from_batches([kept]))


@pytest.mark.parametrize("table", ["old", "new"])
def test_a_table_is_widened_once_by_runs_that_begin_together(
    place: Place, writers: Writers, table: str
) -> None:
    wider = replace(RIDES, columns=(*RIDES.columns, Column("tip_usd", pa.float64(), "tip")))
    if table == "old":
        place.write("2024-12", rides(3))
    months = [f"2025-{number:02}" for number in range(1, writers.count + 1)]
    tips = rides(3).append_column("tip_usd", pa.array([1.0, None, 3.0]))

    writers.write(place, [[(month, tips)] for month in months], wider)

    assert (
        place.read(*months, table=wider)["tip_usd"].to_pylist() == [1.0, None, 3.0] * writers.count
    )
    assert set(place.lake.versions(NAME)) >= set(months)
