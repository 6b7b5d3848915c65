"""What goes wrong with trip records: each flaw of the published files, one function each.

Shares are of all rows, rounded from the published green months of 2023 to 2025.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.tariff import TARIFF
from taxi_assets.simulator.contexts import DAY_S, MonthClock
from taxi_assets.simulator.sheet import Sheet, length
from taxi_assets.simulator.zone_ids import OUTSIDE_ZONE, UNKNOWN_ZONE

WORST_DISTANCE_MI = 84_731.0
_FIRST_MEASURE_S = int(
    np.datetime64("2009-01-01", "s").astype(np.int64)
)  # where a reset clock starts


@dataclass(frozen=True, slots=True)
class FlawShares:
    """How often each flaw strikes, as a share 0..1 of all rows."""

    false_start: float = 0.025  # meter on and off again, nobody went anywhere
    lost_distance: float = 0.028  # the odometer's signal was lost; the fare is right
    absurd_distance: float = 0.0006
    stopped_clock: float = 0.0012  # zero duration, or a little less
    forgotten_meter: float = 0.0042  # hours long
    unknown_zone: float = 0.0065
    outside_zone: float = 0.0005  # beyond the rides that truly leave the city
    rate_99: float = 0.0003
    zero_fare: float = 0.0012
    wrong_clock: float = 0.0003  # pickup outside the month
    twin: float = 0.0001  # another row's times and zones, a fare of its own
    refund_pair: float = 0.0028
    lone_refund: float = 0.00005


SHARES = {
    "green": FlawShares(),
    "yellow": FlawShares(
        false_start=0.006,
        lost_distance=0.008,
        absurd_distance=0.00005,
        forgotten_meter=0.0012,
        unknown_zone=0.011,
        rate_99=0.007,
        zero_fare=0.0003,
        wrong_clock=0.00001,
        twin=0.00002,
        refund_pair=0.009,
    ),
}


def spoil(rng: np.random.Generator, sheet: Sheet, shares: FlawShares, clock: MonthClock) -> None:
    """Put every flaw but refunds into a sheet, in place; each strikes its share of the rows."""
    steps: tuple[
        tuple[float, Callable[[np.random.Generator, Sheet, npt.NDArray[np.int64]], None]], ...
    ] = (
        (shares.false_start, _start_falsely),
        (shares.lost_distance, _lose_distance),
        (shares.absurd_distance, invent_distance),
        (shares.stopped_clock, _stop_clock),
        (shares.forgotten_meter, _forget_meter),
        (shares.unknown_zone, _forget_zone),
        (shares.outside_zone, _lose_way),
        (shares.rate_99, _fumble_rate),
        (shares.zero_fare, _waive_fare),
        (shares.twin, _make_twins),
    )
    for share, strike in steps:
        strike(rng, sheet, _some(rng, length(sheet), share))
    _shift_clock(rng, sheet, _some(rng, length(sheet), shares.wrong_clock), clock)


def _some(rng: np.random.Generator, n: int, share: float) -> npt.NDArray[np.int64]:
    """Rows that a flaw strikes, in order."""
    struck = np.unique(rng.integers(0, n, rng.binomial(n, share)))
    return struck.astype(np.int64)


def _start_falsely(rng: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    """A few seconds, the same zone, the bare drop and mostly no distance at all."""
    rows = rows[~sheet["no_record"][rows] & (sheet["RatecodeID"][rows] == 1)]
    sheet["DOLocationID"][rows] = sheet["PULocationID"][rows]
    sheet["dropoff_s"][rows] = sheet["pickup_s"][rows] + rng.integers(2, 45, len(rows))
    sheet["trip_distance"][rows] = np.where(
        rng.random(len(rows)) < 0.85, 0.0, rng.integers(1, 6, len(rows)) / 100
    )
    sheet["fare_amount"][rows] = np.minimum(sheet["fare_amount"][rows], sheet["drop_usd"][rows])
    sheet["tip_amount"][rows] = sheet["tolls_amount"][rows] = 0.0


def _lose_distance(_: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    sheet["trip_distance"][rows] = 0.0


def invent_distance(rng: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    """Distances from a hundred miles to three times around the Earth, in place."""
    low, high = np.log(100.5), np.log(WORST_DISTANCE_MI)
    sheet["trip_distance"][rows] = np.round(np.exp(rng.uniform(low, high, len(rows))), 2)


def _stop_clock(rng: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    """The ride takes no time, or ends before it began because the clock was set meanwhile."""
    back = np.where(rng.random(len(rows)) < 0.05, rng.integers(1, 60, len(rows)), 0)
    sheet["dropoff_s"][rows] = sheet["pickup_s"][rows] - back


def _forget_meter(rng: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    """The meter ran on: for some hours, or until the car came back a day later."""
    hours = rng.uniform(3.01, 23.5, len(rows)) * 3600
    day = DAY_S - rng.exponential(400.0, len(rows))
    ran = np.where(rng.random(len(rows)) < 0.6, hours, np.maximum(day, 3.01 * 3600))
    sheet["dropoff_s"][rows] = sheet["pickup_s"][rows] + ran.astype(np.int64)


def _forget_zone(rng: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    """No position at the drop-off, at the pickup, or at neither end."""
    which = rng.random(len(rows))
    sheet["DOLocationID"][rows[which < 0.95]] = UNKNOWN_ZONE
    sheet["PULocationID"][rows[which > 0.73]] = UNKNOWN_ZONE


def _lose_way(_: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    sheet["PULocationID"][rows] = OUTSIDE_ZONE


def _fumble_rate(_: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    sheet["RatecodeID"][rows] = 99


def _waive_fare(_: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    sheet["fare_amount"][rows] = sheet["tip_amount"][rows] = 0.0


def _make_twins(rng: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    """Times and zones of the row before, with a fare of its own."""
    rows = rows[rows > 0]
    for name in ("pickup_s", "dropoff_s", "PULocationID", "DOLocationID"):
        sheet[name][rows] = sheet[name][rows - 1]
    raised = sheet["fare_amount"][rows - 1] + TARIFF.unit_usd * rng.integers(1, 9, len(rows))
    sheet["fare_amount"][rows] = np.round(raised, 2)


def _shift_clock(
    rng: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64], clock: MonthClock
) -> None:
    """Pickups before or after the month, now and then years away."""
    before = clock.first_s - 1 - rng.exponential(5 * DAY_S, len(rows)).astype(np.int64)
    after = clock.end_s + rng.exponential(1 * DAY_S, len(rows)).astype(np.int64)
    reset = _FIRST_MEASURE_S + rng.integers(0, DAY_S, len(rows))
    which = rng.random(len(rows))
    pickup = np.where(which < 0.5, before, np.where(which < 0.92, after, reset))
    sheet["dropoff_s"][rows] += pickup - sheet["pickup_s"][rows]
    sheet["pickup_s"][rows] = pickup
