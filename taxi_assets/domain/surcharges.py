"""What stands beside a taxi's fare, and which rides pay it; the amounts are in `price_list`."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.domain.holidays import is_federal_holiday
from taxi_assets.domain.price_list import Prices, prices_at
from taxi_assets.domain.tariff import (
    JFK,
    NEGOTIATED,
    NEWARK,
    STANDARD,
    Floats,
    Ints,
    Times,
)
from taxi_assets.domain.zones import (
    CBD_ZONES,
    CONGESTION_ZONES,
    JFK_ZONE,
    LAGUARDIA_ZONE,
    LAST_ZONE,
    MANHATTAN_ZONES,
    NEWARK_ZONE,
    mask_of,
)

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What of each ride decides its surcharges, (n,) each.

    Attributes:
        pickup_at: datetime64[s] New York local time.
        rate_code: TLC rate code.
        is_holiday: picked up on a legal holiday.
        is_taxed: the MTA tax is due.
        below_96th: the ride touches Manhattan south of 96th Street.
        in_cbd: the ride touches Manhattan south of 60th Street.
        from_airport: the ride starts at LaGuardia or JFK.
        at_laguardia: the LaGuardia surcharge is due.
    """

    pickup_at: Times
    rate_code: Ints
    is_holiday: Bools
    is_taxed: Bools
    below_96th: Bools
    in_cbd: Bools
    from_airport: Bools
    at_laguardia: Bools


@dataclass(frozen=True, slots=True)
class Surcharges:
    """What stands beside the fare, each (n,) US dollars, in TLC's columns."""

    extra: Floats
    mta_tax: Floats
    improvement_surcharge: Floats
    congestion_surcharge: Floats
    cbd_congestion_fee: Floats
    airport_fee: Floats

    def total_usd(self) -> Floats:
        """(n,) US dollars, all of them together."""
        return np.asarray(sum(getattr(self, field.name) for field in fields(self)), np.float64)


def surcharges_usd(rides: Circumstances, prices: Prices) -> Surcharges:
    """Every surcharge of each ride.

    Args:
        rides: (n,) rides.
        prices: (n,) amounts, or (1,) for all of them.
    """
    every = np.ones(len(rides.pickup_at), np.bool_)
    return Surcharges(
        extra=_extra(rides, prices),
        mta_tax=np.where(rides.is_taxed, prices.mta_tax, 0.0),
        improvement_surcharge=np.where(every, prices.improvement, 0.0),
        congestion_surcharge=np.where(rides.below_96th, prices.congestion, 0.0),
        cbd_congestion_fee=np.where(rides.in_cbd, prices.cbd, 0.0),
        airport_fee=np.where(rides.from_airport, prices.airport, 0.0),
    )


def _extra(rides: Circumstances, prices: Prices) -> Floats:
    """(n,) US dollars of night, rush hour and LaGuardia; a negotiated fare has only the last."""
    seconds = rides.pickup_at.astype("datetime64[s]").astype(np.int64)
    hour = seconds // 3600 % 24
    weekday = (seconds // 86400 + 3) % 7  # 1970-01-01 was a Thursday; 0 is Monday
    rush = (hour >= 16) & (hour < 20) & (weekday < 5) & ~rides.is_holiday
    night = (hour >= 20) | (hour < 6)
    metered = np.where(rush, prices.rush, np.where(night, prices.night, 0.0))
    flat = np.where(rush, prices.jfk_rush, 0.0)
    timed = np.select([rides.rate_code == NEGOTIATED, rides.rate_code == JFK], [0.0, flat], metered)
    return timed + np.where(rides.at_laguardia, prices.laguardia, 0.0)


def expected_rate_code(pickup_zone: Ints, dropoff_zone: Ints, *, fleet: str) -> Ints:
    """The rate a driver has to set, as far as the zones tell: standard, JFK or Newark.

    The flat JFK fare holds between Manhattan and JFK both ways; green cabs, which may not queue
    at airports, have it to JFK only. Nassau, Westchester and negotiated fares are outside the
    zones and unknown before the ride.

    Args:
        pickup_zone: (n,) TLC zone id 1..263.
        dropoff_zone: (n,) TLC zone id 1..263.
        fleet: `green` or `yellow`.

    Raises:
        UsageError: there is no such fleet or zone.
    """
    for zone in (pickup_zone, dropoff_zone):
        if not ((zone >= 1) & (zone <= LAST_ZONE)).all():
            raise UsageError(f"A zone is not one of TLC's taxi zones 1 to {LAST_ZONE}.")
    manhattan = mask_of(MANHATTAN_ZONES)
    flat = manhattan[pickup_zone] & (dropoff_zone == JFK_ZONE)
    if get_fleet(fleet).name == "yellow":
        flat |= (pickup_zone == JFK_ZONE) & manhattan[dropoff_zone]
    return np.select([flat, dropoff_zone == NEWARK_ZONE], [JFK, NEWARK], STANDARD)


def expected_surcharges(
    pickup_zone: Ints, dropoff_zone: Ints, pickup_at: Times, *, fleet: str
) -> Surcharges:
    """The surcharges of a ride of which only the zones, the time and the fleet are known.

    A ride counts as touching Manhattan when it starts or ends there: whether it passes through is
    not known before. The MTA tax is not due on rides to New Jersey's Newark Airport.

    Args:
        pickup_zone: (n,) TLC zone id 1..263.
        dropoff_zone: (n,) TLC zone id 1..263.
        pickup_at: (n,) datetime64 New York local time, since 2019-01-01.
        fleet: `green` or `yellow`; they differ in the congestion surcharge, the airport fee, which
            green cabs do not have, and at LaGuardia, where green cabs are charged on the way there
            only.

    Returns:
        Six columns of (n,) US dollars.

    Raises:
        UsageError: there is no such fleet or zone, or a time is missing or outside the schedule.
    """
    core, cbd = mask_of(CONGESTION_ZONES), mask_of(CBD_ZONES)
    rate_code = expected_rate_code(pickup_zone, dropoff_zone, fleet=fleet)
    from_laguardia = pickup_zone == LAGUARDIA_ZONE
    rides = Circumstances(
        pickup_at=pickup_at,
        rate_code=rate_code,
        is_holiday=is_federal_holiday(pickup_at),
        is_taxed=rate_code != NEWARK,
        below_96th=core[pickup_zone] | core[dropoff_zone],
        in_cbd=cbd[pickup_zone] | cbd[dropoff_zone],
        from_airport=from_laguardia | (pickup_zone == JFK_ZONE),
        at_laguardia=(dropoff_zone == LAGUARDIA_ZONE) | (from_laguardia & (fleet == "yellow")),
    )
    return surcharges_usd(rides, prices_at(pickup_at, fleet=fleet))


def expected_total_usd(fare_usd: Floats, surcharges: Surcharges) -> Floats:
    """(n,) US dollars to pay before tip and tolls, to the cent: the fare and its surcharges."""
    return np.asarray(np.round(fare_usd + surcharges.total_usd(), 2), np.float64)
