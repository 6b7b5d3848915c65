"""For whom the champion is bad: its errors group by group, and how sure they are."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from taxi_assets.domain.bootstrap import ratio_interval
from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.groups import rides_of
from taxi_assets.domain.performance import EVERYTHING, by_part, relative_error
from taxi_assets.domain.slices import WHOLE
from taxi_assets.domain.tallies import Tally, numbers

MIN_GROUP_TRIPS = 100  # of fewer, a coverage of 80 % is known to 8 points at best
MIN_DAYS = 8  # a month's weekends; intervals from as few days come out a little too narrow
SHORT_BY = 0.05  # share of rides below the level that people should hear of
TIMES_CITY = 1.5  # so many times the city's error over fare, too
PRACTICAL = 0.02  # what nobody would notice, however sure it is
INTERVALS = ("mae_low_usd", "mae_high_usd", "relative_low", "relative_high")
HELD = ("coverage_low", "coverage_high")


@dataclass(frozen=True, slots=True)
class Finding:
    """A group that is surely served worse than it should be.

    Attributes:
        group: grouping and value.
        over: how far beyond what people should hear of; 1 is exactly there.
        said: a clause.
    """

    group: tuple[str, str]
    over: float
    said: str


@dataclass(frozen=True, slots=True)
class Fairness:
    """What a month says of the champion's fairness.

    Attributes:
        verdict: a sentence.
        notable: groups that people should hear of, worst first.
        judged: rows of groups large enough.
        lowest: of these, the one with the lowest coverage; None where there is none.
        widest: and the one with the largest error over fare.
        times: its error over fare in relation to the city's; None where there is none.
    """

    verdict: str
    notable: Sequence[Finding]
    judged: Sequence[Row]
    lowest: Row | None
    widest: Row | None
    times: float | None


def fairness_rows(tallies: Iterable[Tally], version: str) -> list[Row]:
    """One row for each group that has trips, in the table's columns."""
    return [
        {"model_version": version, "grouping": each.name, "value": value, **row}
        for each in tallies
        for value, row in zip(each.values, _rows(each), strict=True)
        if row
    ]


def is_judged(row: Row) -> bool:
    """Whether a group has rides enough, on days enough."""
    return row["grouping"] != WHOLE and row["coverage_low"] is not None


def judge_fairness(rows: Sequence[Row], level: float) -> Fairness:
    """Compare each group with the city and with the level its interval is to hold.

    Args:
        rows: as `fairness_rows` gives them; the whole month among them.
        level: share of rides that the interval is to hold.
    """
    city = by_part([{**row, "slice": row["grouping"]} for row in rows])[EVERYTHING]
    judged = [row for row in rows if is_judged(row)]
    if not judged:
        said = f"No group has {MIN_GROUP_TRIPS} trips on {MIN_DAYS} days, so none can be judged."
        return Fairness(said, [], [], None, None, None)
    notable = sorted(
        (found for row in judged for found in _findings(row, city, level)),
        key=lambda found: (-found.over, found.group),
    )
    lowest = min(judged, key=lambda row: row["coverage"])
    widest = max(judged, key=relative_error)
    times = relative_error(widest) / relative_error(city) if city["mae_usd"] else None
    said = _notable(notable) if notable else _even(judged, city, level)
    if times is not None and not notable:
        said += (
            f" Errors over fares are at most {times:.1f} times the city's ({group_name(widest)})."
        )
    return Fairness(said, notable, judged, lowest, widest, times)


def group_name(row: Row) -> str:
    """A group as people say it."""
    return rides_of(row["grouping"], row["value"])


def _rows(tally: Tally) -> Iterator[Row]:
    """Each part's numbers and intervals; an empty row where it has no trips."""
    trips, fares, misses, held = (tally.of(name) for name in ("trips", "fare", "miss", "held"))
    for part, sums in enumerate(tally.sums.sum(axis=1)):
        if sums[0] == 0:
            yield {}
            continue
        days = trips[part] > 0
        over = (misses[part], misses[part], held[part])
        under = (trips[part], fares[part], trips[part])
        enough = sums[0] >= MIN_GROUP_TRIPS
        found = [
            ratio_interval(top[days], bottom[days], least=MIN_DAYS) if enough else None
            for top, bottom in zip(over, under, strict=True)
        ]
        ends = [end for pair in found for end in (pair or (None, None))]
        bounds = {
            name: None if end is None else round(end, 6)
            for name, end in zip((*INTERVALS, *HELD), ends, strict=True)
        }
        row = numbers(sums)
        yield {**row, "relative_error": round(relative_error(row), 6), **bounds}


def _findings(row: Row, city: Row, level: float) -> Iterator[Finding]:
    """What people should hear of one group."""
    group, city_error = (row["grouping"], row["value"]), relative_error(city)
    if row["coverage_high"] < level - SHORT_BY:
        yield Finding(
            group,
            (level - row["coverage_high"]) / SHORT_BY,
            f"of {group_name(row)}, the interval holds {row['coverage']:.0%} "
            f"({row['coverage_low']:.0%} to {row['coverage_high']:.0%}) where it should hold "
            f"{level:.0%}",
        )
    if row["relative_low"] > TIMES_CITY * city_error:
        yield Finding(
            group,
            row["relative_low"] / (TIMES_CITY * city_error) if city_error else np.inf,
            f"the error on {group_name(row)} is {relative_error(row):.0%} of the fare "
            f"({row['relative_low']:.0%} to {row['relative_high']:.0%}), the city's "
            f"{city_error:.0%}",
        )


def _notable(found: Sequence[Finding]) -> str:
    """The worst group, and how many more there are."""
    groups = {each.group for each in found}
    first = found[0].said
    others = len(groups) - 1
    more = f"; {others} more group{'s' * (others > 1)} should be looked at" if others else ""
    return f"{first[0].upper()}{first[1:]}{more}."


def _even(judged: Sequence[Row], city: Row, level: float) -> str:
    """No group stands out; who surely comes last all the same."""
    bound = city["coverage"] - PRACTICAL
    last = min(
        (row for row in judged if row["coverage_high"] < bound),
        key=lambda row: row["coverage_high"],
        default=None,
    )
    if last is None:
        return (
            f"None of the {len(judged)} groups with {MIN_GROUP_TRIPS} or more trips is surely more "
            f"than {PRACTICAL * 100:.0f} points below the city, whose fares the interval holds in "
            f"{city['coverage']:.0%} of rides."
        )
    low, high = last["coverage_low"], last["coverage_high"]
    return (
        f"Of {group_name(last)}, the interval holds {last['coverage']:.0%} ({low:.0%} to "
        f"{high:.0%}), of all {city['coverage']:.0%}; none of the {len(judged)} groups with "
        f"{MIN_GROUP_TRIPS} or more trips is surely more than {SHORT_BY * 100:.0f} points below "
        f"the {level:.0%} it is to hold."
    )
