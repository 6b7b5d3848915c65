"""The search fields of the page: choosing zones without a mouse."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from taxi_assets_tests.browser import chromium
from taxi_assets_tests.serving.page_eyes import fare, opened
from taxi_assets_tests.serving.page_stub import Service, zone_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

SHARED = "?from=74&to=138&at=2025-03-14T08:30&passengers=1"


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as started:
        yield started


@pytest.fixture
def service(real_tlc: "Path") -> Iterator[Service]:
    with Service(zone_shapes(real_tlc / "misc")).running() as running:
        yield running


def test_a_ride_needs_no_mouse(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url) as visit:
        page, press = visit.page, visit.page.keyboard.press
        press("Tab")
        page.keyboard.type("astor")
        assert page.get_attribute("#from", "aria-expanded") == "true"
        active = page.get_attribute("#from", "aria-activedescendant")
        assert page.inner_text(f"#{active} span") == "Astoria"
        press("ArrowDown")
        press("ArrowUp")
        press("Enter")
        press("Tab")
        page.keyboard.type("queens")
        press("ArrowUp")  # from the first around to the last
        press("Enter")
        press("Tab")
        press("Tab")
        page.keyboard.type("031420250830AM")
        press("Tab")
        press("Tab")
        press("ArrowDown")

        assert page.evaluate("document.activeElement.id") == "passengers"
        page.wait_for_url("**/?from=7&to=*&at=2025-03-14T08:30&passengers=2")
        fare(page)
        assert page.input_value("#to") == "Woodside"
        assert page.get_attribute("#to", "aria-expanded") == "false"
        assert service.trips[-1]["passengers"] == 2


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("jfk", "JFK Airport"),
        ("138", "LaGuardia Airport"),
        ("heights brook", "Brooklyn Heights"),
        ("governors", "Governor's Island/Ellis Island/Liberty Island"),
        ("EWR", "Newark Airport"),
        ("st george", "Saint George/New Brighton"),
    ],
)
def test_a_zone_is_found_by_name_number_or_borough(
    browser: "Browser", service: Service, typed: str, first: str
) -> None:
    with opened(browser, service.url) as visit:
        visit.page.fill("#from", typed)

        assert visit.page.inner_text("#from-list li:first-child span") == first


def test_zones_of_one_name_are_told_apart(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url) as visit:
        visit.page.fill("#from", "corona")
        visit.page.click("#from-list li:nth-child(2)")

        assert visit.page.input_value("#from") == "Corona (57)"


def test_half_a_name_is_no_choice(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + SHARED) as visit:
        page = visit.page
        fare(page)
        page.fill("#to", "no such place")
        assert page.inner_text("#to-list") == "No zone of that name"
        told = page.get_attribute("#to", "aria-activedescendant")  # what a screen reader reads out
        assert page.inner_text(f"#{told}") == "No zone of that name"
        page.keyboard.press("Enter")
        page.keyboard.press("Escape")
        assert page.input_value("#to") == "LaGuardia Airport"
        page.fill("#to", "asto")
        page.focus("#from")
        assert page.input_value("#to") == "LaGuardia Airport"
        page.fill("#to", "")
        page.focus("#from")

        page.wait_for_selector("#answer[data-state=empty]")
        assert page.inner_text("#hint") == "Now say where the ride ends."
        assert "to=" not in page.url


@pytest.mark.parametrize(
    ("typed", "zone"),
    [("jfk", "JFK Airport"), ("astoria", "Astoria"), ("corona (57)", "Corona (57)")],
)
def test_a_text_that_means_one_zone_is_that_zone(
    browser: "Browser", service: Service, typed: str, zone: str
) -> None:
    with opened(browser, service.url + SHARED) as visit:
        page = visit.page
        page.focus("#from")
        page.keyboard.type(typed)
        page.keyboard.press("Tab")

        assert page.input_value("#from") == zone
        assert page.evaluate("document.activeElement.id") == "to"
        page.wait_for_url(lambda url: "from=74" not in url)


def test_suggestions_are_a_listbox_with_one_selected(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url) as visit:
        page = visit.page
        page.fill("#to", "airport")
        told = page.locator("#to-list").aria_snapshot()

        assert told.startswith('- listbox "Drop-off zones":')
        assert told.count("- option") == 3
        assert told.count("[selected]") == 1
        page.keyboard.press("Escape")
        assert page.get_attribute("#to", "aria-activedescendant") is None
