"""The profile of months on a real Dagster instance and Iceberg lake."""

from pathlib import Path

import dagster as dg
import pyarrow as pa
import pytest

from taxi_assets.resources.report_store import ReportStore
from taxi_assets.simulator.scenario import Scenario
from taxi_assets_tests.homes import Home

MONTHS = ("2025-01", "2025-02", "2025-03")
ASSETS = ("raw_trips", "clean_trips", "rejected_trips", "data_profile")


def profile_of(home: Home, month: str) -> dg.ExecuteInProcessResult:
    """Take a month from its file to its profile."""
    keys = [dg.AssetKey([home.fleet, name]) for name in ASSETS]
    return home.run_selected(month, dg.AssetSelection.assets("zones", *keys).without_checks())


@pytest.fixture(scope="module")
def broken(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Home, list[dg.ExecuteInProcessResult]]:
    """Three months; meters break in the last."""
    home = Home.at(tmp_path_factory.mktemp("profiled"))
    home.simulate(MONTHS, rows=3_000, scenario=Scenario(broken_meter_from="2025-03"))
    return home, [profile_of(home, month) for month in MONTHS]


def reports(home: Home) -> ReportStore:
    return ReportStore(root=home.settings.reports_uri)


def test_a_month_is_compared_with_the_month_before(broken: tuple[Home, list[object]]) -> None:
    home, _ = broken

    said = [reports(home).summary("green", month, "data_profile") for month in MONTHS]

    first, calm, last = said
    assert first["verdict"].endswith("there is nothing to compare with yet.")
    assert calm["verdict"].startswith("February 2025 looks like the month before: 3,000 published")
    assert last["verdict"].startswith("Vendor 1: ")
    assert "impossible_distance" in last["verdict"]
    assert [each["state"] for each in said] == ["good", "good", "notable"]


def test_the_table_and_the_page_tell_the_same(broken: tuple[Home, list[object]]) -> None:
    home, _ = broken

    rows = home.rows("data_profile", "2025-02").to_pylist()

    counts = {row["stage"]: row["value"] for row in rows if row["subject"] == "trips"}
    assert counts["clean"] == home.rows("clean_trips", "2025-02").num_rows
    assert counts["published"] == 3_000
    said = reports(home).summary("green", "2025-02", "data_profile")
    shown = {number["name"]: number["value"] for number in said["numbers"]}
    assert shown["rejected_share"] == counts["rejected"] / 3_000
    page = reports(home).storage.read("green/2025-02/data_profile.html")
    assert said["verdict"].encode() in page


def test_the_event_log_shows_verdict_numbers_and_picture(
    broken: tuple[Home, list[dg.ExecuteInProcessResult]],
) -> None:
    _, results = broken

    (made,) = results[-1].asset_materializations_for_node("green__data_profile")

    assert str(made.metadata["verdict"].value).startswith("Vendor 1")
    assert "data:image/png;base64" in str(made.metadata["before_and_after"].value)


def test_a_profile_made_again_is_the_same(broken: tuple[Home, list[object]]) -> None:
    home, _ = broken
    before = home.lake.versions("green.data_profile")

    profile_of(home, "2025-02")

    after = home.lake.versions("green.data_profile")
    assert {m: v.data_version for m, v in after.items()} == {
        m: v.data_version for m, v in before.items()
    }


def test_a_month_without_passengers_has_its_profile(tmp_path: Path) -> None:
    home = Home.at(tmp_path / "home")
    home.simulate(["2025-01"], rows=1_000)
    trips = home.published("2025-01")
    at = trips.schema.names.index("passenger_count")
    nothing = pa.nulls(len(trips), trips.schema.field(at).type)
    home.publish("2025-01", trips.set_column(at, "passenger_count", nothing))

    result = profile_of(home, "2025-01")

    assert result.success
    found = home.rows("data_profile", "2025-01").to_pylist()
    (share,) = (r["value"] for r in found if r["part"] == "passengers")
    assert share == 1.0
