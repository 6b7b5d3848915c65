"""A graph of the fleet's shape whose assets take no time: what conditions see of the real one."""

from dataclasses import dataclass, field
from typing import Any

import dagster as dg

from taxi_assets.automation.conditions import with_conditions
from taxi_assets.automation.requests import FLEET
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.settings import Retrain
from taxi_assets.warnings import preview_accepted

MONTHS = dg.MonthlyPartitionsDefinition("2025-01", end_date="2025-05", fmt="%Y-%m")
INPUTS = {  # of the same month
    "clean_trips": (),
    "trip_features": ("clean_trips",),
    "fare_model": ("trip_features",),
    "evaluation": ("fare_model", "trip_features"),
    "champion": ("evaluation",),
    "batch_predictions": ("clean_trips",),
    "data_profile": ("clean_trips",),
    "feature_histograms": ("trip_features",),
    "drift_report": ("feature_histograms", "trip_features"),
    "shap_report": ("fare_model", "trip_features"),
    "performance_report": ("batch_predictions", "drift_report", "trip_features"),
    "fairness_report": ("batch_predictions", "trip_features"),
}
CHECKED = {"evaluation": True, "drift_report": False, "performance_report": False}  # blocking
WHOLE = frozenset(INPUTS)


@dataclass
class SmallGraph:
    """Runs and ticks on a real instance.

    Attributes:
        instance: the instance.
        retrain: the policy.
        content: what assets come out with, by name; as before where not said.
        failing: assets whose check fails.
        cursor: what the last tick left.
    """

    instance: dg.DagsterInstance
    retrain: Retrain = "monthly"
    content: dict[str, str] = field(default_factory=dict)
    failing: set[str] = field(default_factory=set)
    cursor: Any = None

    def __post_init__(self) -> None:
        assets = with_conditions(
            [self._asset(name) for name in INPUTS], FLEETS["green"], self.retrain
        )
        self.graph = dg.Definitions(
            assets=assets, asset_checks=[self._check(name) for name in CHECKED]
        )

    def run(self, month: str, *names: str, by_job: bool = False) -> bool:
        """Make some assets of a month in one run, all when none is named."""
        keys = [dg.AssetKey(["green", name]) for name in names or WHOLE]
        job = self.graph.resolve_implicit_global_asset_job_def()
        ran = job.execute_in_process(
            asset_selection=keys,
            partition_key=month,
            tags={FLEET: "green"} if by_job else {},
            instance=self.instance,
            raise_on_error=False,
        )
        return ran.success

    def tick(self) -> dict[str, set[str]]:
        """What is asked for: months by asset."""
        found = dg.evaluate_automation_conditions(
            self.graph, self.instance, dg.AssetSelection.all(), cursor=self.cursor
        )
        self.cursor = found.cursor
        asked = {
            name: found.get_requested_partitions(dg.AssetKey(["green", name])) for name in INPUTS
        }
        return {name: {str(m) for m in months} for name, months in asked.items() if months}

    def _asset(self, name: str) -> dg.AssetsDefinition:
        @dg.asset(
            key=["green", name],
            partitions_def=MONTHS,
            deps=[dg.AssetKey(["green", source]) for source in INPUTS[name]],
        )
        def make() -> dg.MaterializeResult[None]:
            return dg.MaterializeResult(
                data_version=dg.DataVersion(self.content.get(name, "as before"))
            )

        return make

    def _check(self, name: str) -> dg.AssetChecksDefinition:
        with preview_accepted():

            @dg.asset_check(
                asset=["green", name],
                name="is_good",
                partitions_def=MONTHS,
                blocking=CHECKED[name],
            )
            def judge() -> dg.AssetCheckResult:
                severity = (
                    dg.AssetCheckSeverity.ERROR if CHECKED[name] else dg.AssetCheckSeverity.WARN
                )
                return dg.AssetCheckResult(passed=name not in self.failing, severity=severity)

        return judge
