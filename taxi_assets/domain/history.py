"""What is known of each route before a month begins: point-in-time history of finished rides."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from taxi_assets.domain.zones import BOROUGHS, LAST_ZONE

ANY_ZONE = 0  # stands for "all zones" in a row that sums up more than one route
SIZE = LAST_ZONE + 1
PLACES = SIZE + len(BOROUGHS)  # zone ids from 1, 0 for any, then one place a borough
METRICS = ("fare_usd", "distance_mi", "duration_min")
RIDE_COLUMNS = ["pickup_zone", "dropoff_zone", "pickup_at", *METRICS]
RIDE_KINDS = ("int32", "int32", "datetime64[s]", "float32", "float32", "float32")
RECENT = np.timedelta64(28, "D")
HOURS = 168  # of a week, from Monday midnight
WORKERS = 2  # a sort lets go of Python's lock

Floats = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Rides:
    """Finished rides as arrays of one length.

    Attributes:
        pickup_zone: TLC zone ids 1..263.
        dropoff_zone: TLC zone ids 1..263.
        pickup_at: datetime64[s], New York local time.
        fare_usd: metered fares, US dollars.
        distance_mi: metered distances, miles.
        duration_min: minutes.
    """

    pickup_zone: npt.NDArray[np.int32]
    dropoff_zone: npt.NDArray[np.int32]
    pickup_at: npt.NDArray[np.datetime64]
    fare_usd: Floats
    distance_mi: Floats
    duration_min: Floats

    def __len__(self) -> int:
        return len(self.pickup_zone)

    def take(self, rows: Any) -> "Rides":
        """Some of the rides; `rows` is a mask, a slice or an array of positions."""
        return Rides(*(getattr(self, field.name)[rows] for field in fields(Rides)))


def read_rides(batches: Iterable[pa.RecordBatch]) -> Rides:
    """Rides of batches that have `RIDE_COLUMNS`, in their order."""
    parts = [batch.select(RIDE_COLUMNS) for batch in batches]
    columns = zip(RIDE_COLUMNS, RIDE_KINDS, strict=True)
    return Rides(*(_column(parts, name, np.dtype(kind)) for name, kind in columns))


def _column(parts: list[pa.RecordBatch], name: str, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    """One column of all batches as one array."""
    found = [part.column(name).to_numpy(zero_copy_only=False).astype(kind) for part in parts]
    return np.concatenate(found) if found else np.empty(0, kind)


def place_of_borough(zones: pd.DataFrame) -> npt.NDArray[np.int32]:
    """(264,) the place that stands for each zone's borough; any zone's is any place."""
    place = np.full(SIZE, ANY_ZONE, np.int32)
    place[zones["zone"]] = [SIZE + BOROUGHS.index(name) for name in zones["borough"]]
    return place


def hour_of_week(pickup_at: npt.NDArray[np.datetime64]) -> npt.NDArray[np.int64]:
    """(n,) hours after Monday midnight, 0..167."""
    hours = pickup_at.astype("datetime64[h]").astype(np.int64)
    return (hours + 3 * 24) % HOURS  # 1970-01-01 was a Thursday


def route_history(past: Rides, zones: pd.DataFrame) -> pa.Table:
    """Medians of routes, of zones, boroughs and the city over past rides, and how fares moved.

    Args:
        past: rides from before the month that the history is for. The caller leaves out what must
            stay unseen.
        zones: (263, >=2) `zone`, `borough`.

    Returns:
        (n_pairs, 8) `pickup_zone`, `dropoff_zone` int32: zone ids, 0 for any zone, -1 to -6 for
        all zones of a borough in the order of `BOROUGHS`; `trips` int64; exact medians `fare_usd`
        US dollars, `distance_mi` miles, `duration_min` minutes, float64; `recent_trips` int64 of
        the last 28 days and `recent_fare_ratio` float64, their fares over what their routes'
        medians sum up to (null without any). Sorted by the two places; empty without a past.
    """
    levels = _levels(past, place_of_borough(zones))
    values = {metric: getattr(past, metric) for metric in METRICS}
    with ThreadPoolExecutor(WORKERS) as pool:
        medians = list(pool.map(lambda codes: _medians(codes, values), levels))
    recent = past.pickup_at >= past.pickup_at.max() - RECENT if len(past) else slice(0, 0)
    routes = medians[0]
    usual = routes["fare_usd"][np.searchsorted(routes["code"], levels[0][recent])]
    for codes, level in zip(levels, medians, strict=True):
        row = np.searchsorted(level["code"], codes[recent])
        size = len(level["code"])
        level["recent_trips"] = np.bincount(row, minlength=size)
        level["recent_fare_usd"] = np.bincount(row, past.fare_usd[recent], size)
        level["usual_fare_usd"] = np.bincount(row, usual, size)
    return _as_table({name: np.concatenate([m[name] for m in medians]) for name in medians[0]})


def _levels(past: Rides, borough: npt.NDArray[np.int32]) -> list[Codes]:
    """Each ride's group at each level: route, zone and borough, zone, borough pair, city."""
    start, end = past.pickup_zone, past.dropoff_zone
    any_zone = np.zeros_like(start)
    pairs = [
        (start, end),
        (start, borough[end]),
        (borough[start], end),
        (start, any_zone),
        (any_zone, end),
        (borough[start], borough[end]),
        (any_zone, any_zone),
    ]
    return [(a.astype(np.uint32) * PLACES + b.astype(np.uint32)) for a, b in pairs]


def _medians(codes: Codes, values: dict[str, Floats]) -> dict[str, npt.NDArray[Any]]:
    """Count and medians by group.

    Non-negative float32 values sort like their bit patterns, so one sort of (group, value) packed
    into 64 bits puts every group's values in order: exact medians at the price of a sort, for
    tens of millions of trips.
    """
    group, trips = np.unique(codes, return_counts=True)
    first = np.cumsum(trips) - trips
    result: dict[str, npt.NDArray[Any]] = {"code": group, "trips": trips}
    for metric, column in values.items():
        packed = (codes.astype(np.uint64) << np.uint64(32)) | column.view(np.uint32)
        packed.sort()
        ordered = (packed & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32)
        lower, upper = ordered[first + (trips - 1) // 2], ordered[first + trips // 2]
        result[metric] = (lower + upper) / np.float32(2)
    return result


def _as_table(rows: dict[str, npt.NDArray[Any]]) -> pa.Table:
    """Groups as a table, sorted by their places."""
    start, end = (_place_id(place) for place in np.divmod(rows["code"], np.uint64(PLACES)))
    order = np.lexsort((end, start))
    with np.errstate(invalid="ignore"):  # 0 / 0 where nothing is recent
        ratio = rows["recent_fare_usd"] / rows["usual_fare_usd"]
    return pa.table(
        {
            "pickup_zone": start[order],
            "dropoff_zone": end[order],
            "trips": rows["trips"][order].astype(np.int64),
            # four decimals undo the binary noise of float32: 109.1, not 109.0999984
            **{metric: rows[metric][order].astype(np.float64).round(4) for metric in METRICS},
            "recent_trips": rows["recent_trips"][order].astype(np.int64),
            "recent_fare_ratio": pa.array(ratio[order].round(6), from_pandas=True),
        }
    )


def _place_id(place: npt.NDArray[np.uint64]) -> npt.NDArray[np.int32]:
    """Places as tables have them: boroughs count down from -1."""
    signed = place.astype(np.int32)
    return np.where(signed < SIZE, signed, SIZE - 1 - signed).astype(np.int32)


def place_index(ids: Sequence[int] | npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """The inverse: places 0..269 of the ids in a table."""
    known = np.asarray(ids, np.int64)
    return np.where(known >= 0, known, SIZE - 1 - known)


def hour_history(
    past: Rides, expected_min: npt.NDArray[np.floating], zones: pd.DataFrame
) -> pa.Table:
    """How long rides took in each hour of the week, against what their routes take in general.

    Args:
        past: the rides that the route history was made from.
        expected_min: (n,) minutes that `places` expects of each ride, whatever the hour.
        zones: (263, >=2) `zone`, `borough`.

    Returns:
        (n_cells, 6) `pickup_zone`, `dropoff_zone` int32: -1 to -6 for a borough, 0 for the whole
        city; `hour_of_week` int32, 0 is Monday midnight to 1 h; `trips` int64; `duration_min` and
        `expected_min` float64, minutes summed over these rides. Sorted by the first three.
    """
    size = len(BOROUGHS)
    borough = place_of_borough(zones) - SIZE
    pair = borough[past.pickup_zone] * size + borough[past.dropoff_zone]
    cell = pair * HOURS + hour_of_week(past.pickup_at)
    weights = (None, past.duration_min, expected_min)
    sums = np.stack([np.bincount(cell, weight, size * size * HOURS) for weight in weights])
    pairs, city = sums.reshape(3, size, size, HOURS), sums.reshape(3, -1, HOURS).sum(axis=1)
    start, end, hour = np.nonzero(pairs[0])
    (city_hour,) = np.nonzero(city[0])
    anywhere = np.full(len(city_hour), ANY_ZONE)
    columns = [
        *(np.concatenate(found) for found in ((-1 - start, anywhere), (-1 - end, anywhere))),
        np.concatenate((hour, city_hour)),
        *np.hstack((pairs[:, start, end, hour], city[:, city_hour])),
    ]
    order = np.lexsort(columns[2::-1])
    kinds = (np.int32, np.int32, np.int32, np.int64, np.float64, np.float64)
    names = ("pickup_zone", "dropoff_zone", "hour_of_week", "trips", "duration_min", "expected_min")
    return pa.table(
        {
            name: column[order].round(4).astype(kind)
            for name, column, kind in zip(names, columns, kinds, strict=True)
        }
    )
