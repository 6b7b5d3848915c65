"""How far off the quotes are on real months that no model has seen, beside plainer predictors.

Scored on every trip that a filter fixed outside the pipeline keeps (see `real_months`). Run it as
`python taxi_assets_tests/benchmarks/bench_accuracy.py [--tree ../shared/data/tlc]`.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from machine import describe

from taxi_assets.domain import baselines
from taxi_assets.domain.features import build_features
from taxi_assets.domain.heads import Numbers, Predictor
from taxi_assets.domain.history import Rides
from taxi_assets.domain.model import train
from taxi_assets.domain.places import learn
from taxi_assets.threads import wait_politely
from taxi_assets_tests.real_months import HeldOut, held_out, real_window, real_zones

TREE = Path(__file__).parents[3] / "shared" / "data" / "tlc"
SPLITS = {"2023-03": ["2023-01", "2023-02"], "2025-03": ["2025-01", "2025-02"]}


def zone_pair_regression(past: Rides, test: HeldOut) -> Numbers:
    """The linear model of a well-known teaching project.

    Mean distance and duration of each zone pair, taken from the very rows it learns from, the hour
    and whether it is rush hour; a pair without trips gets the city's means.
    """
    size = 264
    pair = past.pickup_zone.astype(np.int64) * size + past.dropoff_zone
    trips = np.bincount(pair, minlength=size * size)

    def inputs(pairs: np.ndarray, at: np.ndarray) -> np.ndarray:
        hour = at.astype("datetime64[h]").astype(np.int64)
        weekday = (hour // 24 + 3) % 7
        rush = (weekday < 5) & np.isin(hour % 24, [6, 7, 8, 9, 16, 17, 18, 19])
        means = [
            np.where(
                trips > 0,
                np.bincount(pair, column, size * size) / np.maximum(trips, 1),
                column.mean(),
            )[pairs]
            for column in (past.distance_mi, past.duration_min)
        ]
        return np.column_stack([np.ones(len(pairs)), *means, hour % 24, rush])

    weight, *_ = np.linalg.lstsq(inputs(pair, past.pickup_at), past.fare_usd, rcond=None)
    return inputs(test.pickup_zone * size + test.dropoff_zone, test.pickup_at) @ weight


def main() -> None:
    """Train and score both splits."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, default=TREE)
    tree = parser.parse_args().tree
    wait_politely()
    print(describe())
    zones = real_zones(tree)
    for month, months in SPLITS.items():
        window, test = real_window(tree, months), held_out(tree, month)
        trained = train(window, zones, threads=2)
        features = build_features(
            test.pickup_zone,
            test.dropoff_zone,
            test.pickup_at,
            test.passengers,
            learn(zones, window.rides),
        )
        quotes = Predictor(trained.texts, trained.rehearsal.offset).predict(features)
        median = trained.global_median_usd
        said = {
            "model": quotes.fare_usd,
            "linear regression, same features": trained.linear.predict(features),
            "linear regression on zone pairs": zone_pair_regression(window.rides, test),
            "tariff on expected ride": baselines.tariff(features, test.pickup_at, "green", median),
            "route median": baselines.route_median(features, median),
            "global median": np.full(len(features), median),
        }
        print(f"{month} from {'+'.join(months)}: {len(features):,} trips")
        for name, fares in said.items():
            miss = fares - test.fare_usd
            print(
                f"  {name:34} MAE {np.abs(miss).mean():.3f}  RMSE {np.sqrt((miss**2).mean()):.3f}"
            )
        held = (test.fare_usd >= quotes.low_usd) & (test.fare_usd <= quotes.high_usd)
        print(
            f"  interval: {held.mean():.1%} of fares inside, mean width "
            f"${(quotes.high_usd - quotes.low_usd).mean():.2f}; "
            f"ride time MAE {np.abs(quotes.ride_min - test.duration_min).mean():.2f} min"
        )


if __name__ == "__main__":
    main()
