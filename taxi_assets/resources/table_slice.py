"""What the lake holds of a table: one month as it stands, and some months to read."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from taxi_assets.domain.schemas import MONTH, Table

if TYPE_CHECKING:  # the lake hands slices out: at run time the import goes the other way
    from taxi_assets.resources.lake import Lake

VERSION_PROPERTY = "taxi.version."


@dataclass(frozen=True, slots=True)
class TableVersion:
    """One month of one table as it stands.

    Attributes:
        table: `fleet.table`.
        month: `YYYY-MM`, or `all` for a table without months.
        data_version: SHA-256 of the rows.
        rows: how many there are.
        snapshot_id: an Iceberg snapshot that holds them; None for a month that never held any.
        changed: whether this write changed anything.
    """

    table: str
    month: str
    data_version: str
    rows: int
    snapshot_id: int | None
    changed: bool = True


def noted_version(iceberg: Any, name: str, month: str, changed: bool) -> TableVersion:
    """The month's version as the table notes it, and the newest snapshot that wrote it."""
    note = json.loads(iceberg.properties[VERSION_PROPERTY + month])
    wrote = [
        s
        for s in iceberg.snapshots()
        if s.summary and s.summary.additional_properties.get("taxi.month") == month
    ]
    holds = None if note["rows"] == 0 else iceberg.current_snapshot()
    newest = wrote[-1] if wrote else holds
    return TableVersion(
        name,
        month,
        note["data_version"],
        note["rows"],
        newest.snapshot_id if newest else None,
        changed,
    )


def stored_schema(table: Table) -> pa.Schema:
    """The table's columns as its files hold them: with the month where they are partitioned."""
    return table.arrow.append(pa.field(MONTH.name, MONTH.type)) if table.monthly else table.arrow


@dataclass(frozen=True)
class TableSlice:
    """Some months of a table, read when asked."""

    lake: "Lake"
    name: str
    table: Table
    months: tuple[str, ...]

    @cached_property
    def versions(self) -> dict[str, TableVersion]:
        """The months that exist, in time order."""
        found = self.lake.versions(self.name)
        return {month: found[month] for month in sorted(self.months) if month in found}

    @property
    def rows(self) -> int:
        """Rows over all months."""
        return sum(version.rows for version in self.versions.values())

    def batches(self, columns: Iterable[str] | None = None) -> Iterator[pa.RecordBatch]:
        """Rows in time order, then in the order they were written.

        Some columns, or all but the month.
        """
        names = list(columns or self.table.arrow.names)
        for month in self.versions:
            yield from self.lake.read(self.name, self.table, month, names)

    def read(self, columns: Iterable[str] | None = None) -> pa.Table:
        """All rows at once."""
        names = list(columns or self.table.arrow.names)
        schema = pa.schema([self.table.arrow.field(name) for name in names])
        return pa.Table.from_batches(self.batches(names), schema=schema)
