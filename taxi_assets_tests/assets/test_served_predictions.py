"""Live quotes from the service's log to the lake and its checks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from serving.prediction_log import PredictionLog
from taxi_assets.definitions import build_definitions
from taxi_assets_tests.checks.conftest import values
from taxi_assets_tests.homes import Home
from taxi_assets_tests.serving.records import files, log_settings, outcome, put_all, quote

TRAINED = ("2025-01", "2025-02", "2025-03")
LIVE, QUIET = "2025-03", "2025-02"
INPUTS, READABLE = "live_inputs_look_like_training", "log_is_readable"
Evaluations = dict[str, dg.AssetCheckEvaluation]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three months of trips, a model of the last, and counts of what it learned from."""
    home = Home.at(tmp_path_factory.mktemp("served"))
    home.simulate(TRAINED, rows=1_600)
    home.run(*TRAINED)
    counted = dg.AssetSelection.assets([home.fleet, "feature_histograms"])
    for month in TRAINED:
        assert home.run_selected(month, counted).success
    return home


@pytest.fixture
def served(home: Home) -> Iterator[Path]:
    """The service's log, empty again afterwards."""
    root = Path(home.settings.serving_log_uri)
    yield root
    for file in files(root):
        file.unlink()


def log(root: Path, *records: dict[str, Any]) -> None:
    """Log as the service does."""
    service = PredictionLog(log_settings(root))
    service.start()
    put_all(service, records)
    service.stop()
    assert service.written == len(records)


def gathered(home: Home, month: str) -> tuple[pa.Table, dict[str, Any], Evaluations]:
    """The month's rows, what the asset says of them, and its checks."""
    with home.instance() as instance:
        job = build_definitions(home.settings).resolve_job_def(f"{home.fleet}_served_job")
        result = job.execute_in_process(partition_key=month, instance=instance)
    (event,) = result.asset_materializations_for_node(f"{home.fleet}__served_predictions")
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    told = {name: shown.value for name, shown in event.metadata.items()}
    return home.rows("served_predictions", month), told, checks


def asked_like(home: Home, month: str, **values: Any) -> list[dict[str, Any]]:
    """Quotes for the month's own clean trips."""
    wanted = ["pickup_zone", "dropoff_zone", "pickup_at", "passengers"]
    rides = home.rows("clean_trips", month).select(wanted).to_pylist()
    for ride in rides:
        ride["passengers"] = ride["passengers"] or 1  # a form asks for one at least
    return [
        quote(number, **{"model_version": "1", **ride, **values})
        for number, ride in enumerate(rides)
    ]


def test_a_month_without_a_log_has_no_rows_and_says_so(home: Home) -> None:
    rows, told, checks = gathered(home, QUIET)

    assert rows.num_rows == 0
    assert told["said"].startswith("The service has logged no green quote of February 2025 in ")
    assert checks.keys() == {READABLE}
    assert checks[READABLE].passed


def test_quotes_get_their_outcomes_and_true_trips(home: Home, served: Path) -> None:
    ride = home.rows("clean_trips", LIVE).slice(7, 1).to_pylist()[0]
    asked = {name: ride[name] for name in ("pickup_zone", "dropoff_zone", "pickup_at")}
    told_at = datetime(2025, 4, 1, tzinfo=UTC)
    log(served, quote(1, **asked), quote(2), quote(1, **asked), quote(3, fleet="yellow"))
    log(served, outcome(2, fare_usd=24.0, at=told_at))

    rows, told, _ = gathered(home, LIVE)

    first, second = rows.to_pylist()
    assert (first["source_row"], first["metered_usd"]) == (ride["source_row"], ride["fare_usd"])
    assert (second["outcome_usd"], second["outcome_at"]) == (24.0, datetime(2025, 4, 1))
    assert (first["outcome_usd"], second["source_row"]) == (None, None)
    shown = ("dagster/row_count", "files", "with_outcome", "with_trip", "unreadable_files")
    assert [told[name] for name in shown] == [2, 1, 1, 1, 0]
    assert told["said"] == "2 quotes of March 2025."


def test_gathering_again_changes_nothing(home: Home, served: Path) -> None:
    log(served, quote(1), quote(2), outcome(1))
    _, first, _ = gathered(home, LIVE)

    _, again, _ = gathered(home, LIVE)

    assert again["data_version"] == first["data_version"]
    assert not again["changed"]


def test_a_stray_file_is_named_and_a_warning(home: Home, served: Path) -> None:
    log(served, quote(1))
    stray = files(served)[0].with_name("notes.parquet")
    stray.write_bytes(b"somebody's notes")

    rows, told, checks = gathered(home, LIVE)

    name = f"quote/month={LIVE}/notes.parquet"
    assert rows.num_rows == 1
    assert told["unreadable_files"] == 1
    assert list(told["unreadable"]) == [name]
    assert not checks[READABLE].passed
    assert checks[READABLE].severity == dg.AssetCheckSeverity.WARN
    assert list(values(checks[READABLE])["said"]) == [name]


def test_live_quotes_for_rides_like_those_learned_from_pass(home: Home, served: Path) -> None:
    log(served, *asked_like(home, LIVE))

    _, _, checks = gathered(home, LIVE)

    saw = values(checks[INPUTS])
    assert checks[INPUTS].passed, saw
    assert checks[INPUTS].partition == LIVE
    assert saw["training_months"] == "2025-01, 2025-02"
    assert saw["model_version"] == "1"
    assert 0 < saw["observed"] < saw["threshold"] == 0.25


def test_live_quotes_for_other_rides_are_a_warning(home: Home, served: Path) -> None:
    log(served, *asked_like(home, LIVE, pickup_zone=132, passengers=5))

    _, _, checks = gathered(home, LIVE)

    saw = values(checks[INPUTS])
    assert not checks[INPUTS].passed
    assert checks[INPUTS].severity == dg.AssetCheckSeverity.WARN
    assert saw["observed"] > 1
    assert saw["moved_most"] in {"from_airport", "passengers", "pickup_borough", "pickup_east_mi"}


@pytest.mark.parametrize(
    ("values", "count", "reason"),
    [
        ({}, 999, "asked 999 times, below 1,000"),
        ({"arm": "challenger"}, None, "asked 0 times"),
        ({"model_version": "77"}, None, "has no version 77"),
    ],
)
def test_the_check_is_silent_where_it_cannot_judge(
    home: Home,
    served: Path,
    values: dict[str, Any],
    count: int | None,
    reason: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    log(served, *asked_like(home, LIVE, **values)[:count])

    _, _, checks = gathered(home, LIVE)

    assert checks.keys() == {READABLE}
    assert reason in capfd.readouterr().err


def test_months_before_the_histograms_were_kept_are_no_reason_for_a_verdict(
    home: Home, served: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    log(served, *asked_like(home, LIVE))
    counts = home.rows("feature_histograms", "2025-01")
    home.overwrite("feature_histograms", "2025-01", counts.slice(0, 5))

    _, _, checks = gathered(home, LIVE)

    home.overwrite("feature_histograms", "2025-01", counts)
    assert checks.keys() == {READABLE}
    assert "other inputs or bins" in capfd.readouterr().err


def test_live_quotes_have_a_job_of_their_own_and_are_in_no_other(tmp_path: Path) -> None:
    settings = Home.at(tmp_path).settings.model_copy(update={"fleets": ("green", "yellow")})
    graph = build_definitions(settings)

    def made(job: str) -> set[str]:
        keys = graph.resolve_job_def(job).asset_layer.executable_asset_keys
        return {key.to_user_string() for key in keys}

    for fleet in settings.fleets:
        own = f"{fleet}/served_predictions"
        assert made(f"{fleet}_served_job") == {own}
        for other in ("month", "model", "report", "tune"):
            assert own not in made(f"{fleet}_{other}_job")
