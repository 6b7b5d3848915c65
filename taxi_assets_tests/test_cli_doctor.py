"""`taxi-assets doctor`: on a home that is well, and with every fault made for real."""

import json
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from packaging.requirements import Requirement

from taxi_assets.commands.doctor import Finding, Situation, examine, failure, ok
from taxi_assets.commands.doctor_machine import (
    judge_packages,
    judge_port,
    judge_python,
    known_variables,
    scrubbed,
    secrets,
    unknown_variables,
)
from taxi_assets.commands.doctor_months import FleetMonths, Rows, judge_months, span
from taxi_assets.commands.doctor_storage import judge_room
from taxi_assets.commands.doctor_stores import judge_daemon, judge_dagster
from taxi_assets.commands.ports import Ports
from taxi_assets.resources.catalog import open_catalog
from taxi_assets_tests.homes import NO_MODELS, Home
from taxi_assets_tests.mlflow_server import ill_server

MONTHS = ("2025-01", "2025-02")
STAGES = ("clean_trips", "rejected_trips", "route_history", "trip_features")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Two simulated months that were run, and one that is published only."""
    found = Home.at(tmp_path_factory.mktemp("well"), min_train_months=NO_MODELS)
    found.simulate([*MONTHS, "2025-03"], rows=1_000)
    outcomes = found.run(*MONTHS).outcomes
    assert not any(outcome.failures for outcome in outcomes.values())
    return found


@pytest.fixture
def ports() -> list[str]:
    """Options that name four free ports."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(4)]
    numbers = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    names = ("--ui-port", "--mlflow-port", "--api-port", "--console-port")
    return [f"{name}={number}" for name, number in zip(names, numbers, strict=True)]


def examined(home: Home, ports: list[str], **more: str) -> tuple[int, dict[str, list[Finding]]]:
    """The exit code, and findings by check."""
    result = home.invoke("doctor", "--json", *ports, **more)
    found: dict[str, list[Finding]] = {}
    for told in json.loads(result.stdout):
        found.setdefault(told["check"], []).append(Finding(told["level"], told["text"]))
    return result.exit_code, found


def others(found: Mapping[str, list[Finding]], *names: str) -> set[str]:
    """Levels of all checks but these; no daemon runs, which is a warning by itself."""
    return {
        finding.level
        for name, findings in found.items()
        if name not in (*names, "daemon")
        for finding in findings
    }


def files(root: Path) -> dict[Path, int]:
    """Every file with its time of change."""
    return {path: path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def test_a_home_that_is_well_passes_and_is_not_touched(home: Home, ports: list[str]) -> None:
    before = files(home.root)

    code, found = examined(home, ports)

    assert code == 0
    assert others(found) == {"ok"}
    assert found["months"] == [ok("green is whole: 2025-01..2025-02 are landed and in all tables.")]
    assert "newest green month is 2025-03" in found["source"][0].text
    assert found["daemon"][0].level == "warning"
    assert files(home.root) == before


def test_people_see_a_line_for_each_finding_without_colour(home: Home, ports: list[str]) -> None:
    result = home.invoke("doctor", *ports)

    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert all(line.startswith(("ok ", "warning ")) for line in result.stdout.splitlines())


def test_an_empty_home_is_no_fault_and_stays_empty(tmp_path: Path, ports: list[str]) -> None:
    home = Home.at(tmp_path)
    home.simulate(["2025-01"], rows=1_000)

    code, found = examined(home, ports)

    assert code == 0
    assert others(found) == {"ok"}
    assert not (tmp_path / "taxi").exists()


def test_a_source_that_is_away_is_said(home: Home, ports: list[str], tmp_path: Path) -> None:
    code, found = examined(home, ports, TAXI_TLC_URL=(tmp_path / "gone").as_uri())

    assert (code, found["source"][0].level) == (1, "failure")
    assert "TAXI_TLC_URL" in found["source"][0].text
    assert others(found, "source") == {"ok"}


def test_a_source_other_than_the_one_landed_is_said(
    home: Home, ports: list[str], tmp_path: Path
) -> None:
    other = Home.at(tmp_path)
    other.simulate(["2025-01"], rows=1_000)

    code, found = examined(home, ports, TAXI_TLC_URL=other.settings.tlc_url)

    assert code == 1
    assert "choose another TAXI_HOME" in found["source"][0].text


def test_mlflow_that_is_away_is_said(home: Home, ports: list[str], unused_port: int) -> None:
    uri = f"http://127.0.0.1:{unused_port}"

    code, found = examined(home, ports, MLFLOW_TRACKING_URI=uri)

    assert (code, found["registry"][0].level) == (1, "failure")
    assert "MLFLOW_TRACKING_URI" in found["registry"][0].text
    assert others(found, "registry") == {"ok"}


def test_mlflow_that_is_ill_is_said(home: Home, ports: list[str]) -> None:
    with ill_server() as uri:
        code, found = examined(home, ports, MLFLOW_TRACKING_URI=uri)

    assert (code, found["registry"][0].level) == (1, "failure")


def test_a_damaged_mlflow_database_is_said(home: Home, ports: list[str], tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_bytes(b"no database" * 100)

    code, found = examined(home, ports, MLFLOW_TRACKING_URI=f"sqlite:///{file}")

    assert (code, found["registry"][0].level) == (1, "failure")
    assert "correct MLFLOW_TRACKING_URI" in found["registry"][0].text


def test_a_damaged_catalog_is_said_and_months_are_not_passed_for_it(
    home: Home, ports: list[str], tmp_path: Path
) -> None:
    file = tmp_path / "catalog.db"
    file.write_bytes(b"no database" * 100)

    code, found = examined(home, ports, TAXI_CATALOG_URI=f"sqlite:///{file}")

    assert (code, found["catalog"][0].level) == (1, "failure")
    assert "TAXI_CATALOG_URI" in found["catalog"][0].text
    assert found["months"][0].text.startswith("This could not be checked: ")
    assert others(found, "catalog", "months") == {"ok"}


@pytest.mark.parametrize("variable", ["TAXI_HOME", "TAXI_LAKE", "TAXI_REPORTS"])
def test_a_file_where_a_folder_should_be_is_said(
    home: Home, ports: list[str], tmp_path: Path, variable: str
) -> None:
    file = tmp_path / "file"
    file.touch()

    code, found = examined(home, ports, **{variable: str(file / "below")})

    assert code == 1
    said = [finding.text for finding in found["storage"] if finding.level == "failure"]
    assert f"{file} is a file where {variable} needs a folder: move it or set that." in said


def test_a_bucket_is_tried_and_left_as_it_was(
    home: Home, ports: list[str], s3_bucket: str, s3_endpoint: str
) -> None:
    import boto3

    told = {"TAXI_REPORTS": f"s3://{s3_bucket}/reports", "TAXI_S3_ENDPOINT": s3_endpoint}

    code, found = examined(home, ports, **told)

    assert code == 0
    assert ok(f"s3://{s3_bucket}/reports can be written and read.") in found["storage"]
    client = boto3.client("s3", endpoint_url=s3_endpoint)
    assert client.list_objects_v2(Bucket=s3_bucket)["KeyCount"] == 0


def test_a_bucket_that_is_not_there_is_said(
    home: Home, ports: list[str], s3_bucket: str, s3_endpoint: str
) -> None:
    told = {"TAXI_REPORTS": f"s3://{s3_bucket}-not/x", "TAXI_S3_ENDPOINT": s3_endpoint}

    code, found = examined(home, ports, **told)

    assert code == 1
    assert any("correct TAXI_REPORTS" in finding.text for finding in found["storage"])


def test_a_port_that_something_else_has_is_said(home: Home, ports: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        code, found = examined(home, [*ports[:2], f"--api-port={number}", ports[3]])

    (said,) = [finding for finding in found["ports"] if finding.level != "ok"]
    assert (code, said.level) == (0, "warning")
    assert f"Port {number}, which the API wants, is taken" in said.text
    assert "--api-port or SERVING_PORT" in said.text


def test_a_variable_that_no_setting_knows_is_said(home: Home, ports: list[str]) -> None:
    code, found = examined(home, ports, TAXI_LAEK="gs://x", MLFLOW_TRACKNG_URI="x")

    assert code == 0
    assert [finding.text for finding in found["variables"]] == [
        "No setting is called MLFLOW_TRACKNG_URI: did you mean MLFLOW_TRACKING_URI?",
        "No setting is called TAXI_LAEK: did you mean TAXI_LAKE?",
    ]


def test_variables_of_mlflow_and_dagster_are_known(home: Home, ports: list[str]) -> None:
    told = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "5", "DAGSTER_GRPC_TIMEOUT_SECONDS": "60"}

    _, found = examined(home, ports, **told)

    assert found["variables"][0].level == "ok"


def test_a_setting_that_makes_no_sense_hides_no_other_check(home: Home, ports: list[str]) -> None:
    code, found = examined(home, ports, TAXI_TRAIN_MONTHS="many", SERVING_PORT="0")

    assert code == 1
    assert [finding.text.split(":")[0] for finding in found["settings"]] == [
        "TAXI_TRAIN_MONTHS",
        "SERVING_PORT",
    ]
    assert {finding.level for finding in found["packages"]} == {"ok"}
    for name in ("storage", "catalog", "daemon"):  # one fault is told once
        (said,) = found[name]
        assert (said.level, said.text) == ("skipped", "Not checked: mend the settings first.")


def test_it_says_what_trains_models_and_refuses_what_nobody_knows(
    home: Home, ports: list[str]
) -> None:
    _, manual = examined(home, ports, TAXI_RETRAIN="manual")
    code, strange = examined(home, ports, TAXI_RETRAIN="sometimes")

    assert manual["settings"][0].text.endswith("TAXI_RETRAIN is manual.")
    assert code == 1
    assert [finding.text for finding in strange["settings"]] == [
        "TAXI_RETRAIN: 'sometimes' should be 'monthly', 'on_drift' or 'manual'."
    ]


def test_another_dagster_yaml_is_said(tmp_path: Path, ports: list[str]) -> None:
    home = Home.at(tmp_path)
    home.simulate(["2025-01"], rows=1_000)
    (tmp_path / "dagster" / "dagster.yaml").write_text("telemetry:\n  enabled: true\n")

    _, found = examined(home, ports)

    assert found["dagster"][0].level == "warning"
    assert "copy the project's there" in found["dagster"][0].text


@pytest.mark.parametrize("password", ["hunter2", "hun/ter2", "hun@ter2", "hun%40ter2"])
def test_a_password_is_never_printed(
    home: Home, ports: list[str], unused_port: int, password: str
) -> None:
    uri = f"postgresql+psycopg2://taxi:{password}@127.0.0.1:{unused_port}/catalog"
    told = {"TAXI_CATALOG_URI": uri, "MLFLOW_TRACKING_URI": uri}

    for options in ([], ["--json"]):
        result = home.invoke("doctor", *options, *ports, **told)

        assert result.exit_code == 1
        assert password not in result.output
        assert "hun" not in result.output


def test_rows_deleted_by_hand_are_said_and_the_command_named_mends_it(
    home: Home, ports: list[str]
) -> None:
    settings = home.settings
    catalog = open_catalog(settings.catalog, f"{settings.lake_uri}/tables", None)
    catalog.load_table("green.clean_trips").delete("month == '2025-02'")

    code, found = examined(home, ports)
    home.invoke("backfill", "--fleet", "green", "--months", "2025-02", "--only", "models")
    after, mended = examined(home, ports)

    (said,) = found["months"]
    assert (code, said.level) == (1, "failure")
    assert said.text.startswith("green/clean_trips of 2025-02 holds 0 rows where ")
    assert "`taxi-assets backfill --fleet green --months 2025-02`" in said.text
    assert (after, others(mended)) == (0, {"ok"})


@pytest.mark.parametrize("change", ["lost", "rewritten"])
def test_a_month_changed_by_hand_is_said_and_the_command_named_mends_it(
    home: Home, ports: list[str], change: str
) -> None:
    whole = home.stage().data_versions()
    settings = home.settings
    catalog = open_catalog(settings.catalog, f"{settings.lake_uri}/tables", None)
    table = catalog.load_table("green.rejected_trips")
    rows = table.scan("month == '2025-02'").to_arrow()
    if change == "lost":
        (task,) = table.scan("month == '2025-02'").plan_files()
        Path(task.file.file_path).unlink()
    else:
        twice = pa.concat_tables([rows.slice(0, len(rows) - 1), rows.slice(0, 1)])
        table.overwrite(twice, "month == '2025-02'")

    code, found = examined(home, ports)
    home.invoke("backfill", "--months", "2025-01..2025-02", "--only", "models")
    after, mended = examined(home, ports)

    (said,) = found["months"]
    words = {"lost": "has lost a file", "rewritten": "rows that something else has written"}
    assert (code, said.level) == (1, "failure")
    assert words[change] in said.text
    assert "`taxi-assets backfill --fleet green --months 2025-02`" in said.text
    assert (after, others(mended)) == (0, {"ok"})
    assert home.rows("rejected_trips", "2025-02").equals(rows.drop_columns(["month"]))
    assert home.stage().data_versions() == whole


@pytest.mark.parametrize("table", ["rejected_trips", "hour_history"])
def test_a_table_deleted_by_hand_is_said_and_the_command_named_mends_it(
    home: Home, ports: list[str], table: str
) -> None:
    settings = home.settings
    catalog = open_catalog(settings.catalog, f"{settings.lake_uri}/tables", None)
    catalog.drop_table(f"green.{table}")

    _, found = examined(home, ports)
    home.invoke("backfill", "--months", "2025-01..2025-02", "--only", "models")
    _, mended = examined(home, ports)

    (said,) = found["months"]
    assert said.level == "warning"
    assert said.text.startswith(f"green/{table} lacks 2025-01..2025-02, which other tables")
    assert "`taxi-assets backfill --fleet green --months 2025-01..2025-02`" in said.text
    assert others(mended) == {"ok"}


@pytest.mark.parametrize("gone", ["current.json", "*.parquet"])
def test_a_landed_file_that_is_gone_is_said_and_the_command_named_mends_it(
    home: Home, ports: list[str], gone: str
) -> None:
    folder = home.root / "taxi" / "lake" / "landing" / "green" / "2025-01"
    for file in folder.glob(gone):
        file.unlink()

    _, found = examined(home, ports)
    home.invoke("backfill", "--months", "2025-01", "--only", "models")
    _, mended = examined(home, ports)

    (said,) = found["months"]
    assert "2025-01 in tables, and its landed file is not there or not whole" in said.text
    assert others(mended) == {"ok"}


def test_a_month_before_the_first_one_is_said(home: Home, ports: list[str]) -> None:
    _, found = examined(home, ports, TAXI_FIRST_MONTH="2025-02")

    (said,) = found["months"]
    assert said.level == "warning"
    assert "set TAXI_FIRST_MONTH=2025-01" in said.text


def months(landed: set[str], ran: set[str]) -> FleetMonths:
    return FleetMonths(
        "green",
        frozenset(landed),
        {name: {month: Rows(5, 5) for month in ran} for name in STAGES},
    )


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (months({"2025-01", "2025-02"}, {"2025-01"}), "has landed 2025-02, which is in no table"),
        (months({"2025-04"}, {"2025-04"}), "has 2025-04, which has not ended"),
        (months({"2022-12"}, {"2022-12"}), "set TAXI_FIRST_MONTH=2022-12"),
    ],
)
def test_months_that_do_not_agree_are_said(found: FleetMonths, words: str) -> None:
    (said,) = judge_months(found, ["2025-01", "2025-02", "2025-03"])

    assert said.level == "warning"
    assert words in said.text


def test_months_are_written_as_the_commands_take_them() -> None:
    assert span({"2024-12", "2025-01", "2025-03"}) == "2024-12..2025-01,2025-03"


def test_a_check_that_breaks_or_hangs_says_so_and_hides_no_other() -> None:
    release = threading.Event()

    def breaks(_: Situation) -> list[Finding]:
        raise KeyError("a bug")

    def hangs(_: Situation) -> list[Finding]:
        release.wait(60)
        return [ok("never heard")]

    checks: dict[str, Any] = {"hangs": hangs, "breaks": breaks, "works": lambda _: [ok("fine")]}
    started = time.monotonic()
    found = examine(Situation({}), checks, timeout_s=0.3)
    release.set()

    assert time.monotonic() - started < 10
    assert found == {
        "hangs": [failure("This could not be checked: it took longer than 0.3 s.")],
        "breaks": [failure("This could not be checked: KeyError 'a bug'")],
        "works": [ok("fine")],
    }


def test_packages_that_are_missing_or_do_not_fit_are_said() -> None:
    wanted = [Requirement("pandas>=2.3,<3"), Requirement("shap>=0.51"), Requirement("numpy>=2")]

    found = judge_packages(wanted, {"pandas": "3.0.1", "shap": None, "numpy": "2.4.6"})

    assert found == [
        failure("pandas 3.0.1 does not fit <3,>=2.3: run `make setup`."),
        failure("shap is not installed: run `make setup`."),
    ]


@pytest.mark.parametrize(("version", "level"), [("3.11.0", "ok"), ("3.14.0", "failure")])
def test_python_is_held_against_its_range(version: str, level: str) -> None:
    assert judge_python(version, ">=3.11,<3.14").level == level


@pytest.mark.parametrize(
    ("said", "level"), [("OK", "ok"), ("<html>", "warning"), (None, "warning")]
)
def test_a_port_is_ours_when_the_right_one_answers(said: str | None, level: str) -> None:
    assert judge_port(Ports().listed()[1], False, said).level == level


@pytest.mark.parametrize(("free_gb", "levels"), [(9, []), (2, ["warning"]), (0.1, ["failure"])])
def test_room_is_asked_for_before_it_runs_out(free_gb: float, levels: list[str]) -> None:
    assert [finding.level for finding in judge_room("/x", "TAXI_HOME", free_gb)] == levels


@pytest.mark.parametrize(
    ("age_s", "errors", "level", "words"),
    [
        (None, [], "warning", "does not run"),
        (7_200, [], "warning", "was last seen 2 hours ago"),
        (10, ["boom\ntrace"], "warning", "reports: boom;"),
        (10, [], "ok", "runs"),
    ],
)
def test_the_daemon_is_judged_by_its_heartbeat(
    age_s: float | None, errors: list[str], level: str, words: str
) -> None:
    said = judge_daemon(age_s, errors)

    assert said.level == level
    assert words in said.text


def test_a_dagster_home_that_dagster_cannot_use_is_a_failure(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()

    assert judge_dagster(Path("here"), None, None).level == "failure"
    assert judge_dagster(file, None, None).level == "failure"
    assert judge_dagster(tmp_path / "none", None, None, named=True).level == "failure"
    assert judge_dagster(tmp_path / "none", None, None).level == "ok"


def test_every_secret_is_taken_out_of_what_is_said() -> None:
    hidden = secrets({"MLFLOW_TRACKING_PASSWORD": "abc", "TAXI_LAKE": "s3://k:d%2Fe@host/x"})

    assert scrubbed("abc at s3://k:d%2Fe@host and d/e", hidden) == "*** at s3://host and ***"


def test_settings_are_known_whatever_their_case() -> None:
    known = known_variables()

    assert {"TAXI_LAKE", "SERVING_PORT", "CONSOLE_API_KEY", "MLFLOW_TRACKING_URI"} <= known
    assert unknown_variables(["taxi_lake", "TAXI_LAEK"], known) == ["TAXI_LAEK"]
