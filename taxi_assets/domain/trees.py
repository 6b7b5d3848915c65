"""LightGBM as this project uses it: reproducible, one binned matrix for all heads."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.heads import LINKS, Head, Numbers, Parameters
from taxi_assets.domain.places import FloatArray
from taxi_assets.domain.window import Window, target

SEED = 20_240_131
PATIENCE = 50  # rounds without improvement before training stops
FIXED: Parameters = {
    "deterministic": True,
    # LightGBM would otherwise time both ways and choose: not the same on every machine
    "force_row_wise": True,
    "feature_pre_filter": False,  # all heads share one binned matrix
    "seed": SEED,
    "verbose": -1,
}


def dataset(features: FloatArray, told: Parameters) -> Any:
    """LightGBM's binned matrix of (n, 40) features, which all heads share."""
    import lightgbm as lgb  # takes seconds to import, and only training and predicting need it

    return lgb.Dataset(features, feature_name=list(FEATURES), params=dict(told))


def fit(
    data: Any,
    label: Numbers,
    told: Parameters,
    rounds: int,
    test: Any = None,
    watch: Sequence[Callable[..., Any]] = (),
) -> Any:
    """One head's booster: as many rounds as given, or fewer when a test set stops it early.

    Args:
        data: from `dataset`.
        label: (n,) what to learn, on the head's scale.
        told: all LightGBM parameters.
        rounds: trees at most.
        test: a `Dataset` with labels that says when to stop, or None.
        watch: LightGBM callbacks.
    """
    import lightgbm as lgb

    stop = [] if test is None else [lgb.early_stopping(PATIENCE, verbose=False)]
    return lgb.train(
        dict(told),
        data.set_label(label),
        rounds,
        valid_sets=None if test is None else [test],
        callbacks=[*watch, *stop],
    )


def scaled(window: Window, head: Head) -> Numbers:
    """(n,) what a head learns from, on its scale."""
    return np.asarray(LINKS[head.link].to(target(window, head.target)))
