"""The service as a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from taxi_assets_tests.homes import REPOSITORY
from taxi_assets_tests.serving.services import TRIP

START_S = 60


def environment(**told: str) -> dict[str, str]:
    """Ours and nothing else that the service reads."""
    ours = ("SERVING_", "MLFLOW_", "TAXI_", "OTEL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return {**kept, "PYTHONPATH": str(REPOSITORY), **told}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("SERVING_FLEETS", "blue", "SERVING_FLEETS"),
        ("SERVING_API_KEYS", "ada:not-a-hash", "never the key itself"),
        ("SERVING_PORT", "0", "SERVING_PORT"),
        ("SERVING_RATE_LIMIT", "often", "write it like 100/second"),
        ("SERVING_RATE_LIMIT", "0/second", "write it like 100/second"),
        ("SERVING_MODEL", "ftp://there", "ftp"),
    ],
)
def test_settings_that_make_no_sense_end_it_with_a_sentence(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "serving.main"],
        env=environment(**{name: value}),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=START_S,
    )

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_it_starts_answers_and_stops_when_told(
    tmp_path: Path, root: Path, unused_port: int
) -> None:
    told = environment(
        SERVING_MODEL=str(root),
        SERVING_CACHE=str(tmp_path / "cache"),
        SERVING_LOG=str(tmp_path / "log"),
        SERVING_PORT=str(unused_port),
        SERVING_PAGE="false",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "serving.main"],
        env=told,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{unused_port}/health/ready", process)
        answer = httpx.post(f"http://127.0.0.1:{unused_port}/v1/quotes", json=TRIP)
    finally:
        process.send_signal(signal.SIGTERM)
        printed, _ = process.communicate(timeout=START_S)

    assert answer.status_code == 200
    assert answer.json()["request_id"].encode() in printed
    assert len(list((tmp_path / "log").rglob("*.parquet"))) == 1


def wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    """Ask until it is ready; give up when it has ended or takes too long."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the service did not become ready")
