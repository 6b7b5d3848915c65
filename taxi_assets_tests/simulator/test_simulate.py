"""Laws of the written tree: the same question, the same bytes."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.simulator import month_file, simulate


def test_the_tree_is_laid_out_as_tlcs(tmp_path: Path, green: Fleet) -> None:
    said: list[str] = []

    written = simulate(tmp_path, fleet=green, months=["2025-03"], rows=1000, progress=said.append)

    files = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file())
    assert files == [
        "misc/taxi_zone_lookup.csv",
        "misc/taxi_zones.zip",
        "trip-data/green_tripdata_2025-03.parquet",
    ]
    assert written == [tmp_path / "trip-data/green_tripdata_2025-03.parquet"]
    assert said[-1] == "Wrote trip-data/green_tripdata_2025-03.parquet: 1,000 rows."
    assert pq.read_metadata(written[0]).num_rows == 1000


@pytest.mark.parametrize("fleet", ["green", "yellow"])
def test_the_same_question_gives_the_same_bytes(
    tmp_path: Path, fleet: str, request: pytest.FixtureRequest
) -> None:
    cabs: Fleet = request.getfixturevalue(fleet)

    (once,) = simulate(tmp_path / "once", fleet=cabs, months=["2024-06"], rows=5000)
    (again,) = simulate(tmp_path / "again", fleet=cabs, months=["2024-06"], rows=5000)

    assert once.read_bytes() == again.read_bytes()
    for name in ("misc/taxi_zone_lookup.csv", "misc/taxi_zones.zip"):
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_month_does_not_depend_on_the_others(tmp_path: Path, green: Fleet) -> None:
    together = ["2024-05", "2024-06", "2024-07"]

    (alone,) = simulate(tmp_path / "alone", fleet=green, months=["2024-06"], rows=5000)
    _, among, _ = simulate(tmp_path / "among", fleet=green, months=together, rows=5000)

    assert alone.read_bytes() == among.read_bytes()


def test_another_seed_gives_other_trips_in_the_same_city(tmp_path: Path, green: Fleet) -> None:
    (seven,) = simulate(tmp_path / "7", fleet=green, months=["2024-06"], rows=2000, seed=7)
    (eight,) = simulate(tmp_path / "8", fleet=green, months=["2024-06"], rows=2000, seed=8)

    assert seven.read_bytes() != eight.read_bytes()
    shapes = [(tmp_path / seed / "misc/taxi_zones.zip").read_bytes() for seed in "78"]
    assert shapes[0] == shapes[1]


def test_writing_again_replaces_what_is_there_and_leaves_nothing_behind(
    tmp_path: Path, green: Fleet
) -> None:
    (path,) = simulate(tmp_path, fleet=green, months=["2024-06"], rows=1000)
    before = path.read_bytes()
    path.write_bytes(b"half a file")

    simulate(tmp_path, fleet=green, months=["2024-06"], rows=1000)

    assert path.read_bytes() == before
    assert not list(tmp_path.rglob("*.part"))


def test_a_run_that_fails_leaves_the_old_file_whole(
    tmp_path: Path, green: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = simulate(tmp_path, fleet=green, months=["2024-06"], rows=1000)
    before = path.read_bytes()

    def full_disk(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(month_file, "as_published", full_disk)
    with pytest.raises(OSError, match="no space"):
        simulate(tmp_path, fleet=green, months=["2024-06"], rows=2000)

    assert path.read_bytes() == before
    assert not list(tmp_path.rglob("*.part"))


def test_a_big_month_is_written_in_chunks_that_lose_no_row(tmp_path: Path, yellow: Fleet) -> None:
    rows = 2 * month_file.ROWS_AT_ONCE + 1

    (path,) = simulate(tmp_path, fleet=yellow, months=["2024-06"], rows=rows)

    told = pq.read_metadata(path)
    assert told.num_rows == rows
    sizes = [told.row_group(i).num_rows for i in range(told.num_row_groups)]
    assert len(sizes) >= 3
    assert max(sizes) <= month_file.ROWS_AT_ONCE


def test_without_a_number_a_month_has_the_fleets_usual_rows(tmp_path: Path, green: Fleet) -> None:
    (path,) = simulate(tmp_path, fleet=green, months=["2024-06"], rows=None)

    assert pq.read_metadata(path).num_rows == green.usual_rows


@pytest.mark.parametrize(
    ("months", "rows", "seed"),
    [
        (["2024-06"], 999, 7),
        (["2024-06"], 4_000_001, 7),
        (["2024-13"], 1000, 7),
        (["2024-06"], 1000, -1),
    ],
)
def test_nonsense_is_refused_before_anything_is_written(
    tmp_path: Path, green: Fleet, months: list[str], rows: int, seed: int
) -> None:
    with pytest.raises(UsageError):
        simulate(tmp_path, fleet=green, months=months, rows=rows, seed=seed)

    assert not list(tmp_path.iterdir())


def test_a_fleet_without_a_demand_is_refused(tmp_path: Path, green: Fleet) -> None:
    other = Fleet("rickshaw", "none here", green.columns, green.ignored, 1000)

    with pytest.raises(UsageError, match="no rickshaw cabs"):
        simulate(tmp_path, fleet=other, months=["2024-06"], rows=1000)
