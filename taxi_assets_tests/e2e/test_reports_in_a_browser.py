"""The reports of a month, opened from disk in a real browser with the network cut."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from taxi_assets.reports.page import TITLES
from taxi_assets_tests.browser import Scheme, chromium, visit
from taxi_assets_tests.homes import Home

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow
MONTHS = ("2025-01", "2025-02", "2025-03", "2025-04")
MOST_BYTES = 6_000_000


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four months with all reports: the last has a champion to report on."""
    home = Home.at(tmp_path_factory.mktemp("reported"))
    home.simulate(MONTHS, rows=4_000)
    stage = home.run(*MONTHS, only=None)
    assert not [outcome.failures for outcome in stage.outcomes.values() if outcome.failed]
    return Path(home.settings.reports_uri) / "green"


@pytest.fixture(scope="module")
def browser(reports: Path) -> Iterator["Browser"]:
    """Started once the reports are there: no other event loop may run beside Playwright's."""
    with chromium() as running:
        yield running


@pytest.mark.parametrize("name", TITLES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_opens_from_disk_without_network_or_complaint(
    browser: "Browser", reports: Path, name: str, scheme: Scheme
) -> None:
    page = reports / MONTHS[-1] / f"{name}.html"

    with visit(browser, page.as_uri(), scheme=scheme) as seen:
        for unfolded in seen.page.query_selector_all("summary"):
            unfolded.click()
        seen.page.wait_for_load_state("networkidle")
        verdict = seen.page.inner_text(".verdict")
        drawings = seen.page.locator("figure svg").count()

    assert seen.complaints == []
    assert seen.asked == []
    assert len(verdict) > 20
    assert drawings > 0
    assert page.stat().st_size <= MOST_BYTES


@pytest.mark.parametrize("name", TITLES)
def test_no_text_of_a_drawing_lies_on_another(browser: "Browser", reports: Path, name: str) -> None:
    with visit(browser, (reports / MONTHS[-1] / f"{name}.html").as_uri()) as seen:
        assert seen.overlaps() == []


@pytest.mark.parametrize("width", [1200, 400])
def test_the_index_leads_to_every_report_and_back(
    browser: "Browser", reports: Path, width: int
) -> None:
    with visit(browser, (reports / "index.html").as_uri(), width=width) as seen:
        for name, title in TITLES.items():
            seen.page.click(f".latest >> text={title}")
            assert seen.page.url.endswith(f"{MONTHS[-1]}/{name}.html")
            seen.page.click("text=All months")
        links = seen.page.locator("a").evaluate_all("found => found.map(a => a.href)")
        wide = seen.page.evaluate("document.documentElement.scrollWidth - innerWidth")

    missing = [to for to in links if not Path(to.removeprefix("file://")).exists()]
    assert missing == []
    assert wide <= 0
    assert seen.complaints == []
    assert seen.asked == []
