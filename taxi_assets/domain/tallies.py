"""Errors as sums, a day and a part of the month at a time: all that reports need of the rides."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.evaluation import Outcomes, Row
from taxi_assets.domain.heads import Quotes
from taxi_assets.domain.slices import Slicing

DAYS = 31
MEASURES = ("trips", "fare", "quote", "miss", "error", "squared", "held", "width", "ride_miss")
Sums = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tally:
    """What the rides of each part of one slicing add up to.

    Attributes:
        name: of the slicing.
        values: names of its parts.
        sums: (parts, 31, 9) by part, day of the month and measure: trips; summed fares, quotes,
            absolute, signed and squared errors (US dollars); fares inside the interval; summed
            widths of the interval (US dollars); summed absolute errors of the ride time (minutes).
    """

    name: str
    values: tuple[str, ...]
    sums: Sums

    def of(self, measure: str) -> Sums:
        """(parts, 31) one measure by part and day."""
        found: Sums = self.sums[:, :, MEASURES.index(measure)]
        return found


def tally(actual: Outcomes, said: Quotes, slicings: Sequence[Slicing]) -> list[Tally]:
    """Add up what was said of (n,) rides of one month, and what became of them."""
    day = actual.pickup_at.astype("datetime64[D]") - actual.pickup_at.astype("datetime64[M]")
    days = day.astype(np.int64)
    measures = _measures(actual, said)
    return [Tally(each.name, each.values, _sums(each, days, measures)) for each in slicings]


def added(parts: Iterable[Sequence[Tally]]) -> list[Tally]:
    """The tallies of some batches as those of one; empty when there is none."""
    total: list[Tally] = []
    for tallies in parts:
        if not total:
            total = [Tally(each.name, each.values, each.sums.copy()) for each in tallies]
        else:
            for kept, more in zip(total, tallies, strict=True):
                np.add(kept.sums, more.sums, out=kept.sums)
    return total


def numbers(sums: Sums) -> Row:
    """Errors of the rides behind (9,) sums, at least one; six decimals, as in evaluations."""
    found = dict(zip(MEASURES, sums.tolist(), strict=True))
    trips = found["trips"]
    row = {
        "mean_fare_usd": found["fare"] / trips,
        "mae_usd": found["miss"] / trips,
        "rmse_usd": (found["squared"] / trips) ** 0.5,
        "bias_usd": found["error"] / trips,
        "fare_ratio": found["fare"] / found["quote"],
        "coverage": found["held"] / trips,
        "width_usd": found["width"] / trips,
        "ride_mae_min": found["ride_miss"] / trips,
    }
    return {"trips": int(trips), **{name: round(value, 6) for name, value in row.items()}}


def _measures(actual: Outcomes, said: Quotes) -> list[Sums]:
    """(n,) each, in the order of `MEASURES` after trips."""
    error = said.fare_usd - actual.fare_usd
    held = (said.low_usd <= actual.fare_usd) & (actual.fare_usd <= said.high_usd)
    return [
        actual.fare_usd,
        said.fare_usd,
        np.abs(error),
        error,
        error**2,
        held.astype(np.float64),
        said.high_usd - said.low_usd,
        np.abs(said.ride_min - actual.duration_min),
    ]


def _sums(slicing: Slicing, days: npt.NDArray[np.int64], measures: Sequence[Sums]) -> Sums:
    """(parts, 31, 9) sums over rides that share part and day."""
    cells = slicing.codes.astype(np.int64) * DAYS + days
    size = len(slicing.values) * DAYS
    counted = np.bincount(cells, minlength=size).astype(np.float64)
    weighed = [np.bincount(cells, weights=each, minlength=size) for each in measures]
    return np.stack([counted, *weighed], axis=-1).reshape(len(slicing.values), DAYS, -1)
