"""What serving benchmarks share: a server on a core of its own, and wrk on the other one."""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

REPOSITORY = Path(__file__).parents[2]
SERVER_CORE, LOAD_CORE = "0", "1"
SECONDS, WARM_S = 10, 3
TRIP = (
    'string.format(\'{"pickup_zone":%d,"dropoff_zone":%d,"pickup_at":"2025-03-%02dT%02d:%02d",\''
    " .. '\"passengers\":%d}', r(1,263), r(1,263), r(1,28), r(4,23), r(0,59), r(1,6))"
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


def others_s(server: int) -> float:
    """What the core has done beside idling and this process, seconds since some moment.

    From the idle time, which the kernel measures; how the rest is spent it only samples.
    """
    lines = Path("/proc/stat").read_text().splitlines()
    core = next(line.split() for line in lines if line.startswith(f"cpu{SERVER_CORE} "))
    own = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    ticks = int(core[4]) + int(core[5]) + int(own[11]) + int(own[12])  # idle, waiting for disks
    return time.perf_counter() - ticks / os.sysconf("SC_CLK_TCK")


@contextmanager
def server(name: str, command: list[str], ready: str, **told: str) -> Iterator[tuple[int, float]]:
    """A server on its core; its process group and the seconds until `ready` answered 200."""
    log = log_of(name)
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
                if httpx.get(ready).status_code == 200:
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


def log_of(name: str) -> Path:
    """Where a server's output goes."""
    return Path(tempfile.gettempdir()) / f"bench-serving-{name}.log"


def service(
    name: str, port: int, root: Path, scratch: Path, python: str = sys.executable, **told: str
) -> AbstractContextManager[tuple[int, float]]:
    """The service on a root of bundles, with its log and its cache in a folder of its own."""
    settings = {
        "SERVING_MODEL": str(root),
        "SERVING_CACHE": str(scratch / "cache"),
        "SERVING_LOG": str(scratch / "log"),
        "SERVING_PAGE": "false",
        "SERVING_PORT": str(port),
        **told,
    }
    ready = f"http://127.0.0.1:{port}/health/ready"
    return server(name, [python, "-m", "serving.main"], ready, **settings)


def resident_mb(group: int) -> float:
    """Resident memory of the server, MB."""
    status = Path(f"/proc/{group}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) / 1e3
