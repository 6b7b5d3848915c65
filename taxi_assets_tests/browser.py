"""A real browser for tests: Debian's Chromium, driven by Playwright, with the network cut."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

LOCAL = ("file:", "data:", "about:", "blob:")
Scheme = Literal["light", "dark"]
# Texts of a drawing that lie on one another, as pairs; touching edges are no harm.
OVERLAPS = """
() => [...document.querySelectorAll('svg')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text')].filter(t => t.textContent.trim());
  const boxes = texts.map(t => t.getBoundingClientRect());
  const found = [];
  for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
    const a = boxes[i], b = boxes[j];
    const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (width > 0 && height > 0 &&
        width * height > 0.25 * Math.min(a.width * a.height, b.width * b.height))
      found.push([texts[i].textContent, texts[j].textContent]);
  }
  return found;
})
"""


@dataclass
class Visit:
    """A page as a person would have found it.

    Attributes:
        page: Playwright's.
        complaints: errors and warnings on the console.
        asked: addresses beyond the disk that the page wanted.
    """

    page: "Page"
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def overlaps(self) -> list[Any]:
        """Texts of drawings that lie on one another."""
        found: list[Any] = self.page.evaluate(OVERLAPS)
        return found


@contextmanager
def chromium() -> Iterator["Browser"]:
    """A browser that starts empty and looks nothing up by itself."""
    where = shutil.which("chromium")
    if where is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=where, args=quiet)
        yield browser
        browser.close()


@contextmanager
def visit(
    browser: "Browser", url: str, *, scheme: Scheme = "light", width: int = 1200
) -> Iterator[Visit]:
    """Open a page without a network."""
    context = browser.new_context(
        color_scheme=scheme, offline=True, viewport={"width": width, "height": 900}
    )
    seen = Visit(context.new_page())
    seen.page.on("console", lambda m: seen.complaints.append(f"{m.type}: {m.text}"))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))

    def note(request: "Request") -> None:
        if not request.url.startswith(LOCAL):
            seen.asked.append(request.url)

    seen.page.on("request", note)
    seen.page.goto(url)
    yield seen
    context.close()
