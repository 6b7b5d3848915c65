"""Report tables, read from a real Iceberg lake and shaped to be drawn."""

from pathlib import Path

import altair as alt
import pandas as pd
import pytest

from serving.console import read_lake, read_trends, shown
from serving.console.errors import NothingYet
from serving.console.settings import ConsoleSettings
from taxi_assets.domain.errors import LakeUnreachable
from taxi_assets_tests.serving.console_home import MONTHS, console, lake_of, write_reports
from taxi_assets_tests.serving.page_eyes import luminance

WHITE, BLACK = "#ffffff", "#171614"  # what charts lie on
PART = 3.0  # contrast that WCAG 2.2 AA wants of parts of a drawing


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> ConsoleSettings:
    """A home with two reported months."""
    settings = console(tmp_path_factory.mktemp("home"))
    write_reports(lake_of(settings))
    return settings


def test_errors_run_over_months(settings: ConsoleSettings) -> None:
    table = read_lake.report(settings, "green", "performance_report")

    course = read_trends.course(table, "all", "mae_usd")

    assert course["month"].tolist() == list(MONTHS)
    assert course["measured"].tolist() == [2.0, 3.0]
    assert read_trends.slices(table) == ["all", "weekday"]


def test_groups_stand_with_the_largest_error_first(settings: ConsoleSettings) -> None:
    table = read_lake.report(settings, "green", "fairness_report")

    groups = read_trends.groups(table, "pickup_borough", MONTHS[1])

    assert read_trends.groupings(table) == ["pickup_borough"]
    assert groups["value"].tolist() == ["Bronx", "Queens"]
    assert groups["relative_low"].isna().all()


def test_drifted_inputs_are_named_in_their_month_alone(settings: ConsoleSettings) -> None:
    table = read_lake.report(settings, "green", "drift_report")

    assert read_trends.drifted(table) == {MONTHS[0]: [], MONTHS[1]: ["trip_hour"]}
    assert read_trends.drift(table)["psi"].count() == 1


def test_volumes_and_rejections_come_from_the_profile(settings: ConsoleSettings) -> None:
    table = read_lake.report(
        settings, "green", "data_profile", "subject in ('trips', 'trips_by_rule')"
    )

    assert set(table["subject"]) == {"trips", "trips_by_rule"}
    assert read_trends.volumes(table)["trips"].tolist() == [30.0, 10.0] * 2
    assert read_trends.rejections(table)["share"].tolist() == [0.25, 0.25]


def test_a_distribution_is_in_shares_of_its_month(settings: ConsoleSettings) -> None:
    table = read_lake.report(settings, "green", "feature_histograms")

    histogram = read_trends.histogram(table, "trip_hour", [MONTHS[0]])

    assert histogram["share"].tolist() == [0.75, 0.25]
    assert read_trends.histogram(table, "trip_hour", []).empty
    assert read_trends.months(table) == [MONTHS[1], MONTHS[0]]


def test_a_home_without_a_lake_says_so_and_stays_empty(tmp_path: Path) -> None:
    with pytest.raises(NothingYet, match="There is no lake"):
        read_lake.report(console(tmp_path), "green", "drift_report")

    assert list(tmp_path.iterdir()) == []


def test_a_fleet_without_reports_says_so(settings: ConsoleSettings) -> None:
    with pytest.raises(NothingYet, match="No month of yellow cabs"):
        read_lake.report(settings, "yellow", "drift_report")


def test_a_catalog_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "catalog.db").write_text("no database, and longer than its header " * 9)

    with pytest.raises(LakeUnreachable, match="file is not a database"):
        read_lake.report(console(tmp_path), "green", "drift_report")


def test_tables_whose_files_are_gone_are_named(tmp_path: Path) -> None:
    settings = console(tmp_path)
    write_reports(lake_of(settings))
    for file in (tmp_path / "lake" / "tables").rglob("*.parquet"):
        file.unlink()

    with pytest.raises(LakeUnreachable, match="cannot be read"):
        read_lake.report(settings, "green", "drift_report")


@pytest.mark.parametrize("kind", ["*.parquet", "*.metadata.json"])
def test_files_that_are_damaged_are_named(tmp_path: Path, kind: str) -> None:
    settings = console(tmp_path)
    write_reports(lake_of(settings))
    for file in (tmp_path / "lake" / "tables").rglob(kind):
        file.write_text("half a file")

    with pytest.raises(LakeUnreachable, match="cannot be read"):
        read_lake.report(settings, "green", "drift_report")


def test_a_lake_in_a_bucket_is_read(tmp_path: Path, s3_bucket: str, s3_endpoint: str) -> None:
    settings = console(
        tmp_path,
        lake=f"s3://{s3_bucket}/lake",
        catalog_uri=f"sqlite:///{tmp_path / 'catalog.db'}",
        s3_endpoint=s3_endpoint,
    )
    write_reports(lake_of(settings))

    assert len(read_lake.report(settings, "green", "drift_report")) == 4


def test_a_line_of_a_chart_has_a_colour_that_stands_out(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[alt.Chart] = []
    monkeypatch.setattr("streamlit.altair_chart", lambda chart, **_: drawn.append(chart))
    shown.draw(alt.Chart(pd.DataFrame({"month": ["2025-03"]})).mark_line().encode(color="month:N"))

    (chart,) = drawn
    colors = chart.to_dict()["config"]["range"]["category"]
    for color in colors:
        for back in (WHITE, BLACK):
            low, high = sorted((luminance(color), luminance(back)))
            assert (high + 0.05) / (low + 0.05) >= PART, (color, back)
