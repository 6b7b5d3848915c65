"""Writing a month of an Iceberg table: a file that nobody sees, then one commit that shows it."""

import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from typing import Any
from warnings import catch_warnings

import pyarrow as pa
import pyarrow.parquet as pq

from taxi_assets.domain.errors import DataError, LakeUnreachable
from taxi_assets.domain.table import MONTH, Table
from taxi_assets.domain.versions import ContentHash
from taxi_assets.resources.table_history import (
    MONTH_KEY,
    VERSION_KEY,
    VERSION_PROPERTY,
    current_versions,
)
from taxi_assets.resources.table_rows import is_whole, of_month
from taxi_assets.resources.table_slice import stored_schema

COMMIT_TRIES = 5


def stage(
    iceberg: Any, path: str, table: Table, month: str, batches: Iterable[pa.RecordBatch]
) -> ContentHash:
    """Write rows to a file that no snapshot refers to yet.

    Raises:
        DataError: a batch has other columns than the table.
    """
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


def commit(iceberg: Any, path: str, summary: Mapping[str, str], rows: int) -> bool:
    """Swap the month's files for the staged one; False when the same rows are there already.

    Args:
        iceberg: the table; as it is after the commit when this returns.
        path: the staged file, which exists when there are rows.
        summary: what the snapshots are to tell, month and data version among it.
        rows: how many are staged.

    Raises:
        LakeUnreachable: other runs kept changing the table.
    """
    from pyiceberg.exceptions import CommitFailedException, ValidationException

    month, data_version = summary[MONTH_KEY], summary[VERSION_KEY]
    note = json.dumps({"data_version": data_version, "rows": rows})
    for attempt in range(1, COMMIT_TRIES + 1):
        iceberg.refresh()
        holds = current_versions(iceberg, ".".join(iceberg.name())).get(month)
        same = holds is not None and holds.data_version == data_version
        there = same and is_whole(iceberg, month, rows)
        if there and iceberg.properties.get(VERSION_PROPERTY + month) == note:
            return False
        try:
            with (
                iceberg.transaction() as transaction,
                catch_warnings(action="ignore", category=UserWarning),
            ):
                # only the note is wrong after a rollback by hand to what is written now
                if not there:
                    _replace(transaction, path, summary, rows)
                transaction.set_properties({VERSION_PROPERTY + month: note})
            return not there
        except (CommitFailedException, ValidationException) as error:
            # another run wrote this table meanwhile: look again, its rows may be ours
            if attempt == COMMIT_TRIES:
                raise LakeUnreachable(
                    f"{iceberg.name()} was changed by other runs during {COMMIT_TRIES} "
                    "commits; run the month again."
                ) from error
    raise AssertionError("unreachable")


def _replace(transaction: Any, path: str, summary: Mapping[str, str], rows: int) -> None:
    """The month's old files out, the staged one in."""
    # deletes even where there is nothing yet (which warns): only a delete makes Iceberg refuse the
    # commit when another run added this month meanwhile
    transaction.delete(of_month(summary[MONTH_KEY]), snapshot_properties=summary)
    if rows:
        transaction.add_files([path], snapshot_properties=summary, check_duplicate_files=False)
    else:  # a month without rows is a version too, and has a snapshot to show it
        transaction.update_snapshot(summary).fast_append().commit()
