"""What the Evidently dashboard of a fleet shows over months."""

from typing import Any

from taxi_assets.domain.drift_inputs import INPUTS

METRIC = "evidently:metric_v2:"
COUNT, SHARE = "count", "share"
TOP_FEATURES = (  # those that moved fares most on real and on simulated months
    *("expected_fare_usd", "expected_distance_mi", "hour_duration_min", "fare_trend"),
    *("expected_duration_min", "grid_mi", "route_fare_usd", "minute_of_week"),
)


def tabs() -> dict[str, list[dict[str, Any]]]:
    """Panels by the title of their tab."""
    return {
        "Months at a glance": [
            panel("Inputs that drifted", [drifted(SHARE)], "share of the watched inputs"),
            panel("Mean absolute error", [error()], "US dollars, champion of the month before"),
            panel("Worst coverage of any group", [coverage()], "share of fares in the interval"),
            panel("Worst error of any group", [worst_error()], "mean absolute error, US dollars"),
        ],
        "Drift": [
            panel(f"{watched.label}", [score(watched.name)], "drift score against training")
            for watched in INPUTS
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
    title: str, values: list[dict[str, Any]], subtitle: str, size: str = "half"
) -> dict[str, Any]:
    """A line over months."""
    return {
        "title": title,
        "subtitle": subtitle,
        "size": size,
        "values": values,
        "plot_params": {"plot_type": "line"},
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


def score(feature: str) -> dict[str, Any]:
    """How far one input moved."""
    return series("ValueDrift", "drift_report", feature, column=feature)


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
