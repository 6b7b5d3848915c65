"""What the Evidently dashboard of a fleet shows over months."""

from typing import Any

from taxi_assets.domain.drift import JENSEN_SHANNON, METHODS, THRESHOLDS, WASSERSTEIN
from taxi_assets.domain.drift_inputs import INPUTS, Input

METRIC = "evidently:metric_v2:"
SHARE = "share"
TOP_FEATURES = (  # those that moved fares most on real and on simulated months
    *("route_fare_usd", "straight_mi", "route_distance_mi", "grid_mi"),
    *("hour_duration_min", "expected_fare_usd", "hour_pace", "passengers"),
)


def tabs() -> dict[str, list[dict[str, Any]]]:
    """Panels by the title of their tab."""
    return {
        "Months at a glance": [
            panel("Inputs that drifted", [drifted(SHARE)], "share of those compared", plot="bar"),
            panel("Mean absolute error", [error()], "US dollars, champion of the months before"),
            panel("Worst coverage of any group", [coverage()], "share of fares in the interval"),
            panel("Worst error of any group", [worst_error()], "mean absolute error, US dollars"),
        ],
        "Drift": [
            panel(
                f"Drift of inputs that have {what}",
                [score(watched) for watched in INPUTS if METHODS[watched.is_number] == method],
                f"distance from the training trips; {THRESHOLDS[method]:g} and more is drift",
                size="full",
            )
            for what, method in (("sizes", WASSERSTEIN), ("values", JENSEN_SHANNON))
        ],
        "Explanation": [
            panel(
                "What moves fares",
                [contribution(name) for name in TOP_FEATURES],
                "mean absolute SHAP value, US dollars",
                size="full",
            )
        ],
    }


def panel(
    title: str,
    values: list[dict[str, Any]],
    subtitle: str,
    size: str = "half",
    plot: str = "line",
) -> dict[str, Any]:
    """Lines or bars over months."""
    return {
        "title": title,
        "subtitle": subtitle,
        "size": size,
        "values": values,
        "plot_params": {"plot_type": plot},
    }


def series(metric: str, report: str, legend: str, **labels: str) -> dict[str, Any]:
    """One line: a metric of the runs of one report."""
    return {
        "legend": legend,
        "tags": [report],
        "metadata": {},
        "metric": METRIC + metric,
        "metric_labels": labels,
        "view_params": {},
    }


def drifted(value: str) -> dict[str, Any]:
    """How many inputs drifted."""
    return series("DriftedColumnsCount", "drift_report", "drifted", value_type=value)


def score(watched: Input) -> dict[str, Any]:
    """How far one input moved."""
    return series("ValueDrift", "drift_report", watched.label, column=watched.name)


def error() -> dict[str, Any]:
    """The champion's mean absolute error."""
    return series("MAE", "performance_report", "MAE", value_type="mean")


def coverage() -> dict[str, Any]:
    """The lowest coverage of any group."""
    return series("MinValue", "fairness_report", "coverage", column="coverage")


def worst_error() -> dict[str, Any]:
    """The largest error of any group."""
    return series("MaxValue", "fairness_report", "MAE", column="mae_usd")


def contribution(feature: str) -> dict[str, Any]:
    """How far one feature moves fares."""
    return series("MeanValue", "shap_report", feature, column=feature)
