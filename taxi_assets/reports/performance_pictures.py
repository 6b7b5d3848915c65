"""The drawings of the performance report."""

from typing import TYPE_CHECKING

from taxi_assets.domain.departures import MIN_PART_TRIPS
from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.performance import (
    EVERYTHING,
    SURE,
    by_part,
    fare_ratio,
    ratio_error,
    relative_error,
)
from taxi_assets.reports.charts import BLUE, GREEN, INK, MUTED, axes, legend
from taxi_assets.reports.dots import dot_axes, dots, lines_of, rings, within
from taxi_assets.reports.page import Picture
from taxi_assets.reports.performance_story import PARTED_BY, Story

if TYPE_CHECKING:  # half a second to import, and only reports draw
    from matplotlib.axes import Axes

COURSES = {
    "mean absolute error, USD": lambda row: row["mae_usd"],
    "mean absolute error over mean fare": relative_error,
    "fares inside the interval": lambda row: row["coverage"],
    "fares over quotes": fare_ratio,
}
WHEN_TESTED = "this champion when tested"


def course(story: Story) -> Picture:
    """Errors over the months, each month by who was champion before it."""
    months = {
        **{month: by_part(rows) for month, rows in story.past.items()},
        story.month: story.now,
    }
    rows = {month: parts[EVERYTHING] for month, parts in months.items()}
    tested = story.tested.get(EVERYTHING)
    figure, grid = axes(2, 2, width=10.5, height=5.4, sharex=True)
    for where, (name, value) in zip(grid.flat, COURSES.items(), strict=True):
        shown = [value(row) for row in rows.values()]
        where.plot(range(len(shown)), shown, "-o", color=BLUE, markersize=4)
        where.plot(len(shown) - 1, shown[-1], "o", color=BLUE, markersize=8, label="this month")
        if tested is not None:
            where.axhline(value(tested), color=INK, lw=0.9, ls="--", label=WHEN_TESTED)
        where.set_title(name, loc="left")
    _finish(grid, story.level)
    labels = [f"{month} (version {row['model_version']})" for month, row in rows.items()]
    for where in grid[1]:
        where.set_xticks(range(len(labels)), labels, rotation=35, ha="right", fontsize=8)
        where.set_xlim(-0.5, len(labels) - 0.5)
    handles, names = grid[1, 0].get_legend_handles_labels()
    legend(figure, handles=handles, labels=names, loc="outside lower center", ncols=3)
    return Picture(
        "course",
        figure,
        "The last months, each as the champion of the months before it priced it; the dashed line "
        "is this month's champion on the month it was tested on.",
    )


def _finish(grid: "list[list[Axes]]", level: float) -> None:
    """Scales and marks that differ from panel to panel."""
    (error, share), (held, ratio) = grid
    for where in (error, share):
        where.set_ylim(0.0, 1.15 * where.get_ylim()[1])
    share.yaxis.set_major_formatter("{x:.1%}")
    held.yaxis.set_major_formatter("{x:.1%}")
    held.axhline(level, color=GREEN, linewidth=1.2, label=f"share it is to hold: {level:.0%}")
    ratio.axhline(1.0, color=MUTED, linewidth=0.9)
    for where in (held, ratio):
        where.margins(y=0.15)


def parts(story: Story) -> Picture:
    """Error and fares over quotes of each part of the month, now and when tested."""
    rows, tested = story.now, story.tested
    lines = lines_of(rows, {kind: f"by {text}" for kind, text in PARTED_BY.items()})
    figure, (left, right) = dot_axes(lines, 2)
    rings(left, lines, tested, relative_error, "when tested")
    rings(right, lines, tested, fare_ratio, "when tested")
    dots(left, lines, rows, relative_error, pale=_few, label="this month")
    dots(right, lines, rows, fare_ratio, _reach, _few, label="this month")
    large = [row for month in (rows, tested) for row in month.values() if not _few(row)]
    within(left, [0.0, *(relative_error(row) for row in large)], 0.0, 0.8)
    within(right, [1.0, *(end for row in large for end in _reach(row))], 0.5, 1.8)
    left.axvline(relative_error(story.whole), color=MUTED, lw=0.9, label="all rides")
    right.axvline(fare_ratio(story.whole), color=MUTED, lw=0.9, label="all rides")
    left.xaxis.set_major_formatter("{x:.0%}")
    left.set_xlabel("mean absolute error over mean fare")
    right.set_xlabel("fares over quotes")
    handles, names = left.get_legend_handles_labels()
    legend(figure, handles=handles, labels=names, loc="outside lower center", ncols=3)
    return Picture(
        "parts",
        figure,
        "Parts of the month (trips); whiskers are three standard errors. Parts under "
        f"{MIN_PART_TRIPS} trips are pale, and may lie outside the drawing. Rides between boroughs "
        "have no ring, because no test tells of them.",
    )


def _few(row: Row) -> bool:
    return bool(row["trips"] < MIN_PART_TRIPS)


def _reach(row: Row) -> tuple[float, float]:
    """Where fares over quotes may lie."""
    ratio, chance = fare_ratio(row), SURE * ratio_error(row)
    return ratio - chance, ratio + chance
