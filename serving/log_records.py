"""What the prediction log takes, and how records become Parquet rows and JSON lines.

Parquet files have the columns of `QUOTE_LOG` and `OUTCOME_LOG`, described there with their units.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypedDict

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from taxi_assets.domain.served import DATED_BY, LOGS, QUOTE_LOG

Record = dict[str, Any]
LINE = orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY
KEYS = {kind: {"kind", *log.arrow.names} for kind, log in LOGS.items()}
REQUIRED = {
    kind: [column.name for column in log.columns if not column.nullable]
    for kind, log in LOGS.items()
}
# what Arrow and orjson raise for values that are not what they should be, and what we raise
UNFIT = (AttributeError, KeyError, OverflowError, TypeError, ValueError)


class QuoteRecord(TypedDict):
    """A `quote` as `PredictionLog.put` takes it; `at` is UTC, `pickup_at` New York local."""

    kind: Literal["quote"]
    request_id: str
    at: datetime
    fleet: str
    arm: str
    shadow: bool
    model: str
    model_version: str
    identity: str
    pickup_zone: int
    dropoff_zone: int
    pickup_at: datetime
    passengers: int
    fare_usd: float
    low_usd: float
    high_usd: float
    ride_min: float
    total_usd: float
    latency_ms: float
    key_id: str | None


class OutcomeRecord(TypedDict):
    """An `outcome` as `PredictionLog.put` takes it; `at` is UTC."""

    kind: Literal["outcome"]
    request_id: str
    at: datetime
    fare_usd: float


@dataclass(frozen=True, slots=True)
class Piece:
    """Some rows of one file to be.

    Attributes:
        kind: `quote` or `outcome`.
        month: `YYYY-MM`.
        rows: in the columns of the kind's log.
    """

    kind: str
    month: str
    rows: pa.RecordBatch

    def __len__(self) -> int:
        return len(self.rows)

    def without_first(self, count: int) -> "Piece":
        """The rest of it."""
        return replace(self, rows=self.rows.slice(count))

    def parts(self, rows: int) -> Iterator["Piece"]:
        """The same in pieces of so many rows."""
        for first in range(0, len(self), rows):
            yield replace(self, rows=self.rows.slice(first, rows))


@dataclass(frozen=True, slots=True)
class Encoded:
    """What became of some records.

    Attributes:
        pieces: Parquet rows to be.
        lines: the same as JSON lines.
        refused: records that are neither.
        reason: why the last of these is not, empty when there is none.
    """

    pieces: list[Piece]
    lines: bytes
    refused: int
    reason: str


def encode(records: Iterable[Record], *, lines: bool = True) -> Encoded:
    """Sort records by kind and month and turn them into rows, and into lines where wanted.

    A record that lacks something, has too much or holds a value of another type is refused; the
    others are none the worse for it.
    """
    groups: dict[tuple[str, int, int], list[Record]] = {}
    faults: list[str] = []
    for record in records:
        try:
            groups.setdefault(_place(record), []).append(record)
        except UNFIT as error:
            faults.append(str(error))
    pieces, written = [], []
    for (kind, year, month), group in groups.items():
        good, rows, wrong = _fitting(kind, group)
        faults += wrong
        if good:
            pieces.append(Piece(kind, f"{year:04d}-{month:02d}", rows))
            written += [orjson.dumps(record, option=LINE) for record in good if lines]
    return Encoded(pieces, b"".join(written), len(faults), faults[-1] if faults else "")


def pieces_of(rows: pa.RecordBatch) -> list[Piece]:
    """Quotes in the columns of `QUOTE_LOG`, by the month of their pick-up."""
    kind = QUOTE_LOG.name
    months = pc.strftime(rows[DATED_BY[kind]], "%Y-%m")
    return [
        Piece(kind, month, rows.filter(pc.equal(months, month)))
        for month in months.unique().to_pylist()
    ]


def lines_of(piece: Piece) -> bytes:
    """The records of a piece as JSON lines."""
    records = piece.rows.to_pylist()
    return b"".join(orjson.dumps({"kind": piece.kind, **each}, option=LINE) for each in records)


def parquet_file(pieces: Sequence[Piece]) -> bytes:
    """Pieces of one kind and month as a Parquet file."""
    sink = pa.BufferOutputStream()
    rows = pa.Table.from_batches([piece.rows for piece in pieces])
    pq.write_table(rows, sink, compression="zstd", write_page_checksum=True)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _place(record: Record) -> tuple[str, int, int]:
    """Kind, year and month of a record that has as many keys as it should."""
    kind = record["kind"]
    if len(record) != len(KEYS[kind]):
        odd = sorted(record.keys() ^ KEYS[kind])
        raise ValueError(f"a {kind} record has keys too many or too few: {', '.join(odd)}")
    at = record[DATED_BY[kind]]
    if kind == "quote" and at.tzinfo is not None:
        raise ValueError("pickup_at of a quote record is New York local and has no time zone")
    return kind, at.year, at.month


def _fitting(kind: str, group: list[Record]) -> tuple[list[Record], pa.RecordBatch, list[str]]:
    """The records of a group that fit, as rows too, and what is wrong with the others."""
    try:
        return group, _rows(kind, group), []
    except UNFIT:
        pass  # at least one of them does not fit: try them one by one
    good, faults = [], []
    for record in group:
        try:
            _rows(kind, [record])
            good.append(record)
        except UNFIT as error:
            faults.append(str(error))
    return good, _rows(kind, good), faults


def _rows(kind: str, records: list[Record]) -> pa.RecordBatch:
    """Records as rows; the log's types are checked, and that nothing is missing."""
    schema = LOGS[kind].arrow
    named = zip(schema.names, schema.types, strict=True)
    columns = [pa.array([record[name] for record in records], type_) for name, type_ in named]
    rows = pa.RecordBatch.from_arrays(columns, schema=schema)
    missing = [name for name in REQUIRED[kind] if rows[name].null_count]
    if missing:
        raise ValueError(f"a {kind} record has no {', '.join(missing)}")
    return rows
