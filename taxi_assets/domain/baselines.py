"""What a model has to beat: predictors that need no trees."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.estimate import tariff_estimate_usd
from taxi_assets.domain.features import CATEGORICAL, FEATURES, POSITION, column
from taxi_assets.domain.heads import Numbers
from taxi_assets.domain.places import FloatArray

# ids are names, not amounts
LINEAR_INPUTS = tuple(name for name in FEATURES if name not in CATEGORICAL)
CHUNK = 1 << 18  # rows at a time: float64 copies of all rows would not fit


@dataclass(frozen=True, slots=True)
class LinearBaseline:
    """A linear regression on standardised features, missing values at their mean.

    Attributes:
        mean: feature means.
        scale: feature standard deviations, 1 where a feature never varies.
        weight: US dollars a standard deviation.
        intercept_usd: mean fare.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    weight: tuple[float, ...]
    intercept_usd: float

    def predict(self, features: FloatArray) -> Numbers:
        """Fares of (n, 40) features, US dollars."""
        return np.asarray(
            _standard(features, np.asarray(self.mean), np.asarray(self.scale))
            @ np.asarray(self.weight)
            + self.intercept_usd
        )


def fit_linear(features: FloatArray, fare_usd: npt.NDArray[np.floating]) -> LinearBaseline:
    """Least squares through the normal equations, in chunks: memory stays that of a chunk."""
    chunks = [slice(first, first + CHUNK) for first in range(0, len(features), CHUNK)]
    width = len(LINEAR_INPUTS)
    total, known = np.zeros(width), np.zeros(width)
    for rows in chunks:
        inputs = _inputs(features[rows])
        total += np.nansum(inputs, axis=0)
        known += (~np.isnan(inputs)).sum(axis=0)
    mean = total / np.maximum(known, 1)
    squares = sum(
        (np.square(_standard(features[rows], mean, np.ones(width))).sum(axis=0) for rows in chunks),
        np.zeros(width),
    )
    scale = np.sqrt(squares / max(len(features), 1))
    scale[scale == 0] = 1.0
    intercept = float(np.mean(fare_usd, dtype=np.float64))
    gram, moment = np.zeros((width, width)), np.zeros(width)
    for rows in chunks:
        standard = _standard(features[rows], mean, scale)
        gram += standard.T @ standard
        moment += standard.T @ (fare_usd[rows] - intercept)
    weight, *_ = np.linalg.lstsq(gram, moment, rcond=None)
    return LinearBaseline(
        tuple(mean.tolist()), tuple(scale.tolist()), tuple(weight.tolist()), intercept
    )


def _inputs(features: FloatArray) -> Numbers:
    """The features that are amounts, as float64."""
    return features[:, [POSITION[name] for name in LINEAR_INPUTS]].astype(np.float64)


def _standard(features: FloatArray, mean: Numbers, scale: Numbers) -> Numbers:
    """Standardised inputs, what is missing at its mean."""
    inputs = _inputs(features)
    return (np.where(np.isnan(inputs), mean, inputs) - mean) / scale


def route_median(features: FloatArray, otherwise_usd: float) -> Numbers:
    """The baseline people use without knowing it: what this route has usually cost, US dollars."""
    median = column(features, "route_fare_usd").astype(np.float64)
    return np.where(np.isnan(median), otherwise_usd, median)


def tariff(
    features: FloatArray, pickup_at: npt.NDArray[np.datetime64], fleet: str, otherwise_usd: float
) -> Numbers:
    """The published tariff on the distance and duration that history expects, US dollars.

    Args:
        features: (n, 40).
        pickup_at: (n,) datetime64, New York local time.
        fleet: `green` or `yellow`.
        otherwise_usd: where there is no past to expect anything from.
    """
    distance, duration, start, end = (
        column(features, name).astype(np.float64)
        for name in ("expected_distance_mi", "hour_duration_min", "pickup_zone", "dropoff_zone")
    )
    known = np.isfinite(distance) & np.isfinite(duration)
    fare = np.full(len(features), otherwise_usd)
    fare[known] = tariff_estimate_usd(
        distance[known],
        duration[known],
        start[known].astype(np.int64),
        end[known].astype(np.int64),
        pickup_at[known],
        fleet=fleet,
    )
    return fare
