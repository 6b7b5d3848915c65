"""The way into a fleet's reports: what the newest month says, how numbers went, every month."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taxi_assets.reports.page import SILENT, STATES, TITLES, Number, template

Summary = Mapping[str, Any]
WIDTH, HEIGHT, PAD = 180, 40, 4


@dataclass(frozen=True, slots=True)
class Validated:
    """What validation found in one version of a month's table.

    Attributes:
        table: its name.
        path: of the record, relative to the fleet's folder.
        passed: whether nothing failed.
    """

    table: str
    path: str
    passed: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """One key number over months.

    Attributes:
        report: name of the report that tells it.
        label: for people.
        latest: as written in the newest month that has it.
        month: that month.
        span: lowest and highest, as written.
        points: `x,y` pairs of each unbroken stretch of months, for SVG polylines.
        dots: of each month that has it, `(x, y, month and number)`.
    """

    report: str
    label: str
    latest: str
    month: str
    span: str
    points: Sequence[str]
    dots: Sequence[tuple[float, float, str]]


def index_html(
    fleet: str, summaries: Sequence[Summary], quality: Mapping[str, Sequence[Validated]]
) -> str:
    """The index of one fleet's reports.

    Args:
        fleet: fleet name.
        summaries: `Report.summary` of every report of every month, in any order.
        quality: what validation found in each month's tables.

    Returns:
        A page that links to the others by relative paths and asks for nothing else.
    """
    said = {(told["month"], told["report"]): told for told in summaries}
    months = sorted({month for month, _ in said} | quality.keys(), reverse=True)
    newest = next((m for m in months if any(speaks(said.get((m, n))) for n in TITLES)), None)
    return template("index.html").render(
        fleet=fleet,
        months=months,
        newest=newest,
        said=said,
        trends=trends(summaries),
        quality=quality,
        titles=TITLES,
        states=STATES,
        shown=shown,
        leading=leading(summaries),
        size=(WIDTH, HEIGHT),
    )


def speaks(told: Summary | None) -> bool:
    """Whether a report has something to say."""
    return told is not None and told["state"] != SILENT


def shown(told: Summary) -> list[tuple[str, str]]:
    """A report's first key numbers, as label and number."""
    numbers = [Number(**number) for number in told["numbers"]]
    return [(number.label, number.shown) for number in numbers if number.value is not None]


def leading(summaries: Sequence[Summary]) -> dict[str, str]:
    """What the number is that stands for each report in the table."""
    return {told["report"]: shown(told)[0][0] for told in summaries if shown(told)}


def trends(summaries: Sequence[Summary]) -> list[Trend]:
    """Every followed number that at least one month has, in the order of the reports."""
    months = sorted({told["month"] for told in summaries})
    found: dict[tuple[str, str], dict[str, Number]] = {}
    for told in sorted(summaries, key=lambda told: list(TITLES).index(told["report"])):
        for number in (Number(**number) for number in told["numbers"]):
            series = found.setdefault((told["report"], number.name), {})
            if number.value is not None and number.followed:
                series[told["month"]] = number
    return [trend(report, months, series) for (report, _), series in found.items() if series]


def trend(report: str, months: Sequence[str], series: Mapping[str, Number]) -> Trend:
    """One number's line over months; months that lack it leave a gap."""
    values = {month: float(number.value or 0.0) for month, number in series.items()}
    low, high = min(values.values()), max(values.values())
    step = (WIDTH - 2 * PAD) / max(len(months) - 1, 1)
    scale = (HEIGHT - 2 * PAD) / ((high - low) or 1.0)
    level = HEIGHT / 2 if high == low else None  # a number that never moved lies in the middle

    def place(month: str) -> tuple[float, float]:
        y = level if level is not None else HEIGHT - PAD - (values[month] - low) * scale
        return round(PAD + months.index(month) * step, 1), round(y, 1)

    stretches: list[list[str]] = [[]]
    for month in months:
        if month in values:
            stretches[-1].append("{},{}".format(*place(month)))
        elif stretches[-1]:
            stretches.append([])
    latest = max(series)
    least, most = (min(series.values(), key=value_of), max(series.values(), key=value_of))
    return Trend(
        report=report,
        label=series[latest].label,
        latest=series[latest].shown,
        month=latest,
        span=f"{least.shown} to {most.shown}" if low != high else "unchanged",
        points=[" ".join(stretch) for stretch in stretches if stretch],
        dots=[(*place(month), f"{month}: {series[month].shown}") for month in sorted(series)],
    )


def value_of(number: Number) -> float:
    """What a number is sorted by."""
    return float(number.value or 0.0)
