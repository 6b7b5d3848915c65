"""Which months are run again once an earlier one was corrected."""

from pathlib import Path

import pytest

from taxi_assets.automation.dependents import outdated_months
from taxi_assets.definitions import build_definitions
from taxi_assets_tests.automation.ticks import dependents_tick
from taxi_assets_tests.homes import NO_MODELS, Home

MONTHS = ("2025-01", "2025-02", "2025-03", "2025-04")


def outdated(home: Home, months: tuple[str, ...] = MONTHS) -> dict[str, tuple[str, ...]]:
    graph = build_definitions(home.settings).resolve_asset_graph()
    with home.instance() as instance:
        found = outdated_months(graph, instance, "green", months)
    return {month.month: month.changed for month in found}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Four months, made in order; each learns from two before it, and no model is trained."""
    home = Home.at(
        tmp_path_factory.mktemp("dependents"), train_months=NO_MODELS, min_train_months=NO_MODELS
    )
    home.simulate(MONTHS, rows=1_000)
    home.run(*MONTHS)
    return home


def test_a_correction_is_followed_through_to_the_last_month(home: Home) -> None:
    never = dependents_tick(home)
    home.run("2025-02")  # the same file once more
    unchanged = dependents_tick(home)
    home.publish("2025-02", home.published("2025-02").slice(0, 800))
    home.run("2025-02")

    corrected, again = dependents_tick(home), dependents_tick(home)

    assert never.skip_message == "All 4 green months are made with what is."
    assert unchanged.skip_message == never.skip_message
    assert [request.partition_key for request in corrected.run_requests] == ["2025-03", "2025-04"]
    assert {request.tags["taxi/trigger"] for request in corrected.run_requests} == {
        "history-changed"
    }
    assert again.run_requests == corrected.run_requests  # the same keys: Dagster runs each once
    home.run("2025-03")
    assert list(outdated(home)) == ["2025-04"]
    home.run("2025-04")
    assert outdated(home) == {}


def test_it_waits_for_runs_of_the_fleet_that_are_not_finished(home: Home) -> None:
    job = build_definitions(home.settings).resolve_job_def("green_month_job")
    with home.instance() as instance:
        run = instance.create_run_for_job(job, tags={"taxi/fleet": "green"})

        waiting = dependents_tick(home)
        instance.delete_run(run.run_id)

    assert waiting.skip_message == "A run of green is not finished: it may change history."


@pytest.mark.slow
def test_models_that_learned_from_features_that_changed_are_outdated_in_their_turn(
    tmp_path: Path,
) -> None:
    months = (*MONTHS, "2025-05")
    home = Home.at(tmp_path, train_months=2)
    home.simulate(months, rows=1_000)
    home.run(*months)
    home.publish("2025-01", home.published("2025-01").slice(0, 800))
    home.run("2025-01")

    first = outdated(home, months)
    home.run(*first)
    then = outdated(home, months)
    home.run(*then)

    assert list(first) == ["2025-02", "2025-03"]  # whose history is of 2025-01
    assert list(then) == ["2025-04", "2025-05"]  # whose models learned from those two
    assert all(text.startswith("trip_features") for texts in then.values() for text in texts)
    assert outdated(home, months) == {}
