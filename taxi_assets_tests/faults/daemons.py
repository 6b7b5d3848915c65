"""A machine with a daemon whose sensor runs a published month, and ways to kill what runs on it."""

import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from taxi_assets_tests.daemons import Process, kill_all, log_of, started, switched_on, until
from taxi_assets_tests.homes import NO_MODELS, Home

MONTH = "2025-01"
KINDS = ("worker", "server and worker", "daemon, server and worker")
PATIENCE_S = 300  # on a busy machine; a run takes half a minute


@dataclass(frozen=True)
class Machine:
    """A home with one published month, and the environment of what runs there."""

    home: Home
    environment: dict[str, str]

    @classmethod
    def at(cls, root: Path, patience_s: int = 0) -> "Machine":
        """One in a new folder; its daemon looks after dead runs often, to save the test's time.

        Args:
            root: the folder.
            patience_s: how long a run's process has to be gone; a code server that was killed under
                a living daemon is back after a minute.
        """
        home = Home.at(root, min_train_months=NO_MODELS)
        held = root / "dagster" / "dagster.yaml"
        told = held.read_text().replace("poll_interval_seconds: 30", "poll_interval_seconds: 2")
        held.write_text(told.replace("patience_seconds: 90", f"patience_seconds: {patience_s}"))
        home.simulate([MONTH], rows=1_000)
        environment = switched_on(home, ["green_publication_sensor"], TAXI_FIRST_MONTH=MONTH)
        return cls(home, environment)

    def daemon(self) -> AbstractContextManager[Process]:
        """A daemon that runs until the end of the block."""
        return started(self.home, self.environment)

    def until(self, found: Callable[[], object]) -> None:
        """Wait until it is so."""
        until(found, PATIENCE_S, log_of(self.home))

    def until_a_run_is(
        self, instance: dg.DagsterInstance, status: dg.DagsterRunStatus
    ) -> dg.DagsterRun:
        """Wait for a run."""
        wanted = dg.RunsFilter(statuses=[status])
        self.until(lambda: instance.get_runs(wanted))
        return instance.get_runs(wanted)[0]


def kill_worker(instance: dg.DagsterInstance, run_id: str, *, server: bool) -> None:
    """SIGKILL the process of a run, after that of the code server that watches it if told so."""
    logs = instance.all_logs(run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
    told = next(entry.message for entry in logs if entry.message.startswith("Started process"))
    pid = int(told.rpartition("pid: ")[2].rstrip(")."))
    with suppress(ProcessLookupError, FileNotFoundError):  # it may have ended well meanwhile
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        if server:
            os.kill(parent, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)


def disturb(root: Path, kind: str, seed: int) -> tuple[dict[tuple[str, str], str], int]:
    """Kill at a random moment of a run that a daemon has started, and wait for the month.

    Args:
        root: new folder of the machine.
        kind: one of `KINDS`; `nothing` to compare.
        seed: of the moment.

    Returns:
        Data versions once a run has succeeded; and how many runs it took.
    """
    machine = Machine.at(root, patience_s=90 if kind == "server and worker" else 0)
    chance = random.Random(seed)
    with machine.home.instance() as instance:
        with machine.daemon() as process:
            run = machine.until_a_run_is(instance, dg.DagsterRunStatus.STARTED)
            time.sleep(chance.uniform(0, 6))
            if kind == "daemon, server and worker":
                kill_all(process)
            elif kind != "nothing":
                kill_worker(instance, run.run_id, server=kind.startswith("server"))
            if process.poll() is None:
                machine.until_a_run_is(instance, dg.DagsterRunStatus.SUCCESS)
        if process.returncode == -signal.SIGKILL:
            with machine.daemon():
                machine.until_a_run_is(instance, dg.DagsterRunStatus.SUCCESS)
        return machine.home.stage().data_versions(), len(instance.get_runs())


def rows(folder: Path, seeds: int) -> Iterator[tuple[str, int, int, int]]:
    """What became of runs that a daemon has started, for each way to kill.

    Yields:
        The way, how many were tried, how many the kill ended, and how many came, run again by the
        daemon alone, to the data versions of a run that nothing disturbed.
    """
    if not seeds:
        return
    whole, _ = disturb(folder / "whole", "nothing", 0)
    for kind in KINDS:
        found = []
        for seed in range(seeds):
            try:
                found.append(disturb(folder / f"{kind[:6]}{seed}", kind, seed))
            except pytest.fail.Exception as error:
                sys.stderr.write(f"{kind}, seed {seed}: {error}\n")
                found.append(({}, 0))
        ended = sum(runs > 1 for _, runs in found)
        yield kind, len(found), ended, sum(versions == whole for versions, _ in found)
