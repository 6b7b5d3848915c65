"""What each surcharge costs, and since when.

Sources: TLC's rate of fare and its rule of 2022-12-19 ("Taximeter Rate of Fare and Various
Surcharges"), New York's congestion surcharge (collected since 2019-02-02, once the courts let it),
the MTA's congestion pricing (2025-01-05) and the Port Authority's airport access fee.
"""

from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from taxi_assets.domain.fleets import get_fleet
from taxi_assets.domain.tariff import Floats, Times, require_since

_FIRST_DAY, _RAISED = "2019-01-01", "2022-12-19"
KNOWN_SINCE = np.datetime64(_FIRST_DAY, "s")
CBD_SINCE = np.datetime64("2025-01-05", "s")


@dataclass(frozen=True, slots=True)
class Prices:
    """Each surcharge's amount, (n,) or (1,) US dollars, whether or not a ride has to pay it.

    Attributes:
        night: from 20 to 6 h.
        rush: from 16 to 20 h on weekdays that are no legal holiday.
        jfk_rush: the same hours on the flat fare, which knows no night.
        laguardia: in TLC's column `extra` like the three above.
        mta_tax: on rides that end in New York State.
        improvement: on every ride.
        congestion: on rides that touch Manhattan south of 96th Street.
        cbd: on rides that touch Manhattan south of 60th Street.
        airport: on pickups at LaGuardia and JFK.
    """

    night: Floats
    rush: Floats
    jfk_rush: Floats
    laguardia: Floats
    mta_tax: Floats
    improvement: Floats
    congestion: Floats
    cbd: Floats
    airport: Floats


Steps = tuple[tuple[str, float], ...]  # first day at midnight, US dollars from then on

_BOTH_FLEETS: dict[str, Steps] = {
    "night": ((_RAISED, 1.00), (_FIRST_DAY, 0.50)),
    "rush": ((_RAISED, 2.50), (_FIRST_DAY, 1.00)),
    "jfk_rush": ((_RAISED, 5.00), (_FIRST_DAY, 4.50)),
    "laguardia": ((_RAISED, 5.00), (_FIRST_DAY, 0.00)),
    "mta_tax": ((_FIRST_DAY, 0.50),),
    "improvement": ((_RAISED, 1.00), (_FIRST_DAY, 0.30)),
    "cbd": ((str(CBD_SINCE.astype("datetime64[D]")), 0.75), (_FIRST_DAY, 0.00)),
}
# Latest first.
SCHEDULE: dict[str, dict[str, Steps]] = {
    "green": _BOTH_FLEETS
    | {"congestion": (("2019-02-02", 2.75), (_FIRST_DAY, 0.00)), "airport": ((_FIRST_DAY, 0.00),)},
    "yellow": _BOTH_FLEETS
    | {
        "congestion": (("2019-02-02", 2.50), (_FIRST_DAY, 0.00)),
        # As the Port Authority announced its fee: the start was put off from October 2020, the
        # rise of 2022 was part of the first decision, and that of 2026 is to be followed by 0.25
        # in March 2027 and in 2028. Only announcements stand behind these days: meters may have
        # taken the fee up later, and no yellow file was at hand to see when.
        "airport": (
            ("2026-03-15", 2.00),
            ("2022-10-01", 1.75),
            ("2021-04-05", 1.25),
            (_FIRST_DAY, 0.00),
        ),
    },
}


def prices_at(pickup_at: Times, *, fleet: str) -> Prices:
    """The amounts in force at each time.

    Args:
        pickup_at: (n,) datetime64 New York local time.
        fleet: `green` or `yellow`.

    Raises:
        UsageError: there is no such fleet, or a time is missing or before 2019-01-01.
    """
    days, amounts = _table(get_fleet(fleet).name)
    require_since(pickup_at, KNOWN_SINCE, "surcharge schedule")
    rows = amounts[:, np.searchsorted(days, pickup_at, side="right") - 1]
    return Prices(*rows)


@cache
def _table(fleet: str) -> tuple[Times, Floats]:
    """The days on which any amount changes, earliest first, and (9, n_days) all amounts from each.

    Made once a process: quoting one ride at a time, comparing with each step of each amount took
    as long as a model.
    """
    schedule = SCHEDULE[fleet]
    days = np.array(sorted({day for steps in schedule.values() for day, _ in steps}), "M8[s]")
    in_order = (schedule[field.name] for field in fields(Prices))
    amounts = np.array([_in_force(steps, days) for steps in in_order])
    amounts.setflags(write=False)
    return days, amounts


def _in_force(steps: Steps, days: Times) -> Floats:
    """(n,) US dollars: the first amount whose day has come."""
    come = [days >= np.datetime64(day, "s") for day, _ in steps]
    return np.asarray(np.select(come, [usd for _, usd in steps]), np.float64)
