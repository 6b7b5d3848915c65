"""No row of a published file comes twice, so none may here, chance notwithstanding."""

import numpy as np

from taxi_assets.simulator.sheet import Sheet

_IDENTITY = ("pickup_s", "dropoff_s", "PULocationID", "DOLocationID")
_MIXER = np.uint64(0x9E3779B97F4A7C15)


def part_duplicates(sheet: Sheet) -> None:
    """Let rows with the times, zones, fare and distance of an earlier one end a second later."""
    while True:
        _, first = np.unique(_keys(sheet), return_index=True)
        if len(first) == len(sheet["pickup_s"]):
            return
        again = np.ones(len(sheet["pickup_s"]), np.bool_)
        again[first] = False
        sheet["dropoff_s"][again] += 1


def _keys(sheet: Sheet) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """One number a row; rows that share all of the identity share it."""
    columns = [sheet[name].astype(np.int64) for name in _IDENTITY]
    columns += [
        np.round(sheet[name] * 100).astype(np.int64) for name in ("fare_amount", "trip_distance")
    ]
    key = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        key = (key ^ column.view(np.uint64)) * _MIXER
        key ^= key >> np.uint64(29)
    return key
