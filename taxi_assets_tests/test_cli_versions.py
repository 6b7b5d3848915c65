"""`taxi-assets versions`: what it shows, what it brings back, and what Dagster then knows."""

import getpass
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from taxi_assets.commands.downstream import spans
from taxi_assets.definitions import build_definitions
from taxi_assets.resources.table_history import PastVersion
from taxi_assets_tests.homes import NO_MODELS, Home, invoke

TABLE, JANUARY = "green/clean_trips", "2025-01"
MONTHS = ("2025-01", "2025-02")
KEY = dg.AssetKey(["green", "clean_trips"])


def two_months(root: Path) -> Home:
    """Two months that have run, the first of them a second time with fewer trips."""
    home = Home.at(root, min_train_months=NO_MODELS)
    home.simulate(MONTHS, rows=1_000)
    home.run(*MONTHS)
    home.publish(JANUARY, home.published(JANUARY).slice(0, 800))
    home.run(*MONTHS)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return two_months(tmp_path)


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """One that no test changes."""
    return two_months(tmp_path_factory.mktemp("settled"))


@pytest.fixture
def light(settled: Home, tmp_path: Path) -> Home:
    """Two versions of a month that no run of this home has made."""
    home, rows = Home.at(tmp_path), settled.rows("clean_trips", JANUARY)
    home.overwrite("clean_trips", JANUARY, rows)
    home.overwrite("clean_trips", JANUARY, rows.slice(0, 500))
    return home


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    return {"TAXI_HOME": str(tmp_path / "taxi"), "DAGSTER_HOME": str(tmp_path)}


def history(home: Home, month: str = JANUARY) -> list[PastVersion]:
    return [v for v in home.lake.history("green.clean_trips") if v.month == month]


def restore(home: Home, wanted: str, *options: str) -> Any:
    return home.invoke("versions", TABLE, "--month", JANUARY, "--restore", wanted, *options)


def recorded(home: Home) -> dg.AssetMaterialization:
    """What Dagster knows last of January."""
    (newest,) = told_to_dagster(home)[:1]
    return newest


def told_to_dagster(home: Home) -> list[dg.AssetMaterialization]:
    """All it was told of January, newest first."""
    with home.instance() as instance:
        ours = dg.AssetRecordsFilter(KEY, asset_partitions=[JANUARY])
        records = instance.fetch_materializations(ours, limit=100).records
    return [record.asset_materialization for record in records if record.asset_materialization]


def stale(home: Home) -> set[str]:
    """What the UI shows as out of date."""
    graph = build_definitions(home.settings).resolve_asset_graph()
    with home.instance() as instance:
        resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
        return {
            f"{key.path[-1]} {month}"
            for key in graph.get_all_asset_keys()
            for month in MONTHS
            if graph.get(key).is_partitioned
            and resolver.get_status(key, month) == StaleStatus.STALE
        }


def test_the_versions_of_a_table_are_shown_newest_first(settled: Home) -> None:
    shown = settled.invoke("versions", TABLE)
    told = json.loads(settled.invoke("versions", TABLE, "--json").stdout)

    lines = [line.split() for line in shown.stdout.splitlines() if line.strip().startswith("2025")]
    assert shown.exit_code == 0
    assert [(v["month"], v["current"]) for v in told] == [
        (JANUARY, True),
        ("2025-02", True),
        (JANUARY, False),
    ]
    assert told[0]["rows"] < told[2]["rows"]
    assert [line[0] for line in lines] == [v["month"] for v in told]
    for line, version in zip(lines, told, strict=True):
        assert version["run_id"] in line
        assert version["data_version"][:12] in line
        assert str(version["snapshot_id"]) in line
        assert ("current" in line) is version["current"]
    with settled.instance() as instance:
        assert all(instance.get_run_by_id(v["run_id"]) for v in told)


def test_one_month_is_shown_alone(settled: Home) -> None:
    told = json.loads(settled.invoke("versions", TABLE, "--month", "2025-02", "--json").stdout)

    assert [v["month"] for v in told] == ["2025-02"]


@pytest.mark.parametrize("name", ["zones", "city/zones"])
def test_the_zones_have_versions_without_months(settled: Home, name: str) -> None:
    (told,) = json.loads(settled.invoke("versions", name, "--json").stdout)

    again = settled.invoke("versions", name, "--restore", told["data_version"][:6])

    assert (told["month"], told["rows"], told["current"]) == ("all", 263, True)
    assert again.stdout.startswith("city/zones is version ")
    assert "already" in again.stdout


def test_a_version_is_brought_back_recorded_and_what_it_feeds_is_out_of_date(home: Home) -> None:
    newer, older = history(home)
    fresh = stale(home)

    done = restore(home, older.data_version[:8])

    assert done.exit_code == 0, done.output
    now, *before = history(home)
    assert (now.data_version, now.rows) == (older.data_version, older.rows)
    assert [v.snapshot_id for v in before] == [newer.snapshot_id, older.snapshot_id]
    assert home.rows("clean_trips", JANUARY).num_rows == older.rows
    about = recorded(home)
    assert about.tags["dagster/data_version"] == older.data_version
    assert about.metadata["restored_by"].value == getpass.getuser()
    assert about.metadata["replaced_data_version"].value == newer.data_version
    assert fresh == set()
    assert stale(home) == {
        "trip_features 2025-01",
        "route_history 2025-02",
        "hour_history 2025-02",
    }
    assert done.stdout.splitlines() == [
        f"{TABLE} of {JANUARY} is version {older.data_version[:12]} again: {older.rows:,} rows of "
        f"snapshot {older.snapshot_id}, their data version checked, are now snapshot "
        f"{now.snapshot_id}. Before, it held version {newer.data_version[:12]} with "
        f"{newer.rows:,} rows, which stays in the history.",
        "Built on what was there before:",
        "  green/trip_features 2025-01..2025-02",
        "  green/hour_history 2025-02",
        "  green/route_history 2025-02",
        "To build it again:",
        "  in the Dagster UI, materialize for 2025-01 only: green/trip_features",
        "  taxi-assets run --fleet green --months 2025-02",
        "A run of 2025-01 itself makes green/clean_trips anew from what was landed, and so "
        "replaces what was restored.",
    ]


def test_doing_what_is_said_brings_everything_up_to_date(home: Home) -> None:
    restore(home, str(history(home)[1].snapshot_id))

    features = home.run_selected(JANUARY, dg.AssetSelection.assets(["green", "trip_features"]))
    home.run("2025-02")

    assert features.success
    assert stale(home) == set()
    assert home.rows("trip_features", JANUARY).num_rows == history(home)[0].rows


def test_a_run_of_the_month_makes_it_again_from_the_landed_file(home: Home) -> None:
    newer, older = history(home)
    restore(home, older.data_version)

    home.run(JANUARY)

    assert [v.data_version for v in history(home)] == [
        newer.data_version,
        older.data_version,
        newer.data_version,
        older.data_version,
    ]
    assert recorded(home).tags["dagster/data_version"] == newer.data_version


def test_restoring_what_is_current_says_so_and_changes_nothing(settled: Home) -> None:
    versions, event = history(settled), recorded(settled)

    done = restore(settled, versions[0].data_version[:10])

    assert done.exit_code == 0
    assert done.stdout == (
        f"{TABLE} of {JANUARY} is version {versions[0].data_version[:12]} already: "
        "the table was not changed.\n"
    )
    assert (history(settled), recorded(settled)) == (versions, event)


def test_a_restore_that_dagster_never_heard_of_is_told_when_it_is_asked_for_again(
    light: Home,
) -> None:
    older = history(light)[1]
    script = (
        "import os, signal, sys\n"
        "import dagster as dg\n"
        "from taxi_assets.cli import app\n"
        "def die(*_):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "dg.DagsterInstance.report_runless_asset_event = die\n"
        "app(sys.argv[1:])\n"
    )
    asked = ["versions", TABLE, "--month", JANUARY, "--restore", older.data_version]
    killed = subprocess.run(
        [sys.executable, "-c", script, *asked], env=light.environment(PATH=""), capture_output=True
    )
    after = history(light)
    heard = told_to_dagster(light)

    again = restore(light, older.data_version)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (after[0].data_version, len(after)) == (older.data_version, 3)
    assert heard == []
    assert "Dagster had not heard of it, and has now." in again.stdout
    assert recorded(light).tags["dagster/data_version"] == older.data_version
    assert history(light) == after


def test_a_restore_for_programs(light: Home) -> None:
    newer, older = history(light)

    told = json.loads(restore(light, older.data_version, "--json").stdout)

    assert told == {
        "table": TABLE,
        "month": JANUARY,
        "changed": True,
        "data_version": older.data_version,
        "rows": older.rows,
        "snapshot_id": history(light)[0].snapshot_id,
        "restored_from_snapshot": older.snapshot_id,
        "replaced_data_version": newer.data_version,
        "recorded_in_dagster": True,
        "out_of_date": {},
    }


def test_an_empty_month_is_brought_back_and_left_again(light: Home) -> None:
    full = history(light)[0]
    light.overwrite("clean_trips", JANUARY, light.rows("clean_trips", JANUARY).slice(0, 0))
    none = history(light)[0]
    restore(light, full.data_version)

    emptied = restore(light, none.data_version)

    assert emptied.exit_code == 0, emptied.output
    assert (history(light)[0].data_version, none.rows) == (none.data_version, 0)
    assert light.rows("clean_trips", JANUARY).num_rows == 0


@pytest.mark.parametrize("wanted", ["", "no such", "0" * 64])
def test_an_unknown_version_is_refused_with_those_there_are(settled: Home, wanted: str) -> None:
    newer, older = history(settled)

    done = restore(settled, wanted)

    assert done.exit_code == 1
    assert done.stderr == (
        f"Error: There is no version '{wanted}' of {TABLE} of {JANUARY}: choose one of "
        f"{newer.data_version[: max(12, len(wanted) + 4)]} ({newer.rows:,} rows), "
        f"{older.data_version[: max(12, len(wanted) + 4)]} ({older.rows:,} rows).\n"
    )
    assert history(settled) == [newer, older]


def test_digits_that_fit_several_versions_are_refused_with_those(light: Home) -> None:
    rows = light.rows("clean_trips", JANUARY)
    first: dict[str, PastVersion] = {}
    for count in range(1, 18):  # sixteen first digits, so two of them share one
        light.overwrite("clean_trips", JANUARY, rows.slice(0, count))
        newest = history(light)[0]
        if twin := first.get(newest.data_version[0]):
            break
        first[newest.data_version[0]] = newest

    done = restore(light, newest.data_version[0])

    assert done.exit_code == 1
    assert (
        f"'{newest.data_version[0]}' fits several versions of {TABLE} of {JANUARY}" in done.stderr
    )
    assert newest.data_version[:12] in done.stderr
    assert twin is not None
    assert twin.data_version[:12] in done.stderr


def test_a_month_that_the_table_does_not_have_is_refused(settled: Home) -> None:
    done = settled.invoke("versions", TABLE, "--month", "2024-01")

    assert done.exit_code == 1
    assert done.stderr == f"Error: {TABLE} has no version of 2024-01; it has 2025-01, 2025-02.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("green/trips",), "There is no table 'green/trips': choose one of green/clean_trips, "),
        (("green/zones",), "yellow/served_predictions, city/zones."),
        (("city/zones", "--month", "2025-01"), "city/zones has no months: leave --month out."),
        ((TABLE, "--month", "2025-13"), "'2025-13' is not a month"),
        ((TABLE, "--restore", "abc"), f"Which month of {TABLE}? Say it with --month 2025-01."),
        ((TABLE, "--month", "2025-01", "--restore", "abc"), f"{TABLE} does not exist yet: run"),
    ],
)
def test_what_makes_no_sense_is_refused(
    empty: dict[str, str], arguments: tuple[str, ...], sentence: str
) -> None:
    done = invoke(empty, "versions", *arguments)

    assert (done.exit_code, done.stdout) == (1, "")
    assert sentence in done.stderr
    assert done.stderr.startswith("Error: ")


@pytest.mark.parametrize("name", [TABLE, "yellow/evaluation", "city/zones"])
def test_a_table_that_does_not_exist_yet_says_what_to_run(empty: dict[str, str], name: str) -> None:
    done = invoke(empty, "versions", name)
    told = invoke(empty, "versions", name, "--json")

    assert done.exit_code == 0
    assert done.stdout.startswith(f"{name} does not exist yet: run `taxi-assets run ")
    assert told.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("months", "text"),
    [
        (["2025-01"], "2025-01"),
        (["2024-11", "2024-12", "2025-01"], "2024-11..2025-01"),
        (["2025-01", "2025-03", "2025-04"], "2025-01,2025-03..2025-04"),
    ],
)
def test_months_are_named_as_the_run_command_takes_them(months: list[str], text: str) -> None:
    assert spans(months) == text
