"""What a month leaves in MLflow: a run, a version with its provenance, and a model that loads."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.evaluation import overall
from taxi_assets.resources.registry import ModelVersion
from taxi_assets_tests.homes import Home, Stage

RIDES = pd.DataFrame(
    {
        "pickup_at": pd.to_datetime(["2025-04-14T08:30", "2025-04-19T23:05", "2025-04-20T04:00"]),
        "pickup_zone": [74, 132, 1],
        "dropoff_zone": [138, 230, 263],
        "passengers": [1.0, 4.0, 2.0],
    }
)


@pytest.fixture
def mlflow(city: Home) -> ModuleType:
    """MLflow, which takes seconds to import, asking the city's registry."""
    import mlflow

    mlflow.set_tracking_uri(city.settings.tracking_uri)
    return mlflow


@pytest.fixture(scope="module")
def newest(first_run: Stage) -> ModelVersion:
    return first_run.models[-1]


@pytest.fixture(scope="module")
def tags(city: Home, newest: ModelVersion) -> dict[str, str]:
    found = city.registry.client.get_model_version(newest.name, str(newest.version))
    return dict(found.tags)


@pytest.fixture(scope="module")
def tracked(city: Home, newest: ModelVersion) -> Any:
    return city.registry.client.get_run(newest.run_id)


def test_each_month_with_a_model_has_one_version(first_run: Stage) -> None:
    assert [(model.version, model.month) for model in first_run.models] == [
        (1, "2025-03"),
        (2, "2025-04"),
    ]


def test_a_version_names_its_month_and_what_it_learned_from(tags: dict[str, str]) -> None:
    assert (tags["fleet"], tags["month"]) == ("green", "2025-04")
    assert tags["training_months"] == "2025-01,2025-02,2025-03"


def test_a_version_names_the_code_that_made_it_and_its_identity(
    city: Home, newest: ModelVersion, tags: dict[str, str]
) -> None:
    manifest = city.registry.load(newest).manifest

    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|unknown", tags["git_sha"])
    assert tags["identity"] == manifest["identity"] == newest.identity
    assert tags["git_sha"] == manifest["git_sha"]


def test_a_version_names_the_snapshots_it_was_made_from(
    first_run: Stage, tags: dict[str, str]
) -> None:
    named = dict(part.split("=") for part in tags["snapshot_ids"].split("; "))

    months = ("2025-01", "2025-02", "2025-03")
    learned = {str(first_run.tables["trip_features", month].snapshot_id) for month in months}
    history = first_run.tables["route_history", "2025-04"].snapshot_id
    assert set(named["green.trip_features"].split(",")) == learned
    assert named["green.route_history"] == str(history)
    assert int(named["city.zones"]) > 0


def test_a_version_carries_the_score_of_its_month(city: Home, tags: dict[str, str]) -> None:
    scores = overall(city.rows("evaluation", "2025-04").to_pylist())

    assert float(tags["mae_usd"]) == scores["model"]["mae_usd"]
    assert float(tags["rmse_usd"]) == scores["model"]["rmse_usd"]


def test_the_mlflow_run_belongs_to_the_dagster_run_and_is_finished(
    first_run: Stage, tracked: Any
) -> None:
    assert tracked.data.tags["dagster_run_id"] == first_run.outcomes["2025-04"].run_id
    assert tracked.info.status == "FINISHED"


def test_the_mlflow_run_holds_parameters_and_every_predictors_errors(
    city: Home, tracked: Any
) -> None:
    scores = overall(city.rows("evaluation", "2025-04").to_pylist())

    assert tracked.data.params["month"] == "2025-04"
    assert int(tracked.data.params["fare_trees"]) > 0
    for predictor, score in scores.items():
        assert tracked.data.metrics[f"{predictor}_mae_usd"] == score["mae_usd"]
    assert 0.7 < tracked.data.metrics["coverage/pickup_borough/Manhattan"] < 0.9


def test_the_mlflow_run_holds_the_card_and_the_pictures(
    mlflow: ModuleType, city: Home, newest: ModelVersion, tags: dict[str, str]
) -> None:
    card = mlflow.artifacts.load_text(f"runs:/{newest.run_id}/model_card.md")

    kept = city.registry.client.list_artifacts(newest.run_id, "evaluation")
    assert {Path(file.path).name for file in kept} == {
        "errors_by_slice.png",
        "coverage_by_slice.png",
        "residuals.png",
    }
    assert f"version {newest.version}" in card
    assert str(city.root) not in card
    for snapshots in tags["snapshot_ids"].split("; "):
        assert all(number in card for number in snapshots.partition("=")[2].split(","))


def test_a_versions_description_is_its_card(city: Home, newest: ModelVersion) -> None:
    found = city.registry.client.get_model_version(newest.name, str(newest.version))

    assert found.description.startswith("# Fare model of green taxis, version 2")
    assert len(found.description) <= 5_000


def test_a_months_stages_share_one_mlflow_run(city: Home, first_run: Stage) -> None:
    client = city.registry.client
    experiment = client.get_experiment_by_name("taxi-fare-green")

    runs = client.search_runs([experiment.experiment_id])
    ids = [run.data.tags["dagster_run_id"] for run in runs]
    assert len(ids) == len(set(ids))
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_a_models_artifacts_hold_no_pickle(mlflow: ModuleType, newest: ModelVersion) -> None:
    folder = Path(mlflow.artifacts.download_artifacts(f"models:/{newest.name}/{newest.version}"))

    files = [path for path in folder.rglob("*") if path.is_file()]
    assert {"fare.txt", "manifest.json", "MLmodel"} <= {path.name for path in files}
    assert not [path for path in files if path.suffix in {".pkl", ".pickle", ".joblib", ".dill"}]
    assert not [path for path in files if path.read_bytes()[:1] == b"\x80"]


def test_mlflow_serves_the_champion_as_the_bundle_quotes(
    city: Home, newest: ModelVersion, first_run: Stage, mlflow: ModuleType
) -> None:
    bundle = city.registry.load(newest)

    served = mlflow.pyfunc.load_model("models:/taxi-fare-green@champion")

    assert first_run.aliases["champion"] == newest.version
    assert served.predict(RIDES)["fare_usd"].tolist() == quotes(bundle).tolist()


def test_quotes_are_fares(city: Home, newest: ModelVersion) -> None:
    fares = quotes(city.registry.load(newest))

    assert ((fares > 2.5) & (fares < 250)).all()


def test_the_model_beats_the_baselines_that_know_routes_only(city: Home, first_run: Stage) -> None:
    scores = overall(city.rows("evaluation", "2025-04").to_pylist())
    errors = {name: row["mae_usd"] for name, row in scores.items()}

    assert errors["model"] < errors["route_median"] < errors["global_median"]


def quotes(model: Bundle) -> np.ndarray:
    """What a bundle says of `RIDES`."""
    quoted = model.quote(
        RIDES["pickup_zone"].to_numpy(np.int64),
        RIDES["dropoff_zone"].to_numpy(np.int64),
        RIDES["pickup_at"].to_numpy("datetime64[us]"),
        RIDES["passengers"].to_numpy(np.float32),
    )
    return quoted.fare_usd
