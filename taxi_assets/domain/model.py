"""Training and predicting: LightGBM on features, and the baselines a model has to beat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.features import CATEGORICAL, FEATURES, FloatArray

Fares = npt.NDArray[np.float64]
SEED = 20_240_131
MAX_ROUNDS = 2_000
PATIENCE = 50  # rounds without improvement before training stops
PARAMETERS: Mapping[str, float | int | str | bool] = {
    "objective": "l2",
    "learning_rate": 0.05,
    "num_leaves": 63,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "deterministic": True,
    # LightGBM would otherwise time both ways and choose: not the same on every machine
    "force_row_wise": True,
    "verbose": -1,
}
# ids are names, not amounts
LINEAR_INPUTS = tuple(name for name in FEATURES if name not in CATEGORICAL)


@dataclass(frozen=True, slots=True)
class MonthOfTrips:
    """What a model learns from one month.

    Attributes:
        month: `YYYY-MM`.
        features: (n, 30) float32.
        fare_usd: (n,) metered fares, US dollars.
    """

    month: str
    features: FloatArray
    fare_usd: Fares


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

    def predict(self, features: FloatArray) -> Fares:
        """Fares of (n, 30) features, US dollars."""
        inputs = _linear_inputs(features)
        filled = np.where(np.isnan(inputs), self.mean, inputs)
        return np.asarray(
            (filled - self.mean) / self.scale @ np.asarray(self.weight) + self.intercept_usd
        )


@dataclass(frozen=True, slots=True)
class Trained:
    """The outcome of training.

    Attributes:
        model_text: LightGBM's own text format.
        rounds: trees, chosen on the last month.
        early_stop_rmse_usd: RMSE on the last month of the model that had not seen it.
        parameters: everything LightGBM was told.
        global_median_usd: median fare of the training trips: the simplest baseline.
        linear: linear regression on the same rows: the plainest model.
        rows: training trips by month.
        importance: each feature's share of all gain in the trees, most important first.
    """

    model_text: str
    rounds: int
    early_stop_rmse_usd: float
    parameters: dict[str, float | int | str | bool]
    global_median_usd: float
    linear: LinearBaseline
    rows: dict[str, int]
    importance: dict[str, float]


def train(
    months: Sequence[MonthOfTrips],
    *,
    threads: int,
    parameters: Mapping[str, float | int | str | bool] = PARAMETERS,
) -> Trained:
    """Fit on all months but the last, let the last choose the number of trees, then refit on all.

    The refit keeps that number. It matters: the last month is the nearest to the trips the model
    will meet.

    Args:
        months: at least two months in time order, none later than what the model may know.
        threads: LightGBM threads; the same number gives the same model.
        parameters: LightGBM parameters without seed and threads.

    Raises:
        DataError: fewer than two months, or a month without trips.
    """
    import lightgbm as lgb  # takes seconds to import, and only training and predicting need it

    if len(months) < 2 or any(len(month.fare_usd) == 0 for month in months):
        raise DataError(
            "A model needs at least two months that have trips: one to learn from, one to stop on."
        )
    told = {**parameters, "metric": "rmse", "seed": SEED, "num_threads": threads}
    *earlier, last = months
    names = list(FEATURES)
    past = lgb.Dataset(
        np.vstack([m.features for m in earlier]),
        np.concatenate([m.fare_usd for m in earlier]),
        feature_name=names,
    )
    stop_on = lgb.Dataset(last.features, last.fare_usd, reference=past)
    stopped = lgb.train(
        told, past, MAX_ROUNDS, [stop_on], callbacks=[lgb.early_stopping(PATIENCE, verbose=False)]
    )
    every, fares = (
        np.vstack([m.features for m in months]),
        np.concatenate([m.fare_usd for m in months]),
    )
    final = lgb.train(told, lgb.Dataset(every, fares, feature_name=names), stopped.best_iteration)
    return Trained(
        model_text=final.model_to_string(),
        rounds=stopped.best_iteration,
        early_stop_rmse_usd=float(stopped.best_score["valid_0"]["rmse"]),
        parameters=told,
        global_median_usd=float(np.median(fares)),
        linear=fit_linear(every, fares),
        rows={month.month: len(month.fare_usd) for month in months},
        importance=_importance(names, final.feature_importance("gain")),
    )


def _importance(names: Sequence[str], gain: Fares) -> dict[str, float]:
    """Shares of the gain, largest first."""
    shares = gain / max(gain.sum(), 1e-12)
    return {names[index]: float(shares[index]) for index in np.argsort(-shares, kind="stable")}


def fit_linear(features: FloatArray, fare_usd: Fares) -> LinearBaseline:
    """Least squares through the normal equations: memory does not grow with the number of trips."""
    inputs = _linear_inputs(features)
    known = ~np.isnan(inputs)
    mean = np.where(known, inputs, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    filled = np.where(np.isnan(inputs), mean, inputs)
    scale = filled.std(axis=0)
    scale[scale == 0] = 1.0
    standard = (filled - mean) / scale
    intercept = float(fare_usd.mean())
    weight, *_ = np.linalg.lstsq(
        standard.T @ standard, standard.T @ (fare_usd - intercept), rcond=None
    )
    return LinearBaseline(
        tuple(mean.tolist()), tuple(scale.tolist()), tuple(weight.tolist()), intercept
    )


def _linear_inputs(features: FloatArray) -> Fares:
    """The features that are amounts, as float64."""
    names = list(FEATURES)
    return features[:, [names.index(name) for name in LINEAR_INPUTS]].astype(np.float64)


def route_median(features: FloatArray, otherwise_usd: float) -> Fares:
    """The baseline people use without knowing it: what this route has usually cost, US dollars."""
    median = features[:, list(FEATURES).index("route_fare_usd")].astype(np.float64)
    return np.where(np.isnan(median), otherwise_usd, median)
