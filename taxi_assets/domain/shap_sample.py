"""A month's sample of trips to explain: the same however and whenever the trips are read."""

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.integer]


def chosen_rows(month: str, source_rows: Rows, size: int) -> Rows:
    """Which of a month's trips to explain, by a hash of their row numbers.

    Args:
        month: `YYYY-MM`; another month draws another sample.
        source_rows: (n,) row numbers in the landed file, in any order, each once.
        size: how many to choose.

    Returns:
        (min(n, size),) row numbers, sorted. A trip's chance does not depend on the others, so
        a month with some trips more has nearly the same sample.
    """
    first = np.argsort(scattered(month, source_rows), kind="stable")[:size]
    return np.sort(source_rows[first])


def scattered(month: str, source_rows: Rows) -> npt.NDArray[np.uint64]:
    """(n,) numbers that look random and never change (SplitMix64), none twice in a month."""
    key = np.uint64(int(month.replace("-", "")) << 40) + source_rows.astype(np.uint64)
    key = key + np.uint64(0x9E3779B97F4A7C15)
    key = (key ^ (key >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    key = (key ^ (key >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: npt.NDArray[np.uint64] = key ^ (key >> np.uint64(31))
    return mixed
