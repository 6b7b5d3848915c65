"""Quotes for real months that no model has seen, scored by a filter outside the pipeline."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from taxi_assets.domain.cleaning import MIN_FARE_USD
from taxi_assets.domain.features import build_features
from taxi_assets.domain.heads import Predictor
from taxi_assets.domain.model import train
from taxi_assets.domain.places import learn
from taxi_assets_tests.real_months import held_out, real_window, real_zones

pytestmark = pytest.mark.slow
ENOUGH = 1_000  # trips of a slice


@pytest.mark.parametrize(
    ("months", "month", "most_mae_usd", "most_rmse_usd"),
    [
        pytest.param(["2023-01", "2023-02"], "2023-03", 2.82, 5.70, id="2023-03"),
        pytest.param(["2025-01", "2025-02"], "2025-03", 3.32, 6.98, id="2025-03"),
    ],
)
def test_quotes_for_a_real_month_are_close_and_their_interval_holds_what_it_says(
    real_tlc: Path, months: list[str], month: str, most_mae_usd: float, most_rmse_usd: float
) -> None:
    zones, window = real_zones(real_tlc), real_window(real_tlc, months)
    test = held_out(real_tlc, month)
    ride = (test.pickup_zone, test.dropoff_zone, test.pickup_at, test.passengers)

    trained = train(window, zones, threads=2)
    known = learn(zones, window.rides)
    quotes = Predictor(trained.texts, trained.rehearsal.offset).predict(
        build_features(*ride, known)
    )

    miss = quotes.fare_usd - test.fare_usd
    assert np.abs(miss).mean() <= most_mae_usd
    assert np.sqrt(np.mean(miss**2)) <= most_rmse_usd
    held = pd.Series((quotes.low_usd <= test.fare_usd) & (test.fare_usd <= quotes.high_usd))
    assert 0.78 <= held.mean() <= 0.82
    assert (MIN_FARE_USD <= quotes.low_usd).all()
    assert (quotes.low_usd <= quotes.fare_usd).all()
    assert (quotes.fare_usd <= quotes.high_usd).all()
    city = zones.set_index("zone")
    start, end = city.loc[test.pickup_zone], city.loc[test.dropoff_zone]
    miles = np.hypot(
        end["x_mi"].to_numpy() - start["x_mi"].to_numpy(),
        end["y_mi"].to_numpy() - start["y_mi"].to_numpy(),
    )
    hour = test.pickup_at.astype("datetime64[h]").astype(np.int64) % 24
    slices = {
        "distance": np.digitize(miles, [1e-6, 1, 2, 3, 5, 8]),
        "pickup borough": start["borough"].to_numpy(),
        "hour": np.digitize(hour, [6, 10, 16, 20]),
    }
    for name, values in slices.items():
        by_slice = held.groupby(values).agg(["size", "mean"])
        large = by_slice[by_slice["size"] >= ENOUGH]
        assert large["mean"].between(0.75, 0.85).all(), (name, large)
