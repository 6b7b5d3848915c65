"""Runs started on this machine, and how the daemon finds out that one of them is dead.

Dagster's own launcher cannot tell: its code server notices a worker that dies before it, but where
the server dies too (a reboot, a kill of all), the run would stay "started" until its longest time
is over, and its fleet would wait as long. A living run is never called dead: where this machine
cannot know, the run counts as running.
"""

import json
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Self

import dagster as dg
from dagster._config import UserConfigSchema
from dagster._core.launcher import (
    CheckRunHealthResult,
    DefaultRunLauncher,
    LaunchRunContext,
    WorkerStatus,
)
from dagster._core.storage.tags import RETRY_STRATEGY_TAG, RUN_KEY_TAG, SENSOR_NAME_TAG
from dagster._serdes import ConfigurableClassData

PLACE = "taxi/worker-place"
STARTED = "started"  # the name of a mark
SAID_BY_THE_WORKER = re.compile(r"^Started process for run \(pid: (\d+)\)")


@dataclass(frozen=True)
class Place:
    """Where process ids mean the same: one machine, since one boot, seen from one container.

    Attributes:
        machine: host name and machine id.
        boot: changes whenever the machine starts.
        pids: the name space of process ids.
    """

    machine: str
    boot: str
    pids: str

    @classmethod
    def here(cls) -> "Place | None":
        """This process's; None where the system does not say (it is no Linux)."""
        try:
            return cls(
                machine=f"{socket.gethostname()} {Path('/etc/machine-id').read_text().strip()}",
                boot=Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
                pids=os.readlink("/proc/self/ns/pid"),
            )
        except OSError:
            return None

    @classmethod
    def of(cls, tags: Mapping[str, str]) -> "Place | None":
        """The one that a run's tags tell; None where they tell none."""
        return cls(**json.loads(tags[PLACE])) if PLACE in tags else None


class LocalRunLauncher(DefaultRunLauncher):
    """Starts runs as Dagster's own launcher does, and can tell when one's process is gone.

    Args:
        inst_data: Dagster's.
        patience_seconds: how long a process has to be gone before its run is called dead. Where the
            code server was killed with it, the daemon starts another within a minute; a retry that
            finds none is given up for ever.
    """

    def __init__(
        self, inst_data: ConfigurableClassData | None = None, patience_seconds: float = 0.0
    ) -> None:
        super().__init__(inst_data)
        self._patience_s = patience_seconds
        self._gone_since: dict[str, float] = {}

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """What dagster.yaml may say of it."""
        return {"patience_seconds": dg.Field(float, is_required=False, default_value=0.0)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> Self:
        """One as dagster.yaml has it."""
        return cls(inst_data, **config_value)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Note where the run's process will be and how it is retried, and start it.

        Where two daemons share the instance, a run that the other has asked for too is canceled
        instead, and one that the other has just started is left to it.
        """
        run, place = context.dagster_run, Place.here()
        if not self._is_ours(run):
            self._instance.report_engine_event(
                "This run was started before; do two daemons share this instance?", run
            )
            return
        first = self._asked_before(run)
        if first:
            why = f"Run {first.run_id} is for the same event; do two daemons share this instance?"
            self._instance.report_run_canceled(run, why)
            return
        # A retry of only what was not done would run the steps after one that rightly gave nothing
        # (a month with too few before it has no model); what was done is found done anyway.
        told = {} if RETRY_STRATEGY_TAG in run.tags else {RETRY_STRATEGY_TAG: "ALL_STEPS"}
        if place:
            told[PLACE] = json.dumps(asdict(place))
        self._instance.add_run_tags(run.run_id, told)
        super().launch_run(context)

    def _is_ours(self, run: dg.DagsterRun) -> bool:
        """Whether nobody has started the run; from now on somebody has.

        Each daemon looks at a run's status before it starts it, but two may look at once.
        """
        mark = Path(self._instance.storage_directory()) / run.run_id / STARTED
        mark.parent.mkdir(parents=True, exist_ok=True)  # where the run's own logs will lie
        try:
            mark.touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def _asked_before(self, run: dg.DagsterRun) -> dg.DagsterRun | None:
        """The first run that the same sensor asked for by the same key, if it is not this one.

        Each sensor looks before it asks, but two daemons may look at the same moment.
        """
        key, sensor = run.tags.get(RUN_KEY_TAG), run.tags.get(SENSOR_NAME_TAG)
        if key is None or sensor is None or run.parent_run_id:
            return None
        asked = dg.RunsFilter(tags={RUN_KEY_TAG: key, SENSOR_NAME_TAG: sensor})
        (first,) = self._instance.get_runs(asked, limit=1, ascending=True)
        return None if first.run_id == run.run_id else first

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Yes: the daemon asks at each turn of its run monitoring."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether the process of a started run is there; running where that cannot be known."""
        then, now = Place.of(run.tags), Place.here()
        if then is None or now is None or then.machine != now.machine:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "its process is not ours to see")
        if then.boot != now.boot:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the machine has started anew")
        pid = self._pid(run)
        if then.pids != now.pids or pid is None or _is_alive(pid):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        gone_s = monotonic() - self._gone_since.setdefault(run.run_id, monotonic())
        if gone_s < self._patience_s:
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"process {pid} is gone: wait")
        return CheckRunHealthResult(WorkerStatus.NOT_FOUND, f"process {pid} is gone")

    def _pid(self, run: dg.DagsterRun) -> int | None:
        """The process id that the worker wrote into the run's log, None before it did."""
        logs = self._instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ENGINE_EVENT)
        said = [SAID_BY_THE_WORKER.match(entry.message or "") for entry in logs]
        pids = [int(match[1]) for match in said if match]
        return pids[-1] if pids else None


def _is_alive(pid: int) -> bool:
    """Whether a process is there and has not ended; one that was killed may wait as a zombie."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] not in ("Z", "X")
