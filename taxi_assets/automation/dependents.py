"""Months that were made with an earlier month as it was before it was corrected.

A correction of month M changes what the months after it learned from: their history is built from
M's clean trips, and so their features, and the models trained on those. Dagster records with each
materialization which events of its inputs it was made with, and each of ours carries a data version
that is a hash of its content; comparing the two is Dagster's own staleness, the one that the UI
shows. A month whose content came out as before makes nothing stale.

Two ways of Dagster 1.13 do not fit. `AutomationCondition.any_deps_updated()` asks for assets and
partitions one by one and all at once, not for months in order, and only sees what happens after its
first evaluation. `RunRequest(stale_assets_only=True)` runs what is stale when it is asked for: of a
chain only the first link, since the next is stale only once that has been made. So the months are
found by Dagster's staleness, and each is run whole, one after the other.

Where `TAXI_RETRAIN` lets months train no model by themselves, their runs leave training out, and a
model that learned from what has changed since stays as it is: it is not looked at.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleCauseCategory
from dagster._core.loader import LoadingContext

from taxi_assets.automation.jobs import month_job
from taxi_assets.automation.requests import FLEET, UNFINISHED, month_request
from taxi_assets.automation.retraining import MEANING, TRAINING, assets_to_run
from taxi_assets.domain.fleets import Fleet
from taxi_assets.settings import Retrain

MADE_FROM_EARLIER = {"route_history": "clean_trips", "fare_model": "trip_features"}
TRIGGERED = "history-changed"


@dataclass(frozen=True, slots=True)
class Outdated:
    """A month that was made with what has changed since.

    Attributes:
        month: `YYYY-MM`.
        changed: what, as `table month version`, in order.
    """

    month: str
    changed: tuple[str, ...]

    @property
    def run_key(self) -> str:
        """The same until something changes again."""
        told = hashlib.sha256("\n".join(self.changed).encode())
        return f"{self.month}-{told.hexdigest()[:12]}"


class Lookups(LoadingContext):
    """What Dagster has looked up during one tick."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._loaders: dict[type, Any] = {}

    @property
    def instance(self) -> dg.DagsterInstance:
        """Where to look."""
        return self._instance

    @property
    def loaders(self) -> dict[type, Any]:
        """By what they load."""
        return self._loaders


def outdated_months(
    graph: Any,
    instance: dg.DagsterInstance,
    fleet: str,
    months: Sequence[str],
    *,
    models: bool = True,
) -> list[Outdated]:
    """The months made with an earlier month that has other content by now, in time order.

    Args:
        graph: the asset graph.
        instance: knows what was made with what.
        fleet: fleet name.
        months: which months to examine.
        models: whether a model that is outdated makes its month so.
    """
    resolver = CachingStaleStatusResolver(instance, graph, Lookups(instance))
    found = []
    for month in sorted(months):
        changed = {
            text
            for name, source in MADE_FROM_EARLIER.items()
            if models or name not in TRAINING
            for text in _changed(resolver, dg.AssetKey([fleet, name]), source, month)
        }
        if changed:
            found.append(Outdated(month, tuple(sorted(changed))))
    return found


def _changed(
    resolver: CachingStaleStatusResolver, key: dg.AssetKey, source: str, month: str
) -> list[str]:
    """What an asset's month was made with, of earlier months, that is not the same any more."""
    causes = resolver.get_stale_causes(key, month)
    changed = [
        cause.dependency
        for cause in causes
        if cause.category is StaleCauseCategory.DATA
        and cause.dependency is not None
        and cause.dependency.asset_key.path[-1] == source
        and (cause.dependency.partition_key or month) < month
    ]
    return [
        f"{source} {part.partition_key} "
        f"{resolver.get_current_data_version(part.asset_key, part.partition_key).value}"
        for part in changed
    ]


def dependents_sensor(fleet: Fleet, interval_s: int, retrain: Retrain) -> dg.SensorDefinition:
    """Runs one fleet's later months again once an earlier one has been corrected."""

    @dg.sensor(
        name=f"{fleet.name}_dependents_sensor",
        job_name=month_job(fleet.name),
        minimum_interval_seconds=interval_s,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description=(
            f"Runs {fleet.name} months again whose history or training months have changed, in"
            f" order, once no other run of the fleet is left; {MEANING[retrain]}."
        ),
    )
    def tick(context: dg.SensorEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        instance = context.instance
        busy = dg.RunsFilter(tags={FLEET: fleet.name}, statuses=UNFINISHED)
        if instance.get_runs(busy, limit=1):
            return dg.SkipReason(f"A run of {fleet.name} is not finished: it may change history.")
        assert context.repository_def is not None
        graph = context.repository_def.asset_graph
        made = instance.get_materialized_partitions(dg.AssetKey([fleet.name, "route_history"]))
        some = assets_to_run(fleet.name, retrain, context.repository_def, instance)
        found = outdated_months(graph, instance, fleet.name, list(made), models=some is None)
        if not found:
            return dg.SkipReason(f"All {len(made)} {fleet.name} months are made with what is.")
        return [_run_request(fleet.name, month, some) for month in found]

    return tick


def _run_request(
    fleet: str, outdated: Outdated, assets: Sequence[dg.AssetKey] | None
) -> dg.RunRequest:
    key = f"{fleet}-{outdated.run_key}"
    return month_request(fleet, outdated.month, key, TRIGGERED, assets=assets)
