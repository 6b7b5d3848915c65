"""The data version of a table: a hash of its content, whatever files hold it."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

BLOCK_ROWS = 1 << 16


class ContentHash:
    """SHA-256 over names, types and values of a stream of record batches.

    The same rows in the same order give the same hash however they are cut into batches, compressed
    or encoded, and whatever lies in the memory behind a null.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._hash = hashlib.sha256(repr([(f.name, str(f.type)) for f in schema]).encode())
        self._pending: list[pa.RecordBatch] = []
        self._waiting = 0
        self.rows = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        self.rows += len(batch)
        start = 0
        while self._waiting + len(batch) - start >= BLOCK_ROWS:
            take = BLOCK_ROWS - self._waiting
            self._flush([*self._pending, batch.slice(start, take)])
            start += take
            self._pending, self._waiting = [], 0
        if start < len(batch):
            self._pending.append(batch.slice(start))
            self._waiting += len(batch) - start

    def hexdigest(self) -> str:
        """The hash of all rows added so far, as 64 hexadecimal digits."""
        total = self._hash.copy()
        for piece in _pieces(self._pending):
            total.update(piece)
        total.update(str(self.rows).encode())
        return total.hexdigest()

    def _flush(self, batches: list[pa.RecordBatch]) -> None:
        for piece in _pieces(batches):
            self._hash.update(piece)


def _pieces(batches: list[pa.RecordBatch]) -> Iterator[bytes | memoryview]:
    """The bytes that stand for one block of rows, column by column."""
    if not batches:
        return
    for column in pa.Table.from_batches(batches).combine_chunks().itercolumns():
        yield from _column_bytes(column.chunk(0))


def _column_bytes(values: pa.Array) -> Iterator[bytes | memoryview]:
    """Which values are null, then the values."""
    yield b"\x01" if values.null_count else b"\x00"
    if values.null_count:
        yield np.packbits(values.is_valid().to_numpy(zero_copy_only=False)).tobytes()
    if pa.types.is_string(values.type) or pa.types.is_binary(values.type):
        values = pc.fill_null(values, "" if pa.types.is_string(values.type) else b"")
        yield pc.binary_length(values).to_numpy(zero_copy_only=False).tobytes()
        offsets = np.frombuffer(values.buffers()[1], dtype=np.int32)[
            values.offset : values.offset + len(values) + 1
        ]
        yield memoryview(values.buffers()[2] or b"")[offsets[0] : offsets[-1]]
        return
    zero = (
        pa.scalar(0, pa.int64()).cast(values.type)
        if not pa.types.is_boolean(values.type)
        else False
    )
    yield (
        np.ascontiguousarray(pc.fill_null(values, zero).to_numpy(zero_copy_only=False))
        .view(np.uint8)
        .data
    )


def content_hash(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> str:
    """The `ContentHash` of a whole stream."""
    total = ContentHash(schema)
    for batch in batches:
        total.update(batch)
    return total.hexdigest()
