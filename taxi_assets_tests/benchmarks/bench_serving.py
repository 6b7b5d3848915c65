"""What the service does with one core, beside a bare FastAPI route and `mlflow models serve`.

Prints requests a second, latencies and the server's processor time a request, which says the same
on a busy machine; then batches, explanations, cold start and memory. Needs `wrk`
(`apt-get install wrk`). The model is a small one unless a bundle's folder is given:

    python taxi_assets_tests/benchmarks/bench_serving.py [bundle]
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))

import httpx
from machine import describe

REPOSITORY = Path(__file__).parents[2]
SERVER_CORE, LOAD_CORE = "0", "1"
SECONDS, WARM_S = 10, 3
PORTS = {"bare": 8761, "ours": 8762, "mlflow": 8763}
TRIP = (
    'string.format(\'{"pickup_zone":%d,"dropoff_zone":%d,"pickup_at":"2025-03-%02dT%02d:%02d",\''
    " .. '\"passengers\":%d}', r(1,263), r(1,263), r(1,28), r(4,23), r(0,59), r(1,6))"
)
ROWS = (
    'string.format(\'{"dataframe_split":{"columns":["pickup_at","pickup_zone","dropoff_zone",\''
    ' .. \'"passengers"],"data":[["2025-03-%02dT%02d:%02d:00",%d,%d,%d.0]]}}\','
    " r(1,28), r(4,23), r(0,59), r(1,263), r(1,263), r(1,6))"
)
MANY = (
    f"(function() local t = {{}}; for i = 1, 10000 do t[i] = {TRIP} end; "
    "return '{\"trips\":[' .. table.concat(t, ',') .. ']}' end)()"
)
SCRIPT = """
math.randomseed(7)
local r = math.random
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local bodies = {}
for i = 1, %d do bodies[i] = %s end
local n = 0
function request() n = n %% #bodies + 1; return wrk.format(nil, nil, nil, bodies[n]) end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What a server did under load.

    Attributes:
        rate: requests a second.
        p50_ms: half of the answers came within that.
        p99_ms: all but a hundredth.
        cpu_us: processor time of the server a request.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float

    def __str__(self) -> str:
        return (
            f"{self.rate:8,.0f}/s, p50 {self.p50_ms:.1f} ms, p99 {self.p99_ms:.1f} ms, "
            f"{self.cpu_us:,.0f} us of the core each"
        )


def load(server: int, url: str, body: str, connections: int = 16, bodies: int = 2_000) -> Load:
    """Post random bodies for some seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT % (bodies, body))
        script.flush()
        command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{connections}", "--latency"]
        told = [*command, "--timeout", "60", "-s", script.name, url]
        subprocess.run([*told, f"-d{WARM_S}"], check=True, capture_output=True)
        before = cpu_s(server)
        done = subprocess.run(
            [*told, f"-d{SECONDS}"], check=True, capture_output=True, text=True
        ).stdout
    if "Non-2xx" in done:
        raise SystemExit(f"{url} refused requests:\n{done}")
    requests = int(re.search(r"(\d+) requests in", done)[1])
    return Load(
        float(re.search(r"Requests/sec:\s*([\d.]+)", done)[1]),
        _ms(done, 50),
        _ms(done, 99),
        (cpu_s(server) - before) * 1e6 / requests,
    )


def _ms(text: str, percent: int) -> float:
    value, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", text).groups()
    return float(value) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def cpu_s(server: int) -> float:
    """Processor time of a process and its children, seconds."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        if int(fields[2]) == server:  # its process group
            total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


@contextmanager
def server(name: str, command: list[str], ready: str, **told: str) -> Iterator[tuple[int, float]]:
    """A server on its core; its process group and the seconds until it was ready."""
    log = Path(tempfile.gettempdir()) / f"bench-serving-{name}.log"
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # mlflow starts uvicorn by name
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(REPOSITORY), **told}
    started = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, *command],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        while process.poll() is None and time.perf_counter() - started < 180:
            try:
                if httpx.get(f"http://127.0.0.1:{PORTS[name]}{ready}").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.02)
        else:
            raise SystemExit(f"{name} did not start: see {log}")
        yield process.pid, time.perf_counter() - started
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def ours(scratch: Path, bundle: Path) -> Any:
    """The service on a bundle, with its log and its cache in a folder of its own."""
    root = scratch / "root"
    if not root.exists():
        shutil.copytree(bundle, root / "green")
    settings: Mapping[str, str] = {
        "SERVING_MODEL": str(root),
        "SERVING_CACHE": str(scratch / "cache"),
        "SERVING_LOG": str(scratch / "log"),
        "SERVING_LOG_STDOUT": "false",
        "SERVING_PAGE": "false",
        "SERVING_PORT": str(PORTS["ours"]),
    }
    return server("ours", [sys.executable, "-m", "serving.main"], "/health/ready", **settings)


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
    return server("mlflow", [*command, *options], "/ping", MLFLOW_TRACKING_URI=store)


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


def resident_mb(group: int) -> float:
    """Resident memory of the server, MB."""
    status = Path(f"/proc/{group}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1e3


def main(bundle: Path, scratch: Path) -> None:
    """Measure and print."""
    print(describe())
    bare_command = [sys.executable, __file__, "--bare", str(PORTS["bare"])]
    with server("bare", bare_command, "/ready") as (group, _):
        bare = load(group, f"http://127.0.0.1:{PORTS['bare']}/v1/quotes", TRIP)
    print(f"bare FastAPI route {bare}")
    with ours(scratch, bundle):
        pass  # fills the cache
    address = f"http://127.0.0.1:{PORTS['ours']}"
    with ours(scratch, bundle) as (group, cold_s):
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
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if sys.argv[1:]:
            main(Path(sys.argv[1]), scratch)
        else:
            from taxi_assets_tests.models import save_model

            main(save_model(scratch / "small", 1), scratch)
