"""Dagster's runs that nothing in the UI depends on any more."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from taxi_assets.automation.requests import FLEET
from taxi_assets.domain.retention import MADE, RUN, Removal, Run, old_runs

PAGE = 100
TOLD = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_OBSERVATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
}


def plan_runs(
    instance: dg.DagsterInstance,
    fleets: Collection[str] | None,
    cutoff: datetime,
    dependents: Mapping[str, Collection[str]],
) -> list[Removal]:
    """The runs that go; deleting one deletes its events, those of its assets included.

    Args:
        instance: Dagster's records.
        fleets: whose runs may go; None for all.
        cutoff: see `old_runs`.
        dependents: see `old_runs`.
    """
    # every run is read, also of other fleets: what they tell may be of shared assets
    ours: set[str] = set()
    runs: list[Run] = []
    for record in _records(instance):
        run = record.dagster_run
        if fleets is None or run.tags.get(FLEET) in fleets:
            ours.add(run.run_id)
        ended = record.end_time if run.is_finished else None
        told = _told(instance, run.run_id)
        runs.append(Run(run.run_id, _time(ended), told, _time(record.start_time)))
    return [
        Removal(RUN, key, 0, reason)
        for key, reason in old_runs(runs, cutoff, dependents).items()
        if key in ours
    ]


def dependents_of(graph: Any) -> dict[str, set[str]]:
    """The assets made from each asset of a graph, by name as the runs tell it."""
    return {
        key.to_user_string(): {child.to_user_string() for child in graph.get(key).child_keys}
        for key in graph.get_all_asset_keys()
    }


def delete_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete a run's logs, then the run and its events; it need not be there."""
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    if instance.has_run(run_id):
        instance.delete_run(run_id)


def _records(instance: dg.DagsterInstance) -> Iterator[dg.RunRecord]:
    """All runs, newest first."""
    cursor: str | None = None
    while page := instance.get_run_records(limit=PAGE, cursor=cursor):
        yield from page
        cursor = page[-1].dagster_run.run_id


def _told(instance: dg.DagsterInstance, run_id: str) -> frozenset[tuple[str, ...]]:
    """What a run recorded: kind, asset, partition and, of a check, its name."""
    found: set[tuple[str, ...]] = set()
    for entry in instance.all_logs(run_id, of_type=TOLD):
        event = entry.get_dagster_event()
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            found.add(
                (
                    "check",
                    check.asset_key.to_user_string(),
                    check.partition or event.partition or "",
                    check.check_name,
                )
            )
        elif event.asset_key:
            made = event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION
            kind = MADE if made else "observed"
            found.add((kind, event.asset_key.to_user_string(), event.partition or ""))
    return frozenset(found)


def _time(timestamp: float | None) -> datetime | None:
    return datetime.fromtimestamp(timestamp, UTC) if timestamp else None
