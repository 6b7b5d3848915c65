"""The one place where features are built.

Training calls it with millions of trips, serving with one.

Everything here is known before the ride: where from, where to, when, how many people, and
what earlier months taught about zones and routes. Never the metered distance, the duration,
the payment or a surcharge.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from taxi_assets.domain.history import ANY_ZONE, hour_of_week
from taxi_assets.domain.holidays import is_federal_holiday, is_new_york_holiday
from taxi_assets.domain.places import FloatArray, Places
from taxi_assets.domain.zones import BOROUGHS

MANHATTAN_GRID_DEG = 29.0  # the street grid runs 29 degrees east of north
MINUTES_PER_DAY = 1440
EPOCH_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0

FEATURES = {
    "pickup_zone": "TLC zone id where the ride starts",
    "dropoff_zone": "TLC zone id where the ride ends",
    "pickup_borough": "borough code of the pick-up zone (place in the sorted list of boroughs)",
    "dropoff_borough": "borough code of the drop-off zone",
    "borough_pair": "both borough codes in one",
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
    "month_of_year": "1 = January to 12 = December",
    "holiday": "2 on a federal holiday, 1 on one of New York State alone, 0 on any other day",
    "passengers": "people in the cab; missing when unknown",
    "route_trips": "earlier trips on this route",
    "route_fare_usd": "route's median fare over earlier trips, US dollars; missing without any",
    "route_distance_mi": "route's median distance over earlier trips, miles",
    "route_duration_min": "route's median duration over earlier trips, minutes",
    "pickup_fare_usd": "median fare of earlier trips from this zone, US dollars",
    "pickup_distance_mi": "median distance of earlier trips from this zone, miles",
    "pickup_duration_min": "median duration of earlier trips from this zone, minutes",
    "dropoff_fare_usd": "median fare of earlier trips to this zone, US dollars",
    "dropoff_distance_mi": "median distance of earlier trips to this zone, miles",
    "dropoff_duration_min": "median duration of earlier trips to this zone, minutes",
    "expected_fare_usd": "route's median fare, shrunk to zone and borough pair where trips are few",
    "expected_distance_mi": "route's median distance, shrunk alike, miles",
    "expected_duration_min": "route's median duration, shrunk alike, minutes",
    "expected_mph": "speed that follows from the two, miles an hour",
    "hour_pace": "minutes over expected minutes in this hour of the week between these boroughs",
    "hour_duration_min": "expected duration at that pace, minutes",
    "fare_trend": "fares of the last 28 days over the usual ones: route, shrunk to zone and city",
}
POSITION = {name: index for index, name in enumerate(FEATURES)}
# what the table carries beside the features: when, how it was billed, and what there is to learn
CARRIED = ("source_row", "pickup_at", "rate_code", "fare_usd", "distance_mi", "duration_min")
LEARNED = tuple(FEATURES)[POSITION["route_trips"] :]  # what earlier rides have taught
CATEGORICAL = ("pickup_zone", "dropoff_zone", "pickup_borough", "dropoff_borough", "borough_pair")


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
        (n, 40) float32, columns in the order of `FEATURES`, missing values NaN.

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
        start[:, 3] * len(BOROUGHS) + end[:, 3],
        pickup_zone == dropoff_zone,
        start[:, 4],
        end[:, 4],
        *_geometry(start, end),
        *_calendar(pickup_at),
        passengers,
        *_learned(pickup_zone, dropoff_zone, pickup_at, known),
    ]
    matrix = np.empty((len(pickup_zone), len(FEATURES)), dtype=np.float32, order="F")
    for index, column in enumerate(columns):
        matrix[:, index] = column
    return matrix


def column(features: FloatArray, name: str) -> npt.NDArray[np.float32]:
    """(n,) one feature of (n, 40)."""
    return features[:, POSITION[name]]


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


def _calendar(pickup_at: npt.NDArray[np.datetime64]) -> list[npt.NDArray[np.generic]]:
    """Minute of day, weekday, minute of week, month and holidays."""
    minutes = pickup_at.astype("datetime64[m]").astype(np.int64)
    days, minute = np.divmod(minutes, MINUTES_PER_DAY)
    weekday = (days + EPOCH_WEEKDAY) % 7
    month = pickup_at.astype("datetime64[M]").astype(np.int64) % 12 + 1
    holiday = np.where(is_federal_holiday(pickup_at), 2, is_new_york_holiday(pickup_at))
    return [minute, weekday, weekday * MINUTES_PER_DAY + minute, month, holiday]


def _learned(
    pickup_zone: npt.NDArray[np.integer],
    dropoff_zone: npt.NDArray[np.integer],
    pickup_at: npt.NDArray[np.datetime64],
    known: Places,
) -> list[FloatArray]:
    """What earlier rides have taught, in the order of `LEARNED`."""
    route = pickup_zone, dropoff_zone
    expected = known.expected[route]
    distance, duration = expected[:, 1], expected[:, 2]
    boroughs = (known.zone[zone, 3].astype(np.int64) for zone in route)
    pace = known.pace[*boroughs, hour_of_week(pickup_at)]
    return [
        known.trips[route],
        *known.medians[route].T,
        *known.medians[pickup_zone, ANY_ZONE].T,
        *known.medians[ANY_ZONE, dropoff_zone].T,
        *expected.T,
        60 * distance / duration,
        pace,
        duration * pace,
        known.trend[route],
    ]


def trip_features(trips: pa.RecordBatch, known: Places) -> pa.RecordBatch:
    """Features of clean trips, beside what is known of them only afterwards.

    Args:
        trips: (n, >=9) clean trips with `CARRIED` and `passengers`.
        known: zones, and history from before the trips' month.

    Returns:
        (n, 6 + 40) the columns of `CARRIED` as they are, then `FEATURES` float32. Missing values
        are null, as tables have them.
    """
    matrix = build_features(
        trips["pickup_zone"].to_numpy(),
        trips["dropoff_zone"].to_numpy(),
        trips["pickup_at"].to_numpy(zero_copy_only=False),
        trips["passengers"].to_numpy(zero_copy_only=False).astype(np.float32),
        known,
    )
    arrays = [trips[name] for name in CARRIED]
    arrays += [pa.array(matrix[:, index], from_pandas=True) for index in range(len(FEATURES))]
    return pa.RecordBatch.from_arrays(arrays, [*CARRIED, *FEATURES])
