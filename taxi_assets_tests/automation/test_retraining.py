"""What sensors and the monthly schedule run under each policy of training."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from taxi_assets.automation.retraining import MEANING, TRAINING
from taxi_assets.definitions import defs
from taxi_assets.domain.errors import UsageError
from taxi_assets.settings import Retrain
from taxi_assets_tests.automation.conftest import Desk
from taxi_assets_tests.automation.ticks import dependents_tick
from taxi_assets_tests.homes import NO_MODELS, Home, invoke

TRAINED = {dg.AssetKey(["green", name]) for name in TRAINING}


def under(desk: Desk, retrain: Retrain) -> Desk:
    return replace(desk, settings=desk.settings.model_copy(update={"retrain": retrain}))


def asked(tick: Any) -> Any:
    (request,) = tick.run_requests
    return request.asset_selection


def record_a_champion(instance: dg.DagsterInstance) -> None:
    event = dg.AssetMaterialization(["green", "champion"], partition="2025-01")
    instance.report_runless_asset_event(event)


def test_every_month_is_run_whole_unless_told_otherwise(desk: Desk) -> None:
    desk.publish("2025-01")
    record_a_champion(desk.instance)

    assert asked(desk.tick()) is None


def test_with_manual_a_month_runs_all_but_training_with_every_check_of_the_rest(
    desk: Desk,
) -> None:
    desk = under(desk, "manual")
    desk.publish("2025-01")
    whole = desk.graph.resolve_job_def("green_month_job")

    scheduled = desk.at("green_monthly_refresh", datetime(2025, 4, 20, tzinfo=UTC))
    part = asked(desk.tick())

    assert asked(scheduled) == part
    assert set(part) == set(whole.asset_layer.executable_asset_keys) - TRAINED
    checked = whole.get_subset(asset_selection=frozenset(part)).asset_layer.asset_graph
    kept = {key for key in checked.asset_check_keys if key.asset_key in set(part)}
    every = whole.asset_layer.asset_graph.asset_check_keys
    assert kept == {key for key in every if key.asset_key not in TRAINED}


def test_with_on_drift_months_are_run_whole_until_there_is_a_champion(desk: Desk) -> None:
    desk = under(desk, "on_drift")
    desk.publish("2025-01")

    before = desk.tick()
    record_a_champion(desk.instance)
    desk.publish("2025-02")
    after = desk.tick()

    assert asked(before) is None
    assert not TRAINED & set(asked(after))


@pytest.mark.parametrize("retrain", ["monthly", "on_drift", "manual"])
def test_the_ui_says_which_policy_holds(desk: Desk, retrain: Retrain) -> None:
    repository = under(desk, retrain).graph.get_repository_def()

    for name in ("green_publication_sensor", "green_dependents_sensor"):
        description = repository.get_sensor_def(name).description
        assert description is not None
        assert MEANING[retrain] in description


def test_a_policy_that_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAXI_RETRAIN", "sometimes")

    with pytest.raises(UsageError, match=r"TAXI_RETRAIN: .*'monthly', 'on_drift' or 'manual'"):
        defs()
    said = invoke({"TAXI_RETRAIN": "sometimes"}, "run", "--months", "2025-01")

    assert said.exit_code == 1
    assert "TAXI_RETRAIN: 'sometimes' should be 'monthly', 'on_drift' or 'manual'." in said.output


def test_a_correction_is_followed_without_training_and_then_there_is_rest(tmp_path: Path) -> None:
    home = Home.at(tmp_path, train_months=NO_MODELS, min_train_months=NO_MODELS, retrain="manual")
    home.simulate(["2025-01", "2025-02"], rows=1_000)
    home.run("2025-01", "2025-02")
    home.publish("2025-01", home.published("2025-01").slice(0, 800))
    home.run("2025-01")

    part = asked(dependents_tick(home))
    home.run_selected("2025-02", dg.AssetSelection.assets(*part))

    assert not TRAINED & set(part)
    assert dependents_tick(home).skip_message == "All 2 green months are made with what is."
