"""The content hash: the same rows, the same version, whatever holds them."""

from collections.abc import Callable
from datetime import datetime
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taxi_assets.domain.versions import BLOCK_ROWS, ContentHash, content_hash
from taxi_assets_tests.strategies import cuts

VALUES = {
    "row": (pa.int32(), st.integers(-2, 2)),
    "fare": (pa.float64(), st.sampled_from([0.0, 13.5, -13.5, float("inf")])),
    "share": (pa.float32(), st.sampled_from([0.0, 0.5])),
    "at": (pa.timestamp("us"), st.sampled_from([datetime(1970, 1, 1), datetime(2025, 1, 15)])),
    "name": (pa.string(), st.sampled_from(["", "a", "ab", "b", "é"])),
    "shape": (pa.binary(), st.sampled_from([b"", b"a", b"\x00"])),
    "airport": (pa.bool_(), st.booleans()),
}


@st.composite
def tables(draw: st.DrawFn, least: int = 0) -> pa.RecordBatch:
    """Any values and nulls under the columns of `VALUES`."""
    count = draw(st.integers(least, 12))
    column = {
        name: draw(st.lists(st.none() | values, min_size=count, max_size=count))
        for name, (_, values) in VALUES.items()
    }
    return pa.record_batch({n: pa.array(column[n], kind) for n, (kind, _) in VALUES.items()})


def hash_of(*batches: pa.RecordBatch) -> str:
    return content_hash(batches[0].schema, batches)


def column(values: list[object], kind: pa.DataType, name: str = "column") -> pa.RecordBatch:
    return pa.record_batch({name: pa.array(values, kind)})


@given(table=tables(), data=st.data())
def test_the_hash_does_not_depend_on_where_batches_are_cut(
    table: pa.RecordBatch, data: st.DataObject
) -> None:
    edges = [0, *sorted(data.draw(cuts(len(table)))), len(table)]

    parts = [table.slice(start, end - start) for start, end in pairwise(edges)]

    assert hash_of(*parts) == hash_of(table)


LONG = 2 * BLOCK_ROWS + 1000


@pytest.mark.parametrize(
    "edges",
    [
        pytest.param([BLOCK_ROWS], id="at a block's end"),
        pytest.param([BLOCK_ROWS - 1, BLOCK_ROWS + 1], id="around a block's end"),
        pytest.param([1], id="after the first row"),
        pytest.param([500, 900, BLOCK_ROWS + 7, 2 * BLOCK_ROWS], id="anywhere"),
        pytest.param(list(range(0, LONG, 10_000)), id="often"),
    ],
)
def test_long_tables_hash_alike_however_they_are_cut(edges: list[int]) -> None:
    numbers = np.arange(LONG)
    table = pa.record_batch(
        {
            "number": pa.array(numbers, mask=numbers % 7 == 0),
            "text": pa.array(numbers % 100).cast(pa.string()),
        }
    )

    parts = [table.slice(a, b - a) for a, b in pairwise([0, *edges, LONG])]

    assert hash_of(*parts) == hash_of(table)


@pytest.mark.parametrize("row", [0, BLOCK_ROWS - 1, BLOCK_ROWS, LONG - 1])
def test_one_value_of_a_long_table_changes_the_hash(row: int) -> None:
    numbers = np.arange(LONG)
    before = hash_of(pa.record_batch({"number": numbers}))

    numbers[row] += 1

    assert hash_of(pa.record_batch({"number": numbers})) != before


NOTHING_HASHED_TWICE = (
    pa.record_batch({"cbd": pa.nulls(3, pa.float64()), "airport": pa.array([0.0] * 3)}),
    pa.record_batch({"cbd": pa.array([0.0] * 3), "airport": pa.nulls(3, pa.float64())}),
)


@given(one=tables(), other=tables())
@example(*NOTHING_HASHED_TWICE)
def test_two_tables_hash_alike_only_if_they_are_equal(
    one: pa.RecordBatch, other: pa.RecordBatch
) -> None:
    assert (hash_of(one) == hash_of(other)) is one.equals(other)


@given(table=tables(least=1), data=st.data())
def test_any_null_that_appears_changes_the_hash(table: pa.RecordBatch, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(table.schema.names))
    row = data.draw(st.integers(0, len(table) - 1))
    before = table[name].to_pylist()
    after = [None if at == row else value for at, value in enumerate(before)]
    changed = table.set_column(
        table.schema.names.index(name), name, pa.array(after, table[name].type)
    )

    assert (hash_of(changed) == hash_of(table)) is (after == before)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda t: t.take(pa.array([1, 0])), id="order of rows"),
        pytest.param(lambda t: t.select(t.schema.names[::-1]), id="order of columns"),
        pytest.param(lambda t: t.rename_columns(["zone", "fare"]), id="name"),
        pytest.param(
            lambda t: pa.record_batch({"zone": t["zone"].cast(pa.int64()), "fare_usd": t[1]}),
            id="type",
        ),
        pytest.param(
            lambda t: pa.record_batch({"zone": t["zone"].view(pa.float32()), "fare_usd": t[1]}),
            id="type of the same bytes",
        ),
        pytest.param(lambda t: t.slice(0, 1), id="fewer rows"),
        pytest.param(lambda t: t.drop_columns(["fare_usd"]), id="fewer columns"),
    ],
)
def test_order_name_and_type_count(change: Callable[[pa.RecordBatch], pa.RecordBatch]) -> None:
    table = pa.record_batch({"zone": pa.array([74, 75], pa.int32()), "fare_usd": [13.5, 14.0]})

    assert hash_of(change(table)) != hash_of(table)


def test_text_is_not_run_together() -> None:
    assert hash_of(column(["ab", "c"], pa.string())) != hash_of(column(["a", "bc"], pa.string()))


@pytest.mark.parametrize(
    ("kind", "garbage"),
    [
        (pa.int32(), np.array([7, 8, 9], np.int32)),
        (pa.float64(), np.array([7.0, np.nan, 9.0])),
        (pa.timestamp("us"), np.array([7, 8, 9], np.int64)),
    ],
)
def test_what_lies_behind_a_null_does_not_count(
    kind: pa.DataType, garbage: np.ndarray[tuple[int], np.dtype[np.generic]]
) -> None:
    first_and_last = pa.py_buffer(bytes([0b101]))
    clean = garbage.copy()
    clean[1] = 0

    hashes = {
        hash_of(
            pa.record_batch(
                {"n": pa.Array.from_buffers(kind, 3, [first_and_last, pa.py_buffer(values)])}
            )
        )
        for values in (garbage, clean)
    }

    assert len(hashes) == 1


def test_text_behind_a_null_does_not_count() -> None:
    offsets = pa.py_buffer(np.array([0, 1, 3, 4], np.int32))
    buffers = [pa.py_buffer(bytes([0b101])), offsets, pa.py_buffer(b"axyb")]
    hidden = pa.Array.from_buffers(pa.string(), 3, buffers)

    plain = column(["a", None, "b"], pa.string())

    assert hidden.to_pylist() == plain["column"].to_pylist()
    assert hash_of(pa.record_batch({"column": hidden})) == hash_of(plain)


def test_the_hash_of_rows_so_far_can_be_asked_for_while_rows_come() -> None:
    batch = column([1, 2, 3], pa.int32())
    total = ContentHash(batch.schema)

    total.update(batch)
    halfway = total.hexdigest()
    total.update(batch)

    assert halfway == hash_of(batch)
    assert total.hexdigest() == hash_of(batch, batch)
    assert total.rows == 6


def test_a_table_without_rows_has_a_hash_of_its_own() -> None:
    empty = column([], pa.int32())

    assert len(hash_of(empty)) == 64
    assert hash_of(empty) == content_hash(empty.schema, [])
    assert hash_of(empty) != hash_of(column([0], pa.int32()))
    assert hash_of(empty) != hash_of(column([], pa.int64()))
