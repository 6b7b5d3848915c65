"""Real stores to read trip files from and to land them in."""

import io
import socket
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import uuid4

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxi_assets.resources.lake import Lake
from taxi_assets.resources.tlc import TlcSource
from taxi_assets_tests.cdn import Cdn, serving
from taxi_assets_tests.lakes import Place, Writers

if TYPE_CHECKING:
    from pgserver import PostgresServer

MONTH_FILE = "trip-data/green_tripdata_2025-01.parquet"


def parquet_bytes(rows: int, seed: int = 0) -> bytes:
    """A Parquet file of 8 random bytes a row, so that its size does not shrink when compressed."""
    sink = io.BytesIO()
    values = np.random.default_rng(seed).integers(0, 2**62, rows)
    pq.write_table(pa.table({"value": values}), sink, use_dictionary=False)
    return sink.getvalue()


def zip_bytes() -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("taxi_zones/taxi_zones.txt", "zones" * 1000)
    return sink.getvalue()


@dataclass(frozen=True)
class Tree:
    """A place that TlcSource can read, and how a test publishes files there."""

    source: TlcSource
    publish: Callable[[str, bytes], None]


@pytest.fixture
def cdn(tmp_path: Path) -> Iterator[Cdn]:
    with serving(tmp_path / "cdn") as running:
        yield running


@pytest.fixture
def source(cdn: Cdn) -> TlcSource:
    return TlcSource(url=cdn.url, backoff_s=0, retries=3, timeout_s=10)


@pytest.fixture
def unused_url() -> str:
    """A local address where nobody answers: taken, but not listened on, while it is looked up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(params=["http", "file", "s3", "gs"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    return {"http": _http_tree, "file": _file_tree, "s3": _s3_tree, "gs": gs_tree}[request.param](
        request, tmp_path
    )


def _http_tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    cdn: Cdn = request.getfixturevalue("cdn")
    return Tree(TlcSource(url=cdn.url, backoff_s=0), cdn.publish)


def _file_tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    root = tmp_path / "a tree"
    root.mkdir()

    def publish(path: str, content: bytes) -> None:
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(content)

    return Tree(TlcSource(url=root.as_uri(), backoff_s=0), publish)


def _s3_tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    bucket: str = request.getfixturevalue("s3_bucket")
    endpoint: str = request.getfixturevalue("s3_endpoint")
    client = boto3.client("s3", endpoint_url=endpoint)

    def publish(path: str, content: bytes) -> None:
        client.put_object(Bucket=bucket, Key=f"tlc/{path}", Body=content)

    url = f"s3://{bucket}/tlc"
    return Tree(TlcSource(url=url, s3_endpoint=endpoint, backoff_s=0), publish)


def gs_tree(request: pytest.FixtureRequest, tmp_path: Path) -> Tree:
    from google.cloud import storage

    name: str = request.getfixturevalue("gs_bucket")  # first, for it tells where the emulator is
    bucket = storage.Client().bucket(name)

    def publish(path: str, content: bytes) -> None:
        bucket.blob(f"tlc/{path}").upload_from_string(content)

    return Tree(TlcSource(url=f"gs://{bucket.name}/tlc", backoff_s=0), publish)


@pytest.fixture(scope="session")
def postgresql() -> Iterator["PostgresServer"]:
    # not below pytest's own folder: started by root, the server runs as another user, who would
    # lose access to it whenever another pytest begins
    with TemporaryDirectory() as root, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", root)  # pgserver keeps a lock file there
        pgserver = pytest.importorskip("pgserver", reason="pgserver has no wheel for this Python")
        with pgserver.get_server(Path(root) / "data") as server:
            yield server


@pytest.fixture(scope="session")
def writers() -> Iterator[Writers]:
    four = Writers(4)
    yield four
    four.close()


@pytest.fixture(params=["sqlite", "postgresql", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A lake whose catalog is SQLite or PostgreSQL, and whose files lie in a folder or in S3."""
    return {"sqlite": local_lake, "postgresql": _postgresql_lake, "s3": _s3_lake}[request.param](
        request, tmp_path
    )


def local_lake(request: pytest.FixtureRequest | None, tmp_path: Path, catalog: str = "") -> Place:
    warehouse = tmp_path / "lake" / "tables"
    lake = Lake(
        warehouse=str(warehouse),
        catalog_uri=catalog or f"sqlite:///{tmp_path / 'lake' / 'catalog.db'}?timeout=60",
    )
    return Place(lake, lambda: frozenset(str(path) for path in warehouse.rglob("*.parquet")))


def _postgresql_lake(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    server: PostgresServer = request.getfixturevalue("postgresql")
    database = f"lake_{uuid4().hex}"
    server.psql(f"create database {database}")
    uri = server.get_uri(database).replace("postgresql:", "postgresql+psycopg2:")
    return local_lake(request, tmp_path, uri)


def _s3_lake(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    bucket: str = request.getfixturevalue("s3_bucket")
    endpoint: str = request.getfixturevalue("s3_endpoint")
    client = boto3.client("s3", endpoint_url=endpoint)
    lake = Lake(
        warehouse=f"s3://{bucket}/lake/tables",
        catalog_uri=f"sqlite:///{tmp_path / 'catalog.db'}?timeout=60",
        s3_endpoint=endpoint,
    )

    def files() -> frozenset[str]:
        found = client.list_objects_v2(Bucket=bucket)["Contents"]
        return frozenset(item["Key"] for item in found if item["Key"].endswith(".parquet"))

    return Place(lake, files)
