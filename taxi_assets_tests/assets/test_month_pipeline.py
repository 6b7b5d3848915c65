"""Months through the whole graph, on a real Dagster instance, Iceberg lake and MLflow registry."""

from base64 import b64decode

import dagster as dg
import numpy as np
import pyarrow as pa
import pytest

from taxi_assets.domain.evaluation import overall, rows_of
from taxi_assets.domain.gates import GATES
from taxi_assets.reports.charts import LARGEST_EMBEDDED
from taxi_assets_tests.homes import Home, Stage

TABLES = (
    "zones",
    "clean_trips",
    "rejected_trips",
    "route_history",
    "hour_history",
    "trip_features",
)
BASELINES = ("linear_regression", "tariff", "route_median", "global_median")
STAGES = (*TABLES, "raw_trips", "fare_model", "evaluation", "champion")
ABOUT_A_TABLE = {
    "dagster/row_count",
    "dagster/column_schema",
    "data_version",
    "iceberg_snapshot_id",
    "seconds",
}
ABOUT_A_FILE = {"dagster/row_count", "dagster/column_schema", "data_version", "url"}


def materializations(home: Home, run_id: str) -> dict[str, dg.AssetMaterialization]:
    """What a run recorded in Dagster's event log, by the last part of the asset key."""
    with home.instance() as instance:
        logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    found = [entry.asset_materialization for entry in logs]
    return {made.asset_key.path[-1]: made for made in found if made is not None}


@pytest.mark.parametrize(("month", "found"), [("2025-01", 0), ("2025-02", 1)])
def test_the_first_months_skip_their_model_and_say_why(
    city: Home, first_run: Stage, month: str, found: int
) -> None:
    outcome = first_run.outcomes[month]

    assert outcome.skipped == {
        "fare_model": f"A model for {month} needs features of 2 of the 12 months before it, "
        f"and there are {found}."
    }
    assert set(outcome.assets) == {*TABLES, "raw_trips"}
    assert not outcome.failed
    with city.instance() as instance:
        run = instance.get_run_by_id(outcome.run_id)
    assert run is not None
    assert run.status == dg.DagsterRunStatus.SUCCESS


@pytest.mark.parametrize("month", ["2025-03", "2025-04"])
def test_from_the_third_month_on_every_asset_is_made(first_run: Stage, month: str) -> None:
    outcome = first_run.outcomes[month]

    assert (outcome.failures, outcome.skipped) == ([], {})
    assert set(outcome.assets) == set(STAGES)


def test_the_third_month_makes_the_first_champion_and_the_fourth_the_next(
    first_run: Stage,
) -> None:
    crowned = {month: seen.assets.get("champion") for month, seen in first_run.outcomes.items()}

    assert [crowned["2025-01"], crowned["2025-02"]] == [None, None]
    assert crowned["2025-03"] is not None
    assert crowned["2025-03"]["month"] == "2025-03"
    assert crowned["2025-04"] is not None
    assert crowned["2025-04"]["month"] == "2025-04"
    assert first_run.aliases["champion"] == first_run.models[-1].version


@pytest.mark.parametrize("asset", [*TABLES, "evaluation"])
def test_every_table_says_how_it_came_out(first_run: Stage, asset: str) -> None:
    about = first_run.outcomes["2025-03"].assets[asset]

    assert about.keys() >= ABOUT_A_TABLE
    assert about["dagster/row_count"] > 0
    assert int(about["iceberg_snapshot_id"]) > 0
    assert about["seconds"] >= 0
    assert all(column.description for column in about["dagster/column_schema"].columns)


def test_a_landed_file_says_how_it_came_out(city: Home, first_run: Stage) -> None:
    about = first_run.outcomes["2025-03"].assets["raw_trips"]

    assert about.keys() >= ABOUT_A_FILE
    assert about["dagster/row_count"] == 3_000
    names = [column.name for column in about["dagster/column_schema"].columns]
    assert names == city.published("2025-03").schema.names


def test_dagster_and_the_lake_agree_on_versions_and_rows(city: Home, first_run: Stage) -> None:
    for month, outcome in first_run.outcomes.items():
        recorded = materializations(city, outcome.run_id)

        for name in recorded.keys() - {"zones", "raw_trips", "fare_model", "champion"}:
            in_lake = first_run.tables[name, month]
            assert recorded[name].tags["dagster/data_version"] == in_lake.data_version
            assert recorded[name].metadata["dagster/row_count"].value == in_lake.rows
            assert recorded[name].partition == month


def test_dagster_knows_a_landed_file_by_its_hash_and_a_model_by_its_identity(
    city: Home, first_run: Stage
) -> None:
    recorded = materializations(city, first_run.outcomes["2025-04"].run_id)
    versions = {name: made.tags["dagster/data_version"] for name, made in recorded.items()}

    landed = city.landing.current("green/2025-04")
    assert landed is not None
    assert versions["raw_trips"] == landed.sha256
    assert versions["fare_model"] == first_run.models[-1].identity
    assert versions["champion"] == first_run.models[-1].identity


def test_running_the_same_months_again_changes_nothing(first_run: Stage, again: Stage) -> None:
    assert again.data_versions() == first_run.data_versions()
    assert again.tables == first_run.tables
    assert again.files == first_run.files
    assert again.models == first_run.models
    assert again.aliases == first_run.aliases


def test_each_champion_is_in_the_log_once_with_the_run_and_the_gates(
    city: Home, first_run: Stage, again: Stage
) -> None:
    log = city.registry.succession("green").log

    assert [(entry.version, entry.previous, entry.action) for entry in log] == [
        (1, None, "promoted by gates"),
        (2, 1, "promoted by gates"),
    ]
    runs = [first_run.outcomes[month].run_id[:8] for month in ("2025-03", "2025-04")]
    assert [entry.who for entry in log] == [f"dagster run {run}" for run in runs]
    assert {entry.why for entry in log} == {f"passed {', '.join(GATES)}"}


def test_running_an_earlier_month_again_leaves_the_champion_where_it_is(again: Stage) -> None:
    champion = again.outcomes["2025-03"].assets["champion"]

    assert champion["month"] == "2025-04"
    assert champion["verdict"] == (
        "version 2 stays champion: it was tested on 2025-04, later than 2025-03"
    )


def test_a_corrected_file_gives_its_month_new_data_versions(again: Stage, corrected: Stage) -> None:
    before, after = again.data_versions(), corrected.data_versions()

    assert corrected.outcomes["2025-02"].assets["raw_trips"]["dagster/row_count"] == 2_700
    for table in ("clean_trips", "rejected_trips", "trip_features"):
        assert after[table, "2025-02"] != before[table, "2025-02"]
    assert after["route_history", "2025-03"] != before["route_history", "2025-03"]
    assert after["trip_features", "2025-03"] != before["trip_features", "2025-03"]


def test_a_corrected_file_leaves_earlier_and_untouched_months_as_they_were(
    again: Stage, corrected: Stage
) -> None:
    before, after = again.data_versions(), corrected.data_versions()

    same = {key for key, version in after.items() if version == before[key]}
    assert same >= {(table, "2025-01") for table, month in before if month == "2025-01"}
    assert same >= {("route_history", "2025-02"), ("clean_trips", "2025-03")}
    assert same >= {(table, "2025-04") for table, month in before if month == "2025-04"}


def test_the_landing_keeps_both_versions_of_a_corrected_file(city: Home, corrected: Stage) -> None:
    versions = city.landing.versions("green/2025-02")

    assert len(versions) == 2
    assert city.landing.current("green/2025-02") in versions


def test_features_of_a_trip_do_not_depend_on_its_own_month_or_later_ones(
    city: Home, first_run: Stage, corrected: Stage
) -> None:
    now = city.rows("trip_features", "2025-02")

    kept = features_at(city, first_run, "2025-02").filter(pa.compute.field("source_row") < 2_700)
    rows = np.intersect1d(now["source_row"], kept["source_row"])
    assert len(rows) > 2_400
    assert by_row(now, rows).equals(by_row(kept, rows))


def test_a_backfilled_earlier_month_takes_no_alias(again: Stage, corrected: Stage) -> None:
    newest = corrected.models[-1]

    assert (newest.month, newest.version) == ("2025-03", again.models[-1].version + 1)
    assert corrected.aliases == again.aliases
    assert newest.version not in corrected.aliases.values()


def test_every_predictor_is_scored_on_the_same_trips(city: Home, first_run: Stage) -> None:
    rows = city.rows("evaluation", "2025-04").to_pylist()

    scores = overall(rows)
    assert list(scores) == ["model", "champion", *BASELINES]
    trips = first_run.tables["clean_trips", "2025-04"].rows
    assert {row["trips"] for row in scores.values()} == {trips}
    first, second = (str(version.version) for version in first_run.models)
    assert scores["champion"]["model_version"] == first
    assert {row["model_version"] for name, row in scores.items() if name != "champion"} == {second}


def test_the_first_model_faces_the_baselines_alone(first_run: Stage) -> None:
    scores = first_run.outcomes["2025-03"].assets["evaluation"]["scores"]

    assert [record.data["predictor"] for record in scores.records] == ["model", *BASELINES]


def test_the_parts_of_each_kind_add_up_to_the_month(city: Home, first_run: Stage) -> None:
    rows = list(rows_of(city.rows("evaluation", "2025-04").to_pylist(), "model"))

    trips: dict[str, int] = {}
    errors: dict[str, float] = {}
    for row in rows:
        trips[row["slice"]] = trips.get(row["slice"], 0) + row["trips"]
        errors[row["slice"]] = errors.get(row["slice"], 0) + row["trips"] * row["mae_usd"]
    assert len(trips) == 8
    assert set(trips.values()) == {trips["all"]}
    assert list(errors.values()) == pytest.approx([errors["all"]] * 8)


def test_the_champion_quotes_with_what_it_knew_itself(city: Home, first_run: Stage) -> None:
    trips = city.rows("clean_trips", "2025-04")
    champion = city.registry.load(first_run.models[0])

    said = champion.quote(
        trips["pickup_zone"].to_numpy(),
        trips["dropoff_zone"].to_numpy(),
        trips["pickup_at"].to_numpy(),
        trips["passengers"].to_numpy().astype(np.float64),
    )

    told = overall(city.rows("evaluation", "2025-04").to_pylist())["champion"]
    errors = np.abs(said.fare_usd - trips["fare_usd"].to_numpy())
    assert told["mae_usd"] == pytest.approx(errors.mean())
    assert told["ride_mae_min"] == pytest.approx(
        np.abs(said.ride_min - trips["duration_min"].to_numpy()).mean()
    )


def test_the_ui_shows_scores_parts_gates_pictures_and_the_card(first_run: Stage) -> None:
    about = first_run.outcomes["2025-04"].assets["evaluation"]

    assert len(about["scores"].records) == 2 + len(BASELINES)
    assert {record.data["slice"] for record in about["slices"].records} >= {
        "all",
        "hour_band",
        "rate",
    }
    assert about["gates"].startswith("- passed ")
    assert about["model_card"].startswith("# Fare model of green taxis, version 2")
    for name in ("errors_by_slice", "coverage_by_slice", "residuals"):
        content = b64decode(about[name].partition("base64,")[2].removesuffix(")"))
        assert content.startswith(b"\x89PNG")
        assert len(content) <= LARGEST_EMBEDDED
    assert "rejected" not in about


def features_at(home: Home, stage: Stage, month: str) -> pa.Table:
    """A month's features as they were at an earlier stage: Iceberg keeps every version."""
    from pyiceberg.catalog.sql import SqlCatalog

    settings = home.settings
    catalog = SqlCatalog("taxi", uri=settings.catalog, warehouse=f"{settings.lake_uri}/tables")
    snapshot = stage.tables["trip_features", month].snapshot_id
    table = catalog.load_table(f"{home.fleet}.trip_features")
    return table.scan(f"month == '{month}'", snapshot_id=snapshot).to_arrow().drop(["month"])


def by_row(trips: pa.Table, rows: np.ndarray) -> pa.Table:
    """Some trips, in the order of the file they come from."""
    kept = trips.filter(pa.compute.is_in(trips["source_row"], pa.array(rows)))
    return kept.sort_by("source_row").combine_chunks()
