"""The console in a real browser: each page by clicking, with everything there and with nothing."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from serving.app import create_app
from taxi_assets_tests.browser import Scheme, chromium
from taxi_assets_tests.serving.console_eyes import drawn, go, opened, said, settled, streamlit
from taxi_assets_tests.serving.console_home import (
    console,
    lake_of,
    register_models,
    write_reports,
)
from taxi_assets_tests.serving.services import TRIP, serving, settings_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow

PAGES = ("Quotes", "Models", "Trends", "Traffic")
TABS = ("Performance", "Fairness", "Drift", "Inputs", "Data")
PHONE = 390


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, root: Path, cache: Path) -> Iterator[str]:
    """A console with a service, models, reports and a log."""
    home = tmp_path_factory.mktemp("home")
    settings = console(home)
    write_reports(lake_of(settings))
    register_models(home)
    service = create_app(settings_of(root, cache, log=settings.log_uri, log_flush_s=0.1))
    with serving(service) as client:
        client.post("/v1/quotes", json=TRIP).raise_for_status()
        with streamlit(home, str(client.base_url)) as url:
            yield url


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A console in an empty home, without a service."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        nobody = server.getsockname()[1]
    with streamlit(tmp_path_factory.mktemp("bare"), f"http://127.0.0.1:{nobody}") as url:
        yield url


@pytest.fixture(scope="module")
def browser(full: str) -> Iterator["Browser"]:
    """Started once the home is there: Playwright's event loop would be in the way of Dagster's."""
    with chromium() as started:
        yield started


def test_a_ride_is_quoted_and_explained_through_the_day(browser: "Browser", full: str) -> None:
    with opened(browser, full) as visit:
        visit.page.get_by_role("button", name="Quote", exact=True).click()

        visit.page.get_by_text("Through the day").wait_for()
        drawn(visit.page, 3)
        assert "$" in visit.page.get_by_test_id("stMetricValue").first.inner_text()


def test_a_fleet_that_is_not_served_is_told_of(browser: "Browser", full: str) -> None:
    with opened(browser, full) as visit:
        go(visit.page, "Models")
        visit.page.get_by_role("combobox", name="Fleet").click()
        visit.page.get_by_role("option", name="yellow").click()

        visit.page.get_by_text("No model of yellow cabs is registered yet").wait_for()
        for title in ("Trends", "Quotes", "Models"):  # and it stays chosen
            go(visit.page, title)
            if title != "Quotes":
                assert "of yellow cabs" in said(visit.page)[0]


def test_models_show_versions_gates_and_champions(browser: "Browser", full: str) -> None:
    with opened(browser, full) as visit:
        go(visit.page, "Models")

        visit.page.get_by_text("Who was champion when").wait_for()
        drawn(visit.page, 3)


def test_every_tab_of_trends_draws(browser: "Browser", full: str) -> None:
    with opened(browser, full) as visit:
        go(visit.page, "Trends")
        for tab, charts in zip(TABS, (1, 1, 1, 1, 2), strict=True):
            visit.page.get_by_role("tab", name=tab).click()
            drawn(visit.page, charts)
        visit.page.get_by_role("tab", name="Drift").click()

        visit.page.get_by_text("2025-03: 1 of 2 inputs drifted").wait_for()


def test_traffic_shows_arms_and_the_log(browser: "Browser", full: str) -> None:
    with opened(browser, full) as visit:
        go(visit.page, "Traffic")

        visit.page.get_by_text("Log rows dropped").wait_for()
        drawn(visit.page, 2)


def test_a_console_with_nothing_to_read_says_so_on_every_page(
    browser: "Browser", bare: str
) -> None:
    with opened(browser, bare) as visit:
        page = visit.page
        assert [text.split(" at ")[0] for text in said(page)] == ["The service"]
        go(page, "Models")
        assert [text.split(" is ")[0] for text in said(page)] == ["No model of green cabs"]
        go(page, "Trends")
        assert {text.split(" at ")[0] for text in said(page)} == {"There is no lake"}
        go(page, "Traffic")
        page.get_by_text("holds no quotes yet").wait_for()
        assert [text.split(" at ")[0] for text in said(page)] == [
            "The service",
            "The prediction log",
        ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_console_follows_light_and_dark(browser: "Browser", full: str, scheme: Scheme) -> None:
    with opened(browser, full, scheme=scheme) as visit:
        color = visit.page.evaluate(
            "getComputedStyle(document.querySelector('.stApp')).backgroundColor"
        )

    lightness = max(int(part) for part in color.strip("rgba()").split(",")[:3])
    assert (lightness > 128) is (scheme == "light")


def test_no_page_is_wider_than_a_phone(browser: "Browser", full: str) -> None:
    with opened(browser, full, width=PHONE) as visit:
        for title in PAGES:
            visit.page.goto(f"{full}/{'' if title == 'Quotes' else title.lower()}")
            settled(visit.page, title)

            assert visit.page.evaluate("document.documentElement.scrollWidth") <= PHONE
