"""Whether the champion is as good as it was, and if not, whether rides or fares have changed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.slices import DISTANCE_BANDS, WHOLE
from taxi_assets.domain.tallies import Tally, numbers

Part = tuple[str, str]  # slice and value
Parts = Mapping[Part, Row]
EVERYTHING: Part = (WHOLE, WHOLE)
LENGTH = "distance_band"  # rides differ by nothing else as much
# On real months (green cabs), the error over the fare of a champion of March 2023 was 16.9 % when
# tested, 16.8 % ten months later, 17.4 % after 22 months and 20.9 % after 24.
ERROR_MARGIN = 1.15
# Its fares over its quotes were 1.041, 1.044, 1.061 and 1.072. A tariff raised by a tenth adds
# 0.10 to that.
LEVEL_MARGIN = 0.04
SURE = 3.0  # standard errors: of a thousand parts that did not change, three go this far


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of the champion from months that it had not learned from.

    Attributes:
        tested_on: the month it was tested on when it became champion.
        months: rows by part of that month and of those since in which it was still good, in time
            order: a month in which it was not is no measure for those after it. Empty where its
            test is not known.
        earlier: months before this one, whoever was champion, rows by part.
    """

    tested_on: str
    months: Sequence[Parts] = ()
    earlier: Sequence[Parts] = field(default=())


@dataclass(frozen=True, slots=True)
class Limits:
    """What the champion's test allows it in a month like this.

    Attributes:
        relative_error: largest error over fare.
        mae_usd: largest mean absolute error.
        low_ratio: smallest fares over quotes.
        high_ratio: largest.
    """

    relative_error: float
    mae_usd: float
    low_ratio: float
    high_ratio: float

    def hold(self, row: Row) -> bool:
        """Whether a whole month keeps within them, whatever was ridden."""
        level = self.low_ratio <= fare_ratio(row) <= self.high_ratio
        return level and relative_error(row) <= self.relative_error


@dataclass(frozen=True, slots=True)
class Change:
    """How an error changed, and why; `mix_usd` and `within_usd` add up to it.

    Attributes:
        name: of the slicing that rides are told apart by.
        before_usd: mean absolute error then, US dollars.
        now_usd: the same now.
        mix_usd: because other rides were ridden: data drift.
        within_usd: because the same rides have other errors: concept drift.
        longer: whether rides moved towards later parts of the slicing, as from short to long.
    """

    name: str
    before_usd: float
    now_usd: float
    mix_usd: float
    within_usd: float
    longer: bool

    @property
    def total_usd(self) -> float:
        """By how much it rose."""
        return self.now_usd - self.before_usd


def performance_rows(tallies: Iterable[Tally], version: str, tested_on: str) -> list[Row]:
    """One row for each part of the month that has trips, in the table's columns."""
    about = {"model_version": version, "tested_on": tested_on}
    return [
        {**about, "slice": each.name, "value": value, **numbers(sums)}
        for each in tallies
        for value, sums in zip(each.values, each.sums.sum(axis=1), strict=True)
        if sums[0] > 0
    ]


def by_part(rows: Iterable[Row]) -> dict[Part, Row]:
    """Rows of one month and one predictor, by slice and value."""
    return {(row["slice"], row["value"]): row for row in rows}


def record(tested_on: str, own: Sequence[Parts], earlier: Sequence[Parts] = ()) -> Record:
    """The champion's record, its bad months left out.

    Args:
        tested_on: the month of its test.
        own: its months in time order, the first of them its test; may be empty.
        earlier: months of whoever was champion.
    """
    good = [
        month
        for month in own
        if limits(own[0][EVERYTHING], month[EVERYTHING]).hold(month[EVERYTHING])
    ]
    return Record(tested_on, good, earlier)


def limits(tested: Row, now: Row) -> Limits:
    """What a champion's test allows it in a month, chance included.

    Months since its test are no part of it: a champion that decays slowly would set its own
    measure.

    Args:
        tested: all rides of its test month.
        now: all rides of the month.
    """
    margin = LEVEL_MARGIN + SURE * math.hypot(ratio_error(now), ratio_error(tested))
    return Limits(
        ERROR_MARGIN * relative_error(tested),
        ERROR_MARGIN * tested["mae_usd"],
        fare_ratio(tested) - margin,
        fare_ratio(tested) + margin,
    )


def relative_error(row: Row) -> float:
    """Mean absolute error over mean fare."""
    return float(row["mae_usd"] / row["mean_fare_usd"])


def fare_ratio(row: Row) -> float:
    """Summed fares over summed quotes, of rows of evaluations too, which do not hold it."""
    return float(row["mean_fare_usd"] / (row["mean_fare_usd"] + row["bias_usd"]))


def ratio_error(row: Row) -> float:
    """Standard error of the same, as if every ride were a witness of its own."""
    spread = math.sqrt(max(row["rmse_usd"] ** 2 - row["bias_usd"] ** 2, 0.0))
    mean_quote = row["mean_fare_usd"] + row["bias_usd"]
    return float(spread / math.sqrt(row["trips"]) / mean_quote)


def change(name: str, before: Parts, now: Parts) -> Change:
    """Part the change of the mean absolute error into other rides and other errors.

    Kitagawa's decomposition (1955), the twofold one of Oaxaca and Blinder with equal weights:
    a part whose share moved counts at the mean of its two errors, a part whose error moved at the
    mean of its two shares. A part that only one month has is a matter of which rides there were.

    Args:
        name: of a slicing that both months have.
        before: a month's rows.
        now: another's.
    """
    values = sorted({value for rows in (before, now) for kind, value in rows if kind == name})
    cells = [(before.get((name, value)), now.get((name, value))) for value in values]
    past, present = (_trips(name, rows) for rows in (before, now))
    mix = within = was = is_now = 0.0
    for then, since in cells:
        share, new_share = (
            row["trips"] / n if row else 0.0 for row, n in ((then, past), (since, present))
        )
        error, new_error = (row["mae_usd"] for row in (then or since, since or then) if row)
        mix += (new_share - share) * (error + new_error) / 2.0
        within += (new_share + share) / 2.0 * (new_error - error)
        was, is_now = was + share * error, is_now + new_share * new_error
    return Change(name, was, is_now, mix, within, _length(now) > _length(before))


def _trips(name: str, rows: Parts) -> int:
    """Trips in all parts of a slicing."""
    return sum(row["trips"] for (kind, _), row in rows.items() if kind == name)


def _length(rows: Parts) -> float:
    """Mean place of rides among the bands of distance."""
    trips = [
        rows[LENGTH, band]["trips"] if (LENGTH, band) in rows else 0 for band in DISTANCE_BANDS
    ]
    return sum(place * count for place, count in enumerate(trips)) / max(sum(trips), 1)
