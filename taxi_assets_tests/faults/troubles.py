"""Faults of the world around a run: each disturbs one run of the last month, by one name.

A trouble starts the run in a home, does its worst, and waits until the run has ended.
"""

import io
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq

from taxi_assets.domain.fleets import FLEETS
from taxi_assets_tests.cdn import Fault
from taxi_assets_tests.faults.conftest import LAST, Prepared
from taxi_assets_tests.faults.processes import Command, fork, start
from taxi_assets_tests.homes import Home
from taxi_assets_tests.mlflow_proxy import proxy_before
from taxi_assets_tests.mlflow_server import ill_server, running_server

ARGUMENTS = ("run", "--only", "models", "--months", LAST)
ONLY_ONCE = ("changes", "stalls")  # a stall lasts 30 s
Trouble = Callable[[Prepared, Path, random.Random], Command]


def begin(home: Home, log: Path, **environment: str) -> Command:
    """Start the run with more in its environment."""
    return start(home, log, *ARGUMENTS, meet=(tell, environment))


def tell(environment: dict[str, str]) -> None:
    """In the run: change its environment."""
    os.environ.update(environment)


def kill_the_run(prepared: Prepared, log: Path, chance: random.Random) -> Command:
    """SIGKILL `taxi-assets run` at a random moment."""
    home = prepared.home
    command = begin(home, log)
    command.process.join(chance.uniform(0.3, prepared.took_s))
    command.process.kill()
    command.wait()
    return command


def run_in_steps(environment: dict[str, str], partition: str) -> None:
    """A run as the daemon's worker has it: each step in a process of its own."""
    import dagster as dg
    from dagster._core.definitions.reconstruct import ReconstructableRepository

    os.environ.update(environment)
    module = ReconstructableRepository.for_module("taxi_assets.definitions", "defs")
    preload = {"forkserver": {"preload_modules": ["taxi_assets_tests.faults.preloaded"]}}
    with dg.DagsterInstance.get() as instance:
        result = dg.execute_job(
            module.get_reconstructable_job("green_model_job"),
            instance=instance,
            tags={"dagster/partition": partition},
            run_config={"execution": {"config": {"max_concurrent": 1, "start_method": preload}}},
        )
        if not result.success:
            raise SystemExit("the run failed")


def kill_a_step(prepared: Prepared, log: Path, chance: random.Random) -> Command:
    """SIGKILL the process of a step, a moment after it has started."""
    home = prepared.home
    command = fork(log, run_in_steps, home.environment(TAXI_EXECUTOR="multiprocess"), LAST)
    wanted, seen = chance.randrange(1, 8), set[int]()
    with home.instance() as instance:
        while command.process.is_alive() and len(seen) < wanted:
            for run in instance.get_runs(limit=1):
                for entry in instance.all_logs(run.run_id):
                    event = entry.dagster_event
                    if event and event.event_type_value == "STEP_WORKER_STARTED":
                        seen.add(int(event.engine_event_data.metadata["pid"].value))
                        latest = int(event.engine_event_data.metadata["pid"].value)
            time.sleep(0.05)
    if len(seen) >= wanted:
        time.sleep(chance.uniform(0, 0.5))
        try:
            os.kill(latest, signal.SIGKILL)
        except ProcessLookupError:
            pass  # its step was quicker
    command.wait()
    assert seen, f"no step was started, so none was killed:\n{command.said()}"
    return command


def same_trips_in_other_bytes(file: Path) -> bytes:
    """Another publication of a month that leads to the same tables."""
    other = io.BytesIO()
    pq.write_table(pq.read_table(file), other, compression="gzip")
    return other.getvalue()


def ill_source(kind: str, prepared: Prepared, log: Path, _: random.Random) -> Command:
    """The month's file fails in one way: once, or each time that it is asked for."""
    home = prepared.home
    name = FLEETS[home.fleet].file_name(LAST)
    file = home.root / "tlc" / name
    content = file.read_bytes()
    half = len(content) // 2
    fault = {
        "resets": Fault(breaks_after=half),
        "stalls": Fault(breaks_after=half, how="stall"),
        "500": Fault(status=500),
        "403": Fault(status=403),
        "truncates": Fault(breaks_after=half, how="close"),
        "changes": Fault(breaks_after=half, then=same_trips_in_other_bytes(file)),
    }[kind]
    faults = [fault] * (1 if kind in ONLY_ONCE else 30)
    prepared.cdn.fail(name, *faults)
    command = begin(home, log)
    command.wait()
    assert len(prepared.cdn.faults[name]) < len(faults), "the run did not meet the fault"
    prepared.cdn.faults.clear()
    file.write_bytes(content)
    return command


@contextmanager
def locked(database: Path, seconds: float) -> Iterator[None]:
    """Hold SQLite's write lock in this process for some seconds, or until the block ends."""
    held, over = threading.Event(), threading.Event()

    def hold() -> None:
        connection = sqlite3.connect(database, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        held.set()
        over.wait(seconds)
        connection.execute("ROLLBACK")
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    try:
        yield
    finally:
        over.set()
        thread.join()


def locked_store(
    name: str, seconds: float, prepared: Prepared, log: Path, _: random.Random
) -> Command:
    """Another process writes to a database, and does not end."""
    home = prepared.home
    (database,) = [path for path in home.root.rglob("*.db") if path.name == name]
    with locked(database, seconds):
        command = begin(home, log)
        command.wait()
    return command


def ill_registry(kind: str, prepared: Prepared, log: Path, _: random.Random) -> Command:
    """MLflow is not there, or answers nothing but 500."""
    home = prepared.home
    if kind == "500":
        with ill_server() as url:
            command = begin(home, log, MLFLOW_TRACKING_URI=url)
            command.wait()
        return command
    with proxy_before() as gone:
        url = gone.url
    command = begin(home, log, MLFLOW_TRACKING_URI=url)
    command.wait()
    return command


def slow_registry(seconds: float, prepared: Prepared, log: Path, _: random.Random) -> Command:
    """Each answer of MLflow's server, over the home's own database, takes so long."""
    home = prepared.home
    (database,) = home.root.rglob("mlflow.db")
    with running_server(log.parent, database) as server, proxy_before(server) as slow:
        slow.delay_s = seconds
        command = begin(home, log, MLFLOW_TRACKING_URI=slow.url)
        command.wait()
    assert slow.asked, "the run did not meet the fault"
    return command


def full_disk(folder: str, kib: int, prepared: Prepared, log: Path, _: random.Random) -> Command:
    """The disk under one folder of the home has only so much room left."""
    home = prepared.home
    with small_disk(home.settings.root / folder, kib):
        command = begin(home, log)
        command.wait()
    return command


def can_mount() -> bool:
    """Whether this process may mount a small disk: root on Linux."""
    return sys.platform == "linux" and os.geteuid() == 0


@contextmanager
def small_disk(place: Path, kib: int) -> Iterator[None]:
    """A disk of its own under a folder until the block ends, with only so much room left."""
    aside = place.with_name(f"{place.name}-aside")
    place.rename(aside)
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], check=True)
    try:
        subprocess.run(["cp", "-a", f"{aside}/.", place], check=True)
        filler = place / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(place).free - kib * 1024))
        yield
        filler.unlink()
        subprocess.run(["rm", "-rf", aside], check=True)
        subprocess.run(["cp", "-a", f"{place}/.", f"{aside}/"], check=True)
    finally:
        subprocess.run(["umount", place], check=True)
    place.rmdir()
    aside.rename(place)


SOURCE = ("resets", "stalls", "500", "403", "truncates", "changes")
RANDOM: dict[str, Trouble] = {
    "run killed at a random moment": kill_the_run,
    "step killed at a random moment": kill_a_step,
}
ONCE: dict[str, Trouble] = {
    **{f"source {kind}": partial(ill_source, kind) for kind in SOURCE},
    "catalog locked 3 s": partial(locked_store, "catalog.db", 3.0),
    "catalog locked throughout": partial(locked_store, "catalog.db", 600.0),
    "MLflow's database locked 3 s": partial(locked_store, "mlflow.db", 3.0),
    "MLflow down": partial(ill_registry, "down"),
    "MLflow answers 500": partial(ill_registry, "500"),
    "MLflow slow, 0.3 s an answer": partial(slow_registry, 0.3),
    "disk full at once": partial(full_disk, "lake", 16),
    "disk full amid the tables": partial(full_disk, "lake", 400),
}
EVERY: dict[str, Trouble] = {**RANDOM, **ONCE}
