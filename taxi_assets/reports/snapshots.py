"""Evidently's view of a month, one snapshot a report: what its workspace follows over months.

Evidently takes seconds to import, so it is imported where a snapshot is made. Nothing here leaves
the machine: Evidently's telemetry is in its server only, and `make evidently` turns it off.
"""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from taxi_assets.domain.drift import JENSEN_SHANNON, THRESHOLDS, WASSERSTEIN
from taxi_assets.domain.drift_inputs import BY_NAME, Values

if TYPE_CHECKING:
    from evidently.core.report import Snapshot

ANY_SHARE = 0.01  # of inputs: Evidently calls the data drifted as we do, when any input is


def drift_snapshot(current: pd.DataFrame, reference: pd.DataFrame) -> "Snapshot":
    """How far inputs moved, by Evidently's tests at our thresholds.

    Args:
        current: (n, k) sample of the month, columns as `as_evidently_takes` makes them.
        reference: (m, k) sample of the training months, the same columns.
    """
    from evidently.presets import DataDriftPreset

    preset = DataDriftPreset(
        drift_share=ANY_SHARE,
        num_method=WASSERSTEIN,
        num_threshold=THRESHOLDS[WASSERSTEIN],
        cat_method=JENSEN_SHANNON,
        cat_threshold=THRESHOLDS[JENSEN_SHANNON],
    )
    return _run(preset, current, reference, include_tests=True)


def drift_scores(snapshot: "Snapshot") -> dict[str, float]:
    """The score of each input in a snapshot that `drift_snapshot` made."""
    return {
        metric["config"]["column"]: float(metric["value"])
        for metric in snapshot.dict()["metrics"]
        if metric["config"]["type"].endswith(":ValueDrift")
    }


def as_evidently_takes(samples: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Samples of watched inputs with names for codes, less the inputs without a value in one.

    Evidently leaves out missing numbers, and refuses a column of nothing else. Missing is a name
    among others where values have names.
    """
    usable = [name for name in BY_NAME if all(sample[name].notna().any() for sample in samples)]
    return [
        pd.DataFrame({name: _named(name, sample[name].to_numpy()) for name in usable})
        for sample in samples
    ]


def page(snapshot: "Snapshot") -> str:
    """Evidently's page, a little smaller than it comes: its tables are wider than ours."""
    smaller = "<style>html { zoom: 0.85; }</style>"
    html: str = snapshot.get_html_str(as_iframe=False)
    return html.replace("</head>", f"{smaller}</head>", 1)


def performance_snapshot(fares: pd.DataFrame) -> "Snapshot":
    """How well quotes met fares.

    Args:
        fares: (n, 2) `target` and `prediction`, US dollars.
    """
    from evidently import DataDefinition, Regression
    from evidently.presets import RegressionPreset
    from sklearn.exceptions import UndefinedMetricWarning

    definition = DataDefinition(
        numerical_columns=["target", "prediction"],
        regression=[Regression(target="target", prediction="prediction")],
    )
    with warnings.catch_warnings():
        # it asks for R2 of ranges of fares, and one of them may hold a single trip
        warnings.simplefilter("ignore", UndefinedMetricWarning)
        return _run(RegressionPreset(), fares, definition=definition)


def shap_snapshot(contributions: pd.DataFrame) -> "Snapshot":
    """How far each feature moves fares on average.

    Args:
        contributions: (n, features) absolute contributions to each explained fare, US dollars.
    """
    from evidently.metrics import MeanValue

    return _run([MeanValue(column=name) for name in contributions], contributions)


def fairness_snapshot(groups: pd.DataFrame) -> "Snapshot":
    """The worst that any group gets.

    Args:
        groups: (n_groups, >=2) `mae_usd` US dollars and `coverage` 0..1, one row a group.
    """
    from evidently.metrics import MaxValue, MinValue

    worst = [MaxValue(column="mae_usd"), MinValue(column="coverage")]
    return _run(worst, groups[["mae_usd", "coverage"]])


def profile_snapshot(trips: pd.DataFrame) -> "Snapshot":
    """What a month's trips look like, column by column.

    Args:
        trips: (n, columns) a sample of clean trips; text columns are taken as names.
    """
    from evidently.presets import DataSummaryPreset

    return _run(DataSummaryPreset(), trips)


def _run(
    metrics: Any,
    current: pd.DataFrame,
    reference: pd.DataFrame | None = None,
    definition: Any = None,
    **more: Any,
) -> "Snapshot":
    """Evidently's report on one frame, or on two."""
    from evidently import DataDefinition, Dataset, Report

    definition = definition or DataDefinition(**_kinds(current))
    data = [
        frame if frame is None else Dataset.from_pandas(frame, definition)
        for frame in (current, reference)
    ]
    metrics = metrics if isinstance(metrics, list) else [metrics]
    # the preset correlates all numbers, and a constant one correlates with nothing: 0 / 0
    with np.errstate(invalid="ignore", divide="ignore"):
        return Report(metrics, **more).run(*data)


def _kinds(frame: pd.DataFrame) -> Mapping[str, list[str]]:
    """Which columns are numbers, and which names; guessing, Evidently takes a code for either."""
    numbers = frame.select_dtypes("number").columns.tolist()
    times = frame.select_dtypes("datetime").columns.tolist()
    names = [name for name in map(str, frame) if name not in {*numbers, *times}]
    return {"numerical_columns": numbers, "categorical_columns": names, "datetime_columns": times}


def _named(name: str, values: Values) -> Values | Any:
    """Numbers as they are, codes as names."""
    watched = BY_NAME[name]
    return values if watched.is_number else np.array(watched.all_bins)[watched.codes(values)]
