"""Rides with quotes for them, made up: ordinary ones unless a test says otherwise."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from taxi_assets.domain.evaluation import Outcomes, Row
from taxi_assets.domain.heads import Quotes
from taxi_assets.domain.performance import Part

RIDES = 4_000


def rides(seed: int = 1, count: int = RIDES) -> tuple[Outcomes, Quotes]:
    """Rides of March 2025 at any time, each with what was quoted for it."""
    rng = np.random.default_rng(seed)
    first = np.datetime64("2025-03-01", "us")
    at = first + rng.integers(0, 31 * 86_400, count).astype("timedelta64[s]")
    fare, minutes = rng.gamma(4.0, 4.0, count).round(2) + 3.0, rng.gamma(3.0, 4.0, count)
    said = fare * rng.normal(0.98, 0.2, count)
    quotes = Quotes(said, 0.8 * said, 1.25 * said, minutes * rng.normal(1.0, 0.2, count))
    return Outcomes(at, fare, minutes), quotes


def row(ratio: float = 1.02, **changed: Any) -> Row:
    """One row of a performance report whose fares are `ratio` times the quotes."""
    fare = changed.pop("mean_fare_usd", 16.0)
    return {
        "model_version": "7",
        "tested_on": "2025-02",
        "slice": "all",
        "value": "all",
        "trips": 5_000,
        "mean_fare_usd": fare,
        "mae_usd": 2.5,
        "rmse_usd": 4.0,
        "bias_usd": fare / ratio - fare,
        "fare_ratio": ratio,
        "coverage": 0.8,
        "width_usd": 8.0,
        "ride_mae_min": 3.5,
        **changed,
    }


BANDS = {"under 1 mi": (9.0, 1.5), "2-3 mi": (18.0, 2.8), "8 mi and more": (55.0, 9.0)}
PAIRS = ("Bronx - Bronx", "Brooklyn - Brooklyn", "Manhattan - Manhattan", "Manhattan - Queens")


def month(
    ratio: float = 1.02,
    *,
    lengths: tuple[int, int, int] = (2_000, 2_500, 500),
    pairs: Mapping[str, float] | None = None,
    worse: float = 1.0,
    metered: float | None = None,
) -> dict[Part, Row]:
    """A month's rows by part.

    Args:
        ratio: fares over quotes.
        lengths: trips of each of `BANDS`.
        pairs: fares over quotes of pairs of boroughs, where they are others.
        worse: errors are so many times the ordinary ones.
        metered: fares over quotes of metered rides, where there are any.
    """
    trips = sum(lengths)
    found = {
        ("distance_band", band): row(
            ratio, trips=count, mean_fare_usd=fare, mae_usd=worse * mae, rmse_usd=1.5 * worse * mae
        )
        for (band, (fare, mae)), count in zip(BANDS.items(), lengths, strict=True)
        if count
    }
    whole = {
        name: sum(each["trips"] * each[name] for each in found.values()) / trips
        for name in ("mean_fare_usd", "mae_usd", "rmse_usd")
    }
    parts = {name: (pairs or {}).get(name, ratio) for name in PAIRS}
    overall = sum(parts.values()) / len(parts)
    found["all", "all"] = row(overall, trips=trips, **whole)
    for name, said in parts.items():
        found["boroughs", name] = row(said, trips=trips // len(parts), **whole)
    if metered is not None:
        found["rate", "metered"] = row(metered, trips=trips, **whole)
    return found
