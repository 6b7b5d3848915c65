"""Months through the graph, one after the other, in the instance that the UI shows."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from uuid import uuid4

import dagster as dg
from filelock import FileLock, Timeout

from taxi_assets.automation.jobs import model_job, month_job, report_job
from taxi_assets.automation.requests import FLEET
from taxi_assets.commands.instance import open_instance
from taxi_assets.commands.outcome import MonthOutcome
from taxi_assets.definitions import build_definitions
from taxi_assets.domain.errors import UsageError
from taxi_assets.partitions import monthly
from taxi_assets.resources.step_retries import STARTED_BY
from taxi_assets.settings import Settings

Say = Callable[[str], None]
PARTS = {"models": model_job, "reports": report_job}
UNFINISHED = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
]
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


def run_months(
    settings: Settings,
    fleet: str,
    months: Sequence[str],
    say: Say,
    *,
    only: str | None = None,
) -> list[MonthOutcome]:
    """Materialize every asset of each month, in time order.

    A month that fails does not stop the next.

    Args:
        settings: where everything is.
        fleet: one of `settings.fleets`.
        months: `YYYY-MM` keys.
        say: takes one line of progress at a time.
        only: a part of the graph, a key of `PARTS`; None is the whole.

    Raises:
        UsageError: a month is no partition, or the part is unknown.
    """
    check_partitions(settings, months)
    job = build_definitions(settings).resolve_job_def(job_of(fleet, only))
    hush_skips()
    with open_instance(settings) as instance:
        return [run_month(job, instance, settings, fleet, month, say) for month in sorted(months)]


def job_of(fleet: str, only: str | None) -> str:
    """Name of the job that takes a fleet's month through a part of the graph, or through it all.

    Raises:
        UsageError: the part is unknown.
    """
    if only is not None and only not in PARTS:
        raise UsageError(f"There is no part '{only}': choose one of {', '.join(PARTS)}.")
    return (PARTS[only] if only else month_job)(fleet)


def hush_skips() -> None:
    """Drop Dagster's warning that a gate was silent where the step behind it is skipped too."""
    logging.getLogger("dagster._core.execution.plan.active").addFilter(
        lambda record: "emitted no result" not in record.getMessage()
    )


def check_partitions(settings: Settings, months: Sequence[str]) -> None:
    """Refuse months that Dagster has no partition for.

    Raises:
        UsageError: a month is before the first partition, or has not ended yet.
    """
    known = monthly(settings.first_month).get_partition_keys()
    span = f"{known[0]}..{known[-1]}" if known else f"from {settings.first_month}, none of which"
    for month in months:
        if month not in known:
            raise UsageError(
                f"{month} is not one of the months {span}: later months have not ended yet, and "
                "earlier ones need TAXI_FIRST_MONTH."
            )


def run_month(
    job: dg.JobDefinition,
    instance: dg.DagsterInstance,
    settings: Settings,
    fleet: str,
    month: str,
    say: Say,
    *,
    command: str = "taxi-assets run",
    hear: Callable[[dg.EventLogEntry], str | None] = lambda _: None,
) -> MonthOutcome:
    """One Dagster run.

    Args:
        job: what to run.
        instance: where.
        settings: where everything else is.
        fleet: one of `settings.fleets`.
        month: `YYYY-MM`.
        say: takes one line of progress at a time.
        command: who starts it, for the run's tags.
        hear: picks the lines of the run's log that are worth telling.
    """
    outcome, run_id = MonthOutcome(fleet, month), str(uuid4())

    def listen(entry: dg.EventLogEntry) -> None:
        line = outcome.take(entry.dagster_event) if entry.dagster_event else hear(entry)
        if line:
            say(f"{fleet} {month} {perf_counter() - started:6.1f} s  {line}")

    with alone(settings, fleet, month, say):
        started = perf_counter()
        tags = {STARTED_BY: command, FLEET: fleet}
        _bury_the_killed(instance, {**tags, "dagster/partition": month})
        instance.add_event_listener(run_id, listen)
        result = job.execute_in_process(
            partition_key=month,
            instance=instance,
            run_id=run_id,
            raise_on_error=False,
            run_config=QUIET,
            tags=tags,
        )
        outcome.run_id, outcome.seconds = result.run_id, round(perf_counter() - started, 2)
    outcome.close(succeeded=result.success)
    return outcome


def _bury_the_killed(instance: dg.DagsterInstance, tags: dict[str, str]) -> None:
    """Mark what a kill left unfinished: we hold the month's lock, so no such run is alive."""
    unfinished = dg.RunsFilter(tags=tags, statuses=UNFINISHED)
    for run in instance.get_runs(unfinished):
        instance.report_run_failed(run, "The process of this run was killed.")


@contextmanager
def alone(settings: Settings, fleet: str, month: str, say: Say) -> Iterator[None]:
    """Wait for another command that runs the same month: it does the same work.

    Who has the month already may ask again within.
    """
    folder = settings.root / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / f"{fleet}-{month}.lock", is_singleton=True)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say(f"{fleet} {month}  waiting for another run of this month")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def summary_rows(outcomes: Sequence[MonthOutcome]) -> list[dict[str, str]]:
    """One line a month for people; columns that no month has anything for are left out."""
    rows = [_summary(outcome) for outcome in outcomes]
    told = {name for row in rows for name, value in row.items() if value != "-"}
    return [{name: value for name, value in row.items() if name in told} for row in rows]


def _summary(outcome: MonthOutcome) -> dict[str, str]:
    def rows(asset: str) -> str:
        count = outcome.assets.get(asset, {}).get("dagster/row_count")
        return f"{count:,}" if count is not None else "-"

    scores = {row["predictor"]: row["mae_usd"] for row in _scores(outcome)}
    champion = outcome.assets.get("champion", {})
    return {
        "month": outcome.month,
        "raw": rows("raw_trips"),
        "clean": rows("clean_trips"),
        "rejected": rows("rejected_trips"),
        "model": str(outcome.assets.get("fare_model", {}).get("version", "-")),
        "MAE $": f"{scores['model']:.2f}" if scores else "-",
        "route median $": f"{scores['route_median']:.2f}" if scores else "-",
        "champion": str(champion.get("version", "-")),
        "seconds": f"{outcome.seconds:.1f}",
        "result": _result(outcome),
    }


def _result(outcome: MonthOutcome) -> str:
    """How the month ended; a model that its gates turned down is no broken month."""
    if outcome.turned_down:
        return f"REJECTED: {outcome.rejected}"
    if outcome.interrupted:
        return "interrupted"
    return "FAILED" if outcome.failed else ("tables only" if outcome.skipped else "done")


def _scores(outcome: MonthOutcome) -> list[dict[str, Any]]:
    table = outcome.assets.get("evaluation", {}).get("scores")
    return [dict(record.data) for record in getattr(table, "records", table or [])]


def as_json(outcomes: Sequence[MonthOutcome]) -> list[dict[str, Any]]:
    """Everything about each month, for programs."""
    keep = (
        "dagster/row_count",
        "data_version",
        "iceberg_snapshot_id",
        "version",
        "seconds",
        "changed",
        "verdict",
    )
    return [
        {
            "fleet": outcome.fleet,
            "month": outcome.month,
            "run_id": outcome.run_id,
            "seconds": outcome.seconds,
            "skipped": outcome.skipped,
            "rejected": outcome.rejected,
            "warnings": outcome.warnings,
            "failures": [{"what": what, "reason": reason} for what, reason in outcome.failures],
            "assets": {
                name: {k: v for k, v in about.items() if k in keep}
                for name, about in outcome.assets.items()
            },
            "scores": _scores(outcome),
        }
        for outcome in outcomes
    ]
