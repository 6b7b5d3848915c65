"""A real daemon over a home, with some sensors switched on."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from taxi_assets_tests.homes import OURS, REPOSITORY, Home

SENSOR_S = "5"
TOLD = ["--module-name", "taxi_assets.definitions"]


@contextmanager
def daemon(home: Home, sensors: Sequence[str], **more: str) -> Iterator[Path]:
    """`dagster-daemon run` until the end of the block; gives its log.

    Args:
        home: where; nothing else of ours that this process happens to have is passed on.
        sensors: which are switched on.
        more: variables.
    """
    others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    ours = home.environment(TAXI_SENSOR_S=SENSOR_S, PYTHONPATH=str(REPOSITORY), **more)
    environment = others | ours
    for sensor in sensors:
        subprocess.run(
            [sys.executable, "-m", "dagster", "sensor", "start", sensor, *TOLD],
            env=environment,
            cwd=home.root,
            check=True,
            capture_output=True,
        )
    log = home.root / "daemon.log"
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [sys.executable, "-m", "dagster._daemon", "run", *TOLD],
            env=environment,
            cwd=home.root,
            stdout=out,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        yield log
        process.terminate()
        process.wait(timeout=60)


def until(reached: Callable[[], bool], patience_s: float, log: Path) -> None:
    """Wait until something holds, and show what the daemon said where it never does."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if reached():
            return
        time.sleep(0.5)
    pytest.fail(f"nothing came of it; the daemon says:\n{log.read_text()[-3_000:]}")
