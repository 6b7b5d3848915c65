"""Opening the page as a person does, and seeing what is wrong with its looks."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from taxi_assets_tests.browser import Visit

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Texts whose contrast with what is painted behind them is too low, with the ratio.
PALE = """
([normal, large]) => {
  const rgba = text => text.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  const light = color => {
    const [r, g, b] = color.map(v => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const [r, g, b, a = 1] = rgba(getComputedStyle(e).backgroundColor);
      if (a === 1) return [r, g, b];
    }
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !element.checkVisibility({visibilityProperty: true})) continue;
    if (element.closest('svg, noscript, option, .unseen')) continue;
    const style = getComputedStyle(element);
    const [a, b] = [light(rgba(style.color)), light(behind(element))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (isLarge ? large : normal)) found.push([text, ratio]);
  }
  return found;
}
"""
# What can be pressed and is smaller than a finger.
SMALL = """
least => [...document.querySelectorAll('button, input, select, [role=option], .switch span')]
  .filter(e => e.checkVisibility({visibilityProperty: true, opacityProperty: true}))
  .map(e => [e.id || e.textContent, e.getBoundingClientRect()])
  .filter(([, box]) => box.width < least - .5 || box.height < least - .5).map(([name]) => name)
"""
# What is cut off, or sticks out of its box.
WIDE = """
() => [...document.querySelectorAll('form *, #answer *')]
  .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth + 1 && !e.closest('.unseen'))
  .map(e => e.id || e.outerHTML)
"""
# Broken references and repeated ids.
LOOSE = """
() => {
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  const twice = ids.filter((id, i) => ids.indexOf(id) !== i);
  const names = ['aria-controls', 'aria-labelledby', 'aria-activedescendant', 'for'];
  const lost = names.flatMap(name => [...document.querySelectorAll(`[${name}]`)]
    .map(e => e.getAttribute(name)).filter(id => !document.getElementById(id)));
  return [...twice, ...lost];
}
"""


@contextmanager
def opened(
    browser: "Browser",
    url: str,
    *,
    scheme: Literal["light", "dark"] = "light",
    size: tuple[int, int] = (1280, 900),
    touch: bool = False,
    **options: Any,
) -> Iterator[Visit]:
    """The page as a person finds it, once its map is there; at its end nothing has complained."""
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": size[0], "height": size[1]},
        has_touch=touch,
        **{"reduced_motion": "reduce", **options},
    )
    origin = "/".join(url.split("/")[:3])
    seen = Visit(context.new_page())
    seen.page.on("console", lambda m: seen.complaints.append(f"{m.type}: {m.text}"))
    seen.page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    seen.page.on(
        "request", lambda r: None if r.url.startswith(origin) else seen.asked.append(r.url)
    )
    seen.page.goto(url)
    seen.page.wait_for_selector("#answer:not([data-state=loading])")
    yield seen
    context.close()
    assert not seen.asked, "it asks nobody but its own service"
    # a refusal is on the console whatever the page does about it
    assert [c for c in seen.complaints if "Failed to load resource" not in c] == []


def fare(page: "Page") -> str:
    """The fare it shows, once it shows one."""
    page.wait_for_selector("#answer[data-state=answered]")
    return page.inner_text("#fare")


def luminance(color: str) -> float:
    """Relative luminance of `#rgb` or `#rrggbb`, by WCAG."""
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
