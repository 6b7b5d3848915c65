"""Months that Dagster's daemon runs as a backfill of its own: asked for, and followed."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus, PartitionBackfill
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemotePartitionSetOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.tags import PARTITION_NAME_TAG, WILL_RETRY_TAG
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.utils import make_new_backfill_id

from taxi_assets.automation.requests import TRIGGER
from taxi_assets.commands.outcome import MonthOutcome
from taxi_assets.commands.up import CODE
from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.model import Say

if TYPE_CHECKING:  # a quarter of a second to import
    from dagster._daemon.types import DaemonHeartbeat

START = "`taxi-assets up` starts one, with `--without ui,mlflow,api,console` nothing beside it"
FRESH_S = 90.0  # the daemon shows a sign of life every 30 s
POLL_S = 1.0
OPEN = [BulkActionStatus.REQUESTED, BulkActionStatus.CANCELING, BulkActionStatus.FAILING]


def silent_s(beats: "Iterable[DaemonHeartbeat]") -> float | None:
    """Seconds since the last of the daemon's signs of life; None where it never gave one."""
    last = max((beat.timestamp for beat in beats), default=None)
    return None if last is None else time.time() - last


def is_alive(instance: dg.DagsterInstance) -> bool:
    """Whether a daemon has shown a sign of life lately."""
    silent = silent_s(instance.get_daemon_heartbeats().values())
    return silent is not None and silent < FRESH_S


def ask(instance: dg.DagsterInstance, job: str, months: Sequence[str]) -> str:
    """Put a backfill of a job before the daemon; gives its id.

    It is the one that the UI's button makes, and is seen and canceled on its Runs page.
    """
    backfill = PartitionBackfill(
        backfill_id=make_new_backfill_id(),
        status=BulkActionStatus.REQUESTED,
        partition_set_origin=_partitions_of(job),
        partition_names=list(months),
        from_failure=False,
        tags={TRIGGER: "backfill"},
        backfill_timestamp=time.time(),
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id


def under_way(instance: dg.DagsterInstance, job: str) -> list[PartitionBackfill]:
    """The backfills of a job with months that the daemon is not through with, oldest first."""
    name = _partitions_of(job).partition_set_name
    asked = BulkActionsFilter(statuses=[BulkActionStatus.REQUESTED])
    found = [
        one
        for one in instance.get_backfills(filters=asked)
        if one.partition_set_name == name
        and not _is_through(instance, one, _runs(instance, one.backfill_id))
    ]
    return sorted(found, key=lambda one: one.backfill_timestamp)


def follow(
    instance: dg.DagsterInstance, backfill_id: str, fleet: str, say: Say
) -> Iterator[MonthOutcome]:
    """Tell what its runs do, and give what came of each month as soon as it is known.

    A run that the daemon tries again is no outcome. Where the daemon falls silent this says so and
    waits: the backfill is kept, and goes on with the next daemon.

    Raises:
        UsageError: the daemon could not carry it out, or somebody canceled it.
    """
    heard, ended, warned = dict[str, _Heard](), set[str](), False
    while True:
        backfill = instance.get_backfill(backfill_id)
        if backfill is None:
            raise UsageError(f"The backfill {backfill_id} has been deleted.")
        runs = _runs(instance, backfill_id)
        for run in runs:
            if run.run_id in ended or run.status is dg.DagsterRunStatus.QUEUED:
                continue
            month = run.tags[PARTITION_NAME_TAG]
            one = heard.setdefault(run.run_id, _Heard(MonthOutcome(fleet, month, run.run_id)))
            one.listen(instance, say)
            if _has_ended(instance, run):
                ended.add(run.run_id)
                yield one.closed(instance, run)
            elif run.tags.get(WILL_RETRY_TAG) == "true" and not one.again:
                one.again = True
                say(f"{fleet} {month}  the run failed and will be run again")
        if backfill.status in (BulkActionStatus.FAILED, BulkActionStatus.CANCELED):
            raise UsageError(_why(backfill))
        if backfill.status not in OPEN or _is_through(instance, backfill, runs):
            return
        silent = silent_s(instance.get_daemon_heartbeats().values()) or 0.0
        if silent > FRESH_S and not warned:
            say(
                f"Dagster's daemon has given no sign of life for {silent:.0f} s: start it, and the "
                "backfill goes on."
            )
        warned = silent > FRESH_S
        time.sleep(POLL_S)


@dataclass
class _Heard:
    """One run as its events come in; whether it was said that it is tried again."""

    outcome: MonthOutcome
    cursor: str | None = None
    again: bool = False

    def listen(self, instance: dg.DagsterInstance, say: Say) -> None:
        """Take the events since the last time."""
        while True:
            page = instance.get_records_for_run(self.outcome.run_id, self.cursor)
            for record in page.records:
                event = record.event_log_entry.dagster_event
                line = self.outcome.take(event) if event else None
                if line:
                    say(f"{self.outcome.fleet} {self.outcome.month}  {line}")
            self.cursor = page.cursor
            if not page.has_more:
                return

    def closed(self, instance: dg.DagsterInstance, run: dg.DagsterRun) -> MonthOutcome:
        """What came of it, now that it has ended."""
        stats = instance.get_run_stats(run.run_id)
        if stats.start_time and stats.end_time:
            self.outcome.seconds = round(stats.end_time - stats.start_time, 2)
        if run.status is dg.DagsterRunStatus.CANCELED:
            self.outcome.failures.append(("run", "it was canceled"))
        self.outcome.close(succeeded=run.is_success)
        return self.outcome


def _runs(instance: dg.DagsterInstance, backfill_id: str) -> Sequence[dg.DagsterRun]:
    """The runs of a backfill, oldest first."""
    of_it = dg.RunsFilter(tags=dg.DagsterRun.tags_for_backfill_id(backfill_id))
    return instance.get_runs(of_it, ascending=True)


def _has_ended(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a run is over for good; Dagster notes whether it tries again after the failure."""
    if run.status is dg.DagsterRunStatus.FAILURE and instance.run_retries_enabled:
        return run.tags.get(WILL_RETRY_TAG) == "false"
    return run.is_finished


def _is_through(
    instance: dg.DagsterInstance, backfill: PartitionBackfill, runs: Sequence[dg.DagsterRun]
) -> bool:
    """Whether all its months have ended; the daemon notes it up to half a minute later."""
    over = {run.tags[PARTITION_NAME_TAG] for run in runs if _has_ended(instance, run)}
    asked = backfill.status is BulkActionStatus.REQUESTED
    return asked and over >= set(backfill.partition_names or ())


def _partitions_of(job: str) -> RemotePartitionSetOrigin:
    """What a backfill of a job names; the daemon finds it by the names alone."""
    code = ManagedGrpcPythonEnvCodeLocationOrigin(LoadableTargetOrigin(module_name=CODE), CODE)
    repository = RemoteRepositoryOrigin(code, "__repository__")
    return repository.get_partition_set_origin(f"{job}_partition_set")


def _why(backfill: PartitionBackfill) -> str:
    """Why a backfill came to no end of its own."""
    if backfill.status is BulkActionStatus.CANCELED or backfill.error is None:
        return f"The backfill {backfill.backfill_id} was canceled."
    first = backfill.error.message.strip().splitlines()[0]
    return f"Dagster's daemon could not carry out the backfill {backfill.backfill_id}: {first}"
