"""Which rides cost something else than the champion says, while others do not."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median, median_low

from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.groups import APART, PAIR, VENDOR, VENDORS
from taxi_assets.domain.heads import LEVEL
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
# What a champion that was tested on a changed city has to be told all the same. In the seven real
# months and the few simulated ones looked at, only negotiated rides came near.
SHORT_BY = 0.25  # share of rides in the interval below its level, three standard errors left out
FAR = 0.15  # fares over quotes, as a share of the city's
MIN_UNLEARNED_TRIPS = 300
NOT_BEFORE = (WHOLE, APART, VENDOR, *AFTERWARDS)  # slices that tell nothing before the ride
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
    names = dict.fromkeys(name for name, _ in now if name not in NOT_BEFORE)
    found = [departure for name in names for departure in _of_slicing(name, now, record)]
    return sorted(found, key=lambda each: (each.part[0] != PAIR, -abs(each.size), each.part))


def broken_vendors(now: Parts) -> list[Departure]:
    """Vendors whose fares are far from what the champion says while those of the others are not.

    What a vendor used to bill does not count: one that has long been broken is no less so.

    Args:
        now: the month's rows; those of the whole month and of vendors hold all trips.
    """
    found = _of_slicing(VENDOR, now, Record(""))
    return [
        each
        for each in found
        if each.part[1] != VENDORS[0] and abs(each.ratio - 1.0) > STRANGE_MARGIN
    ]


def unlearned(now: Parts) -> list[Part]:
    """Parts that the champion prices badly, whether it did so when it was tested or not.

    Pairs of boroughs come first, and then the largest first.
    """
    city = fare_ratio(now[EVERYTHING])
    found = {
        part: abs(fare_ratio(row) / city - 1.0)
        for part, row in now.items()
        if part[0] not in NOT_BEFORE and row["trips"] >= MIN_UNLEARNED_TRIPS
        if _most_held(row) < LEVEL - SHORT_BY
    }
    far = [part for part, size in found.items() if size >= FAR]
    return sorted(far, key=lambda part: (part[0] != PAIR, -found[part], part))


def _most_held(row: Row) -> float:
    """Share of rides in the interval, three standard errors up."""
    share = float(row["coverage"])
    return share + SURE * math.sqrt(share * (1.0 - share) / row["trips"])


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
    # of fares far below the quotes, chance is no larger share than of fares that are as expected
    chance = ratio_error(row) / max(ratio, expected)
    limit = margin + SURE * math.hypot(chance, error / relation)
    left = abs(ratio / expected - 1.0) > limit
    strange = abs(ratio / middle - 1.0) > margin
    return Departure(part, row["trips"], ratio, expected, limit) if left and strange else None
