"""More ways to part a month, for reports: pairs of boroughs, and groups of people's rides."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_assets.domain.features import column
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.slices import DISTANCE_BANDS, WHOLE, Slicing, slicings
from taxi_assets.domain.zones import BOROUGHS

PAIR = "boroughs"  # name of the slicing by the two boroughs of a ride
SAME_ZONE = DISTANCE_BANDS[0]
JOINT = " - "  # between their names
PAIRS = tuple(
    f"{first}{JOINT}{second}"
    for number, first in enumerate(BOROUGHS)
    for second in BOROUGHS[number:]
)
VENDOR = "vendor"  # who supplied the record; nobody knows it before the ride
VENDORS = ("unknown", *(str(number) for number in range(1, 100)))
APART = "without_vendors"  # slice of the whole month less the vendors that its value names
DAYS = ("weekdays", "weekends")
AIRPORT = ("without an airport", "to or from an airport")
SPOKEN = {  # how people say a part of a slicing
    "pickup_borough": "rides from {}",
    "dropoff_borough": "rides to {}",
    "service_zone": "rides from zones of kind {}",
    "distance_band": "rides of {}",
    "hour_band": "rides at {}",
    "weekday": "rides on {}",
    "days": "rides on {}",
    "airport": "rides {}",
    "route": "rides on routes {} before",
    "vendor": "rides of vendor {}",
}
FIRST_WEEKEND_DAY = 5  # Saturday; Monday is 0
LOOKED_AT = (  # the features that tell which part a ride is in
    "pickup_zone",
    "pickup_borough",
    "dropoff_borough",
    "same_zone",
    "from_airport",
    "to_airport",
    "straight_mi",
    "minute_of_day",
    "weekday",
    "route_trips",
)
Parting = Callable[[FloatArray, npt.NDArray[np.float64], pd.DataFrame], list[Slicing]]


def performance_slicings(
    features: FloatArray, rate_code: npt.NDArray[np.float64], zones: pd.DataFrame
) -> list[Slicing]:
    """The slicings of an evaluation, and the two boroughs of a ride, whichever comes first.

    Args:
        features: (n, 40) as the model sees them.
        rate_code: (n,) as billed, NaN when unknown.
        zones: (263, >=2) `zone` and `service_zone`.
    """
    return [*slicings(features, rate_code, zones), _pairs(features)]


def groupings(
    features: FloatArray, rate_code: npt.NDArray[np.float64], zones: pd.DataFrame
) -> list[Slicing]:
    """The groups that the data offers of the people who ride; all are known before the ride.

    Args:
        features: (n, 40) as the model sees them.
        rate_code: (n,) as billed, NaN when unknown.
        zones: (263, >=2) `zone` and `service_zone`.
    """
    known = {each.name: each for each in slicings(features, rate_code, zones)}
    weekend = column(features, "weekday") >= FIRST_WEEKEND_DAY
    airport = (column(features, "from_airport") == 1) | (column(features, "to_airport") == 1)
    dropoff = column(features, "dropoff_borough")
    return [
        known[WHOLE],
        known["pickup_borough"],
        Slicing("dropoff_borough", BOROUGHS, dropoff.astype(np.int8)),
        *(known[name] for name in ("service_zone", "distance_band", "hour_band")),
        Slicing("days", DAYS, weekend.astype(np.int8)),
        Slicing("airport", AIRPORT, airport.astype(np.int8)),
        known["route"],
    ]


def by_vendor(vendor: npt.NDArray[np.float64]) -> Slicing:
    """Rides by who supplied their records.

    Args:
        vendor: (n,) as billed, NaN when unknown.
    """
    known = (vendor >= 1) & (vendor < len(VENDORS))
    return Slicing(VENDOR, VENDORS, np.where(known, vendor, 0).astype(np.int8))


def rides_of(name: str, value: str) -> str:
    """A part of a slicing as people say it: `rides between Manhattan and Queens`."""
    if value == SAME_ZONE:
        return "rides within one zone"
    if name != PAIR:
        return SPOKEN[name].format(value)
    first, second = value.split(JOINT)
    return f"rides within {first}" if first == second else f"rides between {first} and {second}"


def _pairs(features: FloatArray) -> Slicing:
    """The place of each ride's two boroughs in `PAIRS`."""
    ends = np.sort(
        np.stack([column(features, f"{end}_borough") for end in ("pickup", "dropoff")]), axis=0
    ).astype(np.int64)
    first, second = ends
    before = first * len(BOROUGHS) - first * (first - 1) // 2  # pairs whose first one comes earlier
    return Slicing(PAIR, PAIRS, (before + second - first).astype(np.int8))
