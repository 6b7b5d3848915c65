"""Tuned parameters, from the months before to the models that use them, on real stores."""

from dataclasses import dataclass, replace
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

from taxi_assets.definitions import build_definitions
from taxi_assets.domain.model import PARAMETERS
from taxi_assets.domain.tuning import DEFAULTS
from taxi_assets.resources.trial_runs import PARENT, STATE, STUDY, TRIAL
from taxi_assets_tests.homes import Home, Stage, replace_column

TUNE = dg.AssetSelection.assets(["green", "tuned_parameters"])
CHOSEN = {
    "learning_rate": 0.125,
    "num_leaves": 15.0,
    "min_data_in_leaf": 33.0,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.75,
    "lambda_l2": 2.0,
}
MODEL = dg.AssetSelection.assets(["green", "fare_model"])


@dataclass(frozen=True)
class Tuned:
    """A home after a tuning.

    Attributes:
        run: the Dagster run.
        rows: the table's.
        version: its data version.
        trials: MLflow runs of trials, in order.
    """

    run: dg.ExecuteInProcessResult
    rows: list[dict[str, Any]]
    version: str
    trials: list[Any]

    @property
    def about(self) -> dict[str, Any]:
        (made,) = self.run.asset_materializations_for_node("green__tuned_parameters")
        return {name: found.value for name, found in made.metadata.items()}


def runs_of_trials(home: Home) -> list[Any]:
    client = home.registry.client
    experiment = client.get_experiment_by_name("taxi-fare-green")
    assert experiment is not None
    found = client.search_runs([experiment.experiment_id], f"tags.`{STUDY}` LIKE 'green-%'")
    return sorted(found, key=lambda run: int(run.data.tags[TRIAL]))


def tune(home: Home, trials: int) -> Tuned:
    told = replace(home, settings=home.settings.model_copy(update={"tune_trials": trials}))
    run = told.run_selected("2025-03", TUNE)
    assert run.success
    return Tuned(
        run,
        home.rows("tuned_parameters", "2025-03").to_pylist(),
        home.lake.versions("green.tuned_parameters")["2025-03"].data_version,
        runs_of_trials(home),
    )


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home.at(tmp_path_factory.mktemp("tuning"), first_month="2024-01")
    home.simulate(["2025-01", "2025-02", "2025-03", "2025-04"], rows=1_500)
    return home


@pytest.fixture(scope="module")
def untuned(home: Home) -> Stage:
    """Three months through the month job, before anything was ever tuned."""
    return home.run("2025-01", "2025-02", "2025-03")


@pytest.fixture(scope="module")
def tuned(home: Home, untuned: Stage) -> Tuned:
    return tune(home, 3)


@pytest.fixture(scope="module")
def again(home: Home, tuned: Tuned) -> Tuned:
    return tune(home, 3)


@pytest.fixture(scope="module")
def more(home: Home, again: Tuned) -> Tuned:
    return tune(home, 5)


@pytest.fixture(scope="module")
def after(home: Home, more: Tuned) -> Stage:
    """A later month, and the tuned one's model once more, with other parameters as tuned.

    On so few rides the defaults may win, and then the model is the one that is there already.
    """
    rows = home.rows("tuned_parameters", "2025-03")
    values = pa.array([CHOSEN[name] for name in rows["parameter"].to_pylist()])
    home.overwrite("tuned_parameters", "2025-03", replace_column(rows, "value", values))
    stage = home.run("2025-04")
    assert home.run_selected("2025-03", MODEL).success
    return stage


def test_a_month_that_was_never_tuned_for_trains_with_the_defaults(
    home: Home, untuned: Stage
) -> None:
    outcome = untuned.outcomes["2025-03"]

    manifest = home.registry.load(untuned.models[-1]).manifest

    assert (outcome.failures, outcome.skipped) == ([], {})
    assert "tuned_parameters" not in outcome.assets
    assert outcome.assets["fare_model"]["parameters"] == "defaults"
    assert manifest["tuned"] is None
    assert manifest["parameters"]["fare"].items() >= PARAMETERS.items()


def test_the_table_has_a_row_a_parameter_and_says_how_tuning_went(tuned: Tuned) -> None:
    assert {row["parameter"]: row["default"] for row in tuned.rows} == DEFAULTS
    (went,) = {
        (row["mae_usd"], row["default_mae_usd"], row["trials"], row["folds"]) for row in tuned.rows
    }
    assert 0 < went[0] <= went[1]
    assert went[2:] == (3, 2)
    assert tuned.about["data_version"] == tuned.version
    assert tuned.about["mae_usd"] == went[0]


def test_each_trial_is_an_mlflow_run_nested_in_the_dagster_runs(home: Home, tuned: Tuned) -> None:
    (parent,) = {run.data.tags[PARENT] for run in tuned.trials}

    tags = home.registry.client.get_run(parent).data.tags

    assert tags["dagster_run_id"] == tuned.run.run_id
    assert [run.data.tags[TRIAL] for run in tuned.trials] == ["0", "1", "2"]
    assert {run.info.status for run in tuned.trials} == {"FINISHED"}
    assert {run.data.tags[STATE] for run in tuned.trials} == {"complete"}
    assert {n: float(v) for n, v in tuned.trials[0].data.params.items()} == DEFAULTS
    default = tuned.trials[0].data.metrics
    assert default["mae_usd"] == tuned.rows[0]["default_mae_usd"]
    assert default["mae_usd"] == pytest.approx(
        (default["fold_0_mae_usd"] + default["fold_1_mae_usd"]) / 2
    )
    best = min(run.data.metrics["mae_usd"] for run in tuned.trials)
    assert best == tuned.rows[0]["mae_usd"]


def test_tuning_again_tries_nothing_and_changes_nothing(tuned: Tuned, again: Tuned) -> None:
    assert again.about["changed"] is False
    assert (again.version, again.rows) == (tuned.version, tuned.rows)
    assert [run.info.run_id for run in again.trials] == [run.info.run_id for run in tuned.trials]


def test_more_trials_add_to_those_there_are(again: Tuned, more: Tuned) -> None:
    before = [run.info.run_id for run in again.trials]

    assert [run.info.run_id for run in more.trials][:3] == before
    assert [run.data.tags[TRIAL] for run in more.trials] == ["0", "1", "2", "3", "4"]
    assert {run.data.tags[PARENT] for run in more.trials[3:]}.isdisjoint(
        {run.data.tags[PARENT] for run in again.trials}
    )
    assert {row["trials"] for row in more.rows} == {5}
    assert more.rows[0]["mae_usd"] <= again.rows[0]["mae_usd"]


def test_a_trial_whose_logging_was_cut_short_is_logged_anew(home: Home, more: Tuned) -> None:
    cut = more.trials[2]
    home.registry.client.update_run(cut.info.run_id, status="RUNNING")

    mended = tune(home, 5).trials

    assert [run.data.tags[TRIAL] for run in mended] == ["0", "1", "2", "3", "4"]
    assert cut.info.run_id not in {run.info.run_id for run in mended}
    assert mended[2].data.params == cut.data.params
    assert mended[2].data.metrics == cut.data.metrics


@pytest.mark.parametrize("month", ["2025-03", "2025-04"])
def test_models_of_that_month_and_later_ones_use_what_was_found(
    home: Home, after: Stage, month: str
) -> None:
    bundle = home.registry.load(home.registry.version_of("green", month))
    told, text = bundle.manifest["parameters"]["fare"], bundle.predictor.texts["fare"]
    version = after.tables["tuned_parameters", "2025-03"].data_version

    assert bundle.manifest["tuned"] == {"month": "2025-03", "data_version": version}
    assert {name: told[name] for name in CHOSEN} == CHOSEN
    assert "[num_leaves: 15]" in text
    assert "[min_data_in_leaf: 33]" in text
    assert "[learning_rate: 0.125]" in text


def test_a_month_knows_nothing_of_a_tuning_for_a_later_one(home: Home) -> None:
    graph = build_definitions(home.settings).resolve_asset_graph()
    node = graph.get(dg.AssetKey(["green", "fare_model"]))
    months = node.partitions_def

    mapping = node.partition_mappings[dg.AssetKey(["green", "tuned_parameters"])]
    found = mapping.get_upstream_mapped_partitions_result_for_partitions(
        months.empty_subset().with_partition_keys(["2025-03"]), months, months
    ).partitions_subset.get_partition_keys()

    assert max(found) == "2025-03"
    assert min(found) == "2024-03"


def test_the_model_says_in_the_ui_what_its_parameters_are(after: Stage) -> None:
    about = after.outcomes["2025-04"].assets["fare_model"]

    assert about["parameters"] == "tuned for 2025-03"


def test_a_month_with_too_little_before_it_is_skipped_and_says_why(
    home: Home, untuned: Stage
) -> None:
    run = home.run_selected("2025-02", TUNE)

    (seen,) = (
        event.asset_observation_data.asset_observation
        for event in run.all_events
        if event.event_type == dg.DagsterEventType.ASSET_OBSERVATION
    )
    assert run.success
    assert seen.metadata["skipped"].value == (
        "Tuning for 2025-02 needs features of 2 of the 12 months before it, and there are 1."
    )
    assert "2025-02" not in home.lake.versions("green.tuned_parameters")
