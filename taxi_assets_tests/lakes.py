"""Lakes on real stores: where their files lie, and tables and rows to put into them."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import pyarrow as pa

from taxi_assets.domain.table import Column, Table
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.table_slice import TableVersion

NAME = "green.rides"
RIDES = Table(
    "rides",
    "one ride",
    (
        Column("ride", pa.int64(), "number"),
        Column("passengers", pa.int32(), "people"),
        Column("fare_usd", pa.float64(), "fare"),
        Column("share", pa.float32(), "a fraction"),
        Column("pickup_at", pa.timestamp("us"), "meter on"),
        Column("is_airport", pa.bool_(), "to or from an airport"),
        Column("note", pa.string(), "text"),
        Column("shape", pa.binary(), "bytes"),
    ),
)
MONTHS = ("2025-01", "2025-02", "2025-03")

Files = frozenset[str]


@dataclass(frozen=True)
class Place:
    """A lake and a way to see its files without it.

    Attributes:
        lake: a fresh one.
        files: all Parquet files in its warehouse.
    """

    lake: Lake
    files: Callable[[], Files]

    def write(self, month: str, rows: pa.RecordBatch, table: Table = RIDES) -> TableVersion:
        """Write a month in one batch."""
        return self.lake.write(NAME, table, month, [rows])

    def read(self, *months: str, table: Table = RIDES) -> pa.Table:
        """Read months at once."""
        return self.lake.slice(NAME, table, months).read()

    def another(self) -> Lake:
        """The same lake as another process would open it."""
        return Lake(**settings_of(self.lake))

    def iceberg(self) -> Any:
        """The table as any other Iceberg client finds it."""
        from pyiceberg.catalog.sql import SqlCatalog

        told = settings_of(self.lake)
        endpoint = {"s3.endpoint": told["s3_endpoint"] or "", "s3.region": "us-east-1"}
        catalog = SqlCatalog(
            "taxi", uri=told["catalog_uri"], warehouse=told["warehouse"], **endpoint
        )
        return catalog.load_table(NAME)

    def snapshots(self) -> int:
        """How many the table has."""
        return len(self.iceberg().snapshots())


def settings_of(lake: Lake) -> dict[str, Any]:
    """What it takes to open it again."""
    return {name: getattr(lake, name) for name in ("warehouse", "catalog_uri", "s3_endpoint")}


def rides(count: int, first: int = 0) -> pa.RecordBatch:
    """So many rides, with a null in every column but the first now and then."""
    numbers = range(first, first + count)

    def sometimes(value: Callable[[int], Any], every: int) -> list[Any]:
        return [None if n % every == 0 else value(n) for n in numbers]

    return pa.record_batch(
        [
            list(numbers),
            sometimes(lambda n: n % 6, 7),
            sometimes(lambda n: n * 0.25, 5),
            sometimes(lambda n: n / 2, 3),
            sometimes(lambda n: 1_736_942_400_000_000 + n, 4),
            sometimes(lambda n: n % 2 == 0, 11),
            sometimes(lambda n: f"ride {n}", 13),
            sometimes(lambda n: bytes([n % 256]), 17),
        ],
        schema=RIDES.arrow,
    )


Write = tuple[str, pa.RecordBatch]


class Writers:
    """Processes of their own, waiting to write to a lake at once."""

    def __init__(self, count: int) -> None:
        context = get_context("spawn")
        self.count = count
        self._pool = ProcessPoolExecutor(count, context, _begin, (context.Barrier(count),))

    def write(
        self, place: Place, work: Sequence[Sequence[Write]], table: Table = RIDES
    ) -> list[list[TableVersion]]:
        """Write months, all processes beginning together.

        Args:
            place: where to.
            work: for each process, what it writes, one after the other.
            table: the table's shape.
        """
        keys = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        told = settings_of(place.lake)
        futures = [self._pool.submit(_write_all, keys, told, table, part) for part in work]
        assert len(futures) == self.count  # they wait for each other
        return [future.result() for future in futures]

    def close(self) -> None:
        """End the processes."""
        self._pool.shutdown()


_barriers: list[Any] = []  # in a writing process: where all of them wait for each other


def _begin(barrier: Any) -> None:
    import pyiceberg.catalog.sql  # noqa: F401 - takes seconds, which would be waited for below

    _barriers.append(barrier)


def _write_all(
    keys: dict[str, str], settings: dict[str, Any], table: Table, work: Sequence[Write]
) -> list[TableVersion]:
    """What one process does."""
    os.environ.update(keys)
    lake = Lake(**settings)
    _barriers[0].wait()
    return [lake.write(NAME, table, month, [rows]) for month, rows in work]
