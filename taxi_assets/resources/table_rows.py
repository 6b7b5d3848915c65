"""Reading a month of an Iceberg table, now or as an earlier version had it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from taxi_assets.domain.errors import VersionMismatch
from taxi_assets.domain.table import MONTH, Table
from taxi_assets.domain.versions import ContentHash
from taxi_assets.resources.table_history import MONTH_KEY, PastVersion, gone

UNPARTITIONED = "all"  # the one "month" of a table without months


def of_month(month: str) -> Any:
    """What selects a month's rows."""
    from pyiceberg.expressions import AlwaysTrue, EqualTo

    return AlwaysTrue() if month == UNPARTITIONED else EqualTo(term=MONTH.name, value=month)


@dataclass
class Stored:
    """What the current snapshot of a table says of a month, by its manifests.

    Attributes:
        rows: how many there are.
        paths: the files they lie in.
        ours: whether all files came with snapshots that name the month, as our writes do; those of
            snapshots that were expired count as such.
    """

    rows: int = 0
    paths: list[str] = field(default_factory=list)
    ours: bool = True


def stored(iceberg: Any) -> dict[str, Stored]:
    """What is stored of each month; reads no data, so files that are gone are not noticed."""
    snapshot = iceberg.current_snapshot()
    if snapshot is None:
        return {}
    months = {
        one.snapshot_id: one.summary.additional_properties.get(MONTH_KEY) if one.summary else None
        for one in iceberg.snapshots()
    }
    found: dict[str, Stored] = {}
    for manifest in snapshot.manifests(iceberg.io):
        for entry in manifest.fetch_manifest_entry(iceberg.io, discard_deleted=True):
            file = entry.data_file
            month = file.partition[0] if len(file.partition) else UNPARTITIONED
            one = found.setdefault(month, Stored())
            one.rows += file.record_count
            one.paths.append(file.file_path)
            one.ours &= months.get(entry.snapshot_id, month) == month
    return found


def is_whole(iceberg: Any, month: str, rows: int) -> bool:
    """Whether a month is as it was written, so that changes by hand are noticed and mended.

    Args:
        iceberg: the table.
        month: `YYYY-MM`, or `UNPARTITIONED`.
        rows: how many were written.
    """
    one = stored(iceberg).get(month, Stored())
    there = all(iceberg.io.new_input(path).exists() for path in one.paths)
    return one.rows == rows and one.ours and there


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
