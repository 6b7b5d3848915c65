"""The index: the newest month, trends, every month."""

import re
from typing import Any

from taxi_assets.reports.index import HEIGHT, PAD, WIDTH, Validated, index_html, trends
from taxi_assets.reports.page import GOOD, Number, Report, silent


def told(month: str, mae: float | None, name: str = "performance_report") -> dict[str, Any]:
    number = Number("mae_usd", "mean absolute error", mae, "USD", 2)
    return Report(name, "green", month, f"All is well in {month}.", GOOD, (number,)).summary()


def test_the_newest_month_that_has_something_to_say_comes_first() -> None:
    said = [told("2025-01", 2.8), told("2025-02", 2.9)]
    said.append(silent("performance_report", "green", "2025-03", "No champion.").summary())

    page = index_html("green", said, {})

    assert "2025-02, the newest month" in page
    assert "All is well in 2025-02." in page
    assert page.index(">2025-03<") < page.index(">2025-02<") < page.index(">2025-01<")


def test_every_report_and_validation_record_is_linked_by_a_relative_path() -> None:
    quality = {
        "2025-01": [Validated("raw_trips", "2025-01/quality/raw_trips-0123.json", passed=True)]
    }

    page = index_html("green", [told("2025-01", 2.8)], quality)

    links = set(re.findall(r'href="([^"]+)"', page)) - {"data:,"}
    assert links == {"2025-01/performance_report.html", "2025-01/quality/raw_trips-0123.json"}


def test_a_fleet_without_reports_is_told_how_to_make_them() -> None:
    assert "There are no reports yet" in index_html("green", [], {})


def test_a_trend_shows_its_latest_number_and_its_span() -> None:
    (found,) = trends([told("2025-02", 2.9), told("2025-01", 2.8), told("2025-03", 3.4)])

    assert (found.label, found.latest, found.month) == ("mean absolute error", "$3.40", "2025-03")
    assert found.span == "$2.80 to $3.40"
    assert [text for _, _, text in found.dots] == [
        "2025-01: $2.80",
        "2025-02: $2.90",
        "2025-03: $3.40",
    ]


def test_a_trend_fills_its_frame_from_the_lowest_to_the_highest() -> None:
    (found,) = trends([told("2025-01", 2.0), told("2025-02", 3.0), told("2025-03", 4.0)])

    places = [(x, y) for x, y, _ in found.dots]
    assert places == [(PAD, HEIGHT - PAD), (WIDTH / 2, HEIGHT / 2), (WIDTH - PAD, PAD)]


def test_a_month_without_a_number_leaves_a_gap_and_is_not_made_up() -> None:
    said = [told("2025-01", 2.8), told("2025-02", None), told("2025-03", 2.9)]

    (found,) = trends(said)

    assert len(found.points) == 2
    assert len(found.dots) == 2


def test_a_number_that_never_moved_lies_in_the_middle() -> None:
    (found,) = trends([told("2025-01", 2.8), told("2025-02", 2.8)])

    assert {y for _, y, _ in found.dots} == {HEIGHT / 2}
    assert found.span == "unchanged"


def test_a_number_that_no_month_has_has_no_trend() -> None:
    assert trends([told("2025-01", None)]) == []


def test_the_size_of_a_sample_is_not_followed() -> None:
    size = Number("sampled_trips", "trips sampled", 20_000.0, "trips", followed=False)
    said = Report("drift_report", "green", "2025-01", "All is well.", GOOD, (size,)).summary()

    assert trends([said]) == []


def test_a_table_that_failed_validation_is_told_from_one_that_passed() -> None:
    found = [
        Validated("raw_trips", "2025-01/quality/raw_trips-0123.json", passed=False),
        Validated("clean_trips", "2025-01/quality/clean_trips-0123.json", passed=True),
    ]

    page = index_html("green", [], {"2025-01": found})

    assert "raw trips failed" in page
    assert "clean trips failed" not in page
