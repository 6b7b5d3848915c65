"""A month's trips as its profile reads them: some columns as arrays, of all what is missing."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from taxi_assets.domain.cleaning import KEPT, RULE_NAMES
from taxi_assets.domain.schemas import CLEAN_TRIPS

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int32]

PROFILED = [column.name for column in CLEAN_TRIPS.columns]
NO_CODE = -1  # stands for a code that is missing or cannot be read
_MEASURED = ("distance_mi", "fare_usd", "duration_min")
_CODED = ("source_row", "pickup_zone", "dropoff_zone", "rate_code", "vendor")


@dataclass(frozen=True, slots=True)
class Trips:
    """Trips as arrays of one length: 57 bytes each.

    Attributes:
        source_row: row number in the landed file.
        pickup_at: datetime64[s], New York local time, NaT when missing.
        pickup_zone: TLC zone ids, `NO_CODE` when missing.
        dropoff_zone: the same.
        rate_code: TLC rate codes, `NO_CODE` when missing.
        vendor: TLC vendor ids, `NO_CODE` when missing.
        distance_mi: miles, NaN when missing.
        fare_usd: US dollars, NaN when missing.
        duration_min: minutes, NaN when missing.
        rule: the first rule each trip broke, as position in `RULE_NAMES`; `KEPT` where it broke
            none.
        nulls: missing values of each column of the table, carried here or not.
    """

    source_row: Codes
    pickup_at: npt.NDArray[np.datetime64]
    pickup_zone: Codes
    dropoff_zone: Codes
    rate_code: Codes
    vendor: Codes
    distance_mi: Floats
    fare_usd: Floats
    duration_min: Floats
    rule: npt.NDArray[np.int8]
    nulls: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.source_row)

    @property
    def speed_mph(self) -> Floats:
        """(n,) miles an hour on average, NaN where distance or time is missing or no time passed.

        A duration below zero has no speed either.
        """
        hours = np.where(self.duration_min > 0, self.duration_min, np.nan) / 60.0
        return np.asarray(self.distance_mi / hours)


def read_trips(batches: Iterable[pa.RecordBatch]) -> Trips:
    """Trips of a month of `clean_trips` or `rejected_trips`, in their order.

    Args:
        batches: columns `PROFILED`; rejected trips also `rule`.
    """
    nulls = Counter(dict.fromkeys(PROFILED, 0))
    parts: list[dict[str, npt.NDArray[Any]]] = [_arrays(_NO_TRIPS)]
    for batch in batches:
        nulls.update({name: batch[name].null_count for name in PROFILED})
        parts.append(_arrays(batch))
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return Trips(**columns, nulls=dict(nulls))


def _arrays(batch: pa.RecordBatch) -> dict[str, npt.NDArray[Any]]:
    """The columns of one batch that a profile needs."""
    codes = {name: _filled(batch[name], NO_CODE, np.int32) for name in _CODED}
    measures = {name: _filled(batch[name], np.nan, np.float64) for name in _MEASURED}
    at = batch["pickup_at"].to_numpy(zero_copy_only=False).astype("datetime64[s]")
    rule = np.full(len(batch), KEPT, np.int8)
    if "rule" in batch.schema.names:
        found = pc.index_in(batch["rule"], pa.array(RULE_NAMES))
        rule = found.to_numpy(zero_copy_only=False).astype(np.int8)
    return {**codes, **measures, "pickup_at": at, "rule": rule}


def _filled(values: pa.Array, missing: float, kind: type[np.generic]) -> npt.NDArray[Any]:
    filled: npt.NDArray[Any] = pc.fill_null(values, missing).to_numpy(zero_copy_only=False)
    return filled.astype(kind, copy=False)


_NO_TRIPS = pa.RecordBatch.from_pylist([], schema=CLEAN_TRIPS.arrow)
