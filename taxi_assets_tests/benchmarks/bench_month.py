"""A three-million-row yellow month: domain functions, tables through Dagster, and a whole run.

Prints medians and ratios against references measured in the same run. Run it with nothing else on
the machine: `python taxi_assets_tests/benchmarks/bench_month.py [--part domain|tables|run]`.
"""

import argparse
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))

from machine import PeakMemory, describe, median_seconds

from taxi_assets.domain.cleaning import PAIR_COLUMNS, refund_rows, sort_trips
from taxi_assets.domain.features import trip_features as build
from taxi_assets.domain.fleets import Fleet, get_fleet
from taxi_assets.domain.history import read_rides
from taxi_assets.domain.places import learn
from taxi_assets.domain.schemas import CLEAN_TRIPS, TRIP_FEATURES
from taxi_assets.domain.trips import canonical
from taxi_assets.domain.validation import failures, pandera_schema
from taxi_assets.domain.window import Window
from taxi_assets.domain.zones import read_zones
from taxi_assets.resources.streams import pooled
from taxi_assets.simulator import simulate
from taxi_assets.threads import wait_politely

FLEET, MONTH = get_fleet("yellow"), "2025-03"
MONTHS = ["2025-01", "2025-02", MONTH]
BATCH = 1 << 17


def domain(tree: Path) -> None:
    """Cleaning, validating and feature functions on a month in memory, on two threads."""
    published = pq.read_table(tree / FLEET.file_name(MONTH)).to_batches(BATCH)
    starts = np.cumsum([0, *(len(batch) for batch in published)])
    rows = int(starts[-1])
    zones = read_zones(
        (tree / "misc/taxi_zone_lookup.csv").read_bytes(),
        (tree / "misc/taxi_zones.zip").read_bytes(),
    )
    known = learn(zones, read_rides(one.clean for one in sort_all(published, starts)))

    def whole() -> None:
        clean = [one.clean for one in sort_all(published, starts)]
        features = list(pooled(lambda batch: build(batch, known), clean))
        for table, batches in ((CLEAN_TRIPS, clean), (TRIP_FEATURES, features)):
            schema = pandera_schema(table)
            found = [
                f for part in pooled(lambda b, s=schema: failures(s, b), batches) for f in part
            ]
            assert not found, found

    whole()  # once to warm up imports
    with PeakMemory() as peak:
        seconds = median_seconds(whole)
    print(
        f"domain: clean + validate + features, {rows:,} rows in memory: median {seconds:.2f} s = "
        f"{rows / seconds / 1e6:.2f} M rows/s (goal 1.0); peak {peak.gb:.2f} GB"
    )


def sort_all(
    published: list[pa.RecordBatch], starts: np.ndarray, fleet: Fleet = FLEET, month: str = MONTH
) -> Iterator:
    """Clean and rejected trips of the whole month."""
    pairs = pa.Table.from_batches(
        [
            canonical(batch, fleet, int(first)).select(PAIR_COLUMNS)
            for batch, first in zip(published, starts, strict=False)
        ]
    )
    refunds = refund_rows(pairs)
    return pooled(
        lambda item: sort_trips(item[0], int(item[1]), fleet, month, refunds),
        zip(published, starts, strict=False),
    )


def tables(tree: Path) -> None:
    """raw -> clean + rejected -> features through Dagster and Iceberg, against plain Parquet."""
    import dagster as dg

    from taxi_assets.definitions import build_definitions
    from taxi_assets.settings import Settings

    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), tlc_url=tree.as_uri(), fleets=("yellow",))
        definitions = build_definitions(settings)
        names = ("clean_trips", "rejected_trips", "trip_features")
        before = [
            dg.AssetKey("zones"),
            *(dg.AssetKey(["yellow", n]) for n in ("raw_trips", "route_history", "hour_history")),
        ]
        wanted = [dg.AssetKey(["yellow", name]) for name in names]
        quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
        instance = dg.DagsterInstance.ephemeral()

        def materialize(keys: list[dg.AssetKey], checks: bool) -> None:
            selection = dg.AssetSelection.assets(*keys)
            if not checks:
                selection = selection.without_checks()
            job = dg.Definitions(
                assets=definitions.assets,
                asset_checks=definitions.asset_checks,
                resources=definitions.resources,
                executor=dg.in_process_executor,
                jobs=[dg.define_asset_job("bench", selection)],
            ).resolve_job_def("bench")
            assert job.execute_in_process(
                partition_key=MONTH, instance=instance, run_config=quiet
            ).success

        materialize(before, checks=False)
        lake = settings_lake(settings)

        def forget() -> None:
            for name in names:
                catalog = lake._connect()
                if catalog.table_exists(f"yellow.{name}"):
                    catalog.drop_table(f"yellow.{name}")

        taken = {True: [], False: []}
        with PeakMemory() as peak:
            for checks in (False, False, False, True, True, True):
                forget()
                started = perf_counter()
                materialize(wanted, checks)
                taken[checks].append(perf_counter() - started)
        plain = plain_parquet(tree, lake, Path(home))
    for checks, seconds in taken.items():
        middle = sorted(seconds)[1]
        print(
            f"tables{' with their checks' if checks else ''}: through Dagster and Iceberg median "
            f"{middle:.2f} s, plain Parquet {plain:.2f} s: {middle / plain:.2f}x (goal 3.0)"
        )
    print(f"tables: peak memory {peak.gb:.2f} GB (goal 2.5)")


def settings_lake(settings: object) -> object:
    """The lake of these settings."""
    from taxi_assets.definitions import resources

    return resources(settings)["lake"]


def plain_parquet(tree: Path, lake: object, home: Path) -> float:
    """pyarrow reads the file, writes clean + rejected, reads clean, writes features."""
    from taxi_assets.domain.schemas import TABLES

    held = {
        name: lake.slice(f"yellow.{name}", TABLES[name], [MONTH]).read()
        for name in ("clean_trips", "rejected_trips", "trip_features")
    }

    def copy() -> None:
        pq.read_table(tree / FLEET.file_name(MONTH))
        for name in ("clean_trips", "rejected_trips"):
            pq.write_table(held[name], home / f"{name}.parquet")
        pq.read_table(home / "clean_trips.parquet")
        pq.write_table(held["trip_features"], home / "trip_features.parquet")

    copy()
    return median_seconds(copy)


def whole_run(tree: Path) -> None:
    """`taxi-assets run` of one month with a model, against its domain functions alone."""
    with tempfile.TemporaryDirectory() as home:
        environment = {
            **os.environ, "TAXI_HOME": home, "TAXI_TLC_URL": tree.as_uri(), "TAXI_FLEETS": "yellow",
        }  # fmt: skip
        command = [str(Path(sys.executable).with_name("taxi-assets")), "run", "--months"]
        subprocess.run(
            [*command, ",".join(MONTHS[:2])], env=environment, check=True, capture_output=True
        )
        started = perf_counter()
        subprocess.run([*command, MONTH], env=environment, check=True, capture_output=True)
        run = perf_counter() - started
        pure = domain_alone(tree)
    print(
        f"run: `taxi-assets run` of {MONTH} {run:.1f} s, its domain functions {pure:.1f} s: "
        f"{run / pure:.2f}x (goal 1.3)"
    )


def domain_alone(tree: Path) -> float:
    """Seconds that the domain functions of one month with two training months take."""
    from taxi_assets.domain.evaluation import score
    from taxi_assets.domain.features import FEATURES
    from taxi_assets.domain.heads import Predictor
    from taxi_assets.domain.model import train
    from taxi_assets.resources.feature_rows import matrix

    zones = read_zones(
        (tree / "misc/taxi_zone_lookup.csv").read_bytes(),
        (tree / "misc/taxi_zones.zip").read_bytes(),
    )
    clean_months = []
    for month in MONTHS:
        published = pq.read_table(tree / FLEET.file_name(month)).to_batches(BATCH)
        starts = np.cumsum([0, *(len(batch) for batch in published)])
        started = perf_counter()
        clean_months.append([one.clean for one in sort_all(published, starts)])
        sorting = perf_counter() - started
    features, histories = [], 0.0
    for index, clean in enumerate(clean_months):
        begun = perf_counter()
        known = learn(zones, read_rides(b for past in clean_months[:index] for b in past))
        histories = perf_counter() - begun
        begun = perf_counter()
        features.append(list(pooled(lambda batch, known=known: build(batch, known), clean)))
        building = perf_counter() - begun
    begun = perf_counter()
    for table, batches in ((CLEAN_TRIPS, clean_months[-1]), (TRIP_FEATURES, features[-1])):
        schema = pandera_schema(table)
        list(pooled(lambda b, s=schema: failures(s, b), batches))
    validating = perf_counter() - begun

    begun = perf_counter()
    trained = train(window_of(features[:2]), zones, threads=2)
    training = perf_counter() - begun
    predictor = Predictor(trained.texts, trained.rehearsal.offset)
    begun = perf_counter()
    for batch in features[2]:
        rows = matrix(batch, list(FEATURES))
        score(batch["fare_usd"].to_numpy(), predictor.predict(rows).fare_usd)
        trained.linear.predict(rows)
    evaluating = perf_counter() - begun
    parts = {
        "sort": sorting,
        "history": histories,
        "features": building,
        "validate": validating,
        "train": training,
        "evaluate": evaluating,
    }
    print(
        "run: domain parts, s:",
        ", ".join(f"{name} {seconds:.1f}" for name, seconds in parts.items()),
    )
    return sum(parts.values())


def window_of(months: list[list[pa.RecordBatch]]) -> Window:
    """Feature batches of the first months as training takes them."""
    batches = [batch for month in months for batch in month]

    def column(name: str) -> np.ndarray:
        found = [batch[name].to_numpy(zero_copy_only=False) for batch in batches]
        return np.concatenate(found).astype(np.float32)

    rows = {name: sum(map(len, month)) for name, month in zip(MONTHS, months, strict=False)}
    return Window(rows, read_rides(batches), column("passengers"), column("fare_trend"))


def main() -> None:
    """Simulate the months, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--part", choices=["domain", "tables", "run"])
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    wait_politely()
    print(describe(), f"{datetime.now(UTC):%Y-%m-%d}")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "city"
        simulate(tree, fleet=FLEET, months=MONTHS, rows=asked.rows)
        for part in (domain, tables, whole_run):
            if asked.part in (None, part.__name__.removeprefix("whole_")):
                part(tree)


if __name__ == "__main__":
    main()
