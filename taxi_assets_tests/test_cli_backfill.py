"""`taxi-assets backfill`: what is missing or out of date runs, and nothing else."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from taxi_assets.resources.catalog import open_catalog
from taxi_assets_tests.homes import NO_MODELS, PROGRAM, Home

MONTHS = ("2025-01", "2025-02", "2025-03")
SPAN = "2025-01..2025-03"
ASKED = ("backfill", "--months", SPAN, "--only", "models")


def backfill(home: Home, *more: str, months: str = SPAN) -> dict[str, Any]:
    done = home.invoke("backfill", "--months", months, "--only", "models", "--json", *more)
    assert done.stdout, done.output
    told = json.loads(done.stdout)
    assert isinstance(told, dict)
    return told | {"exit_code": done.exit_code}


def ran(told: dict[str, Any]) -> list[str]:
    return [one["month"] for one in told["ran"]]


def reasons(told: dict[str, Any], of: str, month: str) -> list[str]:
    return [reason for one in told[of] if one["month"] == month for reason in one["reasons"]]


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three months, published and not run, too few for a model."""
    home = Home.at(tmp_path_factory.mktemp("backfill"), min_train_months=NO_MODELS)
    home.simulate(MONTHS, rows=1_000)
    return home


@pytest.mark.slow
def test_a_fresh_home_runs_all_months_and_the_second_time_none(home: Home) -> None:
    planned = backfill(home, "--dry-run")
    before = home.stage()

    first = backfill(home)
    after = home.stage()
    second = backfill(home)

    assert before.tables == {}
    assert [one["month"] for one in planned["plan"]] == list(MONTHS)
    assert planned["ran"] == []
    assert ran(first) == list(MONTHS)
    assert reasons(first, "plan", "2025-01") == ["it was never run"]
    assert (second["plan"], second["ran"], second["exit_code"]) == ([], [], 0)
    assert home.stage().tables == after.tables
    assert ran(backfill(home, "--again", months="2025-02")) == ["2025-02"]
    assert "nothing to run" in home.invoke("backfill", "--months", SPAN, "--only", "models").stdout


@pytest.mark.slow
def test_a_month_deleted_by_hand_is_the_only_one_that_runs(home: Home) -> None:
    backfill(home)
    whole = home.stage().data_versions()
    catalog = open_catalog(home.settings.catalog, f"{home.settings.lake_uri}/tables", None)
    catalog.load_table("green.clean_trips").delete("month == '2025-02'")

    told = backfill(home)

    assert ran(told) == ["2025-02"]
    assert "clean_trips" in reasons(told, "plan", "2025-02")[0]
    assert home.stage().data_versions() == whole
    assert backfill(home)["plan"] == []


@pytest.mark.slow
def test_a_landed_file_deleted_by_hand_is_landed_again_and_nothing_else_changes(home: Home) -> None:
    backfill(home)
    whole = home.stage().tables
    landed = home.landing.current("green/2025-02")
    assert landed
    Path(landed.path).unlink()  # what is recorded of it stays

    told = backfill(home)

    assert reasons(told, "ran", "2025-02") == ["raw_trips was made, but is not there any more"]
    assert ran(told) == ["2025-02"]
    assert home.landing.whole("green")["green/2025-02"] == landed
    assert home.stage().tables == whole
    assert backfill(home)["plan"] == []


@pytest.mark.slow
def test_months_that_cannot_run_are_named_and_the_others_run(home: Home) -> None:
    home.file("2025-02").unlink()

    planned = backfill(home, "--dry-run")
    reports = backfill(home, "--only", "reports", "--dry-run")
    told = backfill(home)
    said = home.invoke("backfill", "--months", SPAN, "--only", "models").stderr

    assert [one["month"] for one in planned["plan"]] == ["2025-01", "2025-03"]
    assert (planned["exit_code"], told["exit_code"]) == (0, 1)
    (why,) = reasons(told, "cannot", "2025-02")
    assert why == f"{home.settings.tlc_url} has no green trips of it"
    assert (ran(told), told["left"]) == (["2025-01", "2025-03"], [])
    assert f"Error: green 2025-02 cannot run: {why}." in said
    assert reports["plan"] == []
    assert [one["month"] for one in reports["cannot"]] == list(MONTHS)
    assert "run it without --only first" in reasons(reports, "cannot", "2025-01")[0]


@pytest.mark.slow
def test_a_table_whose_folder_was_deleted_is_named_with_what_brings_it_back(home: Home) -> None:
    backfill(home)
    whole = home.stage().data_versions()
    folder = Path(home.settings.lake_uri) / "tables" / "green" / "clean_trips"
    shutil.rmtree(folder)

    said = home.invoke("backfill", "--months", SPAN, "--only", "models").stderr
    checked = home.invoke("doctor").stdout

    assert str(folder) in said
    assert str(folder) in checked
    assert "Traceback" not in said
    told = "pyiceberg --catalog taxi --uri <TAXI_CATALOG_URI> drop table <fleet>.<table>"
    assert told in said
    command = told.replace("<TAXI_CATALOG_URI>", home.settings.catalog)
    command = command.replace("<fleet>.<table>", "green.clean_trips")
    program = Path(sys.executable).with_name("pyiceberg")
    subprocess.run([program, *command.split()[1:]], check=True)
    assert ran(backfill(home)) == list(MONTHS)
    assert home.stage().data_versions() == whole


@pytest.mark.slow
def test_a_corrected_month_takes_the_later_ones_with_it(home: Home) -> None:
    backfill(home)
    home.publish("2025-01", home.published("2025-01").slice(0, 700))

    told = backfill(home, "--dry-run")
    home.run("2025-01")
    later = backfill(home)

    assert told["plan"] == []  # what is published anew is the sensor's to find, or --again
    assert ran(later) == ["2025-02", "2025-03"]
    assert "route_history was made with an earlier clean_trips of 2025-01" in reasons(
        later, "ran", "2025-02"
    )
    assert backfill(home)["plan"] == []


@pytest.mark.slow
def test_a_month_that_fails_does_not_stop_the_next_and_is_tried_by_the_next_command(
    home: Home,
) -> None:
    good = home.published("2025-02")
    home.file("2025-02").write_bytes(b"no Parquet")

    first = backfill(home)
    home.publish("2025-02", good)
    second = backfill(home)

    assert first["exit_code"] == 1
    assert ran(first) == list(MONTHS)
    assert [len(month["failures"]) for month in first["months"]] == [0, 1, 0]
    assert ran(second) == ["2025-02", "2025-03"]  # the last was made without the second
    assert second["exit_code"] == 0


@pytest.mark.slow
def test_two_commands_at_once_run_each_month_once(home: Home) -> None:
    with home.instance():  # its databases are made before two may make them
        pass
    commands = [
        subprocess.Popen(
            [*PROGRAM, *ASKED], env=home.process_environment(), stderr=subprocess.DEVNULL
        )
        for _ in range(2)
    ]

    assert [command.wait() for command in commands] == [0, 0]
    with home.instance() as instance:
        ran_months = sorted(run.tags["dagster/partition"] for run in instance.get_runs())
    assert ran_months == list(MONTHS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--months", "2025-03..2025-01"), "runs backwards"),
        (("--months", "1999-01"), "1999-01 is not one of the months"),
        (("--months", "2999-01"), "2999-01 is not one of the months"),
        (("--months", "2025-01", "--fleet", "blue"), "blue"),
        (("--months", "2025-01", "--only", "tables"), "There is no part 'tables'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(
    home: Home, arguments: tuple[str, ...], sentence: str
) -> None:
    done = home.invoke("backfill", *arguments)

    assert done.exit_code == 1
    assert sentence in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_backfill_that_was_ended_goes_on_to_what_an_undisturbed_one_gives(
    home: Home, tmp_path: Path, number: signal.Signals
) -> None:
    with home.begun(*ASKED, "--json", until=("2025-02", "raw_trips")) as process:
        process.send_signal(number)
        out, said = process.communicate()

    told = backfill(home)

    assert process.returncode == (1 if number is signal.SIGINT else -number)
    if number is signal.SIGINT:
        assert "Interrupted: 1 month done, 2 months left; the same command goes on." in said
        assert [one["month"] for one in json.loads(out)["left"]] == ["2025-02", "2025-03"]
        assert [one["month"] for one in json.loads(out)["ran"]] == ["2025-01"]
    assert "InterruptedError" not in said
    assert "2025-03" not in said.partition("Interrupted")[0]
    assert ran(told) == ["2025-02", "2025-03"], said + str(told)
    assert told["exit_code"] == 0, said + str(told)
    undisturbed = Home.at(tmp_path, min_train_months=NO_MODELS)
    undisturbed.simulate(MONTHS, rows=1_000)
    assert home.stage().data_versions() == undisturbed.run(*MONTHS).data_versions()
