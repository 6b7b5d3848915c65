"""Model history, read from a database and from a server, against what the registry itself says."""

from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serving.console import read_models
from serving.console.errors import NothingYet
from serving.console.read_registry import Model, open_registry
from taxi_assets.domain.errors import RegistryError, RegistryUnreachable, UsageError
from taxi_assets.resources.promotions import roll_back
from taxi_assets.resources.registry import Registry
from taxi_assets_tests.mlflow_server import ill_server, running_server
from taxi_assets_tests.models import DECISION
from taxi_assets_tests.serving.console_home import console, register_models

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose second champion was rolled back from."""
    root = tmp_path_factory.mktemp("home")
    roll_back(
        register_models(root), "green", replace(DECISION, now=datetime(2025, 6, 1, tzinfo=UTC))
    )
    return root


@pytest.fixture(scope="module")
def model(root: Path) -> Model:
    return open_registry(console(root)).model("green")


def test_versions_stand_newest_first_with_what_became_of_them(model: Model) -> None:
    table = read_models.versions(model)

    assert table["version"].tolist() == [2, 1]
    assert table["standing"].tolist() == ["withdrawn", "champion"]
    assert table["month"].tolist() == ["2025-04", "2025-03"]
    assert table["mae_usd"][1] == 2.5


def test_measures_tell_month_version_and_predictor(model: Model) -> None:
    told = read_models.metrics(model, "mae_usd")

    # the copy has the run of the version it was made from
    assert told["value"].tolist() == [2.5, 2.5]
    assert set(told["predictor"]) == {"this version"}
    assert read_models.metrics(model, "coverage").empty


def test_each_gate_has_its_verdict(model: Model) -> None:
    table = read_models.gates(model)

    assert dict(zip(table["gate"], table["verdict"], strict=True)) == {
        "beats_route_median": "passed",
        "fair_across_boroughs": "failed",
    }


def test_reigns_follow_one_another_until_now(model: Model) -> None:
    table = read_models.reigns(model, NOW)

    assert table["version"].tolist() == [1, 2, 1]
    assert table["action"].tolist() == ["promoted", "promoted", "rolled back"]
    assert table["until"].tolist() == [*table["since"][1:], NOW]


def test_a_promotion_whose_alias_never_moved_is_no_reign(model: Model) -> None:
    tags = {key: value for key, value in model.tags.items() if key != "promotion.0003"}

    table = read_models.reigns(replace(model, tags=tags), NOW)

    assert table["version"].tolist() == [1]


def test_an_alias_that_somebody_moved_is_told(model: Model) -> None:
    table = read_models.reigns(replace(model, aliases={"champion": 9}), NOW)

    assert table["version"].tolist()[-1] == 9
    assert table["action"].iloc[-1] == "moved in MLflow, later"


def test_a_model_without_promotions_has_no_reigns(model: Model) -> None:
    assert read_models.reigns(replace(model, tags={}), NOW).empty


def test_a_promotion_that_nobody_can_read_is_named(model: Model) -> None:
    with pytest.raises(RegistryError, match=r"promotion\.0001"):
        read_models.promotions(replace(model, tags={"promotion.0001": "no entry"}))


def test_reading_leaves_the_database_as_it_is(root: Path) -> None:
    file = root / "mlflow" / "mlflow.db"
    before = file.read_bytes()

    open_registry(console(root)).model("green")

    assert file.read_bytes() == before


def test_a_home_without_models_says_so_and_stays_empty(tmp_path: Path) -> None:
    with pytest.raises(NothingYet, match="No model of green cabs"):
        open_registry(console(tmp_path)).model("green")

    assert list(tmp_path.iterdir()) == []


def test_a_fleet_without_models_says_so(root: Path) -> None:
    with pytest.raises(NothingYet, match="No model of yellow cabs"):
        open_registry(console(root)).model("yellow")


def test_a_file_that_is_no_database_is_said_not_to_be(tmp_path: Path) -> None:
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow" / "mlflow.db").write_text("no database, and longer than its header " * 9)

    with pytest.raises(RegistryUnreachable, match="cannot be read as MLflow's database"):
        open_registry(console(tmp_path)).model("green")


def test_a_server_that_is_ill_or_away_is_named(tmp_path: Path, unused_port: int) -> None:
    with ill_server() as ill:
        for url in (ill, f"http://127.0.0.1:{unused_port}"):
            registry = open_registry(console(tmp_path, mlflow_tracking_uri=url))
            with pytest.raises(RegistryUnreachable, match="MLflow at"):
                registry.model("green")
            registry.close()


def test_a_registry_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="MLFLOW_TRACKING_URI"):
        open_registry(console(tmp_path, mlflow_tracking_uri="databricks"))


def test_a_setting_of_the_service_that_makes_no_sense_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVING_PORT", "none")

    with pytest.raises(UsageError, match="port"):
        open_registry(console(tmp_path, mlflow_tracking_uri="http://127.0.0.1:9"))


@pytest.mark.slow
def test_a_server_tells_the_same_as_its_database(tmp_path: Path) -> None:
    root = tmp_path / "mlflow"
    register_models(tmp_path)
    (root / "mlflow.db").rename(root / "server.db")
    database = open_registry(
        console(tmp_path, mlflow_tracking_uri=f"sqlite:///{root / 'server.db'}")
    )
    with ExitStack() as stack:
        url = stack.enter_context(running_server(root))
        server = open_registry(console(tmp_path, mlflow_tracking_uri=url))
        stack.callback(server.close)

        assert server.model("green") == database.model("green")
        with pytest.raises(NothingYet):
            server.model("yellow")
        Registry(tracking_uri=url, local_root=str(root)).client.delete_model_version(
            "taxi-fare-green", "1"
        )
        assert server.model("green") == database.model("green")
