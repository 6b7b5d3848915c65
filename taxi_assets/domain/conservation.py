"""Nothing is lost: every published row is kept or rejected, once, with its fare."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class Ledger:
    """Rows and fares on both sides of the cleaning.

    Attributes:
        published_rows: rows in the landed file.
        published_cents: their fares, whole US cents, so that the sum is exact.
        sorted_rows: clean plus rejected rows.
        sorted_cents: their fares, whole US cents.
        lost: published rows found in neither table.
        doubled: published rows found more than once.
    """

    published_rows: int
    published_cents: int
    sorted_rows: int
    sorted_cents: int
    lost: int
    doubled: int

    @property
    def balances(self) -> bool:
        """Whether every row and every cent is there once."""
        same = (self.published_rows, self.published_cents) == (self.sorted_rows, self.sorted_cents)
        return same and self.lost == 0 and self.doubled == 0


def balance(published_fares: Iterable[pa.Array], sorted_trips: Iterable[pa.RecordBatch]) -> Ledger:
    """Compare a landed file with the tables made from it.

    Args:
        published_fares: fares of the file, US dollars, in pieces.
        sorted_trips: batches with `source_row` and `fare_usd`, of the clean and the rejected table.
    """
    pieces = [(len(piece), _cents(piece)) for piece in published_fares]
    rows = sum(count for count, _ in pieces)
    seen = np.zeros(rows, dtype=np.int64)
    sorted_rows = sorted_cents = strays = 0
    for batch in sorted_trips:
        numbers = batch["source_row"].to_numpy()
        inside = numbers[(numbers >= 0) & (numbers < rows)]
        seen += np.bincount(inside, minlength=rows)
        strays += len(numbers) - len(inside)
        sorted_rows += len(batch)
        sorted_cents += _cents(batch["fare_usd"])
    doubled = int((seen > 1).sum()) + strays
    return Ledger(
        rows,
        sum(cents for _, cents in pieces),
        sorted_rows,
        sorted_cents,
        int((seen == 0).sum()),
        doubled,
    )


def _cents(fares: pa.Array) -> int:
    """Sum in whole cents; a fare missing or not a number counts as nothing, on both sides."""
    values = fares.cast(pa.float64())
    values = values.filter(pc.fill_null(pc.is_finite(values), False)).to_numpy()
    absurd = np.abs(values) > 1e9  # their cents could overflow 64 bits; above 2**53 all are whole
    odd = sum(round(Fraction(fare) * 100) for fare in values[absurd].tolist())
    return odd + int(np.rint(values[~absurd] * 100.0).astype(np.int64).sum())
