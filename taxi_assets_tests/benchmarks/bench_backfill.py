"""Years of a fleet brought through tables and models by `taxi-assets backfill`.

Prints its wall time against what the domain functions take by themselves for the same months, the
memory of all its processes, and what the last month costs against the first with a full window.

Run it with nothing else on the machine; 36 months take most of an hour:
`python taxi_assets_tests/benchmarks/bench_backfill.py [--months 2022-01..2024-12] [--rows 60000]`.
`--by-daemon` has Dagster's daemon run the months, each in a process of its own.
"""

import argparse
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import psutil
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))

from bench_month import BATCH, sort_all
from machine import describe

from taxi_assets.assets.contest import Contestant, hold
from taxi_assets.commands.daemon import is_alive
from taxi_assets.commands.instance import open_instance
from taxi_assets.definitions import resources
from taxi_assets.domain.evaluation import evaluate
from taxi_assets.domain.features import trip_features
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.domain.gates import judge
from taxi_assets.domain.history import RIDE_COLUMNS, read_rides, route_history
from taxi_assets.domain.model import train
from taxi_assets.domain.months import parse_months
from taxi_assets.domain.places import hour_profile, places
from taxi_assets.domain.schemas import CLEAN_TRIPS, REJECTED_TRIPS, TABLES, TRIP_FEATURES
from taxi_assets.domain.validation import failures, pandera_schema
from taxi_assets.resources.feature_rows import read_window
from taxi_assets.resources.streams import pooled
from taxi_assets.settings import Settings
from taxi_assets.simulator import simulate
from taxi_assets.threads import wait_politely

FLEET = get_fleet("green")
PROGRAM = str(Path(sys.executable).with_name("taxi-assets"))


class TreeMemory:
    """The highest memory of a process's children while it runs, GB (10^9 bytes).

    Proportional set sizes are added up, so that what processes share counts once.
    """

    def __init__(self, process: psutil.Process) -> None:
        self.gb, self._process = 0.0, process
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        """End the watch; the highest seen."""
        self._stop.set()
        self._thread.join()
        return self.gb

    def _watch(self) -> None:
        while not self._stop.wait(1.0):
            try:
                family = self._process.children(recursive=True)
                total = sum(one.memory_full_info().pss for one in family)
            except psutil.NoSuchProcess:
                continue
            self.gb = max(self.gb, total / 1e9)


@contextmanager
def daemon_alive(settings: Settings, environment: dict[str, str]) -> Iterator[None]:
    """Dagster's daemon over the home, from its first sign of life to the end of the block."""
    alone = [PROGRAM, "up", "--without", "ui,mlflow,api,console"]
    with (
        open_instance(settings) as instance,
        subprocess.Popen(alone, env=environment, stdout=subprocess.DEVNULL) as process,
    ):
        try:
            while not is_alive(instance):
                if process.poll() is not None:
                    raise SystemExit("the daemon did not start")
                time.sleep(1)
            yield
        finally:
            process.send_signal(signal.SIGINT)


def backfill(
    settings: Settings, tree: Path, months: str, *, by_daemon: bool
) -> tuple[float, float, list[Any]]:
    """Wall time, peak memory and what the command says of each month."""
    environment = {
        **os.environ,
        "TAXI_HOME": str(settings.home),
        "TAXI_TLC_URL": tree.as_uri(),
        "TAXI_FIRST_MONTH": settings.first_month,
    }
    command = [PROGRAM, "backfill", "--months", months, "--only", "models", "--json"]
    with daemon_alive(settings, environment) if by_daemon else nullcontext():
        started, memory = perf_counter(), TreeMemory(psutil.Process())
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
        wall, peak = perf_counter() - started, memory.stop()
    if done.returncode:
        raise SystemExit(f"the backfill failed with exit code {done.returncode}")
    return wall, peak, json.loads(done.stdout)["months"]


def domain_alone(settings: Settings, tree: Path, month: str, before: list[str]) -> float:
    """Seconds that the domain functions of one month take on tables in memory."""
    outside: Any = resources(settings)
    lake, registry = outside["lake"], outside["registry"]
    parts: list[float] = []

    def timed(work: Callable[[], Any]) -> Any:
        started = perf_counter()
        done = work()
        parts.append(perf_counter() - started)
        return done

    def rows(table: str, some: list[str], columns: list[str] | None = None) -> list[Any]:
        wanted = columns or TABLES[table].arrow.names
        found = lake.slice(f"green.{table}", TABLES[table], some)
        return list(found.batches(wanted))

    published = pq.read_table(tree / FLEET.file_name(month)).to_batches(BATCH)
    starts = np.cumsum([0, *(len(batch) for batch in published)])
    found = timed(lambda: list(sort_all(published, starts, FLEET, month)))
    clean, rejected = [one.clean for one in found], [one.rejected for one in found]
    zones = lake.slice("city.zones", TABLES["zones"], ["all"]).read()
    city, past = zones.to_pandas(), rows("clean_trips", before, RIDE_COLUMNS)
    rides = timed(lambda: read_rides(past))
    routes = timed(lambda: route_history(rides, city))
    hours = timed(lambda: hour_profile(city, routes, rides))
    known = timed(lambda: places(city, routes, hours))
    features = timed(lambda: list(pooled(lambda trips: trip_features(trips, known), clean)))
    for table, batches in (
        (CLEAN_TRIPS, clean),
        (REJECTED_TRIPS, rejected),
        (TRIP_FEATURES, features),
    ):
        schema = pandera_schema(table)
        timed(lambda s=schema, b=batches: list(pooled(lambda batch: failures(s, batch), b)))
    if len(before) >= settings.min_train_months:
        window = read_window(lake.slice("green.trip_features", TRIP_FEATURES, before), before)
        timed(lambda: train(window, city, threads=settings.train_threads))
        version = registry.version_of("green", month)
        model = Contestant(version, registry.load(version))
        trips = lake.slice("green.trip_features", TRIP_FEATURES, [month])
        contest = timed(lambda: hold(model, None, trips, "green"))
        scores = timed(lambda: evaluate(contest.actual, contest.predictors, contest.slicings))
        timed(lambda: judge(scores))
    return sum(parts)


def main() -> None:
    """Simulate, backfill, and time the domain alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", default="2022-01..2024-12")
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--by-daemon", action="store_true")
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    wait_politely()
    print(describe(), f"{datetime.now(UTC):%Y-%m-%d}", flush=True)
    months = parse_months(asked.months)
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "city"
        simulate(tree, fleet=FLEET, months=months, rows=asked.rows)
        settings = Settings(
            home=Path(folder) / "home", tlc_url=tree.as_uri(), first_month=months[0]
        )
        wall, peak, outcomes = backfill(settings, tree, asked.months, by_daemon=asked.by_daemon)
        took = {outcome["month"]: outcome["seconds"] for outcome in outcomes}
        rejected = [outcome["month"] for outcome in outcomes if outcome["rejected"]]
        print(
            f"backfill of {len(months)} months: {wall:.0f} s, peak {peak:.2f} GB (goal 8); models "
            f"rejected: {', '.join(rejected) or 'none'}",
            flush=True,
        )
        alone = {
            month: domain_alone(
                settings, tree, month, months[max(0, n - settings.train_months) : n]
            )
            for n, month in enumerate(months)
        }
    pure = sum(alone.values())
    print(f"their domain functions: {pure:.0f} s; the backfill took {wall / pure:.2f}x (goal 1.4)")
    for month in months:
        print(f"  {month}  run {took[month]:6.1f} s   domain {alone[month]:6.1f} s")
    full = months[settings.train_months :]
    if len(full) >= 3:
        first = median(took[month] for month in full[:3])
        last = median(took[month] for month in full[-3:])
        print(
            f"the last month against the first with a full window: {took[full[-1]]:.1f} s / "
            f"{took[full[0]]:.1f} s = {took[full[-1]] / took[full[0]]:.2f}x (goal 1.2); medians of "
            f"three: {last / first:.2f}x"
        )


if __name__ == "__main__":
    main()
