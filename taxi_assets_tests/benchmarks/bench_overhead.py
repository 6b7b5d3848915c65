"""What a month of the whole graph costs beside its domain functions, and where that goes.

Small months are run, once as they are and once under a profiler. The profiler says what share of
the time was spent inside `taxi_assets.domain`; what is left of the undisturbed run is overhead:
Dagster's events, Iceberg's commits, MLflow's runs, pages and pictures. A process that starts for
each month, as a daemon's runs do, pays for imports too; that is measured by itself.

Run it with nothing else on the machine: `python taxi_assets_tests/benchmarks/bench_overhead.py`.
"""

import argparse
import cProfile
import logging
import pstats
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe, median_seconds

from taxi_assets.commands.run import run_months
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.domain.months import month_range
from taxi_assets.settings import Settings
from taxi_assets.simulator import simulate

BEFORE = month_range("2025-01", "2025-03")  # a champion, and all imports done
UNDISTURBED, PROFILED = month_range("2025-04", "2025-06"), month_range("2025-07", "2025-08")
LAYERS = {  # by the folder a function's file lies in; the first that fits
    "domain": "/taxi_assets/domain/",
    "our wiring": "/taxi_assets/",
    "Dagster": "/dagster",
    "SQL": "/sqlalchemy/",
    "Iceberg": "/pyiceberg/",
    "MLflow": "/mlflow/",
    "Evidently": "/evidently/",
    "SHAP": "/shap/",
    "pictures": "/matplotlib/",
    "pandas": "/pandas/",
    "imports": "<frozen importlib",
}

Function = tuple[str, int, str]


def layer(function: Function) -> str | None:
    """Whose a function is; None for those written in C and for the standard library."""
    return next((name for name, part in LAYERS.items() if part in function[0]), None)


def domain_seconds(stats: pstats.Stats) -> float:
    """Time in domain functions that somebody else called, with all that they call."""
    return sum(
        seconds
        for function, (*_, callers) in stats.stats.items()
        if layer(function) == "domain"
        for caller, (_, _, _, seconds) in callers.items()
        if layer(caller) != "domain"
    )


def own_seconds(stats: pstats.Stats) -> dict[str, float]:
    """Time by layer; what has none is its callers', in parts as they called it."""
    found: dict[str, float] = defaultdict(float)
    for function, (_, _, own, _, callers) in stats.stats.items():
        if name := layer(function):
            found[name] += own
            continue
        for caller, (_, _, part, _) in callers.items():
            found[layer(caller) or "other"] += part
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def months_alone(run: Callable[[list[str]], list[float]]) -> pstats.Stats:
    """The profile of some months."""
    profiler = cProfile.Profile()
    profiler.enable()
    run(PROFILED)
    profiler.disable()
    return pstats.Stats(profiler)


def starting(code: str) -> float:
    """Seconds until a new process has imported something."""
    return median_seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))


def main() -> None:
    """Run the months and print what they cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2_000)
    asked = parser.parse_args()
    logging.disable(logging.WARNING)
    print(describe(), f"{datetime.now(UTC):%Y-%m-%d}")
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "city"
        every = [*BEFORE, *UNDISTURBED, *PROFILED]
        simulate(tree, fleet=get_fleet("green"), months=every, rows=asked.rows)
        settings = Settings(home=Path(folder) / "home", tlc_url=tree.as_uri())

        def run(months: list[str]) -> list[float]:
            outcomes = run_months(settings, "green", months, lambda _: None)
            unfinished = [o.failures for o in outcomes if any("run" == w for w, _ in o.failures)]
            assert not unfinished, unfinished
            return [outcome.seconds for outcome in outcomes]

        run(BEFORE)
        wall = median(run(UNDISTURBED))
        stats = months_alone(run)
    share = domain_seconds(stats) / stats.total_tt
    print(
        f"a month of {asked.rows:,} trips through the whole graph: median {wall:.1f} s, of these "
        f"{wall * share:.1f} s in domain functions; overhead {wall * (1 - share):.1f} s (goal 15)"
    )
    print("where a month's time goes, own time of each layer under the profiler:")
    for name, seconds in own_seconds(stats).items():
        print(f"  {name:<12} {seconds / stats.total_tt:6.1%}")
    imports = starting("import taxi_assets.definitions")
    print(
        f"a process of its own, as the daemon starts one for each run: {imports:.1f} s of imports"
    )


if __name__ == "__main__":
    main()
