"""The published tariff on an estimated ride: what the meter would show, without any model."""

import numpy as np

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.surcharges import expected_rate_code
from taxi_assets.domain.tariff import TARIFFS, Floats, Ints, Times, fare_usd, require_since

# A ride either creeps or cruises, and its average speed tells how long it did each. Set on the
# metered rides of January and February 2023, where these two give the least mean absolute error
# with the true distance and duration; a cruise above 12 mph and a creep below it keep the fare
# from falling with either.
CREEP_MPH, CRUISE_MPH = 5.0, 30.0


def metered_units(distance_mi: Floats, duration_min: Floats) -> tuple[Floats, Floats]:
    """Split rides into what the meter counts by distance and what it counts by time.

    Args:
        distance_mi: (n,) miles.
        duration_min: (n,) minutes.

    Returns:
        (n,) miles above 12 mph and (n,) minutes below, so that creeping at `CREEP_MPH` and
        cruising at `CRUISE_MPH` together give the average speed; a ride faster or slower than both
        is all cruise or all creep.
    """
    creep_min = (CRUISE_MPH * duration_min - 60.0 * distance_mi) / (CRUISE_MPH - CREEP_MPH)
    slow_min = np.clip(creep_min, 0.0, duration_min)
    return np.maximum(distance_mi - CREEP_MPH * slow_min / 60.0, 0.0), slow_min


def tariff_estimate_usd(
    distance_mi: Floats,
    duration_min: Floats,
    pickup_zone: Ints,
    dropoff_zone: Ints,
    pickup_at: Times,
    *,
    fleet: str,
) -> Floats:
    """The meter's fare of a ride of that estimated length, without surcharges, tip and tolls.

    Args:
        distance_mi: (n,) miles, finite and not negative.
        duration_min: (n,) minutes, finite and not negative.
        pickup_zone: (n,) TLC zone id 1..263.
        dropoff_zone: (n,) TLC zone id 1..263.
        pickup_at: (n,) datetime64 New York local time, since 2012-09-04.
        fleet: `green` or `yellow`.

    Returns:
        (n,) US dollars: flat between Manhattan and JFK, metered with Newark's extra there, metered
        anywhere else.

    Raises:
        UsageError: there is no such fleet or zone, a time is missing or before the tariff's start,
            or a distance or duration is negative or not a number.
    """
    require_since(pickup_at, TARIFFS[0][0], "taxi tariff")
    for measure in (distance_mi, duration_min):
        if not ((measure >= 0.0) & np.isfinite(measure)).all():
            raise UsageError("A distance or duration is negative or not a number.")
    rate_code = expected_rate_code(pickup_zone, dropoff_zone, fleet=fleet)
    fast_mi, slow_min = metered_units(distance_mi, duration_min)
    fare = np.zeros(len(distance_mi))
    for since, tariff in TARIFFS:
        at_these_prices = fare_usd(rate_code, fast_mi, slow_min, tariff=tariff)
        fare = np.where(pickup_at >= since, at_these_prices, fare)
    return fare
