"""What every test may ask for."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import settings

from taxi_assets.threads import wait_politely

if TYPE_CHECKING:  # Dagster takes seconds to import, and most tests do without
    from taxi_assets_tests.homes import Home, Stage

REPOSITORY = Path(__file__).parents[1]

# In a process of its own: Arrow holds Python's lock while it waits for an answer, so a server in
# this process could not give one. It stops when its input ends, which is when this process does.
GCS_EMULATOR = """
import sys
from gcp_storage_emulator.server import create_server
server = create_server("127.0.0.1", 0, in_memory=True)
server.start()
print(server._api._httpd.server_address[1], flush=True)
sys.stdin.read()
server.stop()
"""

wait_politely()  # before any test imports LightGBM

settings.register_profile("taxi", deadline=None)  # a busy machine is not a bug
settings.load_profile("taxi")


@pytest.fixture(scope="session")
def real_tlc() -> Path:
    """TLC's real files, in the layout of its CDN."""
    told = os.environ.get("TAXI_TLC_TEST_DATA")
    root = Path(told) if told else REPOSITORY.parent / "shared" / "data" / "tlc"
    if not (root / "trip-data").is_dir():
        pytest.skip(f"TLC's real files are not in {root}; TAXI_TLC_TEST_DATA says where else")
    return root


@pytest.fixture
def unused_port() -> int:
    """A local port where nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> "Home":
    """Four simulated months, published; the fixtures below run them, one after the other."""
    from taxi_assets_tests.homes import CITY_MONTHS, Home

    home = Home.at(tmp_path_factory.mktemp("city"))
    home.simulate(CITY_MONTHS, rows=3_000)
    return home


@pytest.fixture(scope="session")
def first_run(city: "Home") -> "Stage":
    """All months, run for the first time."""
    from taxi_assets_tests.homes import CITY_MONTHS

    return city.run(*CITY_MONTHS)


@pytest.fixture(scope="session")
def again(city: "Home", first_run: "Stage") -> "Stage":
    """The same months, run again."""
    from taxi_assets_tests.homes import CITY_MONTHS

    return city.run(*CITY_MONTHS)


@pytest.fixture(scope="session")
def corrected(city: "Home", again: "Stage") -> "Stage":
    """The second month published anew, 300 trips shorter, and run with the month after it."""
    city.publish("2025-02", city.published("2025-02").slice(0, 2_700))
    return city.run("2025-02", "2025-03")


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    from moto.server import ThreadedMotoServer  # half a second to import

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    import boto3

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket = f"taxi-{uuid4().hex}"
    boto3.client("s3", endpoint_url=s3_endpoint).create_bucket(Bucket=bucket)
    return bucket


@pytest.fixture(scope="session")
def gcs_emulator() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", GCS_EMULATOR],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"


@pytest.fixture
def gs_bucket(gcs_emulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    from google.cloud import storage

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs_emulator)
    bucket = f"taxi-{uuid4().hex}"
    storage.Client().create_bucket(bucket)
    return bucket
