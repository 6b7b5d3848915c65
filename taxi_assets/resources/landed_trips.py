"""Reading the landed trip file of a month, in batches."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq

from taxi_assets.domain.cleaning import PAIR_COLUMNS
from taxi_assets.domain.errors import DataError, UsageError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.trips import canonical
from taxi_assets.resources.lake import BATCH_ROWS
from taxi_assets.resources.landing import Landing

LOOKUP = "misc/taxi_zone_lookup.csv"  # the first file that any home lands
LOOKUP_FOLDER = "zones/taxi_zone_lookup"


def refuse_another_source(landing: Landing, url: str) -> None:
    """Keep to one source: real and made-up trips side by side would teach a model nonsense.

    Raises:
        UsageError: the landing already holds the zones of another source.
    """
    landed = landing.current(LOOKUP_FOLDER)
    if landed is not None and landed.url != f"{url.rstrip('/')}/{LOOKUP}":
        raise UsageError(
            f"What has been landed came from {landed.url.removesuffix('/' + LOOKUP)}, and trips of "
            f"{url} would mix with it: choose another TAXI_HOME (or TAXI_LAKE) for this source."
        )


@contextmanager
def open_trips(landing: Landing, fleet: Fleet, month: str) -> Iterator[pq.ParquetFile]:
    """The month's landed file.

    Raises:
        DataError: nothing was landed for that month.
    """
    landed = landing.current(f"{fleet.name}/{month}")
    if landed is None:
        raise DataError(
            f"No {fleet.name} trip file was landed for {month}: "
            f"materialize {fleet.name}/raw_trips for it first."
        )
    with landing.open(landed) as handle, pq.ParquetFile(handle) as file:
        yield file


def numbered_batches(
    landing: Landing, fleet: Fleet, month: str
) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The file's rows as published, each batch with the number of its first row."""
    first_row = 0
    with open_trips(landing, fleet, month) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            yield first_row, batch
            first_row += len(batch)


def pair_columns(landing: Landing, fleet: Fleet, month: str) -> pa.Table:
    """The few columns of the whole month by which refund pairs are found."""
    wanted = {column.source for column in fleet.columns if column.name in PAIR_COLUMNS}
    with open_trips(landing, fleet, month) as file:
        names = [name for name in file.schema_arrow.names if name.lower() in wanted]
        batches, first_row = [], 0
        for batch in file.iter_batches(BATCH_ROWS, columns=names):
            batches.append(canonical(batch, fleet, first_row).select(PAIR_COLUMNS))
            first_row += len(batch)
    return pa.Table.from_batches(batches)
