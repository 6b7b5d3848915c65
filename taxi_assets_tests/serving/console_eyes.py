"""The console as `make console` starts it, opened as a person does."""

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

from taxi_assets_tests.browser import Scheme
from taxi_assets_tests.homes import OURS, REPOSITORY

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

START_S = 120
TOLD = (*OURS, "SERVING_", "CONSOLE_")
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
