"""What follows when a part of a month is made alone."""

from collections.abc import Iterator

import dagster as dg
import pytest

from taxi_assets.automation.conditions import FOLLOWS_TRIPS
from taxi_assets.automation.retraining import TRAINING
from taxi_assets.settings import Retrain
from taxi_assets_tests.automation.small_graph import WHOLE, SmallGraph

MONTH, LATER = "2025-02", "2025-03"
UNTRAINED = sorted(WHOLE - set(TRAINING))
NO_REPORTS = sorted(WHOLE - set(FOLLOWS_TRIPS) - {"shap_report"})
AFTER_MODEL = {"evaluation": {MONTH}, "champion": {MONTH}, "shap_report": {MONTH}}


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as found:
        yield found


@pytest.fixture
def graph(instance: dg.DagsterInstance) -> SmallGraph:
    """Two months that were run whole before the sensor was switched on."""
    graph = SmallGraph(instance)
    graph.run(MONTH)
    graph.run(LATER)
    assert graph.tick() == {}
    return graph


def test_a_month_that_is_run_whole_needs_nothing_more(graph: SmallGraph) -> None:
    graph.run("2025-04")
    first, second = graph.tick(), graph.tick()
    graph.content = dict.fromkeys(WHOLE, "corrected")
    graph.run(MONTH)

    assert (first, second) == ({}, {})
    assert graph.tick() == {}


def test_evaluation_champion_and_explanation_follow_a_model_made_alone(graph: SmallGraph) -> None:
    graph.content["fare_model"] = "another"
    graph.run(MONTH, "fare_model")

    asked = graph.tick()
    graph.run(MONTH, *asked)

    assert asked == AFTER_MODEL
    assert graph.tick() == {}


def test_a_job_that_has_come_to_the_model_is_left_to_make_the_rest(graph: SmallGraph) -> None:
    graph.content["fare_model"] = "another"
    graph.run(MONTH, "fare_model", by_job=True)

    assert graph.tick() == {}


def test_a_model_that_comes_out_as_before_is_followed_by_nothing(graph: SmallGraph) -> None:
    graph.run(MONTH, "fare_model")

    assert graph.tick() == {}


def test_what_was_asked_for_is_not_asked_for_again_though_it_failed(graph: SmallGraph) -> None:
    graph.content["fare_model"] = "another"
    graph.run(MONTH, "fare_model")
    graph.tick()

    assert graph.tick() == {}


def test_reports_follow_trips_made_alone_and_models_do_not(graph: SmallGraph) -> None:
    graph.content["clean_trips"] = "restored"
    graph.run(MONTH, "clean_trips")

    asked = graph.tick()

    assert asked == {
        name: {MONTH}
        for name in ("batch_predictions", "data_profile", "performance_report", "fairness_report")
    }


def test_reports_of_features_follow_features_made_alone(graph: SmallGraph) -> None:
    graph.content["trip_features"] = "others"
    graph.run(MONTH, "trip_features")

    assert graph.tick() == {"feature_histograms": {MONTH}, "drift_report": {MONTH}}


def test_a_month_that_was_run_without_reports_gets_none(instance: dg.DagsterInstance) -> None:
    graph = SmallGraph(instance)
    graph.tick()
    graph.run(MONTH, *NO_REPORTS)
    first = graph.tick()
    graph.content["fare_model"] = "another"
    graph.run(MONTH, "fare_model")

    assert first == {}
    assert graph.tick() == {"evaluation": {MONTH}, "champion": {MONTH}}


def test_months_that_were_missing_or_had_failed_before_are_not_asked_for(
    instance: dg.DagsterInstance,
) -> None:
    graph = SmallGraph(instance, "on_drift", failing={"drift_report"})
    graph.run(MONTH, *UNTRAINED)
    graph.run(LATER, "clean_trips")

    assert graph.tick() == {}
    assert graph.tick() == {}


@pytest.mark.parametrize("report", ["drift_report", "performance_report"])
def test_with_on_drift_a_failed_check_asks_for_the_months_model_once(
    instance: dg.DagsterInstance, report: str
) -> None:
    graph = SmallGraph(instance, "on_drift")
    graph.tick()
    graph.run(LATER, *UNTRAINED)
    good = graph.tick()
    graph.failing = {report}
    graph.run(MONTH, *UNTRAINED)

    asked = graph.tick()
    waiting = graph.tick()
    graph.run(MONTH, *asked)
    made = graph.tick()
    graph.run(MONTH, *UNTRAINED)  # as every week: it fails again

    assert good == {}
    assert asked == {"fare_model": {MONTH}, **AFTER_MODEL}
    assert (waiting, made) == ({}, {})
    assert graph.tick() == {}


@pytest.mark.parametrize("retrain", ["monthly", "manual"])
def test_otherwise_a_failed_check_asks_for_nothing(
    instance: dg.DagsterInstance, retrain: Retrain
) -> None:
    graph = SmallGraph(instance, retrain, failing={"drift_report", "performance_report"})
    graph.tick()
    graph.run(MONTH, *UNTRAINED)

    assert graph.tick() == {}


def test_no_champion_follows_an_evaluation_that_a_gate_turned_down(graph: SmallGraph) -> None:
    graph.failing, graph.content["evaluation"] = {"evaluation"}, "worse"
    graph.run(MONTH, "evaluation")
    turned_down = graph.tick()
    graph.failing, graph.content["evaluation"] = set(), "better"
    graph.run(MONTH, "evaluation")

    assert turned_down == {}
    assert graph.tick() == {"champion": {MONTH}}


def test_people_can_read_the_rules(graph: SmallGraph) -> None:
    found = graph.graph.resolve_asset_graph()
    rules = [found.get(key).automation_condition for key in found.materializable_asset_keys]

    assert {rule.get_label() for rule in rules if rule is not None} == {
        "follows fare_model",
        "follows evaluation",
        "follows clean_trips",
        "follows trip_features",
        "follows batch_predictions",
    }
