"""A real daemon over a home, with some sensors switched on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import dagster as dg
import pytest

from taxi_assets_tests.homes import Home

SENSOR_S = "5"
TOLD = ["--module-name", "taxi_assets.definitions"]
Process = subprocess.Popen[bytes]


def switched_on(home: Home, sensors: Sequence[str], **more: str) -> dict[str, str]:
    """Switch sensors of a home on; gives the environment for its daemon.

    Args:
        home: where; nothing else of ours that this process happens to have is passed on.
        sensors: which.
        more: variables.
    """
    environment = home.process_environment(TAXI_SENSOR_S=SENSOR_S, **more)
    for sensor in sensors:
        subprocess.run(
            [sys.executable, "-m", "dagster", "sensor", "start", sensor, *TOLD],
            env=environment,
            cwd=home.root,
            check=True,
            capture_output=True,
        )
    return environment


@contextmanager
def started(home: Home, environment: dict[str, str]) -> Iterator[Process]:
    """`dagster-daemon run` until the end of the block.

    It is in a process group of its own, with its code server and run workers.
    """
    with (
        log_of(home).open("ab") as out,
        subprocess.Popen(
            [sys.executable, "-m", "dagster._daemon", "run", *TOLD],
            env=environment,
            cwd=home.root,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(timeout=60)
            kill_all(process)  # what it may have left


@contextmanager
def daemon(home: Home, sensors: Sequence[str], **more: str) -> Iterator[Path]:
    """A daemon with these sensors on until the end of the block; gives its log."""
    with started(home, switched_on(home, sensors, **more)):
        yield log_of(home)


def log_of(home: Home) -> Path:
    """What its daemons say."""
    return home.root / "daemon.log"


def kill_all(process: Process) -> None:
    """SIGKILL a daemon with its code server and run workers, as a reboot does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(reached: Callable[[], object], patience_s: float, log: Path) -> None:
    """Wait until something holds, and show what the daemon said where it never does."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if reached():
            return
        time.sleep(0.2)
    pytest.fail(f"nothing came of it; the daemon says:\n{log.read_text()[-3_000:]}")


def ticks(instance: dg.DagsterInstance) -> int:
    """How often the only sensor that is on has ticked."""
    (state,) = instance.all_instigator_state()
    return len(instance.get_ticks(state.instigator_origin_id, state.selector_id))
