"""The page for people in a real browser: what it asks, shows, and says when there is no answer."""

import re
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from taxi_assets_tests.browser import chromium
from taxi_assets_tests.serving.page_eyes import fare, opened
from taxi_assets_tests.serving.page_stub import Reply, Service, cards, explained, zone_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

SHARED = "?from=74&to=138&at=2025-03-14T08:30&passengers=1"
MINUS = "\N{MINUS SIGN}"
TRIP = {"pickup_zone": 74, "dropoff_zone": 138, "pickup_at": "2025-03-14T08:30", "passengers": 1}


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as started:
        yield started


@pytest.fixture
def service(real_tlc: "Path") -> Iterator[Service]:
    with Service(zone_shapes(real_tlc / "misc")).running() as running:
        yield running


def zone(number: int) -> str:
    return f'path[data-zone="{number}"]'


def state(page: "Page", name: str) -> None:
    page.wait_for_selector(f"#answer[data-state={name}]")


def titled(page: "Page", start: str) -> None:
    from playwright.sync_api import expect

    expect(page).to_have_title(re.compile(f"^{re.escape(start)}"))


def test_two_clicks_on_the_map_are_a_ride(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url) as visit:
        page = visit.page
        page.click(zone(7))
        page.click(zone(14))

        assert fare(page) == "$10.21"
        assert page.input_value("#from") == "Astoria"
        assert page.input_value("#to") == "Bay Ridge"
        assert page.inner_text("#under") == "Bay Ridge, Brooklyn"
        assert "from=7&to=14&at=" in page.url
        (trip,) = service.trips
        assert (trip["pickup_zone"], trip["dropoff_zone"], trip["passengers"]) == (7, 14, 1)


def test_what_a_click_sets_can_be_chosen(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + SHARED) as visit:
        page = visit.page
        page.click("#whole")
        page.check("input[name=end][value=from]", force=True)
        page.click(zone(7))

        titled(page, "$11.45, Astoria")
        assert "from=7&to=138" in page.url


def test_an_address_is_a_whole_ride(browser: "Browser", service: Service) -> None:
    service.models = Reply(body=cards("green", "yellow"))
    with opened(browser, service.url + SHARED + "&fleet=yellow") as visit:
        page = visit.page

        assert fare(page) == "$12.12"
        assert service.trips == [{**TRIP, "fleet": "yellow"}]
        assert page.input_value("#at") == "2025-03-14T08:30"
        assert page.is_checked("input[name=fleet][value=yellow]")
        assert page.inner_text("#ride-time") == "23 min"
        assert "8 of 10 such rides end between $8.92 and $17.22." in page.inner_text("#quote")
        assert page.inner_text("#bill .total dd") == "$16.37"
        assert page.locator("#bill dt").all_inner_texts()[1:4] == [
            "Improvement surcharge",
            "MTA tax",
            "Congestion below 96th Street",
        ]
        assert page.locator("#reasons b").all_inner_texts() == [
            f"{MINUS}$1.45",
            "+$0.65",
            f"{MINUS}$0.08",
        ]
        assert page.inner_text("#model") == (
            "Model taxi-fare-yellow, version 7, tested on February 2025."
        )
        assert page.inner_text("#spoken").startswith("About $12.12 on the meter.")


def test_an_address_that_makes_no_sense_is_said(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + "?from=999&to=138&at=2025-02-30T08:30&fleet=<b>") as visit:
        said = visit.page.inner_text("#notice")

        assert "pick-up zone “999”" in said
        assert "time “2025-02-30T08:30”" in said
        assert "kind of cab “<b>”" in said
        assert visit.page.inner_text("#hint") == "Now say where the ride starts."


def test_an_address_with_a_cab_that_is_not_served_has_a_fare(
    browser: "Browser", service: Service
) -> None:
    with opened(browser, service.url + SHARED + "&fleet=yellow") as visit:
        assert fare(visit.page) == "$12.12"
        assert "kind of cab “yellow”" in visit.page.inner_text("#notice")
        assert service.trips == [TRIP]


def test_back_and_forward_go_through_the_rides(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + SHARED) as visit:
        page = visit.page
        assert fare(page) == "$12.12"
        page.select_option("#passengers", "3")
        titled(page, "$14.12")
        page.click("#swap")
        page.wait_for_url("**/?from=138&to=74*")

        page.go_back()
        page.go_back()
        titled(page, "$12.12")
        assert page.input_value("#passengers") == "1"
        assert page.input_value("#from") == "East Harlem North"
        page.go_forward()
        titled(page, "$14.12")


def test_cabs_can_be_chosen_where_there_are_two_kinds(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + SHARED) as visit:
        assert not visit.page.is_visible("#fleets")
    service.models = Reply(body=cards("green", "yellow"))
    with opened(browser, service.url + SHARED) as visit:
        page = visit.page
        fare(page)
        assert page.is_checked("input[name=fleet][value=green]")
        page.click("#fleets label:last-of-type")

        page.wait_for_selector("#model:has-text('yellow')")
        assert "fleet=yellow" in page.url
        assert "fleet" not in service.trips[0]
        assert service.trips[-1]["fleet"] == "yellow"


def test_the_time_is_new_yorks_next_half_hour(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url, timezone_id="Asia/Tokyo") as visit:
        when = """async (instant) =>
            (await import('./clock.js')).nextHalfHour(Date.parse(instant))"""
        found = [
            visit.page.evaluate(when, instant)
            for instant in (
                "2025-03-14T12:07:00Z",
                "2025-03-14T12:30:00Z",
                "2025-01-01T04:59:00Z",
                "2025-03-09T06:40:00Z",  # a minute later the clock skips an hour
            )
        ]

        assert found == [
            "2025-03-14T08:30",
            "2025-03-14T09:00",
            "2025-01-01T00:00",
            "2025-03-09T03:00",
        ]
        assert visit.page.input_value("#at")[-2:] in ("00", "30")


def test_the_last_answer_wins_and_no_old_one_is_shown(browser: "Browser", service: Service) -> None:
    gate = threading.Event()
    service.reply = lambda trip: Reply(
        body=explained(trip), gate=gate if trip["passengers"] == 2 else None
    )
    with opened(browser, service.url + SHARED) as visit:
        page = visit.page
        assert fare(page) == "$12.12"
        with page.expect_request("**/v1/explanations"):
            page.select_option("#passengers", "2")
        state(page, "asking")
        assert not page.is_visible("#fare")
        assert page.inner_text("#spoken") == ""
        with page.expect_event("requestfailed"):  # it no longer waits for the two
            page.select_option("#passengers", "4")

        assert fare(page) == "$15.12"
        gate.set()
        assert [trip["passengers"] for trip in service.trips] == [1, 2, 4]


def test_without_a_time_nothing_is_asked(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + SHARED) as visit:
        fare(visit.page)
        visit.page.fill("#at", "")

        state(visit.page, "empty")
        assert visit.page.inner_text("#hint") == "Now say when the ride starts."
        assert visit.page.get_attribute("#hint", "role") == "status"  # so that it is heard
        assert not visit.page.is_visible("#fare")
        assert len(service.trips) == 1


def test_one_part_of_the_time_can_be_typed_anew(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + SHARED) as visit:
        page = visit.page
        fare(page)
        page.focus("#at")
        page.keyboard.press("0")  # no month yet, and so no time
        state(page, "empty")
        page.keyboard.press("4")  # goes on to the day
        page.wait_for_url("**&at=2025-04-14T08:30*")
        page.keyboard.press("ArrowRight")
        for digit in "2026":
            page.keyboard.press(digit)
            page.wait_for_timeout(200)  # longer than it waits with a question

        page.wait_for_url("**&at=2026-04-14T08:30*")
        fare(page)
        years = [trip["pickup_at"][:4] for trip in service.trips]
        assert sorted(set(years)) == ["2025", "2026"]
