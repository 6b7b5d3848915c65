"""What the champion said of a month's rides beside what became of them, batch by batch."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.evaluation import Outcomes
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.groups import LOOKED_AT, Parting
from taxi_assets.domain.heads import Quotes
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.tallies import Tally, added, tally
from taxi_assets.resources.streams import pooled
from taxi_assets.resources.table_slice import TableSlice

QUOTED = ("source_row", "quoted_usd", "low_usd", "high_usd", "ride_min")
RIDDEN = ("source_row", "pickup_at", "rate_code", "fare_usd", "duration_min", *LOOKED_AT)
SAMPLE_SEED = 20_240_131


def tallied(
    trips: TableSlice, quotes: TableSlice, zones: pd.DataFrame, parting: Parting
) -> list[Tally]:
    """The champion's errors on all trips of a month, added up.

    Args:
        trips: the month of `trip_features`.
        quotes: the month of `batch_predictions`, 36 bytes a row in memory.
        zones: (263, >=2) `zone` and `service_zone`.
        parting: into which parts.

    Raises:
        DataError: the two tables are not of the same trips.
    """

    def add_up(pair: tuple[pa.RecordBatch, pa.Table]) -> list[Tally]:
        rides, said = pair
        quoted = Quotes(*(said[name].to_numpy() for name in QUOTED[1:]))
        actual = Outcomes(
            rides["pickup_at"].to_numpy(zero_copy_only=False),
            rides["fare_usd"].to_numpy(),
            rides["duration_min"].to_numpy(),
        )
        rate_code = rides["rate_code"].to_numpy(zero_copy_only=False).astype(np.float64)
        return tally(actual, quoted, parting(_features(rides), rate_code, zones))

    return added(pooled(add_up, _paired(trips, quotes)))


def sampled(trips: TableSlice, quotes: TableSlice, most: int) -> pd.DataFrame:
    """Fares and quotes of some trips, the same in every rerun.

    Returns:
        (n, 2) `fare_usd` and `quoted_usd`, US dollars, in the table's order; `most` rows or all.
    """
    picks = _picks(trips.rows, most)
    return pd.DataFrame(
        {
            "fare_usd": trips.read(["fare_usd"])["fare_usd"].to_numpy()[picks],
            "quoted_usd": quotes.read(["quoted_usd"])["quoted_usd"].to_numpy()[picks],
        }
    )


def _picks(rows: int, most: int) -> npt.NDArray[np.intp]:
    """Positions of a sample without repetition, in order."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(SAMPLE_SEED).choice(rows, most, replace=False))


def _paired(trips: TableSlice, quotes: TableSlice) -> Iterator[tuple[pa.RecordBatch, pa.Table]]:
    """Rows of both tables side by side, once they are seen to be of the same trips."""
    said = quotes.read(QUOTED)
    first = 0
    for batch in trips.batches(RIDDEN):
        part = said.slice(first, len(batch))
        if not part["source_row"].combine_chunks().equals(batch["source_row"]):
            raise _parted(trips, quotes)
        first += len(batch)
        yield batch, part
    if first != said.num_rows:
        raise _parted(trips, quotes)


def _features(batch: pa.RecordBatch) -> FloatArray:
    """(n, 40) as the model sees them, NaN where nobody looks: to read them all takes a gigabyte."""
    found = np.full((len(batch), len(FEATURES)), np.nan, np.float32)
    for index, name in enumerate(FEATURES):
        if name in LOOKED_AT:
            found[:, index] = batch[name].to_numpy(zero_copy_only=False)
    return found


def _parted(trips: TableSlice, quotes: TableSlice) -> DataError:
    return DataError(
        f"{trips.name} and {quotes.name} are not of the same trips in {', '.join(quotes.months)}: "
        "run that month again."
    )
