"""`taxi-assets run` when months, files, the lake or the registry are not what they should be."""

import json
import shutil
from typing import Any

import pytest
from click.testing import Result

from taxi_assets.domain.fleets import FLEETS
from taxi_assets.simulator import simulate
from taxi_assets_tests.homes import NO_MODELS, Home, Stage

GOOD = ("2024-01", "2024-07")
BAD = ("2024-02", "2024-03", "2024-04", "2024-05", "2024-06")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two good months, and five between them that are not."""
    home = Home.at(tmp_path_factory.mktemp("mishaps"), min_train_months=NO_MODELS)
    home.simulate(GOOD, rows=1_000)
    good = home.file("2024-01")
    home.file("2024-03").write_bytes(good.read_bytes()[:-100])
    home.publish("2024-04", home.published("2024-01").slice(0, 0))
    shutil.copy(good, home.file("2024-05"))
    elsewhere, yellow = home.root / "elsewhere", FLEETS["yellow"]
    simulate(elsewhere, fleet=yellow, months=["2024-06"], rows=1_000)
    shutil.copy(elsewhere / yellow.file_name("2024-06"), home.file("2024-06"))
    return home


@pytest.fixture(scope="module")
def result(home: Home) -> Result:
    return home.invoke("run", "--months", "2024-01..2024-07", "--only", "models", "--json")


@pytest.fixture(scope="module")
def months(result: Result) -> dict[str, Any]:
    return {month["month"]: month for month in json.loads(result.stdout)}


@pytest.mark.parametrize(
    ("month", "sentence"),
    [
        ("2024-02", "trip-data/green_tripdata_2024-02.parquet"),
        ("2024-03", "green_tripdata_2024-03.parquet"),
        (
            "2024-04",
            "The file published as trip-data/green_tripdata_2024-04.parquet was not landed: "
            "it has no trips.",
        ),
        ("2024-05", "(most are in 2024-01): it is another month's file."),
        (
            "2024-06",
            "it has no lpep_pickup_datetime column but tpep_pickup_datetime: "
            "it is another fleet's file.",
        ),
    ],
)
def test_a_month_whose_file_is_no_good_fails_and_says_why(
    home: Home, result: Result, months: dict[str, Any], month: str, sentence: str
) -> None:
    (failure,) = months[month]["failures"]

    assert failure["what"] == "raw_trips"
    assert sentence in failure["reason"]
    assert f"Error: green {month} raw_trips: {failure['reason']}\n" in result.stderr
    assert "raw_trips" not in months[month]["assets"]
    assert home.landing.current(f"green/{month}") is None


def test_a_missing_month_names_the_url_that_was_asked(home: Home, months: dict[str, Any]) -> None:
    reason = months["2024-02"]["failures"][0]["reason"]

    assert f"{home.settings.tlc_url}/trip-data/green_tripdata_2024-02.parquet" in reason


@pytest.mark.parametrize("month", GOOD)
def test_the_other_months_go_on(months: dict[str, Any], month: str) -> None:
    assert months[month]["failures"] == []
    assert months[month]["assets"]["trip_features"]["dagster/row_count"] > 900


def test_a_run_with_a_failed_month_exits_with_1(result: Result) -> None:
    assert result.exit_code == 1


def test_the_output_for_programs_says_what_was_made(months: dict[str, Any]) -> None:
    good = months["2024-01"]

    assert (good["fleet"], good["month"]) == ("green", "2024-01")
    assert len(good["run_id"]) == 36
    assert good["seconds"] > 0
    assert list(good["skipped"]) == ["fare_model"]
    assert good["assets"]["raw_trips"]["dagster/row_count"] == 1_000
    assert len(good["assets"]["clean_trips"]["data_version"]) == 64
    assert int(good["assets"]["clean_trips"]["iceberg_snapshot_id"]) > 0


def test_the_table_for_people_shows_each_month(home: Home, result: Result) -> None:
    shown = home.invoke("run", "--months", "2024-01,2024-02", "--only", "models")

    lines = {line.split()[0]: line.split() for line in shown.stdout.splitlines() if line.strip()}
    assert shown.exit_code == 1
    assert lines["2024-01"][1] == "1,000"
    assert lines["2024-01"][-2:] == ["tables", "only"]
    assert lines["2024-02"][-1] == "FAILED"


def test_a_corrupt_republished_file_leaves_the_landed_one_in_place(
    home: Home, result: Result
) -> None:
    before = home.landing.current("green/2024-07")
    good = home.file("2024-07").read_bytes()
    home.file("2024-07").write_bytes(good[:-1_000])

    again = home.invoke("run", "--months", "2024-07", "--only", "models")

    assert again.exit_code == 1
    assert before is not None
    assert home.landing.current("green/2024-07") == before
    home.landing.verify(before)
    assert home.landing.versions("green/2024-07") == [before]


def test_a_lake_that_does_not_answer_is_named(home: Home, unused_port: int) -> None:
    catalog = f"postgresql+psycopg2://u:p@127.0.0.1:{unused_port}/x"

    run = home.invoke("run", "--months", "2024-01", TAXI_CATALOG_URI=catalog)

    assert run.exit_code == 1
    errors = [line for line in run.stderr.splitlines() if line.startswith("Error: ")]
    assert errors
    assert any("does not answer" in line and "TAXI_CATALOG_URI" in line for line in errors)
    assert "Traceback" not in run.output


def test_the_status_of_a_lake_that_does_not_answer_is_an_error(
    home: Home, unused_port: int
) -> None:
    catalog = f"postgresql+psycopg2://u:p@127.0.0.1:{unused_port}/x"

    status = home.invoke("status", TAXI_CATALOG_URI=catalog)

    assert status.exit_code == 1
    assert status.stderr.startswith("Error: The lake at ")
    assert "u:p" not in status.stderr


def test_a_registry_that_does_not_answer_fails_the_model_and_no_table(
    city: Home, first_run: Stage, unused_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_port}"

    run = city.invoke(
        "run", "--months", "2025-03", "--only", "models", "--json", MLFLOW_TRACKING_URI=url
    )

    (month,) = json.loads(run.stdout)
    (failure,) = month["failures"]
    assert run.exit_code == 1
    assert failure["what"] == "fare_model"
    assert failure["reason"].startswith(f"MLflow at {url} does not answer")
    assert "MLFLOW_TRACKING_URI" in failure["reason"]
    assert {"clean_trips", "trip_features"} <= month["assets"].keys()
    assert "champion" not in month["assets"]


def test_a_quote_from_a_registry_that_does_not_answer_is_an_error(
    city: Home, unused_port: int
) -> None:
    url = f"http://127.0.0.1:{unused_port}"
    ride = ("--from", "74", "--to", "138", "--at", "2025-03-14T08:30")

    quote = city.invoke("quote", *ride, MLFLOW_TRACKING_URI=url)

    assert quote.exit_code == 1
    assert quote.stderr.startswith(f"Error: MLflow at {url} does not answer")


def test_a_source_of_no_known_kind_is_refused(home: Home) -> None:
    run = home.invoke("run", "--months", "2024-01", TAXI_TLC_URL="ftp://example.org/tlc")

    assert run.exit_code == 1
    assert "ftp://example.org/tlc" in run.stderr
    assert "Traceback" not in run.output
