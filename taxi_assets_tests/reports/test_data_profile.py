"""The page of a month, whatever the month holds."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as XML

import pytest
import shapely

from taxi_assets.domain.profile import Profile
from taxi_assets.reports.charts import LARGEST_EMBEDDED, png
from taxi_assets.reports.data_profile import signed
from taxi_assets.reports.page import GOOD, NOTABLE, SILENT, Report
from taxi_assets.reports.profile_charts import outlines
from taxi_assets_tests.builders import NOON, published_trips
from taxi_assets_tests.profiles import month_of, paged, profiled
from taxi_assets_tests.real_months import real_zones


def some(count: int, **values: Any) -> Any:
    """A month of ordinary trips, one every two hours; of many, more often."""
    apart = min(120, 28 * 24 * 60 // count)
    at = [NOON + timedelta(minutes=apart * number, days=-14) for number in range(count)]
    return profiled(published_trips(pickup_at=at, minutes=12, **values))


def drawings(report: Report) -> list[XML.Element]:
    """The drawings of a page."""
    page = report.html()
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.replace("http://www.w3.org/", ""))
    return [XML.fromstring(text) for text in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def test_a_month_without_trips_says_so() -> None:
    report = paged(month_of([]))

    assert (report.verdict, report.state) == ("January 2025 has no published trips.", SILENT)


def test_a_month_without_clean_trips_says_what_took_them() -> None:
    report = paged(some(50, fare_usd=1.0))

    assert report.state == NOTABLE
    assert report.verdict == (
        "None of the 50 published trips of January 2025 could be kept: all were lost to "
        "impossible_fare."
    )
    assert len(drawings(report)) == 4


@pytest.mark.parametrize(
    ("count", "values"), [(1, {}), (50, {}), (50, {"passengers": None, "vendor": None})]
)
def test_a_month_of_few_trips_has_every_picture(count: int, values: dict[str, Any]) -> None:
    report = paged(some(count, **values))

    assert report.state == NOTABLE
    were = "trip was" if count == 1 else "trips were"
    assert report.verdict == f"Only {count} {were} published of January 2025."
    assert len(drawings(report)) == 4


def test_months_that_are_not_there_are_named_and_those_that_are_stand_beside() -> None:
    now, year_ago = some(60), some(50, fare_usd=10.0).profile

    changed = paged(now, {"2024-01": year_ago}).sections[0]

    assert list(changed.text) == [
        "There is no sound month to compare with yet.",
        "There is no data for December 2024.",
    ]
    (listing,) = changed.listings
    assert list(listing.header) == ["", "January 2025", "January 2024", "change"]
    rows = {row[0]: list(row[1:]) for row in listing.rows}
    assert rows["Median fare"] == ["$13.50", "$10.00", "+35.0%"]
    assert rows["Published trips"] == ["60 trips", "50 trips", "+20.0%"]
    assert rows["Rejected share"] == ["0.0%", "0.0%", "+0.0 points"]


def test_a_number_that_one_month_lacks_has_no_change() -> None:
    changed = paged(some(60), {"2024-12": some(50, fare_usd=1.0).profile}).sections[0]

    rows = {row[0]: list(row[1:]) for row in changed.listings[0].rows}
    assert rows["Median fare"] == ["$13.50", "-", "-"]
    assert rows["Rejected share"] == ["0.0%", "100.0%", "-100.0 points"]


def test_a_calm_month_looks_like_the_one_before() -> None:
    report = paged(some(1_100), {"2024-12": some(1_100).profile})

    assert report.state == GOOD
    assert report.verdict == (
        "January 2025 looks like the month before: 1,100 published trips, 0.0% of them rejected, "
        "and no large change of prices, at any vendor or between boroughs."
    )
    assert list(report.sections[0].text) == [
        "Nothing large against December 2024.",
        "There is no data for January 2024.",
    ]


def test_a_wrecked_month_is_named_however_wrecked_the_month_before_was() -> None:
    fares = [13.5] * 50 + [1.0] * 2_950

    report = paged(some(3_000, fare_usd=fares), {"2024-12": some(3_000, fare_usd=fares).profile})

    assert report.state == NOTABLE
    assert report.verdict == (
        "Only 50 of the 3,000 published trips of January 2025 could be kept: "
        "all the rest were lost to impossible_fare."
    )


def test_the_first_month_has_nothing_to_compare_with() -> None:
    report = paged(some(1_100))

    assert report.state == GOOD
    assert report.verdict == (
        "January 2025 has 1,100 published trips, 0.0% of them rejected; "
        "there is nothing to compare with yet."
    )


def test_the_last_sound_month_is_named_when_it_is_not_the_month_before() -> None:
    sound, wreck = some(1_100, fare_usd=13.0).profile, some(50).profile
    past = {"2024-11": sound, "2024-12": wreck}

    calm, dearer = paged(some(1_100, fare_usd=13.0), past), paged(some(1_100, fare_usd=26.0), past)

    assert calm.verdict.startswith("January 2025 looks like November 2024, the last sound month: ")
    assert dearer.verdict.endswith(" (compared with November 2024, the last sound month).")
    header = ["", "January 2025", "November 2024", "change", "December 2024", "change"]
    assert list(dearer.sections[0].listings[0].header) == header


def test_a_wrecked_month_leads_the_verdict_before_what_changed() -> None:
    fares = [26.0] * 1_100 + [1.0] * 500

    report = paged(some(1_600, fare_usd=fares), {"2024-12": some(1_100, fare_usd=13.0).profile})

    assert report.verdict.startswith("Only 1,100 of the 1,600 published trips of January 2025 ")
    assert report.verdict.endswith("impossible_fare; 3 changes below.")


@pytest.mark.parametrize(
    ("value", "text"), [(-0.04, "+0.0"), (0.0, "+0.0"), (-0.06, "-0.1"), (3.0, "+3.0")]
)
def test_no_change_has_no_minus(value: float, text: str) -> None:
    assert signed(value) == text


@pytest.mark.parametrize(("miles", "also"), [(2.5, ""), (8.0, "; 1 more change below")])
def test_the_verdict_is_the_most_important_change(miles: float, also: str) -> None:
    before: Profile = some(1_100, fare_usd=13.0).profile
    dearer = some(1_100, fare_usd=26.0 * miles / 2.5, distance_mi=miles)

    report = paged(dearer, {"2024-12": before})

    assert report.state == NOTABLE
    assert report.verdict.endswith(f"{also}.")
    assert len(report.sections[0].text) == (2 if not also else 3)


def test_numbers_stand_to_the_right_and_words_to_the_left() -> None:
    page = paged(some(5)).html()

    assert '<td class="words">both halves go</td>' in page
    assert '<th scope="col" class="words">why</th>' in page
    assert "<td>clean trips</td>" not in page


def test_the_cover_fits_into_an_event_log() -> None:
    report = paged(some(200))

    assert report.cover is not None
    assert len(png(report.cover.figure)) < LARGEST_EMBEDDED


def test_rejected_trips_are_shown_as_far_as_they_can_be_read() -> None:
    report = paged(
        profiled(
            published_trips(pickup_at=[None], pickup_zone=None, dropoff_zone=264, minutes=None)
        )
    )

    (rules, rows) = report.sections[3].listings
    assert list(rows.rows[0]) == [
        "pickup_outside_month", "0", "-", "-", "zone 264", "13.50", "2.50", "-", "-",
    ]  # fmt: skip
    assert rules.rows[1][:3] == ["pickup_outside_month", "1", "100.00%"]


def test_zones_are_drawn_with_a_tenth_of_their_corners_and_their_area(real_tlc: Path) -> None:
    zones = real_zones(real_tlc)

    rings = outlines(zones)

    shapes = shapely.from_wkb(zones["geometry"].to_numpy())
    drawn = shapely.area([shapely.Polygon(ring) for _, ring in rings]).sum()
    assert {zone for zone, _ in rings} == set(range(1, 264))
    assert sum(len(ring) for _, ring in rings) < 0.1 * shapely.get_num_coordinates(shapes).sum()
    assert drawn == pytest.approx(shapely.area(shapes).sum(), rel=0.01)


def test_what_is_missing_comes_with_the_largest_hole_first() -> None:
    report = paged(some(4, passengers=[None, 1, 1, 1], trip_type=[None, None, 1, 1]))

    (holes,) = report.sections[-1].listings
    assert list(holes.rows) == [
        ["trip_type", "50.00%"], ["passengers", "25.00%"],
    ]  # fmt: skip
    assert list(report.sections[-1].text) == ["19 of 21 columns have a value on every trip."]


def test_a_column_that_no_month_has_is_no_hole() -> None:
    before = some(4, trip_type=None).profile

    section = paged(some(4, trip_type=None), {"2024-12": before}).sections[-1]

    assert list(section.listings) == []
    assert list(section.text) == [
        "20 of 20 columns have a value on every trip.",
        "Empty in this month and all before it: trip_type.",
    ]


def test_one_trip_is_not_one_trips() -> None:
    page = paged(some(1)).html()

    assert "1 trips" not in page
    assert "1 clean trips" not in page


def test_percents_are_written_in_one_way() -> None:
    assert not re.search(r"\d %", re.sub(r"<svg.*?</svg>", "", paged(some(60)).html(), flags=re.S))
