"""Which rides cost something else than the champion says, while others do not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, median_low

from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.groups import PAIR
from taxi_assets.domain.performance import (
    EVERYTHING,
    SURE,
    Part,
    Parts,
    Record,
    fare_ratio,
    ratio_error,
)
from taxi_assets.domain.slices import AFTERWARDS, WHOLE

MIN_PART_TRIPS = 100  # of fewer, fares over quotes vary by more than a tenth
# Parts of real months (green cabs) moved against the rest of their month by up to 4 points from one
# year to the next. A detour of three miles adds 25 to 30 to rides over the bridge.
PART_MARGIN = 0.05
# Without history: pairs of boroughs lay within 8 points of their city's level, real and simulated.
STRANGE_MARGIN = 0.15
FEWEST_PARTS = 3  # from which on the middle one tells what the others do


@dataclass(frozen=True, slots=True)
class Departure:
    """A part of the month whose fares have left the champion's quotes behind.

    Attributes:
        part: slice and value.
        trips: rides in it.
        ratio: fares over quotes.
        expected: what it would be, had the part stayed as it was beside the others.
        limit: how far from that, as a share of it, is still no departure.
    """

    part: Part
    trips: int
    ratio: float
    expected: float
    limit: float

    @property
    def size(self) -> float:
        """How far it is, as a share of what was expected."""
        return self.ratio / self.expected - 1.0


def departures(now: Parts, record: Record) -> list[Departure]:
    """Parts that departed, pairs of boroughs first, and then the largest first.

    Each part's fares over quotes are compared with those of the other parts of its slicing, so that
    a change that is the same everywhere is none of any part's. A part that has only come closer to
    the others is none either. Rates are left out, because nobody knows them before the ride.
    """
    names = dict.fromkeys(name for name, _ in now if name not in (WHOLE, *AFTERWARDS))
    found = [departure for name in names for departure in _of_slicing(name, now, record)]
    return sorted(found, key=lambda each: (each.part[0] != PAIR, -abs(each.size), each.part))


def rest_ratio(now: Parts, departed: Sequence[Departure]) -> float:
    """Fares over quotes of the rides between all boroughs but those that departed."""
    gone = {each.part for each in departed}
    rows = [row for part, row in now.items() if part[0] == PAIR and part not in gone]
    fares = sum(row["trips"] * row["mean_fare_usd"] for row in rows)
    errors = sum(row["trips"] * row["bias_usd"] for row in rows)
    return fares / (fares + errors) if rows else fare_ratio(now[EVERYTHING])


def usual_ratio(part: Part, record: Record) -> tuple[float, float, float]:
    """A part's fares over quotes in relation to the whole month's, as it used to be.

    From the champion's own months where they tell of the part, else from those of whoever was
    champion before: the middle month counts, which a single strange one cannot move.

    Returns:
        The relation (1 without history), its standard error, and the margin to judge by.
    """
    for months in (record.months, record.earlier):
        pairs = [
            (fare_ratio(month[part]) / fare_ratio(month[EVERYTHING]), ratio_error(month[part]))
            for month in months
            if part in month and month[part]["trips"] >= MIN_PART_TRIPS
        ]
        if pairs:
            return (*median_low(pairs), PART_MARGIN)
    return 1.0, 0.0, STRANGE_MARGIN


def _of_slicing(name: str, now: Parts, record: Record) -> list[Departure]:
    """Parts of one slicing that departed."""
    rows = {
        part: row for part, row in now.items() if part[0] == name and row["trips"] >= MIN_PART_TRIPS
    }
    usual = {part: usual_ratio(part, record) for part in rows}
    level = middle = fare_ratio(now[EVERYTHING])
    if len(rows) >= FEWEST_PARTS:
        level = median(fare_ratio(row) / usual[part][0] for part, row in rows.items())
        middle = median(fare_ratio(row) for row in rows.values())
    judged = [_judge(part, row, level, middle, usual[part]) for part, row in rows.items()]
    return [each for each in judged if each]


def _judge(
    part: Part, row: Row, level: float, middle: float, usual: tuple[float, float, float]
) -> Departure | None:
    """A departure from what was usual that is no return to the others, or None."""
    relation, error, margin = usual
    ratio, expected = fare_ratio(row), level * relation
    limit = margin + SURE * math.hypot(ratio_error(row) / ratio, error / relation)
    left = abs(ratio / expected - 1.0) > limit
    strange = abs(ratio / middle - 1.0) > margin
    return Departure(part, row["trips"], ratio, expected, limit) if left and strange else None
