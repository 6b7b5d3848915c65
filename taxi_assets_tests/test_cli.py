"""`taxi-assets`: help, what makes no sense, settings, and the simulator behind it."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from taxi_assets_tests.homes import invoke

COMMANDS = (
    "run",
    "demo",
    "quote",
    "status",
    "versions",
    "simulate",
    "promote",
    "rollback",
    "champions",
    "alert",
    "reports",
    "doctor",
    "serve",
    "up",
)
RIDE = ("--from", "74", "--to", "138", "--at", "2025-03-14T08:30")


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    """The environment of a home that nothing has run in."""
    return {
        "TAXI_HOME": str(tmp_path / "taxi"),
        "DAGSTER_HOME": str(tmp_path),
        "TAXI_TLC_URL": tmp_path.as_uri(),
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    result = invoke({}, command, "--help")

    assert result.exit_code == 0
    assert "Examples:" in result.stdout
    assert f"  taxi-assets {command}" in result.stdout


def test_the_command_alone_lists_the_commands() -> None:
    result = invoke({})

    assert all(f"\n  {command} " in result.output for command in COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("run", "--fleet", "purple", "--months", "2025-01"),
            "There is no fleet 'purple': choose one of green, yellow.",
        ),
        (
            ("run", "--months", "2025-13"),
            "'2025-13' is not a month: write YYYY-MM, for example 2025-01.",
        ),
        (
            ("run", "--months", "2025-03..2025-01"),
            "'2025-03..2025-01' runs backwards: write the earlier month first, 2025-01..2025-03.",
        ),
        (("run", "--months", "2022-12"), "2022-12 is not one of the months 2023-01.."),
        (("run", "--months", "2199-01"), "2199-01 is not one of the months 2023-01.."),
        (("run", "--months", ""), "'' is not a month"),
        (("run", "--months", "2025-01", "--only", "x"), "no part 'x': choose one of models, rep"),
        (("reports",), "There are no reports of green taxis in "),
        (("reports", "--month", "2025-01"), "There are no reports of green taxis for 2025-01 in "),
        (("quote", *RIDE, "--from", "264"), "There is no taxi zone 264: zones run from 1 to 263."),
        (("quote", *RIDE, "--to", "0"), "There is no taxi zone 0: zones run from 1 to 263."),
        (("quote", *RIDE, "--at", "noon"), "'noon' is not a time: write it like 2025-03-14T08:30"),
        (("quote", *RIDE, "--at", "2025-02-30T08:30"), "'2025-02-30T08:30' is not a time"),
        (("quote", *RIDE, "--at", "1850-03-14T08:30"), "--at takes 2009 to 2050."),
        (("quote", *RIDE, "--passengers", "0"), "0 passengers do not fit: a cab takes 1 to 6."),
        (("quote", *RIDE, "--passengers", "7"), "7 passengers do not fit: a cab takes 1 to 6."),
        (
            ("quote", *RIDE),
            "There is no green champion yet: run `taxi-assets run --fleet green --months ...`",
        ),
        (("demo", "--source", "tcl"), "There is no source 'tcl': choose tlc or simulated"),
        (("demo",), "holds no green trip files from 2023-01 on."),
        (("simulate", "--months", "2025-01", "--to", "x", "--rows", "1"), "1 rows a month are not"),
        (("simulate", "--months", "2025-01", "--to", "x", "--seed", "-1"), "must be 0 or more"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_sentence(
    empty: dict[str, str], arguments: tuple[str, ...], sentence: str
) -> None:
    result = invoke(empty, *arguments)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAXI_FLEETS", "purple"),
        ("TAXI_FLEETS", "green,green"),
        ("TAXI_FLEETS", ","),
        ("TAXI_FIRST_MONTH", "2025-13"),
        ("TAXI_TRAIN_MONTHS", "1"),
        ("TAXI_TRAIN_MONTHS", "61"),
        ("TAXI_TRAIN_MONTHS", "many"),
        ("TAXI_MIN_TRAIN_MONTHS", "1"),
        ("TAXI_MIN_TRAIN_MONTHS", "13"),
        ("TAXI_TRAIN_THREADS", "0"),
        ("TAXI_EXECUTOR", "kubernetes"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_by_its_name(
    empty: dict[str, str], name: str, value: str
) -> None:
    result = invoke({**empty, name: value}, "status")

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("Error: ")
    assert name in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [("status",), ("status", "--fleet", "yellow")])
def test_the_status_of_an_empty_home_says_what_to_run(
    empty: dict[str, str], command: tuple[str, ...]
) -> None:
    result = invoke(empty, *command)

    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing is there for ")
    assert f"run `taxi-assets run --fleet {'yellow' if command[1:] else 'green'}" in result.stdout


def test_the_status_of_an_empty_home_is_an_empty_list_for_programs(empty: dict[str, str]) -> None:
    result = invoke(empty, "status", "--json")

    assert (result.exit_code, result.stdout.strip()) == (0, "[]")


def test_asking_an_empty_home_leaves_no_model_registry_behind(empty: dict[str, str]) -> None:
    invoke(empty, "status")
    invoke(empty, "quote", *RIDE)

    assert not (Path(empty["TAXI_HOME"]) / "mlflow").exists()


def test_simulate_writes_a_tree_and_says_how_to_use_it(
    empty: dict[str, str], tmp_path: Path
) -> None:
    city = tmp_path / "city"

    result = invoke(
        empty, "simulate", "--months", "2025-01..2025-02", "--to", str(city), "--rows", "1000"
    )

    assert result.exit_code == 0
    assert result.stdout == f"2 files in {city}; use them with TAXI_TLC_URL={city.as_uri()}\n"
    files = {path.relative_to(city).as_posix() for path in city.rglob("*") if path.is_file()}
    assert files == {
        "misc/taxi_zone_lookup.csv",
        "misc/taxi_zones.zip",
        "trip-data/green_tripdata_2025-01.parquet",
        "trip-data/green_tripdata_2025-02.parquet",
    }
    assert pq.read_metadata(city / "trip-data/green_tripdata_2025-01.parquet").num_rows == 1_000


def test_a_fleet_beyond_the_configured_ones_is_used_with_a_note(
    empty: dict[str, str], tmp_path: Path
) -> None:
    city = tmp_path / "city"
    options = ("--to", str(city), "--rows", "1000", "--fleet", "yellow")

    result = invoke(empty, "simulate", "--months", "2025-01", *options)

    assert result.exit_code == 0
    assert "Note: yellow is not in TAXI_FLEETS" in result.stderr
    assert (city / "trip-data/yellow_tripdata_2025-01.parquet").exists()
