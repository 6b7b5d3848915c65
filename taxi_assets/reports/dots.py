"""Dot plots: one line for each part of a month, under the heading of what it is parted by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taxi_assets.domain.evaluation import Row
from taxi_assets.reports.charts import BLUE, GRID, INK, PALE, axes

if TYPE_CHECKING:  # half a second to import, and only reports draw
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINE = 0.21  # inches
EDGE = 0.04  # share of an axis beyond its first and last value
Part = tuple[str, str]  # what by, and which


@dataclass(frozen=True, slots=True)
class Lines:
    """Where each part is drawn.

    Attributes:
        at: height of each part; 0 is at the top.
        labels: what stands at each height, headings among them.
    """

    at: Mapping[Part, int]
    labels: Mapping[int, str]


def lines_of(rows: Mapping[Part, Row], headings: Mapping[str, str]) -> Lines:
    """A line for each part of the kinds that have a heading, in the order of the rows."""
    at: dict[Part, int] = {}
    labels: dict[int, str] = {}
    last, line = "", -1
    for part, row in rows.items():
        kind, value = part
        if kind not in headings:
            continue
        if kind != last:
            line += 2 if last else 1
            labels[line], last = headings[kind], kind
        line += 1
        at[part], labels[line] = line, f"{value}  ({row['trips']:,})"
    return Lines(at, labels)


def dot_axes(lines: Lines, columns: int) -> "tuple[Figure, Sequence[Axes]]":
    """A figure with so many axes side by side, which share the lines."""
    heights = list(lines.labels)
    figure, found = axes(
        1, columns, width=10.5, height=1.1 + LINE * len(heights), sharey=True, squeeze=False
    )
    first = found[0][0]
    first.set_yticks(heights, [lines.labels[at] for at in heights], fontsize=8.5)
    first.set_ylim(max(heights, default=0) + 0.8, -0.8)
    for text, at in zip(first.get_yticklabels(), heights, strict=True):
        if at not in lines.at.values():
            text.set_fontweight("bold")
    for each in found[0]:
        each.grid(visible=False, axis="y")
        each.tick_params(axis="y", length=0)
        for line in lines.at.values():
            each.axhline(line, color=GRID, linewidth=0.6, zorder=0)
    return figure, found[0]


def dots(
    where: "Axes",
    lines: Lines,
    rows: Mapping[Part, Row],
    value: Callable[[Row], float],
    ends: Callable[[Row], tuple[float, float] | None] = lambda _: None,
    pale: Callable[[Row], bool] = lambda _: False,
    colour: str = BLUE,
    label: str = "",
) -> None:
    """A dot for each part, with whiskers where its ends are known."""
    for part, line in lines.at.items():
        row = rows[part]
        shade = PALE if pale(row) else colour
        reach = ends(row)
        if reach is not None:
            where.plot(reach, [line, line], color=shade, linewidth=1.6, solid_capstyle="butt")
        where.plot(value(row), line, "o", color=shade, markersize=5, label=label)
        label = ""  # once in the legend


def rings(
    where: "Axes",
    lines: Lines,
    rows: Mapping[Part, Row],
    value: Callable[[Row], float],
    label: str,
) -> None:
    """A ring for each part that has one: what it was before."""
    for part, line in lines.at.items():
        if part in rows:
            where.plot(
                value(rows[part]),
                line,
                "o",
                markerfacecolor="none",
                markeredgecolor=INK,
                markersize=7,
                label=label,
            )
            label = ""


def within(where: "Axes", values: Sequence[float], low: float, high: float) -> None:
    """Limit an axis to what matters: a part of three rides would squeeze all others."""
    if values:
        first, last = max(min(values), low), min(max(values), high)
        edge = EDGE * (last - first) or EDGE
        where.set_xlim(first - edge, last + edge)
