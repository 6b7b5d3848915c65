"""`taxi-assets score`: people's files with answers beside their rows, whole or not at all."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result

from taxi_assets.domain.scoring import ADDED, ANSWERS, NEEDED
from taxi_assets_tests.homes import Home
from taxi_assets_tests.models import change_a_byte, kept_file, register, save_model

ROWS = 150_000  # more than two batches


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Versions 1 and 2 of two models; the first is champion."""
    home = Home.at(tmp_path_factory.mktemp("scoring"))
    for seed, month in ((1, "2025-03"), (3, "2025-04")):
        folder = save_model(home.root / f"bundle-{seed}", seed)
        register(home.registry, "green", month, folder)
    home.invoke("promote", "green", "1", "--why", "a test")
    return home


def trips(rows: int = 5) -> pa.Table:
    """Trips with columns of many types beside those that are needed; the second has no zone."""
    rng = np.random.default_rng(2)
    at = np.datetime64("2025-03-01", "s") + rng.integers(0, 10**6, rows).astype("m8[s]")
    numbers = range(rows)
    columns = {
        "id": pa.array([f"ride {n}" if n % 3 else None for n in numbers]),
        "pickup_at": pa.array(at.astype("M8[ns]")),
        "pickup_zone": pa.array([None if n == 1 else 61 + n % 20 for n in numbers], pa.int16()),
        "tags": pa.array([["a", None], [], None, ["b"], ["c"]] * (rows // 5)),
        "dropoff_zone": pa.array(rng.integers(61, 85, rows)),
        "who": pa.array([{"name": "Ada", "age": None}] * rows),
        "kind": pa.array(["cash", "card", None, "card", "card"] * (rows // 5)).dictionary_encode(),
        "passengers": pa.array([1.0, None, 2.0, 3.0, 4.0] * (rows // 5)),
        "paid": pa.array([datetime(2025, 3, 1)] * rows, pa.timestamp("ms", "America/New_York")),
    }
    return pa.table(columns).replace_schema_metadata({"made by": "hand"})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of five trips."""
    path = tmp_path / "trips.parquet"
    pq.write_table(trips(), path)
    return path


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several batches, in row groups of another size."""
    path = tmp_path_factory.mktemp("long") / "trips.parquet"
    pq.write_table(trips(ROWS), path, row_group_size=40_001)
    return path


def score(home: Home, source: Path, *more: str, target: Path | None = None) -> Result:
    target = target or source.with_name("quotes.parquet")
    return home.invoke("score", "green", "--in", str(source), "--out", str(target), *more)


def scored(source: Path) -> pa.Table:
    return pq.read_table(source.with_name("quotes.parquet"))


def test_everything_that_was_there_passes_through_unchanged(home: Home, source: Path) -> None:
    result = score(home, source)

    told = scored(source)
    assert result.exit_code == 0, result.output
    assert told.schema.names == [*trips().schema.names, *ADDED.names]
    assert told.select(trips().schema.names).equals(trips())
    assert told.schema.metadata[b"made by"] == b"hand"


def test_rows_that_cannot_be_scored_say_why_and_have_no_answers(home: Home, source: Path) -> None:
    score(home, source)

    told = scored(source)
    assert told["problem"].to_pylist() == [None, "pickup_zone is missing", None, None, None]
    for name in ANSWERS:
        assert [value is None for value in told[name].to_pylist()] == [0, 1, 0, 0, 0]


def test_many_batches_are_answered_as_one_by_the_models_own_quote(home: Home, long: Path) -> None:
    result = score(home, long)

    told = scored(long)
    good = trips(ROWS).filter(told["problem"].is_null())
    model = home.registry.load(home.registry.version("green", 1))
    quotes = model.quote(
        good["pickup_zone"].to_numpy().astype(np.int64),
        good["dropoff_zone"].to_numpy(),
        good["pickup_at"].to_numpy(),
        good["passengers"].to_numpy().astype(np.float32),
    )
    assert result.exit_code == 0
    assert told.select(trips().schema.names).equals(trips(ROWS))
    for name in ANSWERS:
        np.testing.assert_array_equal(told[name].drop_null().to_numpy(), getattr(quotes, name))


def test_the_summary_for_programs_counts_rows_and_problems(home: Home, source: Path) -> None:
    told: dict[str, Any] = json.loads(score(home, source, "--json").stdout)

    assert told.pop("seconds") > 0
    assert told == {
        "fleet": "green",
        "model": "taxi-fare-green",
        "version": 1,
        "tested_on": "2025-03",
        "identity": home.registry.version("green", 1).identity,
        "out": str(source.with_name("quotes.parquet")),
        "rows": 5,
        "scored": 4,
        "problems": {"pickup_zone is missing": 1},
    }


def test_the_summary_for_people_is_a_line_and_one_a_problem(home: Home, source: Path) -> None:
    lines = score(home, source).stdout.splitlines()

    assert lines[0].startswith("4 of 5 trips scored by taxi-fare-green version 1 (tested on")
    assert lines[1:] == ["1 not scored: pickup_zone is missing"]


def test_another_version_answers_when_it_is_asked_and_the_file_says_so(
    home: Home, source: Path
) -> None:
    score(home, source)
    champion = scored(source)
    score(home, source, "--version", "2", "--force")

    asked = scored(source)
    who = [json.loads(table.schema.metadata[b"taxi_assets"]) for table in (champion, asked)]
    assert champion["fare_usd"] != asked["fare_usd"]
    assert [(told["model"], told["version"]) for told in who] == [
        ("taxi-fare-green", 1),
        ("taxi-fare-green", 2),
    ]
    assert who[1]["identity"] == home.registry.version("green", 2).identity


def test_long_work_says_how_far_it_is(home: Home, long: Path, tmp_path: Path) -> None:
    double = tmp_path / "trips.parquet"
    needed = pq.read_table(long, columns=list(NEEDED))
    pq.write_table(pa.concat_tables([needed] * 2), double)

    result = score(home, double)

    (line,) = result.stderr.splitlines()
    assert line.endswith(f"of {2 * ROWS:,} trips scored")


def test_a_file_that_pandas_wrote_is_read_back_by_pandas(home: Home, tmp_path: Path) -> None:
    frame = trips().select(["pickup_at", "pickup_zone", "dropoff_zone", "passengers"]).to_pandas()
    frame.index = pd.Index([f"r{n}" for n in range(5)], name="ride")
    frame.to_parquet(tmp_path / "trips.parquet")

    score(home, tmp_path / "trips.parquet")

    told = pd.read_parquet(tmp_path / "quotes.parquet")
    pd.testing.assert_frame_equal(told[frame.columns], frame)
    assert told["fare_usd"].notna().tolist() == [True, False, True, True, True]


def test_a_file_without_rows_becomes_one_without_answers(home: Home, tmp_path: Path) -> None:
    pq.write_table(trips().slice(0, 0), tmp_path / "trips.parquet")

    result = score(home, tmp_path / "trips.parquet")

    assert result.exit_code == 0
    assert scored(tmp_path / "trips.parquet").num_rows == 0
    assert result.stdout.startswith("0 of 0 trips scored")


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.fixture
def kept(source: Path) -> Iterator[Path]:
    """A folder in which a refused command leaves everything as it was."""
    folder = source.parent
    before = {path: path.read_bytes() for path in folder.iterdir()}
    yield folder
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def refused(result: Result, sentence: str) -> None:
    assert result.exit_code == 1
    assert result.stdout == ""
    assert sentence in result.stderr
    assert result.stderr.startswith("Error: ")
    assert result.stderr.count("\n") == 1


def test_a_link_is_not_replaced_even_by_force(home: Home, source: Path) -> None:
    target, link = source.with_name("precious.parquet"), source.with_name("link.parquet")
    target.write_text("precious", encoding="utf-8")
    link.symlink_to(target)

    refused(score(home, source, "--force", target=link), "is a link or a device")

    assert link.is_symlink()
    assert target.read_text(encoding="utf-8") == "precious"


def test_a_file_that_exists_is_replaced_only_by_force(home: Home, source: Path) -> None:
    target = source.with_name("quotes.parquet")
    target.write_text("precious", encoding="utf-8")

    refused(score(home, source), "exists already: choose another, or replace it with --force.")
    kept_text = target.read_text(encoding="utf-8")
    forced = score(home, source, "--force")

    assert kept_text == "precious"
    assert forced.exit_code == 0
    assert scored(source).num_rows == 5


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_file_is_never_written_over_itself(
    home: Home, source: Path, kept: Path, force: tuple[str, ...]
) -> None:
    around = source.parent / ".." / source.parent.name / source.name

    refused(score(home, source, *force, target=around), "is the file to read: choose another")


def test_a_link_to_the_file_is_the_file(home: Home, source: Path) -> None:
    link = source.with_name("link.parquet")
    link.symlink_to(source)

    refused(score(home, source, "--force", target=link), "is the file to read")
    assert pq.read_table(source).equals(trips())


def test_a_folder_that_is_not_there_is_not_made(home: Home, source: Path, kept: Path) -> None:
    target = kept / "nowhere" / "quotes.parquet"

    refused(score(home, source, target=target), "--out takes a file in a folder that exists")


def test_a_folder_is_not_written_over(home: Home, source: Path, kept: Path) -> None:
    refused(score(home, source, "--force", target=kept), "--out takes a file in a folder")


def test_a_missing_file_is_named(home: Home, tmp_path: Path) -> None:
    refused(score(home, tmp_path / "gone.parquet"), "gone.parquet: --in takes a Parquet file.")
    assert left(tmp_path) == set()


@pytest.mark.parametrize("content", [b"", b"pickup_at,pickup_zone\n", b"PAR1 and then PAR1"])
def test_what_is_not_parquet_is_named(home: Home, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "trips.csv").write_bytes(content)

    refused(score(home, tmp_path / "trips.csv"), "trips.csv cannot be read as Parquet (")
    assert left(tmp_path) == {"trips.csv"}


def damaged(file: Path) -> bytes:
    """A file whose later half cannot be read."""
    content = bytearray(file.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 50_000] = b"\xff" * 50_000
    return bytes(content)


def test_a_file_damaged_in_its_midst_leaves_nothing_behind(
    home: Home, long: Path, tmp_path: Path
) -> None:
    (tmp_path / "trips.parquet").write_bytes(damaged(long))

    refused(score(home, tmp_path / "trips.parquet"), "cannot be read as Parquet (")
    assert left(tmp_path) == {"trips.parquet"}


def test_an_unsuccessful_replacement_leaves_the_old_file(
    home: Home, long: Path, tmp_path: Path
) -> None:
    (tmp_path / "trips.parquet").write_bytes(damaged(long))
    (tmp_path / "quotes.parquet").write_text("precious", encoding="utf-8")

    refused(score(home, tmp_path / "trips.parquet", "--force"), "cannot be read as Parquet")
    assert (tmp_path / "quotes.parquet").read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: t.drop_columns("passengers"), "The table has no column passengers"),
        (lambda t: t.append_column("fare_usd", t["passengers"]), "already has a column fare_usd"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(
    home: Home, tmp_path: Path, change: Any, sentence: str
) -> None:
    pq.write_table(change(trips()), tmp_path / "trips.parquet")

    refused(score(home, tmp_path / "trips.parquet"), sentence)
    assert left(tmp_path) == {"trips.parquet"}


def test_a_version_that_is_not_there_is_refused(home: Home, source: Path, kept: Path) -> None:
    refused(score(home, source, "--version", "9"), "has no version 9: choose one of those")


@pytest.mark.parametrize("version", [(), ("--version", "1")])
def test_an_empty_home_says_so(source: Path, kept: Path, version: tuple[str, ...]) -> None:
    empty = Home.at(source.parent.parent / f"empty-{len(version)}{source.parent.name}")

    result = score(empty, source, *version)

    assert "run `taxi-assets run --fleet green --months ...` first." in result.stderr
    refused(result, "There is no green ")


def test_a_damaged_version_answers_nothing(home: Home, source: Path, kept: Path) -> None:
    file = kept_file(home.registry, home.registry.version("green", 2), "fare.txt")
    content = file.read_bytes()
    change_a_byte(file)
    try:
        result = score(home, source, "--version", "2")
    finally:
        file.write_bytes(content)

    refused(result, "taxi-fare-green version 2 cannot be used: fare.txt of the model bundle")
