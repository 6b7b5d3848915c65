"""The rides a model learns from, and their features out of fold."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_assets.domain.features import FEATURES, POSITION, build_features
from taxi_assets.domain.history import Rides
from taxi_assets.domain.places import FloatArray, Places, learn

FOLDS = 5
FOLD_SEED = 20_240_131
TREND = POSITION["fare_trend"]


@dataclass(frozen=True, slots=True)
class Window:
    """Finished rides of some months, in time order of the months.

    Attributes:
        months: rides by month, `YYYY-MM`.
        rides: (n,) where, when, and what they turned out to be.
        passengers: (n,) people, NaN when unknown.
        fare_trend: (n,) the feature as it was known before each ride's month. History out of fold
            looks to both sides of a ride; what moved since is only known from before.
    """

    months: dict[str, int]
    rides: Rides
    passengers: FloatArray
    fare_trend: FloatArray

    def __len__(self) -> int:
        return len(self.rides)

    def take(self, rows: Any) -> "Window":
        """Some of the rides; `rows` is a mask, a slice or an array of positions."""
        return replace(
            self,
            rides=self.rides.take(rows),
            passengers=self.passengers[rows],
            fare_trend=self.fare_trend[rows],
        )


def out_of_fold(window: Window, zones: pd.DataFrame) -> FloatArray:
    """Features of each ride from the history of the others.

    Rides fall into five folds by their position, and each fold's history is that of the other
    four: no ride has a part in its own features. (History made from all of them misleads the trees:
    each ride would have seen its own fare, which no ride to come has.)

    Args:
        window: (n,) rides.
        zones: (263, >=6) the zones table.

    Returns:
        (n, 40) float32 in the order of `FEATURES`.
    """
    fold = np.random.default_rng(FOLD_SEED).integers(0, FOLDS, len(window), dtype=np.uint8)
    matrix = np.empty((len(window), len(FEATURES)), np.float32)
    for number in range(FOLDS):
        mine = fold == number
        matrix[mine] = features_of(window.take(mine), learn(zones, window.rides.take(~mine)))
    return matrix


def features_of(window: Window, known: Places) -> FloatArray:
    """Features of rides by a history that has not seen them, (n, 40) float32."""
    rides = window.rides
    matrix = build_features(
        rides.pickup_zone, rides.dropoff_zone, rides.pickup_at, window.passengers, known
    )
    matrix[:, TREND] = window.fare_trend
    return matrix


def target(window: Window, name: str) -> npt.NDArray[np.float32]:
    """(n,) one of the things to predict: `fare_usd` or `duration_min`."""
    found: npt.NDArray[np.float32] = getattr(window.rides, name)
    return found
