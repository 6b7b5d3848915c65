"""What every benchmark prints first, and how it measures."""

import os
import platform
import statistics
import threading
from collections.abc import Callable
from pathlib import Path
from time import perf_counter, sleep


def describe() -> str:
    """The machine, so that a number can be compared with another run's."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"machine: {cpu}, {len(os.sched_getaffinity(0))} cores, {memory_gib:.0f} GiB, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )


def median_seconds(work: Callable[[], object], times: int = 3) -> float:
    """Median wall time of several calls, seconds."""
    taken = []
    for _ in range(times):
        started = perf_counter()
        work()
        taken.append(perf_counter() - started)
    return statistics.median(taken)


class PeakMemory:
    """The highest resident memory of this process while the block runs, GB (10^9 bytes)."""

    def __enter__(self) -> "PeakMemory":
        self.gb = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not self._stop.is_set():
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.gb = max(self.gb, pages * page / 1e9)
            sleep(0.02)
