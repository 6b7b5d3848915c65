"""The one place where features are built.

Training calls it with millions of trips, serving with one.

Everything here is known before the ride: where from, where to, when, how many people, and
what earlier months taught about zones and routes. Never the metered distance, the duration,
the payment or a surcharge.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from taxi_assets.domain.history import ANY_ZONE, METRICS, SIZE
from taxi_assets.domain.zones import AIRPORT_ZONES, BOROUGHS

FloatArray = npt.NDArray[np.float32]
MANHATTAN_GRID_DEG = 29.0  # the street grid runs 29 degrees east of north
MINUTES_PER_DAY = 1440
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0

FEATURES = {
    "pickup_zone": "TLC zone id where the ride starts",
    "dropoff_zone": "TLC zone id where the ride ends",
    "pickup_borough": "borough code of the pick-up zone (place in the sorted list of boroughs)",
    "dropoff_borough": "borough code of the drop-off zone",
    "same_zone": "1 when the ride starts and ends in one zone",
    "from_airport": "1 when the ride starts at an airport",
    "to_airport": "1 when the ride ends at an airport",
    "pickup_x_mi": "pick-up zone's centroid, miles east",
    "pickup_y_mi": "pick-up zone's centroid, miles north",
    "dropoff_x_mi": "drop-off zone's centroid, miles east",
    "dropoff_y_mi": "drop-off zone's centroid, miles north",
    "east_mi": "miles east from pick-up to drop-off centroid",
    "north_mi": "miles north from pick-up to drop-off centroid",
    "straight_mi": "straight line between the centroids, miles",
    "grid_mi": "distance along Manhattan's street grid between the centroids, miles",
    "zone_size_mi": "square root of both zones' mean area, miles: how vague the centroids are",
    "minute_of_day": "pick-up time, minutes after midnight, New York local",
    "weekday": "0 = Monday to 6 = Sunday",
    "minute_of_week": "pick-up time, minutes after Monday midnight",
    "passengers": "people in the cab; missing when unknown",
    "route_trips": "earlier trips on this route",
    "route_fare_usd": "their median fare, US dollars; missing when there are none",
    "route_distance_mi": "their median distance, miles",
    "route_duration_min": "their median duration, minutes",
    "pickup_fare_usd": "median fare of earlier trips from this zone, US dollars",
    "pickup_distance_mi": "median distance of earlier trips from this zone, miles",
    "pickup_duration_min": "median duration of earlier trips from this zone, minutes",
    "dropoff_fare_usd": "median fare of earlier trips to this zone, US dollars",
    "dropoff_distance_mi": "median distance of earlier trips to this zone, miles",
    "dropoff_duration_min": "median duration of earlier trips to this zone, minutes",
}
CATEGORICAL = ("pickup_zone", "dropoff_zone", "pickup_borough", "dropoff_borough")


@dataclass(frozen=True, slots=True)
class Places:
    """Zones and route history laid out for look-up by zone id.

    Attributes:
        zone: (264, 5) float32 by zone id: x_mi, y_mi, area_sqmi, borough code, is_airport.
        trips: (264, 264) float32 earlier trips by pick-up and drop-off zone,
            0 standing for any zone.
        medians: (264, 264, 3) float32 median fare, distance, duration; NaN where
            there are no earlier trips.
    """

    zone: FloatArray
    trips: FloatArray
    medians: FloatArray


def places(zones: pd.DataFrame, history: pa.Table) -> Places:
    """Lay out `zones.read_zones` and `history.route_history` for look-up.

    Args:
        zones: (263, >=6) `zone`, `x_mi`, `y_mi`, `area_sqmi`, `borough`, `is_airport`.
        history: (n_pairs, 6) as `route_history` returns it; may be empty.
    """
    table = np.full((SIZE, 5), np.nan, dtype=np.float32)
    ids = zones["zone"].to_numpy()
    table[ids, 0:3] = zones[["x_mi", "y_mi", "area_sqmi"]].to_numpy(np.float32)
    table[ids, 3] = [BOROUGHS.index(borough) for borough in zones["borough"]]
    table[ids, 4] = np.isin(ids, AIRPORT_ZONES)
    trips = np.zeros((SIZE, SIZE), dtype=np.float32)
    medians = np.full((SIZE, SIZE, len(METRICS)), np.nan, dtype=np.float32)
    pair = history["pickup_zone"].to_numpy(), history["dropoff_zone"].to_numpy()
    trips[pair] = history["trips"].to_numpy()
    for index, metric in enumerate(METRICS):
        medians[*pair, index] = history[metric].to_numpy()
    return Places(table, trips, medians)


def build_features(
    pickup_zone: npt.NDArray[np.integer],
    dropoff_zone: npt.NDArray[np.integer],
    pickup_at: npt.NDArray[np.datetime64],
    passengers: npt.NDArray[np.floating],
    known: Places,
) -> FloatArray:
    """Features of trips that are about to begin.

    Args:
        pickup_zone: (n,) TLC zone ids 1..263.
        dropoff_zone: (n,) TLC zone ids 1..263.
        pickup_at: (n,) datetime64, New York local time.
        passengers: (n,) people, NaN when unknown.
        known: zones, and route history from before the month of these trips.

    Returns:
        (n, 30) float32, columns in the order of `FEATURES`, missing values NaN.

    Raises:
        IndexError: a zone id outside 1..263.
    """
    if len(pickup_zone) and min(pickup_zone.min(), dropoff_zone.min()) < 1:
        raise IndexError("zone ids start at 1")  # numpy would count from the end
    start, end = known.zone[pickup_zone], known.zone[dropoff_zone]
    columns = [
        pickup_zone,
        dropoff_zone,
        start[:, 3],
        end[:, 3],
        pickup_zone == dropoff_zone,
        start[:, 4],
        end[:, 4],
    ]
    columns += _geometry(start, end)
    columns += _calendar(pickup_at)
    columns += [passengers, known.trips[pickup_zone, dropoff_zone]]
    matrix = np.empty((len(pickup_zone), len(FEATURES)), dtype=np.float32, order="F")
    for index, column in enumerate(columns):
        matrix[:, index] = column
    first = len(columns)
    matrix[:, first : first + 3] = known.medians[pickup_zone, dropoff_zone]
    matrix[:, first + 3 : first + 6] = known.medians[pickup_zone, ANY_ZONE]
    matrix[:, first + 6 : first + 9] = known.medians[ANY_ZONE, dropoff_zone]
    return matrix


def _geometry(start: FloatArray, end: FloatArray) -> list[FloatArray]:
    """Centroids, offsets, distances and vagueness of (n, 5) zone rows."""
    east, north = end[:, 0] - start[:, 0], end[:, 1] - start[:, 1]
    angle = np.radians(MANHATTAN_GRID_DEG, dtype=np.float32)
    along, across = (
        east * np.sin(angle) + north * np.cos(angle),
        east * np.cos(angle) - north * np.sin(angle),
    )
    size = np.sqrt((start[:, 2] + end[:, 2]) / 2)
    straight, grid = np.hypot(east, north), np.abs(along) + np.abs(across)
    return [start[:, 0], start[:, 1], end[:, 0], end[:, 1], east, north, straight, grid, size]


def _calendar(pickup_at: npt.NDArray[np.datetime64]) -> list[npt.NDArray[np.int64]]:
    """Minute of day, weekday and minute of week."""
    minutes = pickup_at.astype("datetime64[m]").astype(np.int64)
    days, minute = np.divmod(minutes, MINUTES_PER_DAY)
    weekday = (days + EPOCH_WEEKDAY) % 7
    return [minute, weekday, weekday * MINUTES_PER_DAY + minute]


def trip_features(trips: pa.RecordBatch, known: Places) -> pa.RecordBatch:
    """Features of clean trips, beside what the model is to learn from them.

    Args:
        trips: (n, >=7) clean trips.
        known: zones, and route history from before the trips' month.

    Returns:
        (n, 33) `source_row` int32, targets `fare_usd` US dollars and `duration_min` minutes
        float64, then `FEATURES` float32. Missing values are null, as tables have them.
    """
    matrix = build_features(
        trips["pickup_zone"].to_numpy(),
        trips["dropoff_zone"].to_numpy(),
        trips["pickup_at"].to_numpy(zero_copy_only=False),
        trips["passengers"].to_numpy(zero_copy_only=False).astype(np.float32),
        known,
    )
    arrays = [trips["source_row"], trips["fare_usd"], trips["duration_min"]]
    arrays += [pa.array(matrix[:, index], from_pandas=True) for index in range(len(FEATURES))]
    return pa.RecordBatch.from_arrays(arrays, ["source_row", "fare_usd", "duration_min", *FEATURES])
