"""Training: a dress rehearsal on the last two weeks, then the model that ships, on everything."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taxi_assets.domain.baselines import LinearBaseline, fit_linear
from taxi_assets.domain.errors import DataError
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import (
    LEVEL,
    LINKS,
    Numbers,
    Parameters,
    conformal_offset,
    heads,
)
from taxi_assets.domain.places import learn
from taxi_assets.domain.trees import FIXED, PATIENCE, SEED, dataset, fit, scaled
from taxi_assets.domain.window import (
    FOLD_SEED,
    FOLDS,
    Window,
    features_of,
    out_of_fold,
    target,
)

HELD_OUT = np.timedelta64(14, "D")  # what the rehearsal is tested on
# Many small trees: on the last two weeks of both real windows 740 of them are as good as 600 with
# 63 leaves of any depth, and they explain a quote in a third of the time.
PARAMETERS: Parameters = {
    "learning_rate": 0.055,
    "num_leaves": 28,
    "max_depth": 8,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
}
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A model of all but the last two weeks, tested on these.

    Attributes:
        rides: rides of the last two weeks.
        mae_usd: mean absolute error of the fare on them, US dollars.
        ride_mae_min: the same of the ride time, minutes.
        rounds: trees by head, where the error on them was least.
        offset: the interval's conformal offset, log dollars.
    """

    rides: int
    mae_usd: float
    ride_mae_min: float
    rounds: dict[str, int]
    offset: float


@dataclass(frozen=True, slots=True)
class Trained:
    """The outcome of training.

    Attributes:
        texts: LightGBM's own text format, by head.
        level: share of rides that the interval is to hold.
        rehearsal: what decided on trees and interval.
        trees: trees by head: as many more than in the rehearsal as there are more rides.
        parameters: what LightGBM was told, by head.
        global_median_usd: median fare of the training trips: the simplest baseline.
        linear: linear regression on the same rows: the plainest model.
        rows: training trips by month.
        importance: each feature's share of all gain in the fare's trees, most important first.
        recipe: what `train` was told and the constants it stands on: with the same rides, all that
            it takes to train the same model again.
    """

    texts: dict[str, str]
    level: float
    rehearsal: Rehearsal
    trees: dict[str, int]
    parameters: dict[str, dict[str, Any]]
    global_median_usd: float
    linear: LinearBaseline
    rows: dict[str, int]
    importance: dict[str, float]
    recipe: dict[str, Any]


def recipe(threads: int, level: float, parameters: Parameters) -> dict[str, Any]:
    """What training was told, and the constants of this code that have a say in its outcome."""
    return {
        "threads": threads,
        "level": level,
        "parameters": dict(parameters),
        "constants": {
            "max_rounds": {name: head.rounds for name, head in heads(level).items()},
            "patience": PATIENCE,
            "held_out_days": int(HELD_OUT.astype(int)),
            "folds": FOLDS,
            "fold_seed": FOLD_SEED,
            "seed": SEED,
        },
    }


def train(
    window: Window,
    zones: pd.DataFrame,
    *,
    threads: int,
    level: float = LEVEL,
    parameters: Parameters = PARAMETERS,
    say: Say = lambda _: None,
) -> Trained:
    """Rehearse on all but the last two weeks, then fit every head on all rides.

    The rehearsal tells how many trees each head needs and how far the interval has to open to hold
    rides of later days; the model that ships keeps both and learns from the last two weeks too.
    They matter: they are the nearest to the trips it will meet.

    Args:
        window: rides of at least two months, none later than what the model may know.
        zones: (263, >=6) the zones table.
        threads: LightGBM threads; the same number gives the same model.
        level: share of rides that the interval is to hold.
        parameters: LightGBM parameters without objective, seed and threads.
        say: takes one line of progress at a time.

    Raises:
        DataError: fewer than two months that have trips.
    """
    if sum(rows > 0 for rows in window.months.values()) < 2:
        raise DataError("A model needs at least two months that have trips.")
    told = {
        name: {**FIXED, **parameters, **head.parameters, "num_threads": threads}
        for name, head in heads(level).items()
    }
    rehearsal = rehearse(window, zones, told, level, say)
    more = len(window) / (len(window) - rehearsal.rides)
    trees = {
        name: min(math.ceil(rehearsal.rounds[name] * more), head.rounds)
        for name, head in heads(level).items()
    }
    features = out_of_fold(window, zones)
    data, texts, importance = dataset(features, told["fare"]), {}, {}
    for name, head in heads(level).items():
        say(f"{name}: {trees[name]} trees on {len(window):,} rides")
        booster = fit(data, scaled(window, head), told[name], trees[name])
        texts[name] = booster.model_to_string()
        if name == "fare":
            importance = _importance(booster.feature_importance("gain"))
    fares = target(window, "fare_usd")
    return Trained(
        texts=texts,
        level=level,
        rehearsal=rehearsal,
        trees=trees,
        parameters=told,
        global_median_usd=round(float(np.median(fares)), 2),
        linear=fit_linear(features, fares),
        rows=dict(window.months),
        importance=importance,
        recipe=recipe(threads, level, parameters),
    )


def rehearse(
    window: Window,
    zones: pd.DataFrame,
    told: dict[str, dict[str, Any]],
    level: float,
    say: Say,
) -> Rehearsal:
    """Train on all but the last two weeks and look at these.

    Raises:
        DataError: there is nothing before the last two weeks.
    """
    early = window.rides.pickup_at < window.rides.pickup_at.max() - HELD_OUT
    past, last = window.take(early), window.take(~early)
    if len(past) == 0:
        raise DataError("A model needs rides from before its last two weeks.")
    say(f"rehearsal: {len(past):,} rides, tested on the {len(last):,} of the last two weeks")
    features = features_of(last, learn(zones, past.rides))
    data = dataset(out_of_fold(past, zones), told["fare"])
    test = data.create_valid(features)
    said: dict[str, Numbers] = {}
    rounds: dict[str, int] = {}
    for name, head in heads(level).items():
        test.set_label(scaled(last, head))
        booster = fit(data, scaled(past, head), told[name], head.rounds, test)
        rounds[name] = booster.best_iteration or booster.current_iteration()
        said[name] = np.asarray(booster.predict(features, num_iteration=rounds[name]))
        say(f"rehearsal: {name} was best with {rounds[name]} trees")
    fares, minutes = target(last, "fare_usd"), target(last, "duration_min")
    return Rehearsal(
        rides=len(last),
        mae_usd=_mae(fares, LINKS["sqrt"].back(said["fare"])),
        ride_mae_min=_mae(minutes, LINKS["sqrt"].back(said["ride_min"])),
        rounds=rounds,
        offset=conformal_offset(np.log(fares.astype(np.float64)), said["low"], said["high"], level),
    )


def _mae(actual: Any, predicted: Any) -> float:
    return float(np.mean(np.abs(actual - predicted), dtype=np.float64))


def _importance(gain: Numbers) -> dict[str, float]:
    """Shares of the gain, largest first."""
    names, shares = list(FEATURES), gain / max(gain.sum(), 1e-12)
    return {names[index]: float(shares[index]) for index in np.argsort(-shares, kind="stable")}
