"""Reading a month of an Iceberg table, now or as an earlier version had it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from taxi_assets.domain.errors import VersionMismatch
from taxi_assets.domain.table import MONTH, Table
from taxi_assets.domain.versions import ContentHash
from taxi_assets.resources.table_history import PastVersion, gone

UNPARTITIONED = "all"  # the one "month" of a table without months


def of_month(month: str) -> Any:
    """What selects a month's rows."""
    from pyiceberg.expressions import AlwaysTrue, EqualTo

    return AlwaysTrue() if month == UNPARTITIONED else EqualTo(term=MONTH.name, value=month)


def stored_rows(iceberg: Any, month: str) -> int:
    """Rows the current snapshot holds by its manifests, so that a delete by hand is noticed."""
    return sum(task.file.record_count for task in iceberg.scan(of_month(month)).plan_files())


def month_rows(
    iceberg: Any, table: Table, month: str, columns: Sequence[str], past: PastVersion | None
) -> Iterator[pa.RecordBatch]:
    """One month's rows, in the order they were written.

    Args:
        iceberg: the table.
        table: its shape.
        month: `YYYY-MM`, or `UNPARTITIONED`.
        columns: which columns; those that the version was written without are null.
        past: the version to read, under the snapshot to read it at; None reads the present.

    Raises:
        SnapshotGone: a file of that version is no longer there.
    """
    have = tuple(name for name in columns if past is None or name in past.columns)
    schema = pa.schema([table.arrow.field(name) for name in columns])
    at = past.snapshot_id if past else None
    try:
        scan = iceberg.scan(of_month(month), selected_fields=have, snapshot_id=at)
        for batch in scan.to_arrow_batch_reader():
            yield filled(batch, schema)
    except FileNotFoundError as error:
        if past is None:
            raise
        raise gone(past.table, month, at, "has lost a file") from error


def verified_rows(
    iceberg: Any, table: Table, version: PastVersion, past: PastVersion | None
) -> Iterator[pa.RecordBatch]:
    """A version's rows in the columns it was written with, refused at the end if they are others.

    Args:
        iceberg: the table.
        table: its shape.
        version: what the rows have to be.
        past: as in `month_rows`.

    Raises:
        VersionMismatch: they hash to another data version.
        SnapshotGone: as `month_rows`.
    """
    shape = narrowed(table, version)
    total = ContentHash(shape.arrow)
    for batch in month_rows(iceberg, shape, version.month, shape.arrow.names, past):
        total.update(batch)
        yield batch
    if total.hexdigest() != version.data_version:
        raise VersionMismatch(
            f"{version.table} of {version.month} holds {total.rows:,} rows of data version "
            f"{total.hexdigest()[:12]} where {version.rows:,} of {version.data_version[:12]} are "
            "recorded: it was changed by hand; run that month again, or restore a version."
        )


def narrowed(table: Table, version: PastVersion) -> Table:
    """The table's shape with only the columns that a version was written with.

    Raises:
        VersionMismatch: it was written with columns that the table no longer has.
    """
    unknown = version.columns - set(table.arrow.names)
    if unknown:
        raise VersionMismatch(
            f"Version {version.data_version[:12]} of {version.table} has columns that this release "
            f"does not know ({', '.join(sorted(unknown))}): use the release that wrote it."
        )
    return replace(table, columns=tuple(c for c in table.columns if c.name in version.columns))


def filled(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch in the schema's columns and types, null where it lacks one."""
    have = set(batch.schema.names)
    columns = [
        batch[field.name].cast(field.type)
        if field.name in have
        else pa.nulls(len(batch), field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)
