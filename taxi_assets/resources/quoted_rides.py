"""What the champion said of a month's rides beside what became of them, batch by batch."""

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from taxi_assets.domain.departures import broken_vendors
from taxi_assets.domain.errors import DataError
from taxi_assets.domain.evaluation import Outcomes
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.groups import (
    APART,
    LOOKED_AT,
    VENDOR,
    VENDORS,
    Parting,
    by_vendor,
)
from taxi_assets.domain.heads import Quotes
from taxi_assets.domain.performance import by_part, performance_rows
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.slices import WHOLE, Slicing
from taxi_assets.domain.tallies import Tally, added, tally
from taxi_assets.resources.streams import pooled
from taxi_assets.resources.table_slice import TableSlice

QUOTED = ("source_row", "vendor", "quoted_usd", "low_usd", "high_usd", "ride_min")
RIDDEN = ("source_row", "pickup_at", "rate_code", "fare_usd", "duration_min", *LOOKED_AT)
SAMPLED_TRIPS = 10_000  # of a month, that Evidently sees
SAMPLE_SEED = 20_240_131


def tallied_apart(
    trips: TableSlice, quotes: TableSlice, zones: pd.DataFrame, parting: Parting
) -> list[Tally]:
    """The same as `tallied`, but with the trips of a broken vendor told apart.

    Where there is one, the whole month and the vendors hold all trips, every other part the trips
    of the other vendors, and a slicing `without_vendors` has the whole of these.
    """
    every = tallied(trips, quotes, zones, parting)
    rows = by_part(performance_rows(every, "", ""))
    broken = [each.part[1] for each in broken_vendors(rows)] if rows else []
    if not broken:
        return every
    left = {each.name: each for each in tallied(trips, quotes, zones, parting, broken)}
    whole = Tally(APART, (", ".join(broken),), left[WHOLE].sums)
    parts = [each if each.name in (WHOLE, VENDOR) else left[each.name] for each in every]
    return [parts[0], whole, *parts[1:]]


def tallied(
    trips: TableSlice,
    quotes: TableSlice,
    zones: pd.DataFrame,
    parting: Parting,
    without: Collection[str] = (),
) -> list[Tally]:
    """The champion's errors on the trips of a month, added up.

    Args:
        trips: the month of `trip_features`.
        quotes: the month of `batch_predictions`, 40 bytes a row in memory.
        zones: (263, >=2) `zone` and `service_zone`.
        parting: into which parts; the vendors are another.
        without: vendors whose trips are left out.

    Raises:
        DataError: the two tables are not of the same trips.
    """

    def add_up(pair: tuple[pa.RecordBatch, pa.Table]) -> list[Tally]:
        rides, said, vendors = _supplied(*pair, without)
        quoted = Quotes(*(said[name].to_numpy() for name in QUOTED[2:]))
        actual = Outcomes(
            rides["pickup_at"].to_numpy(zero_copy_only=False),
            rides["fare_usd"].to_numpy(),
            rides["duration_min"].to_numpy(),
        )
        rate_code = rides["rate_code"].to_numpy(zero_copy_only=False).astype(np.float64)
        parts = [*parting(_features(rides), rate_code, zones), vendors]
        return tally(actual, quoted, parts)

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


def _supplied(
    rides: pa.RecordBatch, said: pa.Table, without: Collection[str]
) -> tuple[pa.RecordBatch, pa.Table, Slicing]:
    """A batch of both tables and its vendors, less some of them."""
    told = said["vendor"].to_numpy().astype(np.float64)
    left = ~np.isin(by_vendor(told).codes, [VENDORS.index(name) for name in without])
    return rides.filter(pa.array(left)), said.filter(pa.array(left)), by_vendor(told[left])


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
