"""What a run that has ended did that people should know."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from taxi_assets.automation.reasons import (
    check_name,
    root_cause,
    saw,
    step_name,
    stopped_by_check,
)
from taxi_assets.automation.requests import FLEET
from taxi_assets.domain.alert_words import check_failed, rejected, run_failed
from taxi_assets.domain.alerts import Alert, Kind, Where

CITY = "city"  # whose the zones are
EVENTS = {
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.STEP_SUCCESS,
    dg.DagsterEventType.STEP_FAILURE,
    dg.DagsterEventType.RUN_SUCCESS,
    dg.DagsterEventType.RUN_FAILURE,
}
START, END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass
class RunNews:
    """The news of one run.

    Attributes:
        where: whose run it is.
        alerts: what to tell.
        recovered: keys of alerts that no longer hold.
        rejected_model: whether the month's model was turned down, so that its gates need no alert
            each.
    """

    where: Where
    alerts: list[Alert] = field(default_factory=list)
    recovered: set[str] = field(default_factory=set)
    rejected_model: bool = False

    def take(self, event: dg.DagsterEvent) -> None:
        """Note one event; they come in time order."""
        kind = event.event_type
        if kind == dg.DagsterEventType.ASSET_MATERIALIZATION:
            self._take_materialization(event.step_materialization_data.materialization)
        elif kind == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._take_check(event.asset_check_evaluation_data)
        elif kind == dg.DagsterEventType.STEP_FAILURE:
            self._take_failure(event)
        elif kind == dg.DagsterEventType.RUN_FAILURE:
            self._take_end(event)
        else:
            step = step_name(event.step_key) or "run"
            self.recovered.add(self.where.key(Kind.RUN_FAILED, step))

    def _take_materialization(self, made: dg.AssetMaterialization) -> None:
        reasons = made.metadata.get("rejected")
        if made.asset_key.path[-1] == "evaluation" and reasons is not None:
            version: Any = made.metadata["model_version"].value
            self.alerts.append(rejected(self.where, version, str(reasons.value)))
            self.rejected_model = True

    def _take_check(self, verdict: dg.AssetCheckEvaluation) -> None:
        name, stops = check_name(verdict), verdict.severity == dg.AssetCheckSeverity.ERROR
        if verdict.passed:
            self.recovered.add(self.where.key(Kind.CHECK_FAILED, name))
        elif not (stops and self.rejected_model and name.startswith("evaluation.")):
            self.alerts.append(check_failed(self.where, name, saw(verdict), stops=stops))

    def _take_failure(self, event: dg.DagsterEvent) -> None:
        error = event.step_failure_data.error
        if not stopped_by_check(error):
            step = step_name(event.step_key)
            self.alerts.append(run_failed(self.where, step, root_cause(error)))

    def _take_end(self, event: dg.DagsterEvent) -> None:
        """A run that failed before any step, or because its process was killed."""
        if not self.alerts:
            # there is no data at all where another process reported the death
            error = getattr(event.event_specific_data, "error", None)
            reason = root_cause(error) if error else event.message or root_cause(None)
            self.alerts.append(run_failed(self.where, "run", reason))


def run_news(instance: dg.DagsterInstance, record: dg.RunRecord, where: Where) -> RunNews:
    """Read the events of a run that has ended."""
    news = RunNews(where)
    for entry in instance.all_logs(record.dagster_run.run_id, of_type=EVENTS):
        if entry.dagster_event is not None:
            news.take(entry.dagster_event)
    return news


def fleet_of(run: dg.DagsterRun, fleets: Iterable[str]) -> str | None:
    """Whose run it is, None where it is none of ours: an instance may have other projects'."""
    keys = {key.path[0] for key in run.asset_selection or ()}
    for fleet in fleets:
        if run.tags.get(FLEET) == fleet or fleet in keys:
            return fleet
    return CITY if keys == {"zones"} else None


def month_of(run: dg.DagsterRun) -> str:
    """The run's partition, or the first and last of several; empty where it has none."""
    if START in run.tags:
        first, last = run.tags[START], run.tags.get(END, run.tags[START])
        return first if first == last else f"{first}..{last}"
    return run.tags.get("dagster/partition", "")
