"""What is known of a ride before it starts: when, from where to where, how many people."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.months import bounds
from taxi_assets.simulator.demand import PERIODS, Demand, hour_weights, period_of
from taxi_assets.simulator.zone_ids import OUTSIDE_ZONE, ZONES

HOUR_S, DAY_S = 3600, 86400
_PASSENGERS = np.array([0, 1, 2, 3, 4, 5, 6], dtype=np.int8)
_PASSENGER_SHARES = np.array([0.006, 0.848, 0.082, 0.015, 0.006, 0.026, 0.017])
_OUTSIDE_SHARE = 0.0035  # rides that leave the city


@dataclass(frozen=True, slots=True)
class Contexts:
    """Rides before they happen, one entry a ride.

    Attributes:
        pickup_s: (n,) seconds since 1970 on New York's clock.
        pickup_zone: (n,) zone id 1..263.
        dropoff_zone: (n,) zone id 1..263, or 265 for outside the city.
        passengers: (n,) people, 0 where the driver did not say.
    """

    pickup_s: npt.NDArray[np.int64]
    pickup_zone: npt.NDArray[np.int16]
    dropoff_zone: npt.NDArray[np.int16]
    passengers: npt.NDArray[np.int8]

    def __len__(self) -> int:
        """How many rides."""
        return len(self.pickup_s)

    def repeated(self, times: int) -> "Contexts":
        """Each ride `times` times over, the first block first."""
        tiled = (np.tile(getattr(self, name), times) for name in self.__slots__)
        return Contexts(*tiled)


@dataclass(frozen=True, slots=True)
class MonthClock:
    """The month's hours.

    Attributes:
        first_s: the month's first instant in seconds since 1970 on New York's clock.
        end_s: the next month's.
        skipped_s: first second of the hour that daylight saving skips, or None.
        repeated_s: first second of the hour that is lived twice in autumn, or None.
    """

    first_s: int
    end_s: int
    skipped_s: int | None
    repeated_s: int | None

    @property
    def hours(self) -> int:
        """Hours on the clock's face; the skipped hour counts."""
        return (self.end_s - self.first_s) // HOUR_S


def month_clock(month: str) -> MonthClock:
    """The hours of `month`, with the two nights on which New York changes its clocks."""
    first, end = (int(np.datetime64(instant, "s").astype(np.int64)) for instant in bounds(month))
    year, number = int(month[:4]), int(month[5:])
    spring = _at(_nth_sunday(year, 3, 2), 2) if number == 3 else None
    autumn = _at(_nth_sunday(year, 11, 1), 1) if number == 11 else None
    return MonthClock(first, end, spring, autumn)


def rides_by_hour(
    rng: np.random.Generator, fleet: str, clock: MonthClock, rides: int
) -> npt.NDArray[np.int64]:
    """(hours,) how many of `rides` start in each hour of the month."""
    starts = clock.first_s + HOUR_S * np.arange(clock.hours)
    weights = hour_weights(fleet)[_hour_of_week(starts)]
    if clock.skipped_s is not None:
        weights[starts == clock.skipped_s] = 0.0
    if clock.repeated_s is not None:
        weights[starts == clock.repeated_s] *= 2.0
    return rng.multinomial(rides, weights / weights.sum())


def draw_contexts(
    rng: np.random.Generator,
    demand: Demand,
    clock: MonthClock,
    first_hour: int,
    rides: npt.NDArray[np.int64],
) -> Contexts:
    """Draw the rides of some hours of a month, in the order of the hours.

    Args:
        rng: where chance comes from.
        demand: where the fleet's rides go.
        clock: the month.
        first_hour: the first of the hours, counted from the month's start.
        rides: (hours,) how many rides start in each.
    """
    total = int(rides.sum())
    hour = np.repeat(np.arange(first_hour, first_hour + len(rides)), rides)
    start = clock.first_s + HOUR_S * hour
    pickup_s = start + rng.integers(0, HOUR_S, total)
    period = period_of(_hour_of_week(start))
    chance, pair = rng.random(total), np.zeros(total, np.int64)
    for index in range(len(PERIODS)):
        mine = period == index
        pair[mine] = np.searchsorted(demand.pairs[index], chance[mine], side="right")
    pickup_zone, dropoff_zone = ((part + 1).astype(np.int16) for part in np.divmod(pair, ZONES))
    dropoff_zone[rng.random(total, dtype=np.float32) < _OUTSIDE_SHARE] = OUTSIDE_ZONE
    sits = np.searchsorted(np.cumsum(_PASSENGER_SHARES)[:-1], rng.random(total), side="right")
    passengers = _PASSENGERS[sits]
    return Contexts(pickup_s, pickup_zone, dropoff_zone, passengers)


def _hour_of_week(seconds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Hours since Monday midnight; 1970-01-01 was a Thursday."""
    return (seconds // HOUR_S + 72) % 168


def _nth_sunday(year: int, month: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (nth - 1))


def _at(day: date, hour: int) -> int:
    return (day - date(1970, 1, 1)).days * DAY_S + hour * HOUR_S
