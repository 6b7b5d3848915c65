"""Evaluation rows: ordinary ones of a good model, unless a test says otherwise."""

from typing import Any

from taxi_assets.domain.evaluation import Row


def row(predictor: str, slice_name: str = "all", value: str = "all", **changed: Any) -> Row:
    """One row of the evaluation table."""
    return {
        "predictor": predictor,
        "model_version": "1",
        "slice": slice_name,
        "value": value,
        "trips": 5_000,
        "mean_fare_usd": 16.0,
        "mae_usd": 3.0 if predictor == "route_median" else 2.5,
        "rmse_usd": 5.0,
        "median_error_usd": 1.5,
        "bias_usd": -0.5,
        "r2": 0.75,
        **(QUOTED if predictor in ("model", "champion") else dict.fromkeys(QUOTED)),
        "loss_low_usd": None,
        "loss_high_usd": None,
        **changed,
    }


QUOTED = {
    "level": 0.8,
    "coverage": 0.8,
    "width_usd": 8.0,
    "pinball_usd": 0.7,
    "ride_mae_min": 3.5,
}


def both(slice_name: str, value: str, median: float = 3.0, **model: Any) -> list[Row]:
    """The model and the route median on one part of the month."""
    return [
        row("model", slice_name, value, **model),
        row("route_median", slice_name, value, mae_usd=median, trips=model.get("trips", 5_000)),
    ]


def month(**model: Any) -> list[Row]:
    """The model and the route median on the whole month."""
    return both("all", "all", **model)
