"""Feature tables as the matrices that models take."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.features import FEATURES, FloatArray
from taxi_assets.domain.model import Fares, MonthOfTrips
from taxi_assets.resources.table_slice import TableSlice

COLUMNS = ("fare_usd", *FEATURES)


def month_of_trips(trips: TableSlice, month: str) -> MonthOfTrips:
    """One month's features and fares, in memory.

    Raises:
        DataError: the table holds fewer rows than it notes.
    """
    part = trips.month(month)
    features = np.empty((part.rows, len(FEATURES)), dtype=np.float32)
    fares, first = np.empty(part.rows), 0
    for batch_features, batch_fares in feature_batches(part):
        rows = slice(first, first + len(batch_fares))
        features[rows], fares[rows] = batch_features, batch_fares
        first = rows.stop
    if first != part.rows:  # the rest of the arrays was never written
        raise DataError(
            f"{trips.name} notes {part.rows:,} rows for {month} and holds {first:,}: rows were "
            "deleted by hand; run that month again."
        )
    return MonthOfTrips(month, features, fares)


def feature_batches(trips: TableSlice) -> Iterator[tuple[FloatArray, Fares]]:
    """Features (n, 30) and fares (n,) of a table, batch by batch."""
    for batch in trips.batches(COLUMNS):
        yield matrix(batch, list(FEATURES)), batch["fare_usd"].to_numpy()


def matrix(batch: pa.RecordBatch, columns: Sequence[str]) -> FloatArray:
    """Columns as (n, columns) float32, null as NaN."""
    found = np.empty((len(batch), len(columns)), dtype=np.float32)
    for index, name in enumerate(columns):
        found[:, index] = batch[name].to_numpy(zero_copy_only=False)
    return found
