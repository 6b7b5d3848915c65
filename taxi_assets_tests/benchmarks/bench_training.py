"""Training on three months of three million yellow trips: what it costs beside LightGBM itself.

Prints the whole of `model.train` over the time inside `lightgbm.train`, binning included, and the
peak of memory. All trees take half an hour or more on two cores; `--trees 0.1` grows a tenth of
them and prints what the ratio comes to with all, from the overhead it measured. Run it alone:
`python taxi_assets_tests/benchmarks/bench_training.py [--rows 3000000] [--trees 1]`.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))

from machine import PeakMemory, describe

from taxi_assets.domain import model
from taxi_assets.domain.cleaning import PAIR_COLUMNS, refund_rows, sort_trips
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.domain.heads import Head, heads
from taxi_assets.domain.history import RIDE_COLUMNS, read_rides
from taxi_assets.domain.trips import canonical
from taxi_assets.domain.window import Window
from taxi_assets.domain.zones import read_zones
from taxi_assets.simulator import simulate
from taxi_assets.threads import wait_politely

FLEET, MONTHS = get_fleet("yellow"), ["2025-01", "2025-02", "2025-03"]


def clean(path: Path, month: str) -> pa.RecordBatch:
    """What training reads of a month's clean trips."""
    (published,) = pq.read_table(path).combine_chunks().to_batches()
    pairs = pa.Table.from_batches([canonical(published, FLEET, 0).select(PAIR_COLUMNS)])
    kept = sort_trips(published, 0, FLEET, month, refund_rows(pairs)).clean
    return kept.select([*RIDE_COLUMNS, "passengers"])


def fewer(share: float) -> Callable[..., dict[str, Head]]:
    """The heads with a share of their trees."""

    def some(*level: float) -> dict[str, Head]:
        return {
            name: replace(head, rounds=max(1, round(head.rounds * share)))
            for name, head in heads(*level).items()
        }

    return some


def main() -> None:
    """Simulate, train, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--trees", type=float, default=1.0)
    options = parser.parse_args()
    wait_politely()
    import lightgbm as lgb

    print(describe())
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch)
        simulate(tree, fleet=FLEET, months=MONTHS, rows=options.rows, seed=7)
        zones = read_zones(
            (tree / "misc/taxi_zone_lookup.csv").read_bytes(),
            (tree / "misc/taxi_zones.zip").read_bytes(),
        )
        trips = [clean(tree / FLEET.file_name(month), month) for month in MONTHS]
    people = [b["passengers"].to_numpy(zero_copy_only=False).astype(np.float32) for b in trips]
    window = Window(
        {month: len(batch) for month, batch in zip(MONTHS, trips, strict=True)},
        read_rides(trips),
        np.concatenate(people),
        np.ones(sum(map(len, people)), np.float32),
    )
    del trips, people
    inside = {"seconds": 0.0}
    plain = lgb.train

    def timed(*args: Any, **kwargs: Any) -> Any:
        started = perf_counter()
        try:
            return plain(*args, **kwargs)
        finally:
            inside["seconds"] += perf_counter() - started

    lgb.train, model.heads = timed, fewer(options.trees)
    started = perf_counter()
    with PeakMemory() as peak:
        trained = model.train(window, zones, threads=2, say=lambda line: print("  ", line))
    whole, trees = perf_counter() - started, sum(trained.trees.values())
    beside = whole - inside["seconds"]
    print(
        f"training on {len(window):,} rides, {trees} trees: {whole:.1f} s, of these "
        f"{inside['seconds']:.1f} s in lightgbm.train: ratio {whole / inside['seconds']:.3f} "
        f"(goal 1.15); peak {peak.gb:.2f} GB (goal 6)"
    )
    if options.trees < 1:
        print(
            f"with all trees, at this overhead of {beside:.1f} s, about "
            f"{1 + beside * options.trees / inside['seconds']:.3f}"
        )


if __name__ == "__main__":
    main()
