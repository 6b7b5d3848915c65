"""A report as a page that needs nothing but itself."""

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from taxi_assets.domain.errors import UsageError
from taxi_assets.reports.charts import PALETTE, axes, png
from taxi_assets.reports.page import (
    GOOD,
    TITLES,
    Attachment,
    Listing,
    Number,
    Picture,
    Report,
    Section,
    silent,
)


class Page(HTMLParser):
    """Tags and attributes of a page, and whether every element was closed in its turn."""

    EMPTY = frozenset({"meta", "link", "br", "path", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.EMPTY:
            assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def picture(name: str = "volumes") -> Picture:
    figure, ax = axes()
    ax.plot([1, 2, 3], [4, 5, 6], color=PALETTE["blue"])
    ax.set_xlabel("day of the month")
    return Picture(name, figure, 'Trips by day, "by" day & night')


def report(**more: object) -> Report:
    told = {
        "name": "drift_report",
        "fleet": "green",
        "month": "2025-03",
        "verdict": "1 of 14 inputs drifted: <trip hour> & more.",
        "state": GOOD,
        "numbers": (Number("drifted", "inputs drifted", 1.0),),
        "sections": (
            Section(
                "What changed?",
                ("One & only.",),
                (picture(),),
                (Listing(("input", "PSI"), (("<b>", "0.31"),)),),
            ),
        ),
        "basis": ("20,000 sampled trips",),
    }
    return Report(**{**told, **more})  # type: ignore[arg-type]


def test_a_page_shows_verdict_numbers_sections_and_what_it_is_based_on() -> None:
    text = report().html()

    assert "1 of 14 inputs drifted: &lt;trip hour&gt; &amp; more." in text
    assert "inputs drifted</dt><dd>1</dd>" in text
    assert "<td>&lt;b&gt;</td>" in text
    assert "day of the month" in text
    assert "20,000 sampled trips" in text


def test_a_page_asks_for_nothing_from_elsewhere() -> None:
    page = Page(report().html())

    asked = [a.get(key) or "" for _, a in page.found for key in ("src", "href", "xlink:href")]
    elsewhere = [to for to in asked if to and not to.startswith(("#", "data:", "../index.html"))]
    assert elsewhere == [f"{name}.html" for name in TITLES]
    assert page.all("script") == []
    assert "url(http" not in report().html()
    assert page.open == []


def test_drawings_take_the_colours_of_the_page_and_are_read_out_by_their_caption() -> None:
    drawing = picture().svg

    assert "var(--blue)" in drawing
    assert not any(colour in drawing for colour in PALETTE.values())
    root = ElementTree.fromstring(re.sub(r"var\(--\w+\)", "red", drawing))
    assert root.get("aria-label") == 'Trips by day, "by" day & night'


def test_two_drawings_on_one_page_share_no_names() -> None:
    first, second = (set(re.findall(r'\bid="([^"]+)"', picture(name).svg)) for name in ("a", "b"))

    assert first
    assert not first & second


def test_the_same_report_is_the_same_page() -> None:
    assert report().html() == report().html()


def test_an_attached_page_stays_inside_its_frame() -> None:
    inner = '<script>document.title = "other"</script><p class="a">&amp;</p>'

    page = Page(report(attachments=(Attachment("Evidently", inner),)).html())

    (frame,) = page.all("iframe")
    assert frame["srcdoc"] == inner
    assert page.all("script") == []


def test_a_silent_report_says_why_and_nothing_else() -> None:
    nothing = silent("shap_report", "green", "2025-01", "No model yet.")

    assert "No model yet." in nothing.html()
    assert nothing.summary()["state"] == "silent"
    assert nothing.summary()["numbers"] == []


@pytest.mark.parametrize("wrong", [{"name": "weather_report"}, {"state": "fine"}])
def test_a_report_that_no_index_would_show_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="There is no report"):
        report(**wrong)


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (Number("n", "n", 1234.4, "trips"), "1,234 trips"),
        (Number("n", "n", -2.5, "USD", 2), "-$2.50"),
        (Number("n", "n", 0.805, "%", 1), "80.5%"),
        (Number("n", "n", 3.25, "mi", 2), "3.25 mi"),
        (Number("n", "n", None, "USD"), "-"),
    ],
)
def test_numbers_are_written_as_people_write_them(number: Number, shown: str) -> None:
    assert number.shown == shown


def test_a_picture_alone_is_a_small_file() -> None:
    content = png(picture().figure)

    assert content.startswith(b"\x89PNG")
    assert len(content) < 100_000
