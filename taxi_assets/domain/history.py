"""What is known of each route before a month begins: point-in-time route history."""

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from taxi_assets.domain.zones import LAST_ZONE

ANY_ZONE = 0  # stands for "all zones" in a row that sums up more than one route
SIZE = LAST_ZONE + 1
METRICS = ("fare_usd", "distance_mi", "duration_min")
Number = TypeVar("Number", bound=np.generic)
PAST_COLUMNS = ["pickup_zone", "dropoff_zone", *METRICS]


def route_history(past: Iterable[pa.RecordBatch]) -> pa.Table:
    """Exact median fare, distance and duration of zone pairs, zones and the city over past trips.

    Args:
        past: batches of clean trips with `PAST_COLUMNS`, from months before the one the history is
            for. The caller leaves out what must stay unseen.

    Returns:
        (n_pairs, 6) `pickup_zone`, `dropoff_zone` int32, where 0 stands for any zone; `trips`
        int64; medians `fare_usd` US dollars, `distance_mi` miles, `duration_min` minutes, float64.
        Sorted by the two zones; no rows when there is no past.
    """
    batches = [batch.select(PAST_COLUMNS) for batch in past]
    pickup = _column(batches, "pickup_zone", np.uint32)
    dropoff = _column(batches, "dropoff_zone", np.uint32)
    groups = {
        "route": pickup * SIZE + dropoff,
        "pickup": pickup * SIZE,
        "dropoff": dropoff,
        "city": np.zeros_like(pickup),
    }
    values = {metric: _column(batches, metric, np.float32) for metric in METRICS}
    levels = [_medians(codes, values) for codes in groups.values()]
    joined = {name: np.concatenate([level[name] for level in levels]) for name in levels[0]}
    order = np.argsort(joined["code"], kind="stable")
    code = joined["code"][order]
    return pa.table(
        {
            "pickup_zone": (code // SIZE).astype(np.int32),
            "dropoff_zone": (code % SIZE).astype(np.int32),
            "trips": joined["trips"][order],
            # four decimals undo the binary noise of float32: 109.1, not 109.0999984
            **{metric: joined[metric][order].astype(np.float64).round(4) for metric in METRICS},
        }
    )


def _column(batches: list[pa.RecordBatch], name: str, dtype: type[Number]) -> npt.NDArray[Number]:
    """One column of all batches as one array."""
    parts = [batch.column(name).to_numpy(zero_copy_only=False).astype(dtype) for batch in batches]
    return np.concatenate(parts) if parts else np.empty(0, dtype)


def _medians(
    codes: npt.NDArray[np.uint32], values: dict[str, npt.NDArray[np.float32]]
) -> dict[str, npt.NDArray[np.generic]]:
    """Count and medians by group.

    Non-negative float32 values sort like their bit patterns, so one sort of (group, value) packed
    into 64 bits puts every group's values in order: exact medians at the price of a sort, for
    tens of millions of trips.
    """
    result: dict[str, npt.NDArray[np.generic]] = {}
    for metric, column in values.items():
        packed = (codes.astype(np.uint64) << np.uint64(32)) | column.view(np.uint32)
        packed.sort()
        group, first, trips = np.unique(
            packed >> np.uint64(32), return_index=True, return_counts=True
        )
        ordered = (packed & np.uint64(0xFFFFFFFF)).astype(np.uint32).view(np.float32)
        lower, upper = ordered[first + (trips - 1) // 2], ordered[first + trips // 2]
        result |= {
            "code": group,
            "trips": trips.astype(np.int64),
            metric: (lower + upper) / np.float32(2),
        }
    return result
