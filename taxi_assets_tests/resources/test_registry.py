"""Models in a real MLflow, as a local database and as a server: registered once, whole or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from taxi_assets.domain.errors import BundleError, RegistryError, RegistryUnreachable
from taxi_assets.domain.heads import heads
from taxi_assets.resources.model_files import log_model
from taxi_assets.resources.promotions import promote
from taxi_assets.resources.registry import CANDIDATE, Registry, model_name
from taxi_assets_tests.mlflow_server import ill_server, running_server
from taxi_assets_tests.models import (
    DECISION,
    TAGS,
    change_a_byte,
    in_a_run,
    kept_file,
    register,
    save_model,
)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("server", marks=pytest.mark.slow)])
def registry(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Registry]:
    root = tmp_path_factory.mktemp("mlflow")
    local = Registry(tracking_uri=f"sqlite:///{root / 'mlflow.db'}", local_root=str(root))
    if request.param == "sqlite":
        yield local
        return
    with running_server(root) as url:
        yield Registry(tracking_uri=url, local_root=str(root))


@pytest.fixture
def fleet() -> str:
    """A fleet that no other test registers models of."""
    return f"fleet-{uuid4().hex}"


@pytest.fixture
def bundles(tmp_path: Path) -> list[Path]:
    """Two models that differ."""
    return [save_model(tmp_path / f"bundle-{seed}", seed) for seed in (1, 3)]


def aliases(registry: Registry, fleet: str) -> dict[str, int]:
    found = registry.client.get_registered_model(model_name(fleet)).aliases
    return {alias: int(version) for alias, version in found.items()}


def test_a_fleet_without_models_has_no_versions_and_no_champion(
    registry: Registry, fleet: str
) -> None:
    assert registry.versions(fleet) == []
    assert registry.champion(fleet) is None
    with pytest.raises(RegistryError, match=f"materialize {fleet}/fare_model for it first"):
        registry.version_of(fleet, "2025-03")


def test_a_model_is_registered_with_its_month_identity_and_tags(
    registry: Registry, fleet: str, bundles: list[Path]
) -> None:
    made = register(registry, fleet, "2025-03", bundles[0])

    found = registry.client.get_model_version(made.name, str(made.version))
    assert (made.version, made.month, made.created) == (1, "2025-03", True)
    assert found.tags.items() >= {**TAGS, "month": "2025-03", "identity": made.identity}.items()
    assert registry.versions(fleet) == [replace(made, created=False)]
    assert registry.client.get_run(made.run_id).info.status == "FINISHED"


def test_registering_the_same_model_again_makes_no_version(
    registry: Registry, fleet: str, bundles: list[Path]
) -> None:
    made = register(registry, fleet, "2025-03", bundles[0])

    again = register(registry, fleet, "2025-03", bundles[0])

    assert again == replace(made, created=False)
    assert registry.versions(fleet) == [again]


def test_another_model_or_another_month_is_a_version_of_its_own(
    registry: Registry, fleet: str, bundles: list[Path]
) -> None:
    for month, folder in (("2025-03", 0), ("2025-03", 1), ("2025-04", 0)):
        register(registry, fleet, month, bundles[folder])

    found = registry.versions(fleet)

    assert [(v.version, v.month) for v in found] == [(1, "2025-03"), (2, "2025-03"), (3, "2025-04")]
    assert found[0].identity == found[2].identity != found[1].identity
    assert registry.version_of(fleet, "2025-03") == found[1]


def test_a_model_that_comes_back_is_the_newest_of_its_month_again(
    registry: Registry, fleet: str, bundles: list[Path]
) -> None:
    first = register(registry, fleet, "2025-03", bundles[0])
    register(registry, fleet, "2025-03", bundles[1])

    back = register(registry, fleet, "2025-03", bundles[0])

    assert back.identity == first.identity
    assert registry.version_of(fleet, "2025-03") == replace(back, created=False)


def test_the_candidate_is_the_newest_months_version(
    registry: Registry, fleet: str, bundles: list[Path]
) -> None:
    seen = []

    for month in ("2025-03", "2025-04", "2025-02"):
        register(registry, fleet, month, bundles[0])
        seen.append(aliases(registry, fleet))

    assert seen == [{CANDIDATE: 1}, {CANDIDATE: 2}, {CANDIDATE: 2}]


def test_the_champion_is_the_version_that_was_promoted_last(
    registry: Registry, fleet: str, bundles: list[Path]
) -> None:
    first = register(registry, fleet, "2025-03", bundles[0])
    second = register(registry, fleet, "2025-04", bundles[1])

    before = registry.champion(fleet)
    promote(registry, fleet, second, DECISION)
    between = registry.champion(fleet)
    promote(registry, fleet, first, DECISION)

    assert before is None
    assert between == replace(second, created=False)
    assert registry.champion(fleet) == replace(first, created=False)


def test_a_version_whose_registration_was_cut_short_is_ignored_and_replaced(
    registry: Registry, fleet: str, bundles: list[Path]
) -> None:
    cut = in_a_run(
        registry, fleet, lambda tracked: log_model(tracked, bundles[0], model_name(fleet))
    )
    registry.client.set_model_version_tag(cut.name, cut.version, "month", "2025-03")
    seen = (registry.versions(fleet), registry.champion(fleet))

    made = register(registry, fleet, "2025-03", bundles[0])

    assert seen == ([], None)
    assert (int(cut.version), made.version, made.created) == (1, 2, True)
    assert registry.versions(fleet) == [replace(made, created=False)]


def test_a_registration_cut_short_before_its_alias_is_completed_by_the_next(
    registry: Registry, fleet: str, bundles: list[Path]
) -> None:
    made = register(registry, fleet, "2025-03", bundles[0])
    registry.client.delete_registered_model_alias(made.name, CANDIDATE)

    again = register(registry, fleet, "2025-03", bundles[0])

    assert not again.created
    assert aliases(registry, fleet) == {CANDIDATE: made.version}


def test_a_model_is_loaded_as_it_was_registered(
    registry: Registry, fleet: str, bundles: list[Path]
) -> None:
    made = register(registry, fleet, "2025-03", bundles[0])

    loaded = registry.load(made)

    assert loaded.manifest["identity"] == made.identity
    assert loaded.predictor.texts == {
        head: (bundles[0] / f"{head}.txt").read_text(encoding="utf-8") for head in heads()
    }


def test_a_model_is_loaded_from_its_registry_wherever_mlflow_itself_looks(
    registry: Registry, fleet: str, bundles: list[Path], tmp_path: Path
) -> None:
    import mlflow

    made = register(registry, fleet, "2025-03", bundles[0])
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'other.db'}")
    try:
        loaded = registry.load(made)
    finally:
        mlflow.set_tracking_uri(before)

    assert loaded.manifest["identity"] == made.identity
    assert not (tmp_path / "other.db").exists()


@pytest.mark.parametrize("name", ["fare.txt", "hour_history.parquet"])
def test_one_changed_byte_of_a_registered_model_is_noticed(
    registry: Registry, fleet: str, bundles: list[Path], name: str
) -> None:
    made = register(registry, fleet, "2025-03", bundles[0])
    change_a_byte(kept_file(registry, made, name))

    with pytest.raises(BundleError, match=f"{name} of the model bundle changed"):
        registry.load(made)


@contextmanager
def nobody(port: int) -> Iterator[str]:
    yield f"http://127.0.0.1:{port}"


@pytest.mark.timeout(60)  # MLflow itself would try again for minutes
@pytest.mark.parametrize("kind", ["nobody answers", "it answers 500"])
def test_a_server_that_does_not_answer_is_named_at_once(
    kind: str, tmp_path: Path, unused_port: int
) -> None:
    with nobody(unused_port) if kind == "nobody answers" else ill_server() as url:
        registry = Registry(tracking_uri=url, local_root=str(tmp_path))

        with pytest.raises(RegistryUnreachable) as caught:
            registry.versions("green")

    assert url in str(caught.value)
    assert "MLFLOW_TRACKING_URI" in str(caught.value)
