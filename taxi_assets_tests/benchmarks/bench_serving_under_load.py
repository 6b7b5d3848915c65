"""What callers of the service notice when its champion is swapped, and after minutes under load.

`swap` puts one bundle in the place of the other, again and again, while quotes are asked for at a
fixed rate; `soak` asks for ten minutes and looks at memory and the prediction log. Each first
measures the peak, of which it asks a share. Server and load have a core each. Needs `wrk`
(`apt-get install wrk`). Without a command it does both; models are small ones unless two bundles'
folders are given:

    python taxi_assets_tests/benchmarks/bench_serving_under_load.py [swap|soak] [--bundles A B]
        [--times 5] [--minutes 10] [--share 0.5]
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

import httpx
import numpy as np
import pyarrow.compute as pc
import pyarrow.dataset as ds
import uvloop
from machine import describe
from open_loop import Asked, OpenLoop
from servers import LOAD_CORE, TRIP, WARM_S, cpu_s, load, log_of, others_s, resident_mb, service

T = TypeVar("T")
NAME, PORT = "under-load", 8764
ADDRESS = f"http://127.0.0.1:{PORT}"
SHARES = {"swap": 0.5, "soak": 0.7}  # of the peak
BEFORE_S, AFTER_S, LONGEST_S = 5.0, 4.0, 30.0
WINDOW_S = 0.25
TIMES_BEFORE, MOST_ABOVE_S = 2.0, 1.0  # p99 may double for a second
WARM_UP_S, MEMORY_S, LATENCY_S = 60.0, 30.0, 60.0
MOST_GROWTH = 0.05
COUNTED = {
    "dropped records": "taxi_log_dropped_records_total",
    "refused records": "taxi_log_refused_records_total",
    "failed batches": "taxi_log_failed_batches_total",
    "failed lines": "taxi_log_failed_lines_total",
    "written rows": "taxi_log_written_rows_total",
    "waiting records": "taxi_log_waiting_records",
}


@dataclass(frozen=True, slots=True)
class Swap:
    """One bundle in the place of the other: its version, and from when to when it was watched."""

    version: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A server while it was asked.

    Attributes:
        at: (n,) seconds of `time.perf_counter`.
        resident_mb: (n,) resident memory then.
        others_s: (n,) what others had had of its core by then, seconds.
    """

    at: np.ndarray
    resident_mb: np.ndarray
    others_s: np.ndarray

    def others(self, start: float, end: float) -> float:
        """Share of the core that others took in a while."""
        first, last = np.interp([start, end], self.at, self.others_s)
        return float(last - first) / (end - start)

    def resident(self, start: float, end: float) -> float:
        """Median resident memory of a while, MB."""
        return float(np.median(self.resident_mb[(self.at >= start) & (self.at < end)]))


def identity(bundle: Path) -> str:
    """Of the model in a bundle."""
    return json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))["identity"]


def version(bundle: Path) -> str:
    """What the service calls a model that comes from a folder."""
    return identity(bundle)[:12]


def point(root: Path, bundle: Path) -> None:
    """Let the root's champion be this bundle, in one step."""
    root.mkdir(exist_ok=True)
    aside = root / ".green"
    aside.symlink_to(bundle.absolute(), target_is_directory=True)
    aside.replace(root / "green")


def peak(bundle: Path, scratch: Path) -> float:
    """Requests a second at full speed."""
    point(scratch / "root", bundle)
    with service(NAME, PORT, scratch / "root", scratch, SERVING_LOG_STDOUT="true") as (group, _):
        found = load(group, f"{ADDRESS}/v1/quotes", TRIP)
    print(f"peak {found}")
    return found.rate


async def watch(group: int, every_s: float, work: Coroutine[Any, Any, T]) -> tuple[T, Watched]:
    """Look at the server while something is done."""
    seen = []
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(work)
        while not task.done():
            seen.append((perf_counter(), resident_mb(group), others_s(group)))
            await asyncio.sleep(every_s)
    return task.result(), Watched(*np.array(seen).T)


def swap(bundles: Sequence[Path], scratch: Path, rate: float, times: int) -> None:
    """Swap the champion some times, and print what callers noticed."""
    root = scratch / "root"
    point(root, bundles[0])
    asking = OpenLoop(PORT, rate)
    told = {"SERVING_REFRESH_S": "1", "SERVING_LOG_STDOUT": "true"}
    with service(NAME, PORT, root, scratch, **told) as (group, _):
        swapping = swap_each(asking, root, scratch / "cache", bundles, times)
        swaps, watched = uvloop.run(watch(group, WINDOW_S, swapping))
    asked = asking.asked()
    print(
        f"swap at {rate:,.0f}/s: {len(asked):,} requests, {asked.failed()} failed and "
        f"{asking.lost} connections lost (goal: none)"
    )
    found = [tell_swap(each, asked, watched, asking.late) for each in swaps]
    above, highest = ([figures[index] for figures in found] for index in (0, 1))
    print(
        f"above twice the p99 before: median {statistics.median(above):.2f} s, worst "
        f"{max(above):.2f} s (goal: at most {MOST_ABOVE_S:.0f} s); highest p99 of {WINDOW_S} s: "
        f"median {statistics.median(highest):.1f} ms, worst {max(highest):.1f} ms"
    )


async def swap_each(
    asking: OpenLoop, root: Path, cache: Path, bundles: Sequence[Path], times: int
) -> list[Swap]:
    """Swap to and fro under load."""
    swaps = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(asking.run(WARM_S + times * (BEFORE_S + LONGEST_S + AFTER_S)))
        await asyncio.sleep(WARM_S)
        for turn in range(times):
            bundle = bundles[(turn + 1) % 2]
            # it is fetched each time, as one that was trained just now
            shutil.rmtree(cache / "green" / identity(bundle), ignore_errors=True)
            await asyncio.sleep(BEFORE_S)
            began = perf_counter()
            point(root, bundle)
            while asking.version != version(bundle) and perf_counter() < began + LONGEST_S:
                await asyncio.sleep(0.01)
            await asyncio.sleep(AFTER_S)
            swaps.append(Swap(version(bundle), began, perf_counter()))
        asking.stop()
    return swaps


def tell_swap(
    swap: Swap, asked: Asked, watched: Watched, late: Sequence[tuple[float, float]]
) -> tuple[float, float]:
    """Print what callers noticed of one swap; seconds above twice the p99 before, highest p99."""
    start = swap.began - BEFORE_S
    around, usual = asked.between(start, swap.ended), asked.between(start, swap.began).ms(99)
    earlier = [p99(asked, *window) for window in windows(start, swap.began)]
    later = [p99(asked, *window) for window in windows(swap.began, swap.ended)]
    taken = [watched.others(*window) for window in windows(swap.began, swap.ended)]
    new = around.answered_by(swap.version)
    switched = float(around.end[new].min()) if new.any() else float("inf")
    stale = int(np.count_nonzero(~new & (around.sent > switched)))
    counts = ((name, np.count_nonzero(around.answered_by(name))) for name in asked.versions)
    named = ", ".join(f"{name} {count:,}" for name, count in counts if count)
    above, highest = seconds_above(later, usual), float(np.nanmax(later))
    delays = [seconds for when, seconds in late if start <= when < swap.ended]
    print(
        f"to {swap.version}: p99 before {usual:.1f} ms (of {WINDOW_S} s, median "
        f"{np.nanmedian(earlier):.1f}), above twice {usual:.1f} for {above:.2f} s (and for "
        f"{seconds_above(earlier, usual):.2f} of the {BEFORE_S:.0f} s before), highest "
        f"{highest:.1f} ms; first answer after {switched - swap.began:.2f} s\n"
        f"  of {len(around):,} requests {around.failed()} failed, answered by {named}; "
        f"{stale} sent after its first answer and not answered by it (goal: none)\n"
        f"  p99 of each {WINDOW_S} s, ms: {' '.join(f'{ms:.1f}' for ms in later)}\n"
        f"  of the core others took, %: {' '.join(f'{100 * share:.0f}' for share in taken)}; "
        f"before {watched.others(start, swap.began):.0%}\n"
        f"  {tell_late(delays)}"
    )
    return above, highest


def windows(start: float, end: float) -> list[tuple[float, float]]:
    """All whole windows of a while."""
    count = int((end - start) / WINDOW_S + 1e-6)  # of floats: 5 s are 20 windows, not 19
    return list(pairwise(start + WINDOW_S * np.arange(count + 1)))


def p99(asked: Asked, start: float, end: float) -> float:
    """p99 of a window, ms; infinite where a request failed, NaN where the load stood still."""
    part = asked.between(start, end)
    return float("inf") if part.failed() else part.ms(99)


def seconds_above(found: Sequence[float], usual: float) -> float:
    """How long the p99 of windows was above what it may be."""
    return sum(ms > TIMES_BEFORE * usual for ms in found) * WINDOW_S


def tell_late(delays: Sequence[float]) -> str:
    """Whether the load can be trusted."""
    most = 1e3 * max(delays, default=0)
    return f"the load itself came late {len(delays)} times, by {most:.0f} ms at most"


def soak(bundle: Path, scratch: Path, rate: float, minutes: float) -> None:
    """Ask for minutes, and print what became of memory, latency and the log."""
    root, seconds = scratch / "root", minutes * 60
    point(root, bundle)
    asking = OpenLoop(PORT, rate)
    with service(NAME, PORT, root, scratch, SERVING_LOG_STDOUT="true") as (group, _):
        busy, began = cpu_s(group), perf_counter()
        _, watched = uvloop.run(watch(group, 1.0, asking.run(seconds)))
        busy = (cpu_s(group) - busy) / (perf_counter() - began)
        metrics = httpx.get(f"{ADDRESS}/metrics").text
    asked = asking.asked()
    print(
        f"soak at {rate:,.0f}/s for {minutes:g} minutes: {len(asked):,} requests, "
        f"{asked.failed()} failed and {asking.lost} connections lost (goal: none); "
        f"the server took {busy:.0%} of its core"
    )
    span = min(LATENCY_S, seconds / 2)
    tell_latency(f"first {span:.0f} s", asked, watched, began, began + span)
    tell_latency(f"last {span:.0f} s", asked, watched, began + seconds - span, began + seconds)
    tell_latency("all the time", asked, watched, began, began + seconds)
    print(f"  {tell_late([seconds for _, seconds in asking.late])}")
    tell_memory(watched, began, seconds)
    tell_log(metrics, scratch / "log" / "quote", len(asked) - asked.failed())


def tell_latency(name: str, asked: Asked, watched: Watched, start: float, end: float) -> None:
    """Print the latencies of a while."""
    part = asked.between(start, end)
    print(
        f"  {name}: p50 {part.ms(50):.1f} ms, p99 {part.ms(99):.1f} ms, p99.9 {part.ms(99.9):.1f} "
        f"ms, longest {part.ms(100):.0f} ms; others took {watched.others(start, end):.0%} of the "
        "core"
    )


def tell_memory(watched: Watched, began: float, seconds: float) -> None:
    """Print how much the server has grown since it was warm."""
    warm, span = min(WARM_UP_S, seconds / 4), min(MEMORY_S, seconds / 4)
    ended = began + seconds
    early = watched.resident(began + warm, began + warm + span)
    late = watched.resident(ended - span, ended)
    each = [watched.resident(*pair) for pair in pairwise(np.arange(began, ended + 1, span))]
    print(
        f"  resident after {warm:.0f} s {early:.1f} MB, at the end {late:.1f} MB: "
        f"{late / early - 1:+.1%} (goal: at most {MOST_GROWTH:+.0%}); "
        f"each {span:.0f} s: {' '.join(f'{mb:.0f}' for mb in each)}"
    )


def tell_log(metrics: str, folder: Path, answered: int) -> None:
    """Print whether the log holds what was answered."""
    counts = ", ".join(
        f"{float(re.search(rf'^{metric} (.+)$', metrics, re.M)[1]):,.0f} {name}"
        for name, metric in COUNTED.items()
    )
    print(f"  log when the load had ended: {counts} (goal: none dropped)")
    files = ds.dataset(folder, format="parquet")
    ids = files.to_table(["request_id"])["request_id"]
    different = pc.count_distinct(ids).as_py()
    with log_of(NAME).open("rb") as lines:
        printed = sum(b'"kind":"quote"' in line for line in lines)
    same = "as many" if len(ids) == different == printed == answered else "NOT AS MANY"
    print(
        f"  log when the server had stopped: {len(ids):,} rows in {len(files.files)} files, "
        f"{different:,} different, and {printed:,} lines of {log_of(NAME).stat().st_size / 1e6:.0f}"
        f" MB; {answered:,} requests were answered: {same}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="?", choices=SHARES, help="both by default")
    parser.add_argument("--bundles", nargs=2, type=Path, help="folders of two different models")
    parser.add_argument("--times", type=int, default=5, help="swaps")
    parser.add_argument("--minutes", type=float, default=10.0, help="of the soak")
    parser.add_argument("--share", type=float, help="of the peak: 0.5 for swaps, 0.7 for a soak")
    told = parser.parse_args()
    if told.bundles and version(told.bundles[0]) == version(told.bundles[1]):
        parser.error("the two bundles hold the same model")
    print(describe())
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        bundles = told.bundles or small(scratch)
        for what in [told.what] if told.what else SHARES:
            for part in ("peak", what):
                (scratch / what / part).mkdir(parents=True)
            rate = peak(bundles[0], scratch / what / "peak") * (told.share or SHARES[what])
            if what == "swap":
                swap(bundles, scratch / what / what, rate, told.times)
            else:
                soak(bundles[0], scratch / what / what, rate, told.minutes)
    log_of(NAME).unlink(missing_ok=True)


def small(scratch: Path) -> list[Path]:
    """Two small models."""
    from taxi_assets_tests.models import save_model

    return [save_model(scratch / f"small-{seed}", seed) for seed in (1, 2)]


if __name__ == "__main__":
    if shutil.which("wrk") is None:
        sys.exit("bench_serving_under_load needs wrk: apt-get install wrk")
    main()
