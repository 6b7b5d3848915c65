"""What the service does with one core, beside a bare FastAPI route and `mlflow models serve`.

Prints requests a second, latencies and the server's processor time a request, which says the same
on a busy machine; then batches, explanations, cold start and memory. Needs `wrk`
(`apt-get install wrk`). The model is a small one unless a bundle's folder is given. Memory is that
of the service in this environment; name the Python of one where `requirements/serving.txt` alone is
installed to see what a deployment takes:

    python taxi_assets_tests/benchmarks/bench_serving.py [--bundle FOLDER] [--python PYTHON]
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

from machine import describe
from servers import TRIP, WARM_S, load, resident_mb, server, service

PORTS = {"bare": 8761, "ours": 8762, "mlflow": 8763}
ROWS = (
    'string.format(\'{"dataframe_split":{"columns":["pickup_at","pickup_zone","dropoff_zone",\''
    ' .. \'"passengers"],"data":[["2025-03-%02dT%02d:%02d:00",%d,%d,%d.0]]}}\','
    " r(1,28), r(4,23), r(0,59), r(1,263), r(1,263), r(1,6))"
)
MANY = (
    f"(function() local t = {{}}; for i = 1, 10000 do t[i] = {TRIP} end; "
    "return '{\"trips\":[' .. table.concat(t, ',') .. ']}' end)()"
)


def ours(scratch: Path, bundle: Path, python: str) -> Any:
    """The service on a bundle, with its log and its cache in a folder of its own."""
    root = scratch / "root"
    if not root.exists():
        shutil.copytree(bundle, root / "green")
    return service("ours", PORTS["ours"], root, scratch, python, SERVING_LOG_STDOUT="false")


def mlflow_server(scratch: Path, bundle: Path) -> Any:
    """`mlflow models serve` on the same model, logged as the project logs it."""
    import mlflow

    from taxi_assets.resources.model_files import log_model

    store = f"sqlite:///{scratch / 'mlflow.db'}"
    mlflow.set_tracking_uri(store)
    mlflow.create_experiment("bench", (scratch / "artifacts").as_uri())
    mlflow.set_experiment("bench")
    with mlflow.start_run():
        log_model(mlflow, bundle, "bench")
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", "models:/bench/1"]
    options = ["--env-manager", "local", "--workers", "1", "--port", str(PORTS["mlflow"])]
    ready = f"http://127.0.0.1:{PORTS['mlflow']}/ping"
    return server("mlflow", [*command, *options], ready, MLFLOW_TRACKING_URI=store)


def serve_bare(port: int) -> None:
    """A FastAPI route with our models and a constant answer."""
    import uvicorn
    from fastapi import FastAPI

    from serving.schemas import Quote, Surcharge, Trip

    due = [Surcharge(name=name, usd=1.0) for name in ("one", "two", "three")]
    amounts = {"fare_usd": 28.9, "low_usd": 27.1, "high_usd": 30.5, "total_usd": 35.4}
    constant = Quote(
        request_id="a" * 32,
        fleet="green",
        interval=0.8,
        ride_min=15.4,
        surcharges=due,
        model="taxi-fare-green",
        model_version="3",
        **amounts,
    )
    app = FastAPI()

    @app.get("/ready")
    async def ready() -> bool:
        return True

    @app.post("/v1/quotes")
    async def quote(trip: Trip) -> Quote:
        return constant

    uvicorn.run(app, port=port, loop="uvloop", http="httptools", access_log=False)


def main(bundle: Path, scratch: Path, python: str) -> None:
    """Measure and print."""
    print(describe())
    bare_command = [sys.executable, __file__, "--bare", str(PORTS["bare"])]
    address = f"http://127.0.0.1:{PORTS['bare']}"
    with server("bare", bare_command, f"{address}/ready") as (group, _):
        bare = load(group, f"{address}/v1/quotes", TRIP)
    print(f"bare FastAPI route {bare}")
    with ours(scratch, bundle, python):
        pass  # fills the cache
    address = f"http://127.0.0.1:{PORTS['ours']}"
    with ours(scratch, bundle, python) as (group, cold_s):
        time.sleep(WARM_S)
        quotes = load(group, f"{address}/v1/quotes", TRIP)
        print(f"POST /v1/quotes    {quotes}")
        lone = load(group, f"{address}/v1/quotes", TRIP, connections=1)
        print(f"  one connection   {lone}")
        batch = load(group, f"{address}/v1/quotes/batch", MANY, connections=1, bodies=4)
        print(
            f"batches of 10,000  {batch.rate * 10_000:8,.0f} trips/s, p50 {batch.p50_ms:.0f} ms, "
            f"{batch.cpu_us / 10_000:.0f} us of the core a trip, its log included"
        )
        reasons = load(group, f"{address}/v1/explanations", TRIP)
        print(f"explanations       {reasons}")
        print(
            f"cold start with a cached bundle {cold_s:.1f} s, resident {resident_mb(group):.0f} MB"
        )
    with mlflow_server(scratch, bundle) as (group, _):
        theirs = load(group, f"http://127.0.0.1:{PORTS['mlflow']}/invocations", ROWS)
    print(f"mlflow models serve {theirs}")
    print(
        f"ours: {quotes.rate / bare.rate:.2f}x bare (by processor time "
        f"{bare.cpu_us / quotes.cpu_us:.2f}x), {quotes.rate / theirs.rate:.1f}x mlflow, "
        f"p99 {quotes.p99_ms / theirs.p99_ms:.2f} of mlflow's"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--bare"]:
        serve_bare(int(sys.argv[2]))
        sys.exit()
    if shutil.which("wrk") is None:
        sys.exit("bench_serving needs wrk: apt-get install wrk")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--python", default=sys.executable)
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if told.bundle is None:
            from taxi_assets_tests.models import save_model

            told.bundle = save_model(scratch / "small", 1)
        main(told.bundle, scratch, told.python)
