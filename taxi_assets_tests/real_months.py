"""TLC's real months as arrays: what a model learns from, and a test month by a fixed filter."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxi_assets.domain.cleaning import PAIR_COLUMNS, refund_rows, sort_trips
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.history import RIDE_COLUMNS, Rides, read_rides
from taxi_assets.domain.places import FloatArray, learn
from taxi_assets.domain.trips import canonical
from taxi_assets.domain.window import Window
from taxi_assets.domain.zones import read_zones

GREEN = FLEETS["green"]


@dataclass(frozen=True)
class HeldOut:
    """Every published trip of a month that a filter outside the pipeline keeps.

    Attributes:
        pickup_zone: (n,) TLC zone ids.
        dropoff_zone: (n,) TLC zone ids.
        pickup_at: (n,) New York local time.
        passengers: (n,) people, NaN when unknown.
        fare_usd: (n,) metered fares.
        duration_min: (n,) minutes.
    """

    pickup_zone: npt.NDArray[np.int64]
    dropoff_zone: npt.NDArray[np.int64]
    pickup_at: npt.NDArray[np.datetime64]
    passengers: FloatArray
    fare_usd: npt.NDArray[np.float64]
    duration_min: npt.NDArray[np.float64]


def real_zones(tree: Path) -> pd.DataFrame:
    """The zones as TLC publishes them."""
    misc = tree / "misc"
    lookup, shapes = misc / "taxi_zone_lookup.csv", misc / "taxi_zones.zip"
    return read_zones(lookup.read_bytes(), shapes.read_bytes())


def clean_trips(tree: Path, month: str) -> pa.RecordBatch:
    """A month's clean trips, sorted by the pipeline's rules."""
    (published,) = pq.read_table(tree / GREEN.file_name(month)).combine_chunks().to_batches()
    pairs = pa.Table.from_batches([canonical(published, GREEN, 0).select(PAIR_COLUMNS)])
    return sort_trips(published, 0, GREEN, month, refund_rows(pairs)).clean


def real_window(tree: Path, months: list[str]) -> Window:
    """What a model may learn from these months, each month's trend from the months before it."""
    zones, trips = real_zones(tree), [clean_trips(tree, month) for month in months]
    trends = []
    for number, batch in enumerate(trips):
        known = learn(zones, read_rides(trips[:number]))
        trends.append(known.trend[batch["pickup_zone"], batch["dropoff_zone"]])
    people = [b["passengers"].to_numpy(zero_copy_only=False).astype(np.float32) for b in trips]
    rows = {month: len(batch) for month, batch in zip(months, trips, strict=True)}
    rides: Rides = read_rides(batch.select(RIDE_COLUMNS) for batch in trips)
    return Window(rows, rides, np.concatenate(people), np.concatenate(trends))


def held_out(tree: Path, month: str) -> HeldOut:
    """All trips of 2.50 to 250 dollars, over half a minute to 3 hours, over 0.05 to 100 miles.

    Both zones known, pick-up within the month. No cleaning rule of the pipeline has a say, so that
    none can flatter the score.
    """
    raw = pq.read_table(tree / GREEN.file_name(month)).to_pandas()
    at, until = raw["lpep_pickup_datetime"], raw["lpep_dropoff_datetime"]
    minutes = (until - at).dt.total_seconds() / 60
    kept = (
        raw["fare_amount"].between(2.5, 250)
        & minutes.between(0.5, 180, inclusive="right")
        & raw["trip_distance"].between(0.05, 100, inclusive="neither")
        & raw["PULocationID"].between(1, 263)
        & raw["DOLocationID"].between(1, 263)
        & (at.dt.strftime("%Y-%m") == month)
    )
    trips = raw[kept]
    return HeldOut(
        trips["PULocationID"].to_numpy(np.int64),
        trips["DOLocationID"].to_numpy(np.int64),
        at[kept].to_numpy().astype("datetime64[s]"),
        trips["passenger_count"].to_numpy(np.float32),
        trips["fare_amount"].to_numpy(np.float64),
        minutes[kept].to_numpy(np.float64),
    )
