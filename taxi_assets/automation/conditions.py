"""What follows when somebody makes a part of a month: Dagster's conditions on assets.

Whole months are runs of jobs, and nothing here asks for what such a run makes anyhow. The rules are
for assets that somebody made by themselves, not by a job:

- `evaluation` and `champion` follow a month's model, and nothing else: what is measured anew may
  crown another champion, and that is training, which `TAXI_RETRAIN` and people decide.
- `shap_report` follows it too, in a month that has reports.
- The other reports follow the month's trips, features or predictions if they have been made before.
  Whoever ran years of history without reports does not get them all the same.
- With `TAXI_RETRAIN=on_drift`, a month's model is asked for once its drift or performance check has
  failed and it has none. One that has a model would get the same again, since it learns from the
  months before.

Each follows only what came out with other content. Only inputs of the same month count: what a
correction does to later months is run whole and in order, by the sensor of dependents. Nothing
follows what had happened before the sensor was switched on.
"""

from collections.abc import Sequence
from functools import reduce
from operator import and_, or_
from typing import Any

import dagster as dg

from taxi_assets.automation.requests import FLEET, TRIGGER
from taxi_assets.automation.retraining import MEANING
from taxi_assets.domain.fleets import Fleet
from taxi_assets.settings import Retrain

When = dg.AutomationCondition
Rule = dg.AutomationCondition[Any]
FOLLOWS_MODEL = {
    "evaluation": "fare_model",
    "champion": "evaluation",
    "shap_report": "fare_model",
}
FOLLOWS_TRIPS = {
    "batch_predictions": "clean_trips",
    "data_profile": "clean_trips",
    "feature_histograms": "trip_features",
    "drift_report": "trip_features",
    "performance_report": "batch_predictions",
    "fairness_report": "batch_predictions",
}
WATCHED = ("drift_report", "performance_report")  # whose checks call for a new model
TRIGGERED = "condition"


def with_conditions(
    assets: Sequence[dg.AssetsDefinition], fleet: Fleet, retrain: Retrain
) -> list[dg.AssetsDefinition]:
    """One fleet's assets, each with what it follows."""
    rules = conditions(fleet.name, retrain)

    def ruled(spec: dg.AssetSpec) -> dg.AssetSpec:
        rule = rules.get(spec.key)
        return spec if rule is None else spec.replace_attributes(automation_condition=rule)

    return [asset.map_asset_specs(ruled) for asset in assets]


def conditions(fleet: str, retrain: Retrain) -> dict[dg.AssetKey, Rule]:
    """The condition of each asset of a fleet that has one."""

    def key(name: str) -> dg.AssetKey:
        return dg.AssetKey([fleet, name])

    also = {"champion": _passed(key("evaluation")), "shap_report": _reported(key("drift_report"))}
    also |= {name: _made_before() for name in FOLLOWS_TRIPS}
    rules: dict[str, Rule] = {}
    for name, source in (FOLLOWS_MODEL | FOLLOWS_TRIPS).items():
        parts = [_follows(key(source)), also.get(name)]
        rule: Any = reduce(and_, filter(None, parts))
        rules[name] = rule.with_label(f"follows {source}")
    if retrain == "on_drift":
        rules["fare_model"] = _drifted([key(name) for name in WATCHED])
    return {key(name): rule for name, rule in rules.items()}


def _follows(source: dg.AssetKey) -> Rule:
    """The same month of the source has other content, made by a run without the asset itself."""
    changed = When.newly_updated() & When.data_version_changed()
    with_others = When.executed_with_root_target() | _by_a_job()
    alone = changed & ~with_others
    moved: Rule = When.asset_matches(source, alone | When.will_be_requested())
    return moved.since_last_handled().with_label(f"{source.path[-1]} has changed") & _settled()


def _by_a_job() -> Rule:
    """Of a whole job's run Dagster does not know which assets it is going to make.

    It would take each of them for one made alone whenever it looks while the run goes on. Jobs,
    sensors and commands put their fleet on their runs; who makes single assets does not.
    """
    return When.executed_with_tags(tag_keys={FLEET}).with_label("a job made it")


def _reported(report: dg.AssetKey) -> Rule:
    return When.asset_matches(report, ~When.missing()).with_label("the month has reports")


def _passed(source: dg.AssetKey) -> Rule:
    """No gate of the source speaks against it; in one run, the run itself sees to that."""
    passed = When.all_checks_match(When.check_passed(), blocking_only=True)
    return When.asset_matches(source, passed | When.will_be_requested()).with_label("gates passed")


def _made_before() -> Rule:
    return (~When.missing()).with_label("it has been made before")


def _drifted(reports: Sequence[dg.AssetKey]) -> Rule:
    """A check of a month's reports has failed, and the month has no model."""
    failed: list[Rule] = [
        When.asset_matches(report, When.any_checks_match(When.check_failed())) for report in reports
    ]
    return (
        reduce(or_, failed)
        .newly_true()
        .since_last_handled()
        .with_label("a drift or performance check failed")
        & When.missing().with_label("the month has no model")
        & _settled()
    ).with_label("drifted, and no model yet")


def _settled() -> Rule:
    """Neither the asset nor what it is made from is being made."""
    busy = When.in_progress() | When.any_deps_in_progress()
    return (~busy).with_label("nothing of it is being made")


def automation_sensor(fleet: Fleet, interval_s: int, retrain: Retrain) -> dg.SensorDefinition:
    """Asks for what the conditions of one fleet's assets say."""
    return dg.AutomationConditionSensorDefinition(
        f"{fleet.name}_automation_sensor",
        target=dg.AssetSelection.key_prefixes([fleet.name]),
        minimum_interval_seconds=interval_s,
        default_status=dg.DefaultSensorStatus.STOPPED,
        run_tags={FLEET: fleet.name, TRIGGER: TRIGGERED},
        emit_backfills=False,  # its runs queue with the fleet's others, month by month
        description=(
            f"Makes what follows when a part of a {fleet.name} month was made alone: evaluation,"
            f" champion and reports; {MEANING[retrain]}. Off until switched on."
        ),
    )
