"""Nothing is lost between the published file and the two tables made from it."""

import math
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.cleaning import refund_rows, sort_trips
from taxi_assets.domain.conservation import balance
from taxi_assets.domain.trips import canonical
from taxi_assets_tests.builders import GREEN, canonical_trips, sort_month
from taxi_assets_tests.strategies import cuts, raw_months


def _cents(fares: list[float | None]) -> int:
    """Whole cents, fare by fare, in Python's unbounded integers."""
    return sum(round(Fraction(fare * 100)) for fare in fares if fare and math.isfinite(fare))


@given(month=raw_months(), data=st.data())
def test_every_published_row_is_clean_or_rejected_exactly_once_with_its_cents(
    month: pa.RecordBatch, data: st.DataObject
) -> None:
    parts = sort_month(month, data.draw(cuts(len(month))))

    tables = [part.clean for part in parts] + [part.rejected for part in parts]
    ledger = balance([month["fare_amount"]], tables)

    found = sorted(row for table in tables for row in table["source_row"].to_pylist())
    assert found == list(range(len(month)))
    assert ledger.balances
    assert ledger.published_cents == _cents(month["fare_amount"].to_pylist())


def test_a_ledger_counts_rows_and_whole_cents_on_both_sides() -> None:
    fares = [pa.array([0.1, 0.2, None]), pa.array([math.nan, math.inf, 13.5])]
    trips = canonical_trips(fare_usd=[0.1, 0.2, None, math.nan, math.inf, 13.5])

    ledger = balance(fares, [trips])

    assert (ledger.published_rows, ledger.published_cents) == (6, 1380)
    assert (ledger.sorted_rows, ledger.sorted_cents) == (6, 1380)
    assert (ledger.lost, ledger.doubled) == (0, 0)
    assert ledger.balances


FARES = [pa.array([10.0, 20.0, 30.0])]


@pytest.mark.parametrize(
    ("rows", "fares", "lost", "doubled"),
    [
        pytest.param([0, 1], [10.0, 20.0], 1, 0, id="a row is lost"),
        pytest.param([0, 1, 2, 2], [10.0, 20.0, 30.0, 30.0], 0, 1, id="a row stands twice"),
        pytest.param([0, 0, 1], [10.0, 20.0, 30.0], 1, 1, id="one is lost, one stands twice"),
        pytest.param([0, 1, 2, 3], [10.0, 20.0, 30.0, 0.0], 0, 1, id="a row of no file"),
        pytest.param([-1, 1, 2], [10.0, 20.0, 30.0], 1, 1, id="a row number below zero"),
        pytest.param([0, 1, 2], [10.0, 20.0, 30.01], 0, 0, id="a cent too many"),
        pytest.param([0, 1, 2], [10.0, 20.0, None], 0, 0, id="a fare is lost"),
        pytest.param([], [], 3, 0, id="all is lost"),
    ],
)
def test_what_is_lost_doubled_or_changed_shows_and_unbalances(
    rows: list[int], fares: list[float | None], lost: int, doubled: int
) -> None:
    batch = pa.record_batch(
        {"source_row": pa.array(rows, pa.int32()), "fare_usd": pa.array(fares, pa.float64())}
    )

    ledger = balance(FARES, [batch])

    assert (ledger.lost, ledger.doubled) == (lost, doubled)
    assert not ledger.balances


def test_nothing_out_of_nothing_balances() -> None:
    assert balance([], []).balances


def test_fares_of_type_null_count_as_nothing() -> None:
    assert balance([pa.nulls(1)], [canonical_trips(fare_usd=None)]).balances


@pytest.mark.parametrize(
    "fares",
    [
        pytest.param([1e17, 13.5], id="beyond 64 bits of cents"),
        pytest.param([5e16, 5e16, 13.5], id="a sum beyond 64 bits"),
        pytest.param([1e307, 13.5], id="beyond a float's cents"),
    ],
)
def test_absurd_fares_balance_too(fares: list[float]) -> None:
    trips = canonical_trips(fare_usd=fares)

    whole = balance([pa.array(fares)], [trips])
    apart = balance([pa.array(fares)], [trips.slice(0, 1), trips.slice(1)])

    assert whole.balances
    assert apart.balances
    assert whole.published_cents > 0


@pytest.mark.parametrize("month", ["2023-01", "2024-01", "2025-03"])
def test_a_real_month_is_conserved(real_tlc: Path, month: str) -> None:
    table = pq.read_table(real_tlc / GREEN.file_name(month)).combine_chunks()
    refunds = refund_rows(pa.Table.from_batches([canonical(table.to_batches()[0], GREEN, 0)]))

    parts = [
        sort_trips(batch, at * 20_000, GREEN, month, refunds)
        for at, batch in enumerate(table.to_batches(max_chunksize=20_000))
    ]

    ledger = balance(
        table["fare_amount"].chunks, [batch for p in parts for batch in (p.clean, p.rejected)]
    )
    assert ledger.balances
    assert ledger.published_cents == _cents(table["fare_amount"].to_pylist())
    assert 0.8 < sum(len(part.clean) for part in parts) / len(table) < 0.97
