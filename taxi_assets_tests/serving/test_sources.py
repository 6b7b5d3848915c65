"""Roots of bundles, in a folder and in buckets, and which source the settings name."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from serving.mlflow_database import MlflowDatabase
from serving.mlflow_rest import MlflowServer
from serving.models import load_warm
from serving.settings import Settings
from serving.sources import BundleRoot, open_source
from taxi_assets.domain.errors import BundleError, RegistryError, RegistryUnreachable, UsageError
from taxi_assets_tests.model_roots import identity, made


@dataclass(frozen=True)
class Root:
    """A root of bundles, and how a test puts files there."""

    source: BundleRoot
    put: Callable[[str, bytes], object]

    def publish(self, seed: int, folder: str = "green") -> None:
        for file in made(seed).iterdir():
            self.put(f"{folder}/{file.name}", file.read_bytes())


@pytest.fixture(params=["folder", "file", "s3", "gs"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> Root:
    made_here = {"folder": _folder, "file": _folder, "s3": _s3, "gs": _gs}
    return made_here[request.param](request, tmp_path / "a root")


def _folder(request: pytest.FixtureRequest, root: Path) -> Root:
    def put(name: str, content: bytes) -> None:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)

    told = root.as_uri() if request.node.callspec.params["root"] == "file" else str(root)
    return Root(BundleRoot(told, None), put)


def _s3(request: pytest.FixtureRequest, root: Path) -> Root:
    import boto3

    bucket: str = request.getfixturevalue("s3_bucket")
    endpoint: str = request.getfixturevalue("s3_endpoint")
    client = boto3.client("s3", endpoint_url=endpoint)

    def put(name: str, content: bytes) -> None:
        client.put_object(Bucket=bucket, Key=f"models/{name}", Body=content)

    return Root(BundleRoot(f"s3://{bucket}/models/", endpoint), put)


def _gs(request: pytest.FixtureRequest, root: Path) -> Root:
    from google.cloud import storage

    name: str = request.getfixturevalue("gs_bucket")  # first, for it tells where the emulator is
    bucket = storage.Client().bucket(name)

    def put(file: str, content: bytes) -> None:
        bucket.blob(f"models/{file}").upload_from_string(content)

    return Root(BundleRoot(f"gs://{name}/models", None), put)


def test_a_root_names_its_champion_and_its_challenger(root: Root) -> None:
    before = root.source.wanted("green")
    root.publish(1)
    alone = root.source.wanted("green")
    root.publish(3, "green-candidate")
    both = root.source.wanted("green")

    assert before == {}
    assert {alias: found.identity for alias, found in alone.items()} == {"champion": identity(1)}
    assert both["challenger"].identity == identity(3)
    assert both["champion"].title == f"taxi-fare-green version {identity(1)[:12]}"
    assert both["champion"].month == "2025-03"


def test_a_bundle_is_fetched_as_it_was_published(root: Root, tmp_path: Path) -> None:
    root.publish(3)
    root.put("green/notes.txt", b"nobody asked for them")
    into = tmp_path / "into"
    into.mkdir()

    root.source.fetch(root.source.wanted("green")["champion"], into)

    assert load_warm(into, identity(3)).manifest["identity"] == identity(3)


def test_a_bundle_that_lacks_a_file_is_named(root: Root, tmp_path: Path) -> None:
    root.put("green/manifest.json", (made(1) / "manifest.json").read_bytes())

    with pytest.raises(BundleError, match=r"There is no fare.txt in .*: log the model again"):
        root.source.fetch(root.source.wanted("green")["champion"], tmp_path)


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"month": "2025-03"}'])
def test_a_manifest_that_is_none_is_named(root: Root, content: bytes) -> None:
    root.put("green/manifest.json", content)

    with pytest.raises(RegistryUnreachable, match=r"green/manifest.json is no bundle's"):
        root.source.wanted("green")


def test_a_manifest_without_an_identity_is_named(root: Root) -> None:
    root.put("green/manifest.json", b'{"identity": "none"}')

    with pytest.raises(RegistryError, match="carries no identity to verify it by"):
        root.source.wanted("green")


@pytest.mark.parametrize("name", ["../../escaped", "/etc/passwd", "a/b", "", ".hidden", 7])
def test_a_manifest_cannot_name_files_elsewhere(tmp_path: Path, name: object) -> None:
    folder, into = tmp_path / "root" / "green", tmp_path / "a" / "b"
    folder.mkdir(parents=True)
    into.mkdir(parents=True)
    listed = [name] if isinstance(name, int) else {name: "digest"}
    (folder / "manifest.json").write_text(json.dumps({"identity": "a" * 64, "files": listed}))
    source = BundleRoot(str(tmp_path / "root"), None)

    with pytest.raises(BundleError, match="names a file"):
        source.fetch(source.wanted("green")["champion"], into)

    assert [path.name for path in into.iterdir()] == ["manifest.json"]


def test_a_bucket_that_is_not_there_is_no_champion_or_is_named(unused_port: int) -> None:
    source = BundleRoot("s3://nobody/models", f"http://127.0.0.1:{unused_port}")

    with pytest.raises(RegistryUnreachable, match="s3://nobody/models cannot be read"):
        source.wanted("green")


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"model": "models"}, BundleRoot),
        ({"model": "gs://bucket/models"}, BundleRoot),
        ({"mlflow_tracking_uri": "http://127.0.0.1:5000"}, MlflowServer),
        ({"mlflow_tracking_uri": "sqlite:////data/mlflow.db"}, MlflowDatabase),
    ],
)
def test_the_settings_name_the_source(told: dict[str, str], kind: type) -> None:
    source = open_source(Settings(**told))

    assert isinstance(source, kind)
    source.close()


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"model": "ftp://host/models"}, "is no place for models"),
        ({"model": "gs://"}, "is no place for models"),
        ({"model": "file://elsewhere/models"}, "is no place for models"),
        ({"mlflow_tracking_uri": "postgresql+psycopg2://u:secret@h/d"}, "an MLflow server's"),
    ],
)
def test_settings_that_name_no_source_are_refused(told: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        open_source(Settings(**told))

    assert "secret" not in str(caught.value)
