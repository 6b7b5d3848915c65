"""An MLflow that fails at any point, and models whose files were touched: named, nothing half."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import rmtree
from uuid import uuid4

import pytest

from taxi_assets.domain.errors import BundleError, RegistryError, RegistryUnreachable
from taxi_assets.resources.promotions import promote, roll_back
from taxi_assets.resources.registry import ModelVersion, Registry
from taxi_assets_tests.mlflow_proxy import ANSWERS, proxy_before
from taxi_assets_tests.mlflow_server import running_server
from taxi_assets_tests.models import (
    DECISION,
    change_a_byte,
    copy_version,
    in_a_run,
    kept_file,
    register,
    save_model,
)

# MLflow itself would try again for minutes
pytestmark = pytest.mark.timeout(60)
Change = Callable[[Path], object]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user's own patience, which is respected: one try, a second each."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")


def use(registry: Registry) -> list[object]:
    return [registry.succession("green"), registry.versions("green")]


@pytest.mark.parametrize("kind", ["500", "a page", "other JSON", "nothing in it", "no answer"])
def test_what_is_not_mlflow_is_named(kind: str, tmp_path: Path) -> None:
    with proxy_before() as proxy:
        proxy.spoilt["* /"] = kind
        registry = Registry(tracking_uri=proxy.url, local_root=str(tmp_path))

        with pytest.raises(RegistryUnreachable) as caught:
            use(registry)

    assert proxy.url in str(caught.value)
    assert str(caught.value).endswith("correct MLFLOW_TRACKING_URI.")
    assert len(proxy.asked) == 1


ASKED: dict[str, Callable[[Registry], object]] = {
    "succession": lambda registry: registry.succession("green"),
    "versions": lambda registry: registry.versions("green"),
    "run": lambda registry: in_a_run(registry, "green", str),
}


@pytest.mark.parametrize("kind", ["500", "a page", "other JSON", "no answer", "silence"])
@pytest.mark.parametrize("ask", ASKED)
def test_an_mlflow_that_falls_ill_later_is_named(kind: str, ask: str, tmp_path: Path) -> None:
    with proxy_before() as proxy:
        proxy.spoilt["* /api"] = kind
        proxy.says_well = True
        registry = Registry(tracking_uri=proxy.url, local_root=str(tmp_path))

        with pytest.raises(RegistryError) as caught:
            ASKED[ask](registry)

    assert proxy.url in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_an_answer_without_the_model_is_not_taken_for_a_model_without_champion(
    tmp_path: Path,
) -> None:
    with proxy_before() as proxy:
        proxy.spoilt["* /api"] = "nothing in it"
        proxy.says_well = True
        registry = Registry(tracking_uri=proxy.url, local_root=str(tmp_path))

        with pytest.raises(RegistryUnreachable, match="is not MLflow"):
            registry.champion("green")


def test_mlflows_own_patience_is_cut_to_seconds_unless_the_user_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES")
    with proxy_before() as proxy:
        proxy.spoilt["* /api"] = "500"
        proxy.says_well = True
        registry = Registry(tracking_uri=proxy.url, local_root=str(tmp_path))

        with pytest.raises(RegistryUnreachable):
            registry.succession("green")

    assert len([asked for asked in proxy.asked if "/api" in asked]) == 3


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    root = tmp_path_factory.mktemp("mlflow")
    return Registry(tracking_uri=f"sqlite:///{root / 'mlflow.db'}", local_root=str(root))


@pytest.fixture
def kept(local: Registry, tmp_path: Path) -> tuple[ModelVersion, Path]:
    """A version of its own fleet, and its bundle where MLflow keeps it."""
    fleet = f"fleet-{uuid4().hex}"
    version = register(local, fleet, "2025-03", save_model(tmp_path / "bundle", 1))
    return version, kept_file(local, version, "fare.txt").parent


def other_features(folder: Path) -> None:
    """A bundle whole in itself, made for a feature list of another order."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["features"].reverse()
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda folder: change_a_byte(folder / "fare.txt"), "fare.txt of the model bundle ch"),
        (lambda folder: change_a_byte(folder / "answers.json"), "answers.json of the model"),
        (lambda folder: (folder / "zones.parquet").unlink(), "but should hold"),
        (lambda folder: (folder / "notes.txt").write_text("mine"), "but should hold"),
        (lambda folder: (folder / "manifest.json").write_text("{"), "no readable manifest.json"),
        (lambda folder: (folder / "manifest.json").unlink(), "no readable manifest.json"),
        (rmtree, "no readable manifest.json"),
        (other_features, "was made by other feature code"),
        (lambda folder: save_model(folder, 3), "holds another model than was registered"),
    ],
    ids=[
        "one byte of the model",
        "one byte of the baselines",
        "a file missing",
        "a file too many",
        "half a manifest",
        "no manifest",
        "no bundle",
        "other features",
        "another model",
    ],
)
def test_a_version_whose_files_were_touched_is_named_and_not_promoted(
    local: Registry, kept: tuple[ModelVersion, Path], change: Change, message: str
) -> None:
    version, folder = kept
    fleet = version.name.removeprefix("taxi-fare-")
    change(folder)

    with pytest.raises(BundleError) as caught:
        promote(local, fleet, version, DECISION)

    assert f"{version.name} version 1" in str(caught.value)
    assert message in str(caught.value)
    assert local.succession(fleet).log == ()


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_version_whose_folder_is_gone_is_named_and_not_promoted(
    local: Registry, kept: tuple[ModelVersion, Path], level: int
) -> None:
    version, folder = kept
    fleet = version.name.removeprefix("taxi-fare-")
    rmtree(folder.parents[level - 1])

    with pytest.raises(RegistryError, match=f"{version.name} version 1"):
        promote(local, fleet, version, DECISION)

    assert local.succession(fleet).log == ()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    root = tmp_path_factory.mktemp("server")
    with running_server(root) as url:
        yield url, root


@pytest.fixture(scope="module")
def made(server: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> ModelVersion:
    registry = Registry(tracking_uri=server[0], local_root=str(server[1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")
        folder = save_model(tmp_path_factory.mktemp("made") / "bundle", 1)
        return register(registry, "green", "2025-03", folder)


PLACES = {
    "the log is read": "GET /registered-models/get",
    "the bundle is listed": "GET /mlflow-artifacts/artifacts?",
    "the bundle is fetched": "GET /fare.txt",
    "the log is written": "POST /registered-models/set-tag",
    "the alias moves": "POST /registered-models/alias",
}


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("place", "kind"),
    [*((place, kind) for place in PLACES for kind in ANSWERS), ("the alias moves", "silence")],
)
def test_a_promotion_that_mlflow_fails_anywhere_leaves_the_old_champion(
    server: tuple[str, Path],
    made: ModelVersion,
    place: str,
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "10" if kind == "silence" else "60")
    fleet = f"fleet-{uuid4().hex}"
    behind = Registry(tracking_uri=server[0], local_root=str(server[1]))
    first, second, third = (
        copy_version(behind, made, fleet, month) for month in ("2025-03", "2025-04", "2025-05")
    )
    for version in (first, second):
        promote(behind, fleet, version, DECISION)

    with proxy_before(server[0]) as proxy:
        registry = Registry(tracking_uri=proxy.url, local_root=str(server[1]))
        use(registry)
        proxy.spoilt[PLACES[place]] = kind
        proxy.asked.clear()
        with pytest.raises(RegistryError) as caught:
            promote(registry, fleet, third, DECISION)

    assert any(proxy.fault(asked) for asked in proxy.asked)
    assert str(caught.value).count("\n") == 0
    assert behind.succession(fleet).champion == 2
    back = roll_back(behind, fleet, DECISION)
    assert (back.version, back.previous) == (1, 2)
