"""Refunds: the same trip again with everything charged negated, so that the two net to nothing."""

import numpy as np
import numpy.typing as npt

from taxi_assets.simulator.billing import DISPUTE, NO_CHARGE
from taxi_assets.simulator.flaws import FlawShares
from taxi_assets.simulator.sheet import CHARGES, Sheet, copy_rows, length


def refund(rng: np.random.Generator, sheet: Sheet, shares: FlawShares) -> None:
    """Turn some rows into refunds of the row before, and some into refunds of nothing, in place."""
    pairs, n = length(sheet) // 2, length(sheet)
    sold = 2 * np.flatnonzero(rng.random(pairs, dtype=np.float32) < 2 * shares.refund_pair)
    sold = sold[_refundable(sheet, sold)]
    _take_no_money(rng, sheet, sold)
    copy_rows(sheet, sold, sold + 1)
    _negate(sheet, sold + 1)
    lone = np.flatnonzero(rng.random(n, dtype=np.float32) < shares.lone_refund)
    lone = lone[_refundable(sheet, lone) & ~np.isin(lone // 2, sold // 2)]
    _take_no_money(rng, sheet, lone)
    _negate(sheet, lone)


def _refundable(sheet: Sheet, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which rows were paid for at a meter."""
    return np.asarray(~sheet["no_record"][rows] & (sheet["fare_amount"][rows] > 0))


def _take_no_money(rng: np.random.Generator, sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    """Mark rows as not charged or disputed; nobody tips for those."""
    sheet["payment_type"][rows] = np.where(rng.random(len(rows)) < 0.75, NO_CHARGE, DISPUTE)
    sheet["tip_amount"][rows] = 0.0


def _negate(sheet: Sheet, rows: npt.NDArray[np.int64]) -> None:
    for name in CHARGES:
        sheet[name][rows] = -sheet[name][rows]
