"""How a table is described: its columns, their units, types and bounds."""

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Attributes:
        name: column name, with its unit where it has one.
        type: Arrow type.
        description: what it holds, for people.
        nullable: whether a value may be missing.
        low: least allowed value, or None.
        high: greatest allowed value, or None.
        among: the only allowed values, or None.
    """

    name: str
    type: pa.DataType
    description: str
    nullable: bool = False
    low: float | None = None
    high: float | None = None
    among: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table's public shape.

    Attributes:
        name: last part of the asset key.
        grain: what one row is.
        columns: in the order the table holds them, without the `month` that partitions it.
        monthly: whether it is partitioned by month.
    """

    name: str
    grain: str
    columns: tuple[Column, ...]
    monthly: bool = True

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema, month left out."""
        return pa.schema([pa.field(c.name, c.type) for c in self.columns])


MONTH = Column("month", pa.string(), "partition: the month, YYYY-MM")
