"""The drift report of calm months, of a month in which the city has changed, and of bad ones."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from taxi_assets.domain.drift_inputs import INPUTS
from taxi_assets.resources.evidently_workspace import stable_id
from taxi_assets_tests.homes import Home, replace_column

TRAINED = ("2025-01", "2025-02", "2025-03")
CALM, CHANGED, FEW, NONE = "2025-04", "2025-05", "2025-06", "2025-07"
CHECK = "features_have_not_drifted"
ASSETS = ("batch_predictions", "feature_histograms", "drift_report")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A champion of the third month; then a calm month, a changed one and two small ones.

    In the changed month everybody rides at night, and nobody counts passengers.
    """
    home = Home.at(tmp_path_factory.mktemp("drifting"))
    home.simulate((*TRAINED, CALM, CHANGED, FEW, NONE), rows=1_200)
    home.publish(CHANGED, at_night(home.published(CHANGED)))
    home.publish(FEW, home.published(FEW).slice(0, 50))
    free = pa.array(np.zeros(1_200))
    home.publish(NONE, replace_column(home.published(NONE), "fare_amount", free))
    home.run(*TRAINED)
    for month in (CALM, CHANGED, FEW, NONE):
        assert home.run_selected(month, tables(home)).success
    features = home.rows("trip_features", CHANGED)  # the schema of raw trips would not let it pass
    nobody = pa.nulls(len(features), pa.float32())
    home.overwrite("trip_features", CHANGED, replace_column(features, "passengers", nobody))
    return home


def at_night(trips: pa.Table) -> pa.Table:
    """The same trips between midnight and four."""
    began = trips["lpep_pickup_datetime"].to_numpy()
    earlier = (began - began.astype("datetime64[D]")) * 5 // 6
    for name in ("lpep_pickup_datetime", "lpep_dropoff_datetime"):
        moved = trips[name].to_numpy() - earlier
        trips = replace_column(trips, name, pa.array(moved, trips.schema.field(name).type))
    return trips


def tables(home: Home) -> dg.AssetSelection:
    """What reports are made from."""
    return (
        dg.AssetSelection.assets([home.fleet, "trip_features"])
        .upstream()
        .required_multi_asset_neighbors()
    )


def reported(home: Home, month: str) -> tuple[dict[str, Any], dg.AssetCheckEvaluation | None]:
    """What the month's report says, and its check."""
    selection = dg.AssetSelection.assets(*([home.fleet, name] for name in ASSETS))
    result = home.run_selected(month, selection)
    assert result.success
    found = result.get_asset_check_evaluations()
    return summary(home, month), (found[0] if found else None)


def summary(home: Home, month: str) -> dict[str, Any]:
    file = home.root / "taxi" / "reports" / "green" / month / "drift_report.json"
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def page(home: Home, month: str) -> str:
    return (home.root / "taxi" / "reports" / "green" / month / "drift_report.html").read_text()


def numbers(report: Mapping[str, Any]) -> dict[str, float]:
    return {number["name"]: number["value"] for number in report["numbers"]}


def kept(home: Home, month: str) -> Path:
    folder = Path(home.settings.evidently_workspace) / str(stable_id("green")) / "snapshots"
    return folder / f"{stable_id('green', month, 'drift_report')}.json"


@pytest.fixture(scope="module")
def calm(home: Home) -> tuple[dict[str, Any], dg.AssetCheckEvaluation | None]:
    return reported(home, CALM)


@pytest.fixture(scope="module")
def changed(home: Home, calm: object) -> tuple[dict[str, Any], dg.AssetCheckEvaluation | None]:
    return reported(home, CHANGED)


def test_a_calm_month_looks_like_the_training_data(home: Home, calm: Any) -> None:
    report, check = calm

    assert report["verdict"] == "All 14 inputs of April 2025 look like the training data."
    assert report["state"] == "good"
    assert check.check_name == CHECK
    assert check.passed
    trips = home.rows("clean_trips", CALM).num_rows
    trained = sum(home.rows("clean_trips", month).num_rows for month in TRAINED[:2])
    found = numbers(report)
    assert (found["drifted"], found["sampled_trips"]) == (0, trips)
    assert found["reference_trips"] == trained
    assert 0 < found["largest_psi"] < 0.25


def test_a_month_of_other_hours_has_drifted(home: Home, changed: Any) -> None:
    report, check = changed

    rows = {row["feature"]: row for row in home.rows("drift_report", CHANGED).to_pylist()}
    assert rows["trip_hour"]["drifted"]
    assert not rows["pickup_borough"]["drifted"]
    assert "trip hour" in report["verdict"]
    assert report["state"] == "notable"
    assert not check.passed
    assert check.severity == dg.AssetCheckSeverity.WARN
    assert check.metadata["said"].value == report["verdict"]
    listed = check.metadata["inputs"].records
    assert [row.data["feature"] for row in listed] == [w.name for w in INPUTS]


def test_an_input_that_nobody_gave_is_said_not_to_be_compared(home: Home, changed: Any) -> None:
    report, _ = changed

    rows = {row["feature"]: row for row in home.rows("drift_report", CHANGED).to_pylist()}
    assert (rows["passengers"]["score"], rows["passengers"]["psi"]) == (None, None)
    assert not rows["passengers"]["drifted"]
    assert "of 13 inputs drifted (1 cannot be compared)" in report["verdict"]
    assert "not compared" in page(home, CHANGED)


def test_histograms_sum_to_the_months_clean_trips(home: Home, changed: Any) -> None:
    for month in (CALM, CHANGED):
        rows = home.rows("feature_histograms", month).to_pandas()
        trips = home.rows("clean_trips", month).num_rows
        assert rows.groupby("feature")["trips"].sum().eq(trips).all()


def test_the_index_is_that_of_the_histograms(home: Home, calm: Any) -> None:
    """By pandas, from the feature tables."""
    training = [home.rows("trip_features", month).to_pandas() for month in TRAINED[:2]]
    sides = [
        side["pickup_borough"].value_counts(normalize=True).reindex(range(7), fill_value=0)
        for side in (
            pd.concat(training),
            home.rows("trip_features", CALM).to_pandas(),
        )
    ]
    p, q = (np.maximum(side, 1e-4) for side in sides)

    rows = {row["feature"]: row for row in home.rows("drift_report", CALM).to_pylist()}
    assert rows["pickup_borough"]["psi"] == pytest.approx(((p - q) * np.log(p / q)).sum(), abs=2e-6)


def test_months_without_histograms_are_said_to_be_blank(home: Home, calm: Any) -> None:
    found = page(home, CALM)

    assert "No histograms were made of 2024-05, " in found
    assert "2025-03: those months are blank." in found


def test_the_page_is_small_enough_and_holds_evidentlys_behind_a_fold(home: Home, calm: Any) -> None:
    found = page(home, CALM)

    assert len(found) <= 6_000_000
    assert 'sandbox="allow-scripts" srcdoc="' in found


def test_a_rerun_changes_no_row_no_page_and_adds_no_run(home: Home, calm: Any) -> None:
    before = home.rows("drift_report", CALM), summary(home, CALM)
    runs = set(kept(home, CALM).parent.iterdir())

    reported(home, CALM)

    assert (home.rows("drift_report", CALM), summary(home, CALM)) == before
    assert set(kept(home, CALM).parent.iterdir()) == runs
    assert kept(home, CALM) in runs


@pytest.mark.parametrize(
    ("month", "reason"),
    [
        (TRAINED[0], "No model was champion of green taxis before 2025-01."),
        (FEW, "June 2025 has {trips} clean trips: below 1,000, differences are mostly chance."),
        (NONE, "July 2025 has 0 clean trips: below 1,000, differences are mostly chance."),
    ],
)
def test_where_nothing_can_be_compared_the_report_says_why_and_the_check_does_not_judge(
    home: Home, changed: Any, month: str, reason: str
) -> None:
    report, check = reported(home, month)

    trips = home.rows("clean_trips", month).num_rows
    assert report["verdict"] == reason.format(trips=trips)
    assert report["state"] == "silent"
    assert check is None
    assert home.rows("drift_report", month).num_rows == 0
    assert not kept(home, month).exists()


def test_training_months_that_are_gone_are_a_reason(home: Home, calm: Any) -> None:
    rows = {month: home.rows("trip_features", month) for month in TRAINED[:2]}
    before = home.rows("drift_report", CALM)
    try:
        for month, found in rows.items():
            home.overwrite("trip_features", month, found.slice(0, 0))
        report, check = reported(home, CALM)
    finally:
        for month, found in rows.items():
            home.overwrite("trip_features", month, found)

    assert report["verdict"] == (
        "The trips that champion version 1 learned from (2025-01 to 2025-02) are no longer there: "
        "0 are left."
    )
    assert check is None
    assert not kept(home, CALM).exists()
    reported(home, CALM)
    assert home.rows("drift_report", CALM) == before
