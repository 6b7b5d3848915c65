"""The page for every eye, hand and screen: names, contrast, sizes, motion, paper."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import pytest

from serving.page import folder
from taxi_assets_tests.browser import chromium
from taxi_assets_tests.serving.page_eyes import LOOSE, PALE, SMALL, WIDE, fare, luminance, opened
from taxi_assets_tests.serving.page_stub import Reply, Service, cards, problem, zone_shapes

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

RIDE = "?from=74&to=138&at=2025-03-14T08:30&passengers=1"
PHONE, DESK = (360, 740), (1280, 900)
HEAVIEST_BYTES = 60_000
SMALLEST_TARGET_PX = 44
NORMAL, LARGE, PART = 4.5, 3.0, 3.0  # WCAG 2.2 AA: text, large text, parts of controls


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as started:
        yield started


@pytest.fixture
def service(real_tlc: "Path") -> Iterator[Service]:
    with Service(zone_shapes(real_tlc / "misc")).running() as running:
        running.models = Reply(body=cards("green", "yellow"))
        yield running


def states(page: "Page", service: Service) -> Iterator[str]:
    """Bring the page into each of its states, one after the other."""
    fare(page)
    yield "answered"
    page.fill("#from", "co")
    yield "searching"
    page.keyboard.press("Escape")
    service.reply = lambda _: problem(503, "There is no model yet.")
    page.select_option("#passengers", "2")
    page.wait_for_selector("#answer[data-state=trouble]")
    yield "trouble"
    page.fill("#at", "")
    page.wait_for_selector("#answer[data-state=empty]")
    yield "empty"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESK])
def test_every_text_can_be_read_and_every_control_hit(
    browser: "Browser", service: Service, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    with opened(browser, service.url + RIDE, scheme=scheme, size=size) as visit:
        page = visit.page
        if size == PHONE:
            page.click("#map-toggle")
        for state in states(page, service):
            assert page.evaluate(PALE, [NORMAL, LARGE]) == [], state
            assert page.evaluate(SMALL, SMALLEST_TARGET_PX) == [], state
            assert page.evaluate(LOOSE) == [], state
            assert page.evaluate("document.documentElement.scrollWidth") <= size[0], state


def test_everything_has_a_role_and_a_name(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + RIDE) as visit:
        fare(visit.page)
        told = visit.page.locator("body").aria_snapshot()

    for line in (
        'heading "What will the taxi cost?" [level=1]',
        'form "Your ride"',
        'combobox "Pick-up": East Harlem North',
        'combobox "Drop-off": LaGuardia Airport',
        'button "Swap pick-up and drop-off"',
        'textbox "When, New York time": 2025-03-14T08:30',
        'combobox "Passengers"',
        'group "Cab"',
        'radio "Green" [checked]',
        'region "Map of taxi zones"',
        'img "Map of New York',
        'group "What a click on the map sets"',
        'button "Zoom in"',
        'button "Zoom out"',
        'button "Show the whole city"',
        'region "Fare"',
        'heading "Why this fare" [level=2]',
        "contentinfo",
    ):
        assert line in told


def test_bars_of_reasons_are_as_long_as_their_dollars(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + RIDE) as visit:
        fare(visit.page)
        scale = visit.page.locator("#reasons .scale").first.bounding_box()
        bars = [bar.bounding_box() for bar in visit.page.locator("#reasons i").all()]

    assert scale is not None
    minus, plus, _ = [bar for bar in bars if bar is not None]  # -1.45, +0.65, -0.08 dollars
    assert minus["x"] == pytest.approx(scale["x"], abs=1)
    assert minus["x"] + minus["width"] == pytest.approx(plus["x"], abs=1)
    assert plus["width"] / minus["width"] == pytest.approx(0.65 / 1.45, rel=0.02)


@pytest.mark.parametrize("width", [320, 360, 414, 768, 899, 900, 1920])
def test_nothing_is_wider_than_the_screen(browser: "Browser", service: Service, width: int) -> None:
    with opened(browser, service.url + RIDE, size=(width, 740)) as visit:
        fare(visit.page)

        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        assert visit.page.evaluate(WIDE) == []


def test_on_a_phone_the_map_opens_and_a_finger_chooses(
    browser: "Browser", service: Service
) -> None:
    def bottom(selector: str) -> float:
        box = page.locator(selector).bounding_box()
        assert box is not None
        return box["y"] + box["height"]

    with opened(browser, service.url, size=PHONE, touch=True) as visit:
        page = visit.page
        assert not page.is_visible("#city")
        page.tap("#map-toggle")
        assert page.get_attribute("#map-toggle", "aria-expanded") == "true"
        assert bottom("#city") <= PHONE[1]  # all of it is in sight, and then the fare below it
        page.tap('path[data-zone="14"]')
        page.tap('path[data-zone="23"]')

        assert fare(page) == "$10.37"
        assert bottom("#fare") <= PHONE[1]
        page.tap("#map-toggle")
        assert not page.is_visible("#city")


def test_the_map_zooms_and_pans_and_a_drag_is_no_click(
    browser: "Browser", service: Service
) -> None:
    def box() -> list[float]:
        return [float(part) for part in (page.get_attribute("#city", "viewBox") or "").split()]

    with opened(browser, service.url) as visit:
        page = visit.page
        whole = box()
        page.hover('path[data-zone="14"]')
        page.mouse.wheel(0, -600)
        page.wait_for_selector("#city.zoomed")
        near = box()
        page.mouse.down()
        page.mouse.move(700, 300, steps=4)
        page.mouse.up()

        assert near[2] < whole[2] / 2
        assert box()[:2] != near[:2]
        assert page.input_value("#from") == ""
        page.click("#whole")
        assert box() == pytest.approx(whole)


def test_the_view_goes_to_the_ride_at_once_where_motion_is_unwanted(
    browser: "Browser", service: Service
) -> None:
    with opened(browser, service.url) as visit:
        page = visit.page
        before = page.get_attribute("#city", "viewBox")
        for field in ("#from", "#to"):
            page.fill(field, "astoria")
            page.keyboard.press("Enter")

        assert page.get_attribute("#city", "viewBox") != before
        assert "zoomed" in (page.get_attribute("#city", "class") or "")
    with opened(browser, service.url + RIDE, reduced_motion="no-preference") as visit:
        visit.page.click("#whole")
        visit.page.wait_for_selector("#city:not(.zoomed)")


def test_what_is_chosen_is_seen_in_the_colours_of_the_system(
    browser: "Browser", service: Service
) -> None:
    behind = "e => getComputedStyle(e).backgroundColor"
    with opened(browser, service.url + RIDE, forced_colors="active") as visit:
        page = visit.page
        fare(page)
        page.fill("#from", "co")
        for kind in ("#fleets span", "#ends span", "#from-list li"):
            assert len({row.evaluate(behind) for row in page.locator(kind).all()}) == 2, kind


def test_paper_has_the_fare_and_no_map(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + RIDE) as visit:
        fare(visit.page)
        visit.page.emulate_media(media="print")

        assert not visit.page.is_visible("#map")
        assert visit.page.is_visible("#fare")


@pytest.mark.parametrize(
    ("front", "back", "least"),
    [
        ("muted", "land", NORMAL),  # boroughs' names have a rim of land around them
        ("muted", "paper", NORMAL),  # a placeholder, and bars that take away
        ("edge", "paper", PART),
        ("deep", "paper", PART),  # the focus, and the rim of what is highlighted
        ("deep", "back", PART),
        ("deep", "land", PART),  # the rim of a chosen zone
        ("ink", "land", PART),  # the way
    ],
)
@pytest.mark.parametrize("scheme", [0, 1])
def test_colours_of_what_is_drawn_stand_out(
    front: str, back: str, least: float, scheme: int
) -> None:
    blocks = re.findall(r":root \{(.*?)\}", (folder() / "page.css").read_text(), re.DOTALL)
    colors = dict(re.findall(r"--(\w+): (#\w+)", blocks[scheme]))
    low, high = sorted(luminance(colors[name]) for name in (front, back))

    assert (high + 0.05) / (low + 0.05) >= least


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("pin", ["start", "end"])
def test_a_pin_is_of_two_colours_that_stand_out(
    browser: "Browser", service: Service, pin: str, scheme: Literal["light", "dark"]
) -> None:
    painted = """e => [getComputedStyle(e).fill, getComputedStyle(e).stroke].map(color =>
        '#' + color.match(/\\d+/g).map(part => (+part).toString(16).padStart(2, '0')).join(''))"""
    with opened(browser, service.url + RIDE, scheme=scheme) as visit:
        fare(visit.page)
        colors = visit.page.locator(f"#trip .{pin}").evaluate(painted)
    low, high = sorted(map(luminance, colors))

    assert (high + 0.05) / (low + 0.05) >= PART


def test_the_page_is_light() -> None:
    sent = [file for file in folder().iterdir() if file.suffix in {".html", ".css", ".js", ".svg"}]

    assert sum(file.stat().st_size for file in sent) < HEAVIEST_BYTES
