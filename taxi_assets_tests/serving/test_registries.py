"""MLflow as a server and as a local database: the same champion, challenger and bundle."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import pytest

from serving.mlflow_database import MlflowDatabase
from serving.mlflow_rest import MlflowServer
from serving.models import load_warm
from serving.settings import Settings
from serving.sources import Source
from taxi_assets.domain.errors import BundleError, RegistryError
from taxi_assets.resources.promotions import promote, roll_back
from taxi_assets.resources.registry import ModelVersion, Registry
from taxi_assets_tests.mlflow_server import running_server
from taxi_assets_tests.model_roots import identity, made
from taxi_assets_tests.models import DECISION, copy_version, kept_file, register


@dataclass(frozen=True)
class Kept:
    """A registry with two models, and the source that serves from it."""

    registry: Registry
    source: Source
    versions: tuple[ModelVersion, ModelVersion]

    def copied(self, *months: str) -> tuple[str, list[ModelVersion]]:
        """A fleet of its own whose versions are the two models in turn."""
        fleet = f"fleet-{uuid4().hex}"
        return fleet, [
            copy_version(self.registry, self.versions[index % 2], fleet, month)
            for index, month in enumerate(months)
        ]


def local(root: Path) -> Registry:
    return Registry(tracking_uri=f"sqlite:///{root / 'server.db'}", local_root=str(root))


@pytest.fixture(
    scope="module",
    params=[
        "a database",
        pytest.param("a server", marks=pytest.mark.slow),
        pytest.param("a server on a local database", marks=pytest.mark.slow),
    ],
)
def kept(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kept]:
    root = tmp_path_factory.mktemp("a root")
    with ExitStack() as stack:
        registry = local(root)
        source: Source = MlflowDatabase(root / "server.db")
        if request.param == "a server":
            registry = _at(stack, root)
        versions = (
            register(registry, "green", "2025-03", made(1)),
            register(registry, "green", "2025-04", made(3)),
        )
        if request.param == "a server on a local database":
            registry = _at(stack, root)
        if registry.tracking_uri.startswith("http"):
            source = MlflowServer(registry.tracking_uri, Settings())
            stack.callback(source.close)
        yield Kept(registry, source, versions)


def _at(stack: ExitStack, root: Path) -> Registry:
    return Registry(tracking_uri=stack.enter_context(running_server(root)), local_root=str(root))


def versions(source: Source, fleet: str) -> dict[str, str]:
    return {alias: found.version for alias, found in source.wanted(fleet).items()}


def test_a_fleet_without_models_or_without_a_promotion_has_no_champion(kept: Kept) -> None:
    fleet, _ = kept.copied("2025-03")

    assert kept.source.wanted("fleet-nobody") == {}
    assert kept.source.wanted(fleet) == {}


def test_the_promoted_version_is_champion_with_its_month_and_identity(kept: Kept) -> None:
    fleet, (first, _) = kept.copied("2025-03", "2025-04")
    promote(kept.registry, fleet, first, DECISION)

    found = kept.source.wanted(fleet)

    assert found.keys() == {"champion"}  # copies have no candidate
    champion = found["champion"]
    assert champion.title == f"taxi-fare-{fleet} version 1"
    assert (champion.month, champion.identity) == ("2025-03", identity(1))
    assert champion.withheld is None


def candidate(kept: Kept, fleet: str, version: ModelVersion) -> None:
    kept.registry.client.set_registered_model_alias(version.name, "candidate", str(version.version))


def test_the_candidate_is_challenger_until_it_is_champion(kept: Kept) -> None:
    fleet, (first, second) = kept.copied("2025-03", "2025-04")
    promote(kept.registry, fleet, first, DECISION)
    candidate(kept, fleet, second)

    between = versions(kept.source, fleet)
    promote(kept.registry, fleet, second, DECISION)
    after = versions(kept.source, fleet)

    assert between == {"champion": "1", "challenger": "2"}
    assert after == {"champion": "2"}


def test_a_rollback_is_followed_and_what_was_withdrawn_is_withheld(kept: Kept) -> None:
    fleet, (first, second) = kept.copied("2025-03", "2025-04")
    for version in (first, second):
        promote(kept.registry, fleet, version, DECISION)
    candidate(kept, fleet, second)

    roll_back(kept.registry, fleet, DECISION)

    found = kept.source.wanted(fleet)
    assert found["champion"].version == "1"
    assert found["challenger"].withheld == "withdrawn by Ada: it is better"


def test_a_candidate_its_gates_rejected_is_withheld(kept: Kept) -> None:
    fleet, (first, second) = kept.copied("2025-03", "2025-04")
    promote(kept.registry, fleet, first, DECISION)
    candidate(kept, fleet, second)

    kept.registry.reject(second, "dearer than the champion")

    found = kept.source.wanted(fleet)["challenger"]
    assert found.withheld == "rejected by its gates: dearer than the champion"


def test_the_same_model_under_another_number_is_no_challenger(kept: Kept) -> None:
    fleet, (first, _, same) = kept.copied("2025-03", "2025-04", "2025-05")
    promote(kept.registry, fleet, first, DECISION)
    candidate(kept, fleet, same)

    assert versions(kept.source, fleet) == {"champion": "1"}


def test_a_candidate_that_is_still_being_registered_disturbs_nobody(kept: Kept) -> None:
    fleet, (first, second) = kept.copied("2025-03", "2025-04")
    promote(kept.registry, fleet, first, DECISION)
    candidate(kept, fleet, second)
    kept.registry.untag(second, "identity")

    assert versions(kept.source, fleet) == {"champion": "1"}


def test_a_champion_without_an_identity_is_named(kept: Kept) -> None:
    fleet, (first,) = kept.copied("2025-03")
    promote(kept.registry, fleet, first, DECISION)
    kept.registry.untag(first, "identity")

    with pytest.raises(RegistryError, match=f"taxi-fare-{fleet} version 1 carries no identity"):
        kept.source.wanted(fleet)


def test_a_bundle_is_fetched_as_it_was_registered(kept: Kept, tmp_path: Path) -> None:
    fleet, (_, second) = kept.copied("2025-03", "2025-04")
    promote(kept.registry, fleet, second, DECISION)

    kept.source.fetch(kept.source.wanted(fleet)["champion"], tmp_path)

    assert load_warm(tmp_path, identity(3)).manifest["identity"] == identity(3)


def test_a_version_that_lost_a_file_is_named(kept: Kept, tmp_path: Path) -> None:
    fleet, (_, second) = kept.copied("2025-03", "2025-04")
    promote(kept.registry, fleet, second, DECISION)
    file = kept_file(kept.registry, kept.versions[1], "low.txt")
    hidden = file.rename(file.with_suffix(".hidden"))

    with pytest.raises(BundleError, match=r"There is no low\.txt in "):
        kept.source.fetch(kept.source.wanted(fleet)["champion"], tmp_path)

    hidden.rename(file)


def test_a_champion_deleted_in_mlflow_is_no_champion(kept: Kept) -> None:
    fleet, (first,) = kept.copied("2025-03")
    promote(kept.registry, fleet, first, DECISION)

    kept.registry.client.delete_model_version(first.name, str(first.version))

    assert kept.source.wanted(fleet) == {}


def test_a_version_deleted_while_it_is_fetched_is_named(kept: Kept, tmp_path: Path) -> None:
    fleet, (first,) = kept.copied("2025-03")
    promote(kept.registry, fleet, first, DECISION)
    found = replace(kept.source.wanted(fleet)["champion"], version="7", place="nowhere")

    with pytest.raises(RegistryError, match=r"has no taxi-fare-fleet|There is no manifest\.json"):
        kept.source.fetch(found, tmp_path)
