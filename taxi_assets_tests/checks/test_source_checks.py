"""The gates behind a landed file: its columns, their types, and whether they hold anything."""

from collections.abc import Callable

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from taxi_assets_tests.homes import NO_MODELS, Home, Stage, checks_of, replace_column

Change = Callable[[pa.Table], pa.Table]
ALL_TABLES = {"clean_trips", "rejected_trips", "route_history", "trip_features"}


def without(name: str) -> Change:
    return lambda trips: trips.drop([name])


def as_text(name: str) -> Change:
    return lambda trips: replace_column(trips, name, pc.cast(trips[name], pa.string()))


def mostly_null(name: str) -> Change:
    def emptied(trips: pa.Table) -> pa.Table:
        full = pa.array([row % 5 < 2 for row in range(len(trips))])
        return replace_column(trips, name, pc.if_else(full, trips[name], None))

    return emptied


def with_column(name: str) -> Change:
    return lambda trips: trips.append_column(name, pa.nulls(len(trips), pa.int32()))


CHANGES = {
    "2024-01": without("PULocationID"),
    "2024-02": as_text("fare_amount"),
    "2024-03": as_text("tip_amount"),
    "2024-04": mostly_null("trip_distance"),
    "2024-05": with_column("robot_driver_fee"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home.at(tmp_path_factory.mktemp("changes"), min_train_months=NO_MODELS)
    home.simulate(CHANGES, rows=1_000)
    for month, change in CHANGES.items():
        home.publish(month, change(home.published(month)))
    return home


@pytest.fixture(scope="module")
def stage(home: Home) -> Stage:
    return home.run(*CHANGES)


@pytest.mark.parametrize(
    ("month", "check", "names"),
    [
        ("2024-01", "source_schema_is_known", "column pulocationid (pickup_zone) is missing"),
        ("2024-01", "matches_schema", "pulocationid"),
        ("2024-02", "source_schema_is_known", "column fare_amount (fare_usd) is string, not"),
        ("2024-02", "matches_schema", "fare_amount: readable as double does not hold"),
        ("2024-03", "source_schema_is_known", "column tip_amount (tip_usd) is string, not"),
        (
            "2024-04",
            "matches_schema",
            "trip_distance: filled in at least 50% of rows does not hold",
        ),
    ],
)
def test_a_needed_column_that_is_gone_retyped_or_empty_is_named(
    home: Home, stage: Stage, month: str, check: str, names: str
) -> None:
    verdict = checks_of(home, stage.outcomes[month])[f"raw_trips.{check}"]

    assert not verdict.passed
    assert verdict.blocking
    assert verdict.severity == dg.AssetCheckSeverity.ERROR
    assert names in str({name: seen.value for name, seen in verdict.metadata.items()})
    assert names in str(stage.outcomes[month].failures)


@pytest.mark.parametrize(
    ("month", "failed"),
    [
        ("2024-01", {"source_schema_is_known", "matches_schema"}),
        ("2024-02", {"source_schema_is_known", "matches_schema"}),
        ("2024-03", {"source_schema_is_known"}),
        ("2024-04", {"matches_schema"}),
    ],
)
def test_such_a_file_is_landed_and_goes_no_further(
    home: Home, stage: Stage, month: str, failed: set[str]
) -> None:
    outcome = stage.outcomes[month]

    checks = checks_of(home, outcome)
    assert {name for name, check in checks.items() if not check.passed} == {
        f"raw_trips.{name}" for name in failed
    }
    assert outcome.failed
    assert "raw_trips" in outcome.assets
    assert not outcome.assets.keys() & ALL_TABLES
    assert not [key for key in stage.tables if key[1] == month]


def test_a_new_column_is_a_warning_that_names_it(home: Home, stage: Stage) -> None:
    verdict = checks_of(home, stage.outcomes["2024-05"])["raw_trips.source_schema_is_known"]

    assert not verdict.passed
    assert verdict.severity == dg.AssetCheckSeverity.WARN
    assert verdict.metadata["added"].value == "robot_driver_fee"
    assert "robot_driver_fee" in stage.outcomes["2024-05"].warnings[0]


def test_a_new_column_stops_nothing(stage: Stage) -> None:
    outcome = stage.outcomes["2024-05"]

    assert outcome.failures == []
    assert outcome.assets.keys() >= ALL_TABLES
