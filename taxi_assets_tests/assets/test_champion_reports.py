"""Performance and fairness reports of small simulated months, sound and spoiled."""

import json
import re
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.report_schemas import DRIFT_REPORT
from taxi_assets.domain.zones import BOROUGHS
from taxi_assets.resources.champion_record import drifted_inputs, judged, past_reports
from taxi_assets.simulator.scenario import Scenario
from taxi_assets_tests.homes import Home, checks_of, replace_column

BEFORE = ("2024-01", "2024-02", "2024-03")
MONTH = "2024-04"
NAMES = ("performance_report", "fairness_report")
TABLES = (
    "raw_trips",
    "clean_trips",
    "rejected_trips",
    "route_history",
    "hour_history",
    "trip_features",
    "batch_predictions",
)
CHECK = "performance_report.champion_still_good"
GREEN = FLEETS["green"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A champion of the third month, and the month it is asked about."""
    home = Home.at(tmp_path_factory.mktemp("asked"))
    home.simulate((*BEFORE, MONTH), rows=1_500)
    home.run(*BEFORE)
    return home


@pytest.fixture(scope="module")
def reported(home: Home) -> dg.ExecuteInProcessResult:
    """The month's tables and reports; nobody needs a model of it."""
    keys = [dg.AssetKey(["green", name]) for name in (*TABLES, *NAMES)]
    result = home.run_selected(MONTH, dg.AssetSelection.assets(*keys))
    assert result.success
    return result


def summary(home: Home, month: str, name: str) -> dict[str, Any]:
    file = home.settings.root / "reports" / "green" / month / f"{name}.json"
    found: dict[str, Any] = json.loads(file.read_text())
    return found


def page(home: Home, month: str, name: str) -> str:
    file = home.settings.root / "reports" / "green" / month / f"{name}.html"
    return file.read_text()


def only_reports(home: Home, month: str) -> dg.ExecuteInProcessResult:
    """Make both reports of what the lake holds."""
    keys = [dg.AssetKey(["green", name]) for name in NAMES]
    return home.run_selected(month, dg.AssetSelection.assets(*keys))


def quoted(home: Home) -> pd.DataFrame:
    """The month's trips with their quotes."""
    trips, quotes = (
        home.rows(name, MONTH).to_pandas() for name in ("trip_features", "batch_predictions")
    )
    assert trips["source_row"].tolist() == quotes["source_row"].tolist()
    return trips.join(quotes.drop(columns="source_row"))


def test_the_reports_of_a_calm_month_say_that_all_is_well(
    home: Home, reported: dg.ExecuteInProcessResult
) -> None:
    performance, fairness = (summary(home, MONTH, name) for name in NAMES)
    assert re.fullmatch(
        r"The champion \(version 1\) is still good: MAE \$\d\.\d\d against \$\d\.\d\d when tested "
        r"in March 2024\.",
        performance["verdict"],
    )
    assert performance["state"] == "good"
    assert {number["name"] for number in performance["numbers"]} == {
        "mae_usd",
        "fare_ratio",
        "coverage",
        "trips",
    }
    assert len(fairness["numbers"]) == 3
    found = {check.check_name: check for check in reported.get_asset_check_evaluations()}
    check = found["champion_still_good"]
    assert check.passed
    assert check.metadata["said"].value == performance["verdict"]
    (shown,) = reported.asset_materializations_for_node("green__performance_report")
    assert shown.metadata["verdict"].value == performance["verdict"]


def test_the_table_holds_what_pandas_finds_in_the_same_trips(
    home: Home, reported: dg.ExecuteInProcessResult
) -> None:
    trips = quoted(home)
    ends = np.sort(trips[["pickup_borough", "dropoff_borough"]].to_numpy(int), axis=1)
    trips["pair"] = [f"{BOROUGHS[first]} - {BOROUGHS[second]}" for first, second in ends]
    trips["miss"] = (trips["quoted_usd"] - trips["fare_usd"]).abs()
    trips["held"] = trips["fare_usd"].between(trips["low_usd"], trips["high_usd"])

    found = home.rows("performance_report", MONTH).to_pandas()
    found = found[found["slice"] == "boroughs"].set_index("value").sort_index()

    by_pair = trips.groupby("pair")
    assert found["trips"].tolist() == by_pair.size().tolist()
    assert found["mae_usd"].to_numpy() == pytest.approx(by_pair["miss"].mean(), abs=1e-6)
    assert found["coverage"].to_numpy() == pytest.approx(by_pair["held"].mean(), abs=1e-6)
    ratio = by_pair["fare_usd"].sum() / by_pair["quoted_usd"].sum()
    assert found["fare_ratio"].to_numpy() == pytest.approx(ratio, abs=1e-6)


def test_the_pages_hold_all_they_show(home: Home, reported: dg.ExecuteInProcessResult) -> None:
    for name in NAMES:
        text = page(home, MONTH, name)

        assert len(text) < 6_000_000
        assert "<svg" in text
        assert not re.findall(r"""(?:src|href)=["']?https?:""", text)
    assert "on a sample of 1,410 trips" in page(home, MONTH, NAMES[0])
    assert "income" in page(home, MONTH, NAMES[1])


def test_a_rerun_changes_no_row(home: Home, reported: dg.ExecuteInProcessResult) -> None:
    before = home.stage().data_versions()

    assert only_reports(home, MONTH).success

    assert home.stage().data_versions() == before


def test_nobody_was_champion_before_the_first(
    home: Home, reported: dg.ExecuteInProcessResult
) -> None:
    stage = home.run(BEFORE[-1], only="reports")

    assert stage.outcomes[BEFORE[-1]].failures == []
    for name in NAMES:
        found = summary(home, BEFORE[-1], name)
        assert found["verdict"] == "No model was champion of green taxis before 2024-03."
        assert found["state"] == "silent"
        assert home.rows(name, BEFORE[-1]).num_rows == 0
    assert CHECK not in checks_of(home, stage.outcomes[BEFORE[-1]])


@pytest.mark.parametrize("trips", [0, 1, 50])
def test_a_month_of_few_trips_is_too_few_to_judge_by(
    home: Home, reported: dg.ExecuteInProcessResult, trips: int
) -> None:
    kept = {name: home.rows(name, MONTH) for name in ("trip_features", "batch_predictions")}
    for name, rows in kept.items():
        home.overwrite(name, MONTH, rows.slice(0, trips))

    result = only_reports(home, MONTH)

    for name, rows in kept.items():
        home.overwrite(name, MONTH, rows)
    assert result.success
    assert result.get_asset_check_evaluations() == []
    for name in NAMES:
        assert summary(home, MONTH, name)["verdict"] == (
            f"April 2024 has {trips} quoted trips, too few to judge the champion by: 1,000 are "
            "needed."
        )
        assert home.rows(name, MONTH).num_rows == 0


def test_fares_that_are_all_equal_do_not_stop_a_report(
    home: Home, reported: dg.ExecuteInProcessResult
) -> None:
    kept = home.rows("trip_features", MONTH)
    same = pa.array(np.full(kept.num_rows, 12.5))
    home.overwrite("trip_features", MONTH, replace_column(kept, "fare_usd", same))

    result = only_reports(home, MONTH)

    home.overwrite("trip_features", MONTH, kept)
    assert result.success
    assert summary(home, MONTH, "performance_report")["state"] == "notable"


@pytest.mark.parametrize("shift", ["other rows", "fewer rows"])
def test_quotes_of_other_trips_are_refused(
    home: Home, reported: dg.ExecuteInProcessResult, shift: str
) -> None:
    kept = home.rows("batch_predictions", MONTH)
    others = pa.array(kept["source_row"].to_numpy() + 1, pa.int32())
    changed = kept.slice(0, kept.num_rows - 1) if shift == "fewer rows" else None
    spoiled = changed or replace_column(kept, "source_row", others)
    home.overwrite("batch_predictions", MONTH, spoiled)

    result = only_reports(home, MONTH)

    home.overwrite("batch_predictions", MONTH, kept)
    assert not result.success
    for name in NAMES:
        failure = result.failure_data_for_node(f"green__{name}")
        assert failure is not None
        assert "are not of the same trips in 2024-04: run that month again" in str(failure.error)


def test_quotes_of_another_version_are_not_judged(
    home: Home, reported: dg.ExecuteInProcessResult
) -> None:
    kept = home.rows("batch_predictions", MONTH)
    other = pa.array(["9"] * kept.num_rows)
    home.overwrite("batch_predictions", MONTH, replace_column(kept, "model_version", other))

    assert only_reports(home, MONTH).success

    home.overwrite("batch_predictions", MONTH, kept)
    assert "quoted by version 9" in summary(home, MONTH, "performance_report")["verdict"]


def test_a_champion_without_a_test_is_shown_and_not_judged(
    home: Home, reported: dg.ExecuteInProcessResult
) -> None:
    tested = home.rows("evaluation", BEFORE[-1])
    home.overwrite("evaluation", BEFORE[-1], tested.slice(0, 0))

    result = only_reports(home, MONTH)

    home.overwrite("evaluation", BEFORE[-1], tested)
    assert result.success
    assert result.get_asset_check_evaluations() == []
    assert home.rows("performance_report", MONTH).num_rows > 0
    assert "with nothing to compare it with" in summary(home, MONTH, NAMES[0])["verdict"]


def test_inputs_that_drifted_are_those_of_the_drift_report(
    home: Home, reported: dg.ExecuteInProcessResult
) -> None:
    assert drifted_inputs(home.lake, GREEN, "2024-06") is None

    row = {"model_version": "1", "psi": 0.1, "score": 0.1, "method": "any", "threshold": 0.1}
    row |= {"sampled_trips": 1, "reference_trips": 1}
    rows = [{"feature": f, "drifted": f != "hour", **row} for f in ("weekday", "hour", "airport")]
    home.overwrite("drift_report", "2024-06", pa.Table.from_pylist(rows, DRIFT_REPORT.arrow))

    assert drifted_inputs(home.lake, GREEN, "2024-06") == ["airport", "weekday"]


def test_later_months_of_the_same_champion_are_part_of_its_record(
    home: Home, reported: dg.ExecuteInProcessResult
) -> None:
    table = home.rows("performance_report", MONTH)
    home.overwrite("performance_report", "2024-05", table)

    found = judged(home.lake, GREEN, "2024-06", table.to_pylist())

    assert found is not None
    assert len(found.record.months) == 3  # its test, and two months since
    assert list(past_reports(home.lake, GREEN, "2024-06")) == [MONTH, "2024-05"]
    home.overwrite("performance_report", "2024-05", table.slice(0, 0))


def test_an_outdated_champion_is_not_asked(home: Home, reported: dg.ExecuteInProcessResult) -> None:
    """The last of this home: its champion is of no use afterwards."""
    for file in Path(home.registry.local_root).rglob("artifacts/bundle/manifest.json"):
        manifest = json.loads(file.read_text())
        old = {"features": manifest["features"][:-1], "identity": "0" * 64}
        file.write_text(json.dumps({**manifest, **old}))
    for version in home.registry.versions("green"):
        home.registry.tag(version, identity="0" * 64)

    stage = home.run(MONTH, only="reports")

    assert stage.outcomes[MONTH].failures == []
    for name in NAMES:
        found = summary(home, MONTH, name)
        assert "version 1, was made by other feature code and cannot be asked" in found["verdict"]
        assert home.rows(name, MONTH).num_rows == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        (
            Scenario(tariff_rise_from="2024-05", tariff_rise_factor=1.10),
            r"Fares are 1\d% above what the champion \(version \d\) says, everywhere, .*: concept "
            r"drift, as after a tariff rise\.",
        ),
        (
            Scenario(closed_bridge_from="2024-05"),
            r"Rides between Manhattan and Queens cost \d\d% more than the champion \(version \d\) "
            r"says, elsewhere nothing changed: concept drift there\.",
        ),
    ],
    ids=["tariff rise", "closed bridge"],
)
def test_what_happens_to_the_city_is_named_from_its_first_month_and_not_before(
    tmp_path: Path, scenario: Scenario, said: str
) -> None:
    home = Home.at(tmp_path)
    months = (*BEFORE, MONTH, "2024-05")
    home.simulate(months, rows=6_000, scenario=scenario)

    stage = home.run(*months, only=None)

    calm, struck = (summary(home, month, NAMES[0]) for month in months[-2:])
    assert "is still good" in calm["verdict"]
    assert re.fullmatch(said, struck["verdict"])
    checks = [checks_of(home, stage.outcomes[month])[CHECK] for month in months[-2:]]
    assert [check.passed for check in checks] == [True, False]
    assert all(check.severity == dg.AssetCheckSeverity.WARN for check in checks)
