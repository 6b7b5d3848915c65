"""Samples of trips that come out the same however and whenever the trips are read.

A sample is stratified by month and pick-up borough. Each stratum gets its share of the sample by
largest remainder, so that shares are right to within one trip. Which trips of a stratum are taken
is decided by a hash of month and row number, never by the order or the batches they arrive in.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Stratum = tuple[str, int]

HASH = "_hash"


def allocate(strata: Mapping[Stratum, int], size: int) -> dict[Stratum, int]:
    """How many trips of each stratum a sample has: proportional, by largest remainder.

    Args:
        strata: trips in each.
        size: of the sample; all trips are taken where there are no more.

    Returns:
        Trips to take of each, `min(size, all trips)` together and never more than there are. Equal
        remainders go to the first stratum in sorted order.
    """
    total = sum(strata.values())
    if total <= size:
        return dict(strata)
    names = sorted(strata)
    trips = np.array([strata[name] for name in names], np.int64)
    taken, remainder = np.divmod(trips * size, total)
    first = np.argsort(-remainder, kind="stable")[: size - int(taken.sum())]
    taken[first] += 1
    return dict(zip(names, taken.tolist(), strict=True))


def stable_hash(month: str, source_row: npt.NDArray[np.integer]) -> npt.NDArray[np.uint64]:
    """(n,) a number for each trip that looks random and never changes (SplitMix64)."""
    seed = np.uint64(int(month.replace("-", "")))
    key = (seed << np.uint64(40)) + source_row.astype(np.uint64)  # rows fit 40 bits
    key = key + np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = key ^ (key >> np.uint64(31))
    return mixed


class Sampler:
    """Takes trips in batches, and keeps of each stratum those that a sample could still need."""

    def __init__(self, size: int) -> None:
        """A sample of `size` trips."""
        self.size = size
        self.strata: dict[Stratum, int] = defaultdict(int)
        self._kept: dict[Stratum, pd.DataFrame] = {}

    def add(
        self,
        month: str,
        source_row: npt.NDArray[np.integer],
        borough: npt.NDArray[np.integer],
        columns: Mapping[str, npt.NDArray[Any]],
    ) -> None:
        """Look at some trips.

        Args:
            month: theirs.
            source_row: (n,) row numbers in the month's file, each once.
            borough: (n,) borough codes of their pick-ups.
            columns: (n,) arrays to keep of those taken.
        """
        hashes = stable_hash(month, source_row)
        for code in np.unique(borough).tolist():
            stratum = (month, int(code))
            mine = borough == code
            self.strata[stratum] += int(mine.sum())
            kept = self._kept.get(stratum)
            if kept is not None and len(kept) == self.size:
                mine &= hashes < kept[HASH].iloc[-1]
            found = {name: column[mine] for name, column in columns.items()}
            some = pd.DataFrame({"source_row": source_row[mine], HASH: hashes[mine], **found})
            some = some if kept is None else pd.concat([kept, some], ignore_index=True)
            self._kept[stratum] = some.sort_values(HASH, ignore_index=True).head(self.size)

    def sample(self) -> pd.DataFrame:
        """The sample, sorted by month and row number; no rows when there were no trips.

        Returns:
            (k, 2 + columns) `month`, `source_row` and the columns given; k is the size asked for,
            or the number of trips where there are fewer.
        """
        quotas = allocate(self.strata, self.size)
        parts = [
            self._kept[stratum].head(quota).assign(month=stratum[0])
            for stratum, quota in quotas.items()
            if quota
        ]
        if not parts:
            return pd.DataFrame()
        found = pd.concat(parts, ignore_index=True).drop(columns=HASH)
        return found.sort_values(["month", "source_row"], ignore_index=True)
