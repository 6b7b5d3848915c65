"""The lake: Apache Iceberg tables, one month of one table replaced at a time.

A month is written as Parquet files beside the table's others, unseen until one commit swaps them
for the month's old files. The same commit notes the month's data version in the table's properties,
so data and version cannot part. Content that is already there is not written again: running a month
twice adds no file and no snapshot.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from uuid import uuid4
from warnings import catch_warnings

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import PrivateAttr

from taxi_assets.domain.errors import DataError, LakeUnreachable
from taxi_assets.domain.schemas import MONTH, Table
from taxi_assets.domain.versions import ContentHash
from taxi_assets.resources.catalog import ensure_table, open_catalog
from taxi_assets.resources.table_slice import (
    VERSION_PROPERTY,
    TableSlice,
    TableVersion,
    noted_version,
    stored_schema,
)

UNPARTITIONED = "all"  # the one "month" of a table without months
BATCH_ROWS = 1 << 17
COMMIT_TRIES = 5


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
    ) -> TableVersion:
        """Make `batches` the month's only rows, in one commit, or do nothing when they are already.

        Args:
            name: `fleet.table`.
            table: its shape.
            month: `YYYY-MM`, or `UNPARTITIONED`.
            batches: rows in `table`'s columns; consumed once, never held in memory as a whole.
            run_id: the Dagster run, noted in the snapshot.

        Raises:
            LakeUnreachable: catalog or warehouse do not answer.
            DataError: a batch has other columns than the table.
        """
        with self._reaching():
            iceberg = ensure_table(self._connect(), name, table)
            path = f"{iceberg.location()}/data/month={month}/{uuid4().hex}.parquet"
            try:
                total = self._stage(iceberg, path, table, month, readable(batches))
            except BaseException:  # an interrupt as well: half a file serves nobody
                with suppress(OSError):
                    iceberg.io.delete(path)
                raise
            data_version = total.hexdigest()
            changed = self._commit(iceberg, path, month, data_version, total.rows, run_id)
            if not changed and total.rows:
                iceberg.io.delete(path)
        return noted_version(iceberg, name, month, changed)

    def versions(self, name: str) -> dict[str, TableVersion]:
        """Every month of a table that exists; empty when the table does not."""
        from pyiceberg.exceptions import NoSuchTableError

        with self._reaching():
            try:
                iceberg = self._connect().load_table(name)
            except NoSuchTableError:
                return {}
            months = [
                key.removeprefix(VERSION_PROPERTY)
                for key in iceberg.properties
                if key.startswith(VERSION_PROPERTY)
            ]
            return {
                month: noted_version(iceberg, name, month, changed=False)
                for month in sorted(months)
            }

    def slice(self, name: str, table: Table, months: Iterable[str]) -> TableSlice:
        """A handle on some months."""
        return TableSlice(self, name, table, tuple(months))

    def read(
        self, name: str, table: Table, month: str, columns: list[str]
    ) -> Iterator[pa.RecordBatch]:
        """One month's rows, in the order they were written."""
        from pyiceberg.expressions import AlwaysTrue, EqualTo

        with self._reaching():
            by_month = EqualTo(term=MONTH.name, value=month)
            where = by_month if table.monthly else AlwaysTrue()
            scan = self._connect().load_table(name).scan(where, selected_fields=tuple(columns))
            schema = pa.schema([table.arrow.field(column) for column in columns])
            for batch in scan.to_arrow_batch_reader():
                yield batch.select(columns).cast(schema)

    def _stage(
        self, iceberg: Any, path: str, table: Table, month: str, batches: Iterable[pa.RecordBatch]
    ) -> ContentHash:
        """Write rows to a file that no snapshot refers to yet."""
        total, writer = ContentHash(table.arrow), None
        with ExitStack() as files:
            for batch in batches:
                if batch.schema.names != table.arrow.names:
                    raise DataError(
                        f"Rows for {table.name} have columns {batch.schema.names}, "
                        f"not {table.arrow.names}."
                    )
                rows = batch.cast(table.arrow)
                total.update(rows)
                if len(rows) == 0:
                    continue
                if writer is None:
                    # closed by us: an upload that fails while it is closed has to be heard of
                    sink = files.enter_context(iceberg.io.new_output(path).create())
                    writer = files.enter_context(
                        pq.ParquetWriter(
                            sink, stored_schema(table), compression="zstd", compression_level=1
                        )
                    )
                if table.monthly:
                    rows = rows.append_column(MONTH.name, pa.repeat(pa.scalar(month), len(rows)))
                writer.write_batch(rows)
        return total

    def _commit(
        self, iceberg: Any, path: str, month: str, data_version: str, rows: int, run_id: str
    ) -> bool:
        """Swap the month's files for the staged one; False when the same rows are there already."""
        from pyiceberg.exceptions import CommitFailedException, ValidationException
        from pyiceberg.expressions import AlwaysTrue, EqualTo

        note = json.dumps({"data_version": data_version, "rows": rows})
        summary = {"taxi.month": month, "taxi.data-version": data_version, "taxi.run": run_id}
        by_month = EqualTo(term=MONTH.name, value=month)
        where = AlwaysTrue() if month == UNPARTITIONED else by_month
        for attempt in range(1, COMMIT_TRIES + 1):
            iceberg.refresh()
            if (
                iceberg.properties.get(VERSION_PROPERTY + month) == note
                and self._stored_rows(iceberg, where) == rows
            ):
                return False
            try:
                with (
                    iceberg.transaction() as transaction,
                    catch_warnings(action="ignore", category=UserWarning),
                ):
                    # deletes even where there is nothing yet (hence the warning): only a delete
                    # makes Iceberg refuse the commit when another run added this month meanwhile
                    transaction.delete(where, snapshot_properties=summary)
                    if rows:
                        transaction.add_files(
                            [path], snapshot_properties=summary, check_duplicate_files=False
                        )
                    transaction.set_properties({VERSION_PROPERTY + month: note})
                return True
            except (CommitFailedException, ValidationException) as error:
                # another run wrote this table meanwhile: look again, its rows may be ours
                if attempt == COMMIT_TRIES:
                    raise LakeUnreachable(
                        f"{iceberg.name()} was changed by other runs during {COMMIT_TRIES} "
                        "commits; run the month again."
                    ) from error
        raise AssertionError("unreachable")

    @staticmethod
    def _stored_rows(iceberg: Any, where: Any) -> int:
        """Rows the current snapshot holds, so that rows deleted by hand are noticed."""
        return sum(task.file.record_count for task in iceberg.scan(where).plan_files())

    def _connect(self) -> Any:
        """The catalog, opened once a process."""
        if self._catalog is None:
            self._catalog = open_catalog(self.catalog_uri, self.warehouse, self.s3_endpoint)
        return self._catalog

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Name the lake when it does not answer."""
        from sqlalchemy.exc import OperationalError

        try:
            yield
        except (OperationalError, OSError) as error:
            raise LakeUnreachable(
                f"The lake at {self.warehouse} does not answer ({str(error).splitlines()[0]}): "
                "check TAXI_LAKE, TAXI_CATALOG_URI and that both are running."
            ) from error


def readable(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches; what fails while they are read is not the lake's fault, and says so."""
    try:
        yield from batches
    except OSError as error:
        raise DataError(f"The rows to write could not be read: {error}.") from error
