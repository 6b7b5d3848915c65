"""The page that says for whom the champion is bad, and what trip records cannot say of it."""

from collections.abc import Sequence

from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.fairness import (
    MIN_DAYS,
    MIN_GROUP_TRIPS,
    SHORT_BY,
    TIMES_CITY,
    Fairness,
    is_judged,
    judge_fairness,
)
from taxi_assets.domain.months import month_name
from taxi_assets.domain.slices import WHOLE
from taxi_assets.reports.charts import GREEN, MUTED, legend
from taxi_assets.reports.dots import dot_axes, dots, lines_of, within
from taxi_assets.reports.page import GOOD, NOTABLE, Listing, Number, Picture, Report, Section

NAME = "fairness_report"
GROUPED_BY = {
    "pickup_borough": "borough of pick-up",
    "dropoff_borough": "borough of drop-off",
    "service_zone": "service zone of pick-up",
    "distance_band": "length of ride",
    "hour_band": "hour of the day",
    "days": "days of the week",
    "airport": "airport",
    "route": "route ridden before or not",
}
CANNOT_SHOW = (
    "Trip records hold no income, race, age, sex or disability of anybody. A zone is not a person: "
    "people of all kinds ride from every zone, and a group that is treated badly inside a zone "
    "that is treated well on average cannot be seen here.",
    "Rides that never took place are not in it: hails that drivers passed by, trips declined when "
    "the destination was told, people for whom a taxi is too dear. Nor is what riders did for want "
    "of one.",
    "Green cabs take street hails only in the outer boroughs (airports left out) and in Manhattan "
    "north of East 96th and West 110th Street, so that their trips from elsewhere were dispatched "
    "or are irregular, and few.",
    "Cash tips, and what a rider was told before a negotiated ride, are not recorded.",
    "An equal error is not equal harm: two dollars are more to some than to others.",
)


def fairness_report(fleet: str, month: str, rows: Sequence[Row], level: float) -> Report:
    """The page of one month.

    Args:
        fleet: fleet name.
        month: `YYYY-MM`.
        rows: in the table's columns.
        level: share of rides that the interval is to hold.
    """
    found = judge_fairness(rows, level)
    picture = groups(rows, level)
    return Report(
        NAME,
        fleet,
        month,
        found.verdict,
        NOTABLE if found.notable else GOOD,
        numbers=_numbers(found),
        sections=[
            Section("Whose rides does it price badly?", _told(found, level), [picture]),
            Section("What can these numbers not show?", CANNOT_SHOW),
            Section("All groups", listings=[_listing(rows)]),
        ],
        basis=_basis(month, rows),
        cover=picture,
    )


def _numbers(found: Fairness) -> tuple[Number, ...]:
    """What the index follows."""
    lowest = found.lowest["coverage"] if found.lowest else None
    return (
        Number("worst_coverage", "Worst group's coverage", lowest, "%", 1),
        Number("widest_ratio", "Largest error over the city's", found.times, "times", 2),
        Number("groups", "Groups judged", len(found.judged), "groups", followed=False),
    )


def _told(found: Fairness, level: float) -> list[str]:
    """The rule, and every group that broke it."""
    rule = (
        f"A group is named when its interval surely holds less than {level - SHORT_BY:.0%} of its "
        f"rides ({SHORT_BY * 100:.0f} points below the {level:.0%} it is to hold), or when its "
        f"error over its fares is surely more than {TIMES_CITY:g} times the city's: when the whole "
        "95 % interval lies beyond."
    )
    return [rule, *(f"{each.said[0].upper()}{each.said[1:]}." for each in found.notable)]


def groups(rows: Sequence[Row], level: float) -> Picture:
    """Coverage and error of each group, with whiskers."""
    parts = {(row["grouping"], row["value"]): row for row in rows}
    city = parts[WHOLE, WHOLE]
    lines = lines_of(parts, {kind: f"by {text}" for kind, text in GROUPED_BY.items()})
    figure, (left, right) = dot_axes(lines, 2)
    dots(left, lines, parts, _coverage, _coverage_ends, _pale, label="group")
    dots(right, lines, parts, _error, _error_ends, _pale, label="group")
    judged = [row for row in rows if is_judged(row)]
    within(left, [end for row in judged for end in _coverage_ends(row) or ()], 0.3, 1.0)
    within(right, [0.0, *(end for row in judged for end in _error_ends(row) or ())], 0.0, 1.0)
    left.axvline(level, color=GREEN, lw=1.2, label=f"share it is to hold: {level:.0%}")
    for where, value in ((left, _coverage), (right, _error)):
        where.axvline(value(city), color=MUTED, lw=0.9, label="all rides")
        where.xaxis.set_major_formatter("{x:.0%}")
    left.set_xlabel("fares inside the interval")
    right.set_xlabel("mean absolute error over mean fare")
    handles, names = left.get_legend_handles_labels()
    legend(figure, handles=handles, labels=names, loc="outside lower center", ncols=3)
    return Picture(
        "groups",
        figure,
        "Groups (trips); whiskers are 95 % intervals. Pale groups have fewer than "
        f"{MIN_GROUP_TRIPS} trips, or trips on fewer than {MIN_DAYS} days: they are not judged, "
        "and may lie outside the drawing.",
    )


def _listing(rows: Sequence[Row]) -> Listing:
    """Every group's numbers."""
    header = ["group", "trips", "mean fare, USD", "MAE, USD", "95 % interval", "bias, USD"]
    header += ["MAE over fare", "95 % interval", "coverage", "95 % interval"]
    return Listing(
        header,
        [
            [
                f"{GROUPED_BY.get(row['grouping'], 'all rides')}: {row['value']}",
                f"{row['trips']:,}",
                f"{row['mean_fare_usd']:.2f}",
                f"{row['mae_usd']:.2f}",
                _ends(row, "mae_{}_usd", ".2f"),
                f"{row['bias_usd']:+.2f}",
                f"{row['relative_error']:.1%}",
                _ends(row, "relative_{}", ".1%"),
                f"{row['coverage']:.1%}",
                _ends(row, "coverage_{}", ".1%"),
            ]
            for row in rows
        ],
    )


def _ends(row: Row, name: str, digits: str) -> str:
    """An interval as people read it."""
    low, high = (row[name.format(end)] for end in ("low", "high"))
    return "-" if low is None or high is None else f"{low:{digits}} to {high:{digits}}"


def _basis(month: str, rows: Sequence[Row]) -> list[str]:
    return [
        f"All {rows[0]['trips']:,} clean trips of {month_name(month)}, as version "
        f"{rows[0]['model_version']}, champion of the months before, quotes them.",
        "Intervals are bootstrapped over whole days, whose rides share weather and traffic.",
    ]


def _pale(row: Row) -> bool:
    return not is_judged(row)


def _coverage(row: Row) -> float:
    return float(row["coverage"])


def _error(row: Row) -> float:
    return float(row["relative_error"])


def _coverage_ends(row: Row) -> tuple[float, float] | None:
    return (row["coverage_low"], row["coverage_high"]) if is_judged(row) else None


def _error_ends(row: Row) -> tuple[float, float] | None:
    return (row["relative_low"], row["relative_high"]) if is_judged(row) else None
