"""Chance may not write the same row twice."""

import numpy as np

from taxi_assets.simulator.duplicates import part_duplicates
from taxi_assets.simulator.sheet import Sheet


def test_rows_that_coincide_end_a_second_apart_and_others_stay() -> None:
    sheet: Sheet = {
        "pickup_s": np.array([100, 100, 100, 100]),
        "dropoff_s": np.array([160, 160, 160, 160]),
        "PULocationID": np.array([74, 74, 74, 75]),
        "DOLocationID": np.array([75, 75, 75, 75]),
        "fare_amount": np.array([3.0, 3.0, 3.0, 3.0]),
        "trip_distance": np.zeros(4),
    }

    part_duplicates(sheet)

    assert sorted(sheet["dropoff_s"][:3]) == [160, 161, 162]
    assert sheet["dropoff_s"][3] == 160
