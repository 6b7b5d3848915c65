"""The console in a real browser: each page by clicking, with everything there and with nothing."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from serving.app import create_app
from taxi_assets_tests.browser import Scheme, chromium
from taxi_assets_tests.homes import OURS, REPOSITORY
from taxi_assets_tests.serving.console_home import (
    console,
    lake_of,
    register_models,
    write_reports,
)
from taxi_assets_tests.serving.services import TRIP, serving, settings_of

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

START_S = 120
TOLD = (*OURS, "SERVING_", "CONSOLE_")
PAGES = ("Quotes", "Models", "Trends", "Traffic")
TABS = ("Performance", "Fairness", "Drift", "Inputs", "Data")
PHONE = 390
FLAGS = (
    "--server.address=127.0.0.1",
    "--server.headless=true",
    "--server.fileWatcherType=none",
    "--browser.gatherUsageStats=false",
    "--client.toolbarMode=minimal",
    "--client.showErrorDetails=none",
)


@dataclass(frozen=True)
class Visit:
    """A page, and whom it asked beyond the console."""

    page: "Page"
    outside: list[str]


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


@contextmanager
def streamlit(home: Path, api_url: str) -> Iterator[str]:
    """The console as `make console` starts it, on a free port, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    app = str(REPOSITORY / "serving" / "console" / "app.py")
    command = [sys.executable, "-m", "streamlit", "run", app, f"--server.port={port}", *FLAGS]
    with (home / "console.log").open("wb") as log:
        started = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            cwd=home,
            env=environment({"TAXI_HOME": str(home), "CONSOLE_API_URL": api_url}),
            start_new_session=True,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, started, home / "console.log")
        yield url
    finally:
        os.killpg(started.pid, signal.SIGTERM)  # it and what it started, nobody else
        started.wait(60)


def environment(told: Mapping[str, str]) -> dict[str, str]:
    """Nothing of ours but what is told."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(TOLD)}
    return {**kept, "PYTHONPATH": str(REPOSITORY), **told}


def _wait_for(url: str, started: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until it answers; give up when it has ended or takes too long."""
    deadline = time.monotonic() + START_S
    while started.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/_stcore/health").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"the console did not start:\n{log.read_text()[-2_000:]}")


@contextmanager
def opened(
    browser: "Browser", url: str, *, scheme: Scheme = "light", width: int = 1280
) -> Iterator[Visit]:
    """The console as a person finds it; at its end it has asked nobody else, and nothing broke."""
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
    seen = Visit(context.new_page(), [])
    own = (url, url.replace("http:", "ws:"), "data:", "blob:")

    def note(address: str) -> None:
        if not address.startswith(own):
            seen.outside.append(address)

    faults: list[str] = []
    seen.page.on("request", lambda request: note(request.url))
    seen.page.on("websocket", lambda socket: note(socket.url))
    seen.page.on("pageerror", lambda error: faults.append(str(error)))
    seen.page.goto(url)
    settled(seen.page, "Quotes")
    yield seen
    traces = seen.page.get_by_test_id("stException").all_inner_texts()
    context.close()
    assert (seen.outside, faults, traces) == ([], [], [])


def settled(page: "Page", title: str) -> None:
    """Wait until a page is there and nothing runs any more."""
    page.get_by_role("heading", name=title, exact=True, level=1).wait_for()
    page.wait_for_selector('[data-test-script-state="notRunning"]')


def go(page: "Page", title: str) -> None:
    """Choose a page in the menu."""
    page.get_by_role("link", name=title, exact=True).click()
    settled(page, title)


def said(page: "Page") -> list[str]:
    """The sentences in place of sources that are away or empty, in the tab that is open."""
    shown = page.get_by_test_id("stAlert")
    shown.first.wait_for()
    return [text for text in shown.all_inner_texts() if text]


def drawn(page: "Page", count: int) -> None:
    """Wait until so many charts are to be seen."""
    charts = page.locator('[data-testid="stVegaLiteChart"]:visible')
    charts.nth(count - 1).wait_for()
    assert charts.count() == count


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
