"""The lake: Apache Iceberg tables, one month of one table replaced at a time.

A month is written as Parquet files beside the table's others, unseen until one commit swaps them
for the month's old files. The same commit notes the month's data version in the table's properties,
so data and version cannot part. Content that is already there is not written again: running a month
twice adds no file and no snapshot.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import uuid4

import dagster as dg
import pyarrow as pa
from pydantic import PrivateAttr

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.table import Table
from taxi_assets.domain.versions import ContentHash
from taxi_assets.resources.catalog import ensure_table, open_catalog, reaching
from taxi_assets.resources.table_commit import commit, stage
from taxi_assets.resources.table_history import (
    MONTH_KEY,
    RESTORED_BY,
    RESTORED_FROM,
    RUN_KEY,
    VERSION_KEY,
    PastVersion,
    columns_note,
    current_versions,
    gone,
    history,
    version_at,
)
from taxi_assets.resources.table_rows import UNPARTITIONED as UNPARTITIONED
from taxi_assets.resources.table_rows import month_rows, narrowed, verified_rows
from taxi_assets.resources.table_slice import TableSlice, TableVersion

BATCH_ROWS = 1 << 17


class Lake(dg.ConfigurableResource[None]):
    """Iceberg tables in a warehouse, behind a SQL catalog."""

    warehouse: str
    catalog_uri: str
    s3_endpoint: str | None = None

    _catalog: Any = PrivateAttr(default=None)

    def write(
        self,
        name: str,
        table: Table,
        month: str,
        batches: Iterable[pa.RecordBatch],
        run_id: str = "",
        told: Mapping[str, str] | None = None,
    ) -> TableVersion:
        """Make `batches` the month's only rows, in one commit, or do nothing when they are already.

        Args:
            name: `fleet.table`.
            table: its shape.
            month: `YYYY-MM`, or `UNPARTITIONED`.
            batches: rows in `table`'s columns; consumed once, never held in memory as a whole.
            run_id: the Dagster run, noted in the snapshot.
            told: more to note there.

        Raises:
            LakeUnreachable: catalog or warehouse do not answer.
            DataError: a batch has other columns than the table.
        """
        with reaching(self.warehouse):
            iceberg = ensure_table(self._connect(), name, table)
            path = f"{iceberg.location()}/data/month={month}/{uuid4().hex}.parquet"
            try:
                total = self._stage(iceberg, path, table, month, readable(batches))
            except BaseException:  # an interrupt as well: half a file serves nobody
                with suppress(OSError):
                    iceberg.io.delete(path)
                raise
            summary = {
                MONTH_KEY: month,
                VERSION_KEY: total.hexdigest(),
                RUN_KEY: run_id,
                **columns_note(table.arrow.names, iceberg.schema().column_names),
                **(told or {}),
            }
            changed = self._commit(iceberg, path, summary, total.rows)
            if not changed and total.rows:
                iceberg.io.delete(path)
        return as_it_stands(current_versions(iceberg, name)[month], changed)

    def restore(self, table: Table, past: PastVersion, by: str) -> TableVersion:
        """Make an earlier version's rows the month's again, as a new version; history stays.

        Args:
            table: its shape.
            past: from `history`.
            by: who asked for it, noted in the snapshot.

        Raises:
            SnapshotGone: it can no longer be read.
            VersionMismatch: what is read is not what was written; the table stays as it is.
        """
        told = {RESTORED_BY: by, RESTORED_FROM: str(past.snapshot_id)}
        rows = self.verified(past.table, table, past.month, past.snapshot_id)
        shape = narrowed(table, past)
        return self.write(past.table, shape, past.month, rows, told=told)

    def versions(self, name: str) -> dict[str, TableVersion]:
        """Every month of a table that exists; empty when the table does not."""
        with reaching(self.warehouse):
            iceberg = self._load(name)
            found = current_versions(iceberg, name) if iceberg else {}
        return {month: as_it_stands(version) for month, version in found.items()}

    def versions_at(self, name: str, snapshots: Mapping[str, int]) -> dict[str, TableVersion]:
        """The versions that months had at recorded snapshots, by month.

        Raises:
            SnapshotGone: a snapshot can no longer be read.
        """
        with reaching(self.warehouse):
            return {
                month: as_it_stands(version_at(self._existing(name, month, at), name, month, at))
                for month, at in snapshots.items()
            }

    def history(self, name: str) -> list[PastVersion]:
        """Every version of every month, newest first; empty when the table does not exist."""
        with reaching(self.warehouse):
            iceberg = self._load(name)
            return history(iceberg, name) if iceberg else []

    def slice(
        self,
        name: str,
        table: Table,
        months: Iterable[str],
        snapshots: Mapping[str, int] | None = None,
    ) -> TableSlice:
        """A handle on some months, as they stand or at recorded snapshots."""
        return TableSlice(self, name, table, tuple(months), snapshots)

    def read(
        self,
        name: str,
        table: Table,
        month: str,
        columns: list[str],
        snapshot_id: int | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """One month's rows, in the order they were written, now or at a recorded snapshot.

        Columns that the table did not have at that snapshot are null.

        Raises:
            SnapshotGone: the snapshot, or a file of it, is no longer there.
        """
        with reaching(self.warehouse):
            iceberg = self._existing(name, month, snapshot_id)
            past = version_at(iceberg, name, month, snapshot_id) if snapshot_id else None
            yield from month_rows(iceberg, table, month, columns, past)

    def verified(
        self, name: str, table: Table, month: str, snapshot_id: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """One month's rows in the columns they were written with, which must be its version's.

        Raises:
            VersionMismatch: they hash to another data version; said after the last row.
            SnapshotGone: as `read`.
        """
        with reaching(self.warehouse):
            iceberg = self._existing(name, month, snapshot_id)
            past = version_at(iceberg, name, month, snapshot_id) if snapshot_id else None
            version = past or current_versions(iceberg, name)[month]
            yield from verified_rows(iceberg, table, version, past)

    def names(self, namespace: str) -> list[str]:
        """Its tables, sorted; none where nobody has made it."""
        from pyiceberg.exceptions import NoSuchNamespaceError

        with reaching(self.warehouse):
            try:
                return sorted(".".join(name) for name in self._connect().list_tables(namespace))
            except NoSuchNamespaceError:
                return []

    def iceberg(self, name: str) -> Any:
        """The table itself, as it is now; None when it does not exist."""
        with reaching(self.warehouse):
            return self._load(name)

    def _stage(
        self, iceberg: Any, path: str, table: Table, month: str, batches: Iterable[pa.RecordBatch]
    ) -> ContentHash:
        return stage(iceberg, path, table, month, batches)

    def _commit(self, iceberg: Any, path: str, summary: Mapping[str, str], rows: int) -> bool:
        return commit(iceberg, path, summary, rows)

    def _existing(self, name: str, month: str, snapshot_id: int | None) -> Any:
        """A table that somebody has seen."""
        iceberg = self._load(name)
        if iceberg is None:
            raise gone(name, month, snapshot_id, "went with its table")
        return iceberg

    def _load(self, name: str) -> Any:
        """The table; None when it does not exist."""
        from pyiceberg.exceptions import NoSuchTableError

        try:
            return self._connect().load_table(name)
        except NoSuchTableError:
            return None

    def _connect(self) -> Any:
        """The catalog, opened once a process."""
        if self._catalog is None:
            self._catalog = open_catalog(self.catalog_uri, self.warehouse, self.s3_endpoint)
        return self._catalog


def readable(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches; what fails while they are read is not the lake's fault, and says so."""
    try:
        yield from batches
    except OSError as error:
        raise DataError(f"The rows to write could not be read: {error}.") from error


def as_it_stands(version: PastVersion, changed: bool = False) -> TableVersion:
    """A version without its history."""
    return TableVersion(
        version.table,
        version.month,
        version.data_version,
        version.rows,
        version.snapshot_id,
        changed,
    )
