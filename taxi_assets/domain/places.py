"""Zones and their history, laid out for look-up by zone id."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from taxi_assets.domain.history import (
    ANY_ZONE,
    HOURS,
    METRICS,
    PLACES,
    SIZE,
    Rides,
    hour_history,
    place_index,
    place_of_borough,
    route_history,
)
from taxi_assets.domain.zones import AIRPORT_ZONES, BOROUGHS

FloatArray = npt.NDArray[np.float32]
Grid = npt.NDArray[np.float64]
Ids = npt.NDArray[np.integer]

# How many trips an estimate needs before it weighs as much as the wider one behind it.
ROUTE_TRIPS, ZONE_TRIPS, BOROUGH_TRIPS, HOUR_TRIPS, TREND_TRIPS = 8, 20, 50, 20, 200


@dataclass(frozen=True, slots=True)
class Places:
    """What is known of zones and of the routes between them.

    Attributes:
        zone: (264, 5) float32 by zone id: x_mi, y_mi, area_sqmi, borough code, is_airport.
        trips: (264, 264) float32 earlier trips by pick-up and drop-off zone,
            0 standing for any zone.
        medians: (264, 264, 3) float32 median fare, distance, duration; NaN where
            there are no earlier trips.
        expected: (264, 264, 3) float32 the same shrunk towards zone, borough pair and city where
            trips are few; NaN only without any past.
        trend: (264, 264) float32 fares of the last 28 days over the usual ones, shrunk alike.
        pace: (6, 6, 168) float32 minutes over expected minutes by borough pair and hour of week.
    """

    zone: FloatArray
    trips: FloatArray
    medians: FloatArray
    expected: FloatArray
    trend: FloatArray
    pace: FloatArray


def learn(zones: pd.DataFrame, past: Rides) -> Places:
    """Lay out zones and what rides of the past have taught of them."""
    routes = route_history(past, zones)
    return places(zones, routes, hour_profile(zones, routes, past))


def hour_profile(zones: pd.DataFrame, routes: pa.Table, past: Rides) -> pa.Table:
    """`hour_history` of the rides that a route history was made from."""
    trips, medians, _, _ = _grids(routes)
    expected = _expected(trips, medians, place_of_borough(zones))[
        :, :, METRICS.index("duration_min")
    ]
    return hour_history(past, expected[past.pickup_zone, past.dropoff_zone], zones)


def places(zones: pd.DataFrame, routes: pa.Table, hours: pa.Table) -> Places:
    """Lay out tables for look-up.

    Args:
        zones: (263, >=6) `zone`, `x_mi`, `y_mi`, `area_sqmi`, `borough`, `is_airport`.
        routes: (n_pairs, 8) as `route_history` returns it; may be empty.
        hours: (n_cells, 6) as `hour_history` returns it; may be empty.
    """
    table = np.full((SIZE, 5), np.nan, dtype=np.float32)
    ids = zones["zone"].to_numpy()
    table[ids, 0:3] = zones[["x_mi", "y_mi", "area_sqmi"]].to_numpy(np.float32)
    table[ids, 3] = [BOROUGHS.index(borough) for borough in zones["borough"]]
    table[ids, 4] = np.isin(ids, AIRPORT_ZONES)
    trips, medians, recent, ratio = _grids(routes)
    return Places(
        zone=table,
        trips=trips[:SIZE, :SIZE],
        medians=medians[:SIZE, :SIZE],
        expected=_expected(trips, medians, place_of_borough(zones)).astype(np.float32),
        trend=_trend(recent, ratio).astype(np.float32),
        pace=_pace(hours).astype(np.float32),
    )


def _grids(routes: pa.Table) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Trips, medians, recent trips and their fare ratio, by place and place."""
    where = place_index(routes["pickup_zone"]), place_index(routes["dropoff_zone"])
    trips, recent = np.zeros((2, PLACES, PLACES), np.float32)
    medians = np.full((PLACES, PLACES, len(METRICS)), np.nan, np.float32)
    ratio = np.full((PLACES, PLACES), np.nan, np.float32)
    trips[where], recent[where] = routes["trips"], routes["recent_trips"]
    ratio[where] = routes["recent_fare_ratio"].to_numpy()
    for index, metric in enumerate(METRICS):
        medians[*where, index] = routes[metric]
    return trips, medians, recent, ratio


def _expected(
    trips: FloatArray, medians: FloatArray, borough: npt.NDArray[np.int32]
) -> npt.NDArray[np.float64]:
    """(264, 264, 3) medians, each as far from the wider one behind it as its trips allow."""
    zones = np.arange(SIZE)
    count = trips[:, :, np.newaxis]

    def nearer(starts: Ids, ends: Ids, wider: Grid, weight: int) -> Grid:
        where = np.ix_(starts, ends)
        return shrunk(medians[where], count[where], wider, weight)

    city = medians[ANY_ZONE, ANY_ZONE].astype(np.float64)
    pair = nearer(borough, borough, city, BOROUGH_TRIPS)
    start, end = (
        nearer(zones, borough, pair, ZONE_TRIPS),
        nearer(borough, zones, pair, ZONE_TRIPS),
    )
    return nearer(zones, zones, (start + end) / 2, ROUTE_TRIPS)


def _trend(recent: FloatArray, ratio: FloatArray) -> npt.NDArray[np.float64]:
    """(264, 264) recent fares over usual ones: the city's, then the start's, then the route's."""
    city = shrunk(ratio[ANY_ZONE, ANY_ZONE], recent[ANY_ZONE, ANY_ZONE], 1.0, TREND_TRIPS)
    start = shrunk(ratio[:SIZE, [ANY_ZONE]], recent[:SIZE, [ANY_ZONE]], city, TREND_TRIPS)
    return shrunk(ratio[:SIZE, :SIZE], recent[:SIZE, :SIZE], start, TREND_TRIPS)


def _pace(hours: pa.Table) -> npt.NDArray[np.float64]:
    """(6, 6, 168) minutes over expected minutes: the city's in that hour, then the pair's."""
    shape = (len(BOROUGHS) + 1, len(BOROUGHS) + 1, HOURS)  # the city, then the boroughs
    trips, ratio = np.zeros(shape), np.full(shape, np.nan)
    where = (
        -hours["pickup_zone"].to_numpy(),
        -hours["dropoff_zone"].to_numpy(),
        hours["hour_of_week"].to_numpy(),
    )
    trips[where] = hours["trips"]
    ratio[where] = hours["duration_min"].to_numpy() / hours["expected_min"].to_numpy()
    city = shrunk(ratio[0, 0], trips[0, 0], 1.0, HOUR_TRIPS)
    return shrunk(ratio[1:, 1:], trips[1:, 1:], city, HOUR_TRIPS)


def shrunk(
    estimate: npt.ArrayLike, trips: npt.ArrayLike, wider: npt.ArrayLike, weight: float
) -> npt.NDArray[np.float64]:
    """An estimate drawn towards a wider one, as if that had been seen on `weight` trips.

    Args:
        estimate: what the trips say; ignored where there are none.
        trips: how many there are.
        wider: what is known where there are none.
        weight: trips at which both count the same.
    """
    count = np.asarray(trips, np.float64)
    own = np.where(count > 0, estimate, 0.0)
    return np.asarray((count * own + weight * np.asarray(wider)) / (count + weight))
