"""Tuning: which LightGBM parameters would have quoted the last weeks best.

Folds are ordered in time as life is: train on all rides before a cut, test on the two weeks after.
All lie inside the training window, so no parameter has seen the month its model is tested on.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.heads import LINKS, Numbers, Parameters, heads
from taxi_assets.domain.model import HELD_OUT, PARAMETERS
from taxi_assets.domain.places import FloatArray, learn
from taxi_assets.domain.trees import FIXED, PATIENCE, dataset, fit, scaled
from taxi_assets.domain.window import Window, features_of, out_of_fold, target

MAX_ROUNDS = heads()["fare"].rounds
CUTS = (3, 2, 1)  # of two weeks each before the last ride; the oldest fold is the fastest
ENOUGH = np.timedelta64(28, "D")  # what has to lie before a cut
MOST_RIDES = 1_000_000  # a year of yellow taxis has forty times as many, and trials would take days
LOOKS = (400, 500)  # rounds: earlier, slow learners only seem worse than fast ones
Watch = Callable[[int, float], None]  # takes a step and a loss; may raise to end the trial


@dataclass(frozen=True, slots=True)
class Range:
    """The values a parameter may take.

    Attributes:
        low: least value.
        high: greatest value.
        log: whether a factor counts the same everywhere.
        whole: whether it is an integer.
        or_none: whether `low` stands for 0, which no logarithmic range can hold.
    """

    low: float
    high: float
    log: bool = False
    whole: bool = False
    or_none: bool = False

    def value(self, searched: float) -> float | int:
        """What LightGBM is told for a value of the search."""
        if self.or_none and searched <= self.low:
            return 0.0
        return round(searched) if self.whole else float(searched)

    def searched(self, value: float) -> float | int:
        """The value of the search that `value` is told for."""
        return max(value, self.low) if self.or_none else value


SPACE = {
    "learning_rate": Range(0.02, 0.2, log=True),
    "num_leaves": Range(15, 127, whole=True),
    "min_data_in_leaf": Range(10, 200, log=True, whole=True),
    "feature_fraction": Range(0.4, 1.0),
    "bagging_fraction": Range(0.5, 1.0),
    "lambda_l2": Range(1e-3, 50.0, log=True, or_none=True),
}
DEFAULTS = {name: float(PARAMETERS[name]) for name in SPACE}


@dataclass(frozen=True)
class Fold:
    """Rides before a cut, binned, and those of the two weeks after it.

    Attributes:
        data: LightGBM's matrix of the rides before.
        label: (n,) what they cost, on the fare head's scale.
        test: LightGBM's matrix of the rides after, labels included.
        features: (m, 40) their features.
        fares: (m,) what they cost, US dollars.
        spread_usd: their mean distance from the median: makes folds comparable.
    """

    data: Any
    label: Numbers
    test: Any
    features: FloatArray
    fares: Numbers
    spread_usd: float


def parameters_of(values: Mapping[str, float]) -> Parameters:
    """LightGBM's parameters for tuned values; what is not tuned is as by default."""
    return {**PARAMETERS, **{name: SPACE[name].value(value) for name, value in values.items()}}


def fingerprint(versions: Mapping[str, Mapping[str, str]], threads: int) -> str:
    """What a study depends on, as 12 hexadecimal digits.

    Args:
        versions: data versions by table and month.
        threads: LightGBM threads.
    """
    space = {name: asdict(found) for name, found in SPACE.items()}
    fixed = [dict(PARAMETERS), dict(FIXED), threads, CUTS, MOST_RIDES, MAX_ROUNDS, PATIENCE, LOOKS]
    told = json.dumps([versions, space, fixed], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def cut_points(pickup_at: Any) -> list[np.datetime64]:
    """Where folds begin to test: as many as leave four weeks before them, oldest first.

    Args:
        pickup_at: (n,) datetime64[s].

    Raises:
        DataError: the rides span less than six weeks.
    """
    first, last = (pickup_at.min(), pickup_at.max()) if len(pickup_at) else (None, None)
    found = [] if last is None else [last - count * HELD_OUT for count in CUTS]
    usable = [cut for cut in found if cut - first >= ENOUGH]
    if not usable:
        raise DataError("Tuning needs rides over at least six weeks.")
    return usable


def make_folds(window: Window, zones: pd.DataFrame, threads: int) -> list[Fold]:
    """The folds of a window, ready for any number of trials, oldest first.

    Args:
        window: rides that a model will learn from.
        zones: (263, >=6) the zones table.
        threads: LightGBM threads.

    Raises:
        DataError: the rides span less than six weeks, or there are none around a cut.
    """
    some = window.take(slice(None, None, -(-len(window) // MOST_RIDES) or 1))
    return [_fold(some, zones, cut, threads) for cut in cut_points(some.rides.pickup_at)]


def _fold(window: Window, zones: pd.DataFrame, cut: np.datetime64, threads: int) -> Fold:
    """One fold."""
    at, head = window.rides.pickup_at, heads()["fare"]
    past, after = window.take(at < cut), window.take((at >= cut) & (at <= cut + HELD_OUT))
    if not len(past) or not len(after):
        raise DataError(f"Tuning needs rides before {cut} and in the two weeks after it.")
    features = features_of(after, learn(zones, past.rides))
    data = dataset(out_of_fold(past, zones), told(PARAMETERS, threads))
    fares = target(after, "fare_usd").astype(np.float64)
    return Fold(
        data=data,
        label=scaled(past, head),
        test=data.create_valid(features, scaled(after, head)),
        features=features,
        fares=fares,
        spread_usd=max(float(np.mean(np.abs(fares - np.median(fares)))), 1e-9),
    )


def told(parameters: Parameters, threads: int) -> Parameters:
    """Everything LightGBM is told of the fare head, as in training."""
    return {**FIXED, **parameters, **heads()["fare"].parameters, "num_threads": threads}


def losses(
    folds: list[Fold], parameters: Parameters, threads: int, watch: Watch
) -> Iterator[float]:
    """Mean absolute error of the fare on one fold after the other, US dollars.

    Args:
        folds: from `make_folds`.
        parameters: from `parameters_of`.
        threads: LightGBM threads.
        watch: told the error in spreads of the fares, late in a fold and between folds; the step
            counts rounds over all folds.
    """
    for number, fold in enumerate(folds):
        start = number * MAX_ROUNDS

        def look(env: Any, fold: Fold = fold, start: int = start) -> None:
            done = env.iteration + 1
            if done in LOOKS:
                watch(start + done, _mae_usd(fold, env.model, done) / fold.spread_usd)

        label, test = fold.label, fold.test
        booster = fit(fold.data, label, told(parameters, threads), MAX_ROUNDS, test, [look])
        loss = _mae_usd(fold, booster, booster.best_iteration)
        yield loss
        if number < len(folds) - 1:
            watch(start + MAX_ROUNDS, loss / fold.spread_usd)


def _mae_usd(fold: Fold, booster: Any, trees: int) -> float:
    """Mean absolute error of the first trees on a fold's later rides, US dollars."""
    predicted = booster.predict(fold.features, num_iteration=trees)
    return float(np.mean(np.abs(LINKS[heads()["fare"].link].back(predicted) - fold.fares)))
