"""How far and how long a ride is: streets, bridges, route choice and the traffic of the hour."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxi_assets.simulator import city as places
from taxi_assets.simulator.city import City
from taxi_assets.simulator.contexts import Contexts

Floats = npt.NDArray[np.float64]

# Typical miles an hour of a two-mile ride in each hour 0..23, weekdays, then weekends; set by eye
# after the real months.
# fmt: off
_MPH = np.array([
    [12.8, 13.4, 13.4, 14.2, 15.8, 15.5, 11.8, 9.9, 9.2, 9.7, 9.7, 9.6,
     9.5, 9.5, 8.9, 8.9, 9.3, 9.7, 10.2, 11.1, 11.2, 11.7, 12.1, 12.3],
    [12.0, 12.7, 13.7, 14.4, 15.8, 17.0, 16.0, 15.0, 13.6, 12.4, 11.8, 11.3,
     10.9, 10.6, 10.2, 10.2, 10.2, 10.5, 10.6, 10.7, 11.1, 11.4, 12.1, 12.5],
])
# fmt: on
_AREA_SPEED = np.ones(len(places.BOROUGHS))
_AREA_SPEED[[places.MANHATTAN, places.BROOKLYN, places.QUEENS, places.BRONX]] = (
    1.12,
    1.05,
    1.18,
    1.14,
)
_AREA_SPEED[[places.STATEN_ISLAND, places.NEWARK, 0]] = 1.35, 1.30, 1.35
_CORE_SPEED = 1.00
_SPEED_SIGMA = 0.23  # of the logarithm: lights, double parking, the driver
_LENGTH_POWER, _LENGTH_MI = 0.27, 2.0  # long rides find faster roads
_MAX_MPH = 55.0

_ROUTE_SIGMA = 0.08
_SCENIC_SHARE, _SCENIC_FACTOR = 0.08, (1.10, 1.50)  # jams avoided, drivers lost, stops on the way
_CROSSING = 1.12  # between boroughs the bridge is seldom on the straight way
_HIGHWAY_SAVING, _HIGHWAY_FROM_MI = 0.14, 4.0  # highways cut the corners of the street grid
_NEAREST_MI = 0.12
_BLOCK = np.float32(1.0)


@dataclass(frozen=True, slots=True)
class Rides:
    """What the road made of the rides: (n,) true miles and minutes each."""

    distance_mi: Floats
    duration_min: Floats


def drive(
    rng: np.random.Generator, city: City, contexts: Contexts, detour_mi: float = 0.0
) -> Rides:
    """Drive each ride once.

    Args:
        rng: where chance comes from; the same draws whatever the detour.
        city: the streets.
        contexts: (n,) rides.
        detour_mi: extra miles between Manhattan and Queens while a bridge is closed.
    """
    distance = _routes(rng, city, contexts)
    pair = city.borough[contexts.pickup_zone], city.borough[contexts.dropoff_zone]
    over = ((pair[0] == places.MANHATTAN) & (pair[1] == places.QUEENS)) | (
        (pair[0] == places.QUEENS) & (pair[1] == places.MANHATTAN)
    )
    distance += detour_mi * over
    mph = usual_mph(city, contexts, distance) * np.exp(_SPEED_SIGMA * _normal(rng, len(contexts)))
    standing = 0.25 + 0.6 * rng.standard_exponential(len(contexts), dtype=np.float32)
    return Rides(distance, 60.0 * distance / np.minimum(mph, _MAX_MPH) + standing)


def usual_mph(city: City, contexts: Contexts, distance_mi: Floats) -> Floats:
    """(n,) the typical speed of rides of that length, place and hour, without chance."""
    hour_of_week = (contexts.pickup_s // 3600 + 72) % 168
    by_hour = np.concatenate([np.tile(_MPH[0], 5), np.tile(_MPH[1], 2)])[hour_of_week]
    by_zone = np.where(city.core, _CORE_SPEED, _AREA_SPEED[city.borough])
    area = np.sqrt(by_zone[contexts.pickup_zone] * by_zone[contexts.dropoff_zone])
    return np.asarray(by_hour * area * (distance_mi / _LENGTH_MI) ** _LENGTH_POWER)


def _routes(rng: np.random.Generator, city: City, contexts: Contexts) -> Floats:
    """(n,) miles driven between a random point of each zone, along the street grid."""
    n = len(contexts)
    grid = np.zeros(n)
    for axis in (city.along_mi, city.across_mi):
        from_mi = axis[contexts.pickup_zone] + city.half_mi[contexts.pickup_zone] * _offset(rng, n)
        to_mi = axis[contexts.dropoff_zone] + city.half_mi[contexts.dropoff_zone] * _offset(rng, n)
        grid += np.abs(from_mi - to_mi)
    crossing = city.borough[contexts.pickup_zone] != city.borough[contexts.dropoff_zone]
    saving = 1.0 - _HIGHWAY_SAVING * np.clip((grid - _HIGHWAY_FROM_MI) / 6.0, 0.0, 1.0)
    low, high = _SCENIC_FACTOR
    scenic = np.where(
        rng.random(n, dtype=np.float32) < _SCENIC_SHARE,
        low + (high - low) * rng.random(n, dtype=np.float32),
        1.0,
    )
    noise = np.exp(_ROUTE_SIGMA * _normal(rng, n)) * scenic
    return np.asarray((grid + _NEAREST_MI) * np.where(crossing, _CROSSING, 1.0) * saving * noise)


def _offset(rng: np.random.Generator, n: int) -> npt.NDArray[np.float32]:
    """(n,) uniform in -1..1: where in its zone a ride starts or ends."""
    return np.float32(2.0) * rng.random(n, dtype=np.float32) - _BLOCK


def _normal(rng: np.random.Generator, n: int) -> npt.NDArray[np.float32]:
    return rng.standard_normal(n, dtype=np.float32)
