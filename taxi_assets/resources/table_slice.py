"""What the lake holds of a table: one month as it stands, and some months to read."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from taxi_assets.domain.table import MONTH, Table

if TYPE_CHECKING:  # the lake hands slices out: at run time the import goes the other way
    from taxi_assets.resources.lake import Lake


@dataclass(frozen=True, slots=True)
class TableVersion:
    """One month of one table as it stands, or as it stood.

    Attributes:
        table: `fleet.table`.
        month: `YYYY-MM`, or `all` for a table without months.
        data_version: SHA-256 of the rows.
        rows: how many there are.
        snapshot_id: an Iceberg snapshot in which the month is exactly these rows; None for a month
            of an earlier release that never held any.
        changed: whether this write changed anything.
    """

    table: str
    month: str
    data_version: str
    rows: int
    snapshot_id: int | None
    changed: bool = True


def stored_schema(table: Table) -> pa.Schema:
    """The table's columns as its files hold them: with the month where they are partitioned."""
    return table.arrow.append(pa.field(MONTH.name, MONTH.type)) if table.monthly else table.arrow


@dataclass(frozen=True)
class TableSlice:
    """Some months of a table, read when asked: as they stand, or at recorded snapshots.

    Attributes:
        lake: where the table is.
        name: `fleet.table`.
        table: its shape.
        months: which months; those that do not exist have no rows.
        snapshots: snapshot to read each month at, for exactly the rows of a recorded version; a
            month without an entry did not exist then. None reads the present.
    """

    lake: "Lake"
    name: str
    table: Table
    months: tuple[str, ...]
    snapshots: Mapping[str, int] | None = None

    @cached_property
    def versions(self) -> dict[str, TableVersion]:
        """The months that exist, in time order; those recorded, where snapshots are.

        Raises:
            SnapshotGone: a recorded snapshot can no longer be read.
        """
        if self.snapshots is None:
            found = self.lake.versions(self.name)
        else:
            found = self.lake.versions_at(
                self.name, {m: self.snapshots[m] for m in self.months if m in self.snapshots}
            )
        return {month: found[month] for month in sorted(self.months) if month in found}

    @property
    def rows(self) -> int:
        """Rows over all months."""
        return sum(version.rows for version in self.versions.values())

    def month(self, month: str) -> "TableSlice":
        """One month of the slice, at the same snapshot."""
        return TableSlice(self.lake, self.name, self.table, (month,), self.snapshots)

    def batches(self, columns: Iterable[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Rows in time order, then in the order they were written.

        Some columns, or all but the month.
        """
        names = list(columns or self.table.arrow.names)
        at = self.snapshots or {}
        for month in self.versions:
            yield from self.lake.read(self.name, self.table, month, names, at.get(month))

    def read(self, columns: Iterable[str] | None = None) -> pa.Table:
        """All rows at once."""
        names = list(columns or self.table.arrow.names)
        schema = pa.schema([self.table.arrow.field(name) for name in names])
        return pa.Table.from_batches(self.batches(names), schema=schema)

    def verify(self) -> None:
        """Read every row once, to make sure that they are those of the data versions.

        Raises:
            VersionMismatch: a month's rows hash to another data version.
            SnapshotGone: a recorded snapshot can no longer be read.
        """
        at = self.snapshots or {}
        for month in self.versions:
            for _ in self.lake.verified(self.name, self.table, month, at.get(month)):
                pass
