"""A report as a page: its verdict first, then numbers, pictures and tables."""

import html as markup
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from taxi_assets.domain.errors import UsageError

if TYPE_CHECKING:  # half a second to import, and only reports draw
    from jinja2 import Template
    from matplotlib.figure import Figure

GOOD, NOTABLE, SILENT = "good", "notable", "silent"
STATES = {GOOD: "as expected", NOTABLE: "look at this", SILENT: "nothing to say"}
TITLES = {
    "data_profile": "Data",
    "drift_report": "Drift",
    "shap_report": "Explanation",
    "performance_report": "Performance",
    "fairness_report": "Fairness",
}


@dataclass(frozen=True, slots=True)
class Number:
    """A key number, followed over months in the index.

    Attributes:
        name: in programs.
        label: for people.
        value: None where there is none this month.
        unit: `USD`, `%` (the value is a share), `trips`, ...
        digits: after the point.
        followed: whether the index follows it over months; the size of a sample says nothing there.
    """

    name: str
    label: str
    value: float | None
    unit: str = ""
    digits: int = 0
    followed: bool = True

    @property
    def shown(self) -> str:
        """The number with its unit, as people write it."""
        if self.value is None:
            return "-"
        if self.unit == "%":
            return f"{self.value:.{self.digits}%}"
        if self.unit == "USD":
            return f"{'-' if self.value < 0 else ''}${abs(self.value):,.{self.digits}f}"
        amount = f"{self.value:,.{self.digits}f}"
        return f"{amount} {self.unit.removesuffix('s') if amount == '1' else self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with words that say what it shows.

    Attributes:
        name: of the file, where it becomes one.
        figure: matplotlib's; see `charts`.
        caption: what to see in it, also read out to those who do not see.
    """

    name: str
    figure: "Figure"
    caption: str

    @property
    def svg(self) -> str:
        """The drawing as part of a page."""
        from taxi_assets.reports.charts import svg

        return svg(self.figure, self.name, self.caption)


@dataclass(frozen=True, slots=True)
class Listing:
    """A table for people; numbers come formatted, and stand to the right.

    Attributes:
        header: names of the columns.
        rows: cells.
        caption: above the table.
        words: positions of columns of words; they stand to the left, as the first column does.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    words: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One question and its answer.

    Attributes:
        title: the question.
        text: paragraphs.
        pictures: drawings.
        listings: tables.
    """

    title: str
    text: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    listings: Sequence[Listing] = ()


@dataclass(frozen=True, slots=True)
class Attachment:
    """A whole page of another tool, shown inside this one when it is unfolded."""

    title: str
    html: str

    @property
    def quoted(self) -> str:
        """As the value of an attribute."""
        return markup.escape(self.html)


@dataclass(frozen=True, slots=True)
class Report:
    """One report of one month.

    Attributes:
        name: of the asset, a key of `TITLES`.
        fleet: fleet name.
        month: `YYYY-MM`.
        verdict: the answer in one sentence.
        state: `GOOD`, `NOTABLE` or `SILENT`.
        numbers: key numbers.
        sections: in the order people read them.
        basis: what it was made from: samples, versions, months.
        cover: the picture that the Dagster UI shows, None where there is none.
        attachments: pages of other tools.
    """

    name: str
    fleet: str
    month: str
    verdict: str
    state: str
    numbers: Sequence[Number] = ()
    sections: Sequence[Section] = ()
    basis: Sequence[str] = ()
    cover: Picture | None = None
    attachments: Sequence[Attachment] = field(default=())

    def __post_init__(self) -> None:
        """Refuse a report that no index would show.

        Raises:
            UsageError: name or state is unknown.
        """
        if self.name not in TITLES or self.state not in STATES:
            raise UsageError(f"There is no report {self.name} that can be {self.state}.")

    def html(self) -> str:
        """The page: one file, which asks for nothing from elsewhere."""
        return template("report.html").render(report=self, titles=TITLES, states=STATES)

    def summary(self) -> dict[str, Any]:
        """What the index and programs need of it."""
        return {
            "report": self.name,
            "fleet": self.fleet,
            "month": self.month,
            "state": self.state,
            "verdict": self.verdict,
            "numbers": [
                {
                    "name": number.name,
                    "label": number.label,
                    "value": number.value,
                    "unit": number.unit,
                    "digits": number.digits,
                    "followed": number.followed,
                }
                for number in self.numbers
            ],
            "basis": list(self.basis),
        }


def silent(name: str, fleet: str, month: str, reason: str) -> Report:
    """A report that says why there is nothing to report."""
    return Report(name, fleet, month, reason, SILENT)


@cache
def template(name: str) -> "Template":
    """A page's frame."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    folder = files("taxi_assets.reports") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda wanted: (folder / wanted).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
