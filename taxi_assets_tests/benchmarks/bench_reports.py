"""All reports of one month: wall time, memory, and what each takes, beside the rest of the month.

`python taxi_assets_tests/benchmarks/bench_reports.py [--rows 60000] [--times 3]`. The months before
have 60,000 trips each whatever `--rows` says: reports read histograms of them and a sample. Run it
with nothing else on the machine.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe

from taxi_assets.domain.fleets import get_fleet
from taxi_assets.simulator import simulate

REPOSITORY = Path(__file__).parents[2]
BEFORE, MONTH, BEFORE_ROWS = ("2025-01", "2025-02", "2025-03"), "2025-04", 60_000
MOST_HTML_MB = 6.0

# In a process of its own, so that its peak is its own; it prints what each step took.
RUN = """
import json, resource, sys
from time import perf_counter
import dagster as dg
from taxi_assets.commands.instance import open_instance
from taxi_assets.commands.run import run_months
from taxi_assets.settings import Settings

started, settings = perf_counter(), Settings()
(outcome,) = run_months(settings, "green", [sys.argv[1]], lambda _: None, only=sys.argv[2])
with open_instance(settings) as instance:
    stats = instance.get_run_step_stats(outcome.run_id)
print(json.dumps({
    "seconds": perf_counter() - started,
    "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    "failures": outcome.failures,
    "steps": {s.step_key: s.end_time - s.start_time for s in stats if s.end_time and s.start_time},
}))
"""


def run(home: Path, tree: Path, month: str, only: str) -> dict:
    """A part of a month in a new process."""
    (home / "dagster").mkdir(parents=True, exist_ok=True)
    shutil.copy(REPOSITORY / "dagster.yaml", home / "dagster")
    told = {"TAXI_HOME": str(home), "TAXI_TLC_URL": tree.as_uri(), "TAXI_FLEETS": "green"}
    environment = {**os.environ, **told, "DAGSTER_HOME": str(home / "dagster")}
    started = perf_counter()
    ran = subprocess.run(
        [sys.executable, "-c", RUN, month, only],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    found = json.loads(ran.stdout.splitlines()[-1])
    assert not found["failures"], found["failures"]
    return {**found, "process_seconds": perf_counter() - started}


def main() -> None:
    """Publish four months, run them, and make the last one's reports several times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000, help="trips of the reported month")
    parser.add_argument("--times", type=int, default=3)
    told = parser.parse_args()
    print(describe())
    with tempfile.TemporaryDirectory() as scratch:
        tree, home = Path(scratch) / "tlc", Path(scratch) / "home"
        simulate(tree, fleet=get_fleet("green"), months=list(BEFORE), rows=BEFORE_ROWS)
        simulate(tree, fleet=get_fleet("green"), months=[MONTH], rows=told.rows)
        for month in BEFORE:
            run(home, tree, month, "models")
            run(home, tree, month, "reports")
        rest = run(home, tree, MONTH, "models")
        made = [run(home, tree, MONTH, "reports") for _ in range(told.times)]
        seconds = statistics.median(each["process_seconds"] for each in made)
        others = rest["process_seconds"]
        print(
            f"reports of {told.rows:,} trips: median {seconds:.1f} s, imports included; "
            f"peak {max(each['gb'] for each in made):.2f} GB; {seconds / others:.2f} of what the "
            f"rest of the month takes ({others:.1f} s)"
        )
        for step in sorted(made[0]["steps"], key=made[0]["steps"].get, reverse=True):
            print(f"  {statistics.median(e['steps'][step] for e in made):6.2f} s  {step}")
        for page in sorted((home / "reports" / "green" / MONTH).glob("*.html")):
            size = page.stat().st_size / 1e6
            print(f"  {size:6.2f} MB  {page.name} (at most {MOST_HTML_MB:.0f})")


if __name__ == "__main__":
    main()
