"""Feature tables as the arrays that models take."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.history import RIDE_COLUMNS, RIDE_KINDS, Rides
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.window import Window
from taxi_assets.resources.table_slice import TableSlice


def read_window(trips: TableSlice, months: Sequence[str]) -> Window:
    """The rides of some months, in memory: 36 bytes each.

    Raises:
        DataError: the table holds fewer rows than it notes, or more.
    """
    parts = {month: trips.month(month) for month in months}
    rows = {month: part.rows for month, part in parts.items()}
    total = sum(rows.values())
    rides = Rides(*(np.empty(total, kind) for kind in RIDE_KINDS))
    passengers, trend = np.empty((2, total), np.float32)
    into = [*(getattr(rides, name) for name in RIDE_COLUMNS), passengers, trend]
    first = 0
    for month, part in parts.items():
        held = 0
        for batch in part.batches([*RIDE_COLUMNS, "passengers", "fare_trend"]):
            place = slice(first + held, first + held + len(batch))
            held += len(batch)
            if held <= rows[month]:  # there is no room for more
                for array, column in zip(into, batch.columns, strict=True):
                    array[place] = column.to_numpy(zero_copy_only=False)
        if held != rows[month]:  # of fewer, the rest of the arrays was never written
            raise DataError(
                f"{trips.name} notes {rows[month]:,} rows for {month} and holds {held:,}: "
                "rows were deleted or added by hand; run that month again."
            )
        first += held
    return Window(rows, rides, passengers, trend)


@dataclass(frozen=True, slots=True)
class FeatureBatch:
    """Some rows of a feature table.

    Attributes:
        features: (n, 40) float32.
        pickup_at: (n,) datetime64[us] New York local time.
        rate_code: (n,) float64, NaN when unknown.
        fare_usd: (n,) metered fares, US dollars.
        duration_min: (n,) minutes.
    """

    features: FloatArray
    pickup_at: npt.NDArray[np.datetime64]
    rate_code: npt.NDArray[np.float64]
    fare_usd: npt.NDArray[np.float64]
    duration_min: npt.NDArray[np.float64]


def feature_batches(trips: TableSlice) -> Iterator[FeatureBatch]:
    """A feature table, batch by batch."""
    carried = ["pickup_at", "rate_code", "fare_usd", "duration_min"]
    for batch in trips.batches([*carried, *FEATURES]):
        yield FeatureBatch(
            matrix(batch, list(FEATURES)),
            batch["pickup_at"].to_numpy(zero_copy_only=False),
            batch["rate_code"].to_numpy(zero_copy_only=False).astype(np.float64),
            batch["fare_usd"].to_numpy(),
            batch["duration_min"].to_numpy(),
        )


def matrix(batch: pa.RecordBatch, columns: Sequence[str]) -> FloatArray:
    """Columns as (n, columns) float32, null as NaN."""
    found = np.empty((len(batch), len(columns)), dtype=np.float32)
    for index, name in enumerate(columns):
        found[:, index] = batch[name].to_numpy(zero_copy_only=False)
    return found
