"""What every kind of source has in common."""

import hashlib
import subprocess
import sys
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from taxi_assets.domain.errors import BadFile, NotPublished
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.resources.backends import Backend, Changed, open_backend
from taxi_assets.resources.tlc import TlcSource
from taxi_assets_tests.cdn import Cdn
from taxi_assets_tests.resources.conftest import MONTH_FILE, Tree, gs_tree, parquet_bytes, zip_bytes


def open_tree(tree: Tree) -> AbstractContextManager[Backend]:
    return open_backend(tree.source.url, timeout_s=10, s3_endpoint=tree.source.s3_endpoint)


def test_a_published_file_is_described(tree: Tree) -> None:
    tree.publish(MONTH_FILE, parquet_bytes(1000))

    found = tree.source.probe(MONTH_FILE)

    assert found is not None
    assert found.url == f"{tree.source.url}/{MONTH_FILE}"
    assert found.etag
    assert found.size_bytes == len(parquet_bytes(1000))
    assert found.last_modified is not None
    assert found.last_modified.utcoffset() == datetime.now(UTC).utcoffset()


def test_a_file_that_is_not_published_has_no_description(tree: Tree) -> None:
    tree.publish("misc/other.csv", b"a,b\n")

    assert tree.source.probe(MONTH_FILE) is None


def test_a_republished_file_has_another_etag(tree: Tree) -> None:
    tree.publish(MONTH_FILE, parquet_bytes(1000))
    before = tree.source.probe(MONTH_FILE)

    tree.publish(MONTH_FILE, parquet_bytes(1000, seed=1))
    after = tree.source.probe(MONTH_FILE)

    assert before is not None
    assert after is not None
    assert before.etag != after.etag


def test_the_published_months_are_listed_in_the_order_asked_for(tree: Tree) -> None:
    for month in ("2024-12", "2025-01", "2025-02"):
        tree.publish(f"trip-data/green_tripdata_{month}.parquet", b"x")
    tree.publish("trip-data/yellow_tripdata_2025-03.parquet", b"x")

    found = tree.source.list(get_fleet("green"), ["2025-02", "2025-03", "2025-01"])

    assert found == ["2025-02", "2025-01"]


def test_no_month_is_published_where_there_is_no_trip_data(tree: Tree) -> None:
    assert tree.source.list(get_fleet("green"), ["2025-01"]) == []


def test_asking_for_no_month_finds_none(tree: Tree) -> None:
    assert tree.source.list(get_fleet("green"), []) == []


def test_a_fetched_file_is_the_published_one_to_the_byte(tree: Tree, tmp_path: Path) -> None:
    content = parquet_bytes(400_000)  # more than three chunks
    tree.publish(MONTH_FILE, content)
    to = tmp_path / "month.parquet"

    fetched = tree.source.fetch(MONTH_FILE, to)

    assert to.read_bytes() == content
    assert fetched.bytes == len(content)
    assert fetched.sha256 == hashlib.sha256(content).hexdigest()
    assert fetched.remote == tree.source.probe(MONTH_FILE)


def test_a_file_can_be_read_from_the_middle(tree: Tree) -> None:
    content = parquet_bytes(10_000)
    tree.publish(MONTH_FILE, content)
    published = tree.source.probe(MONTH_FILE)
    assert published is not None

    with open_tree(tree) as backend, backend.read(MONTH_FILE, 50_000, published.etag) as body:
        rest = b"".join(body.chunks)

    assert body.start == 50_000
    assert body.remote == published
    assert rest == content[50_000:]


def test_a_file_that_changed_is_not_read_from_the_middle(tree: Tree) -> None:
    tree.publish(MONTH_FILE, parquet_bytes(10_000))
    published = tree.source.probe(MONTH_FILE)
    assert published is not None
    tree.publish(MONTH_FILE, parquet_bytes(10_000, seed=1))

    with ExitStack() as stack:
        backend = stack.enter_context(open_tree(tree))
        try:
            body = stack.enter_context(backend.read(MONTH_FILE, 50_000, published.etag))
            found = b"".join(body.chunks)
        except Changed:
            return

    assert body.start == 0
    assert found == parquet_bytes(10_000, seed=1)


def test_an_object_that_is_replaced_while_it_is_read_is_noticed(
    gs_bucket: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    tree = gs_tree(request, tmp_path)
    tree.publish(MONTH_FILE, parquet_bytes(10_000))

    with open_tree(tree) as backend, backend.read(MONTH_FILE, 0, None) as body:
        next(body.chunks)
        tree.publish(MONTH_FILE, parquet_bytes(10_000, seed=1))

        with pytest.raises(Changed, match="replaced while it was being read"):
            next(body.chunks)


def test_fetching_what_is_not_published_says_so_and_leaves_nothing(
    tree: Tree, tmp_path: Path
) -> None:
    tree.publish("misc/other.csv", b"a,b\n")
    to = tmp_path / "fetched" / "month.parquet"
    to.parent.mkdir()

    with pytest.raises(NotPublished) as caught:
        tree.source.fetch(MONTH_FILE, to)

    url = f"{tree.source.url}/{MONTH_FILE}"
    assert str(caught.value).startswith(f"{MONTH_FILE} is not published at {url}: ")
    assert list(to.parent.iterdir()) == []


def test_a_root_may_end_with_a_slash(tree: Tree) -> None:
    tree.publish(MONTH_FILE, parquet_bytes(10))
    slashed = tree.source.model_copy(update={"url": f"{tree.source.url}/"})

    assert slashed.probe(MONTH_FILE) == tree.source.probe(MONTH_FILE)


@pytest.mark.parametrize(
    ("path", "content"),
    [
        (MONTH_FILE, parquet_bytes(1000)[:-5]),
        (MONTH_FILE, b"<html>Please log in.</html>"),
        (MONTH_FILE, b""),
        ("misc/taxi_zones.zip", zip_bytes()[:-30]),
        ("misc/taxi_zones.zip", b""),
    ],
)
def test_a_file_without_a_readable_end_is_refused_and_the_earlier_one_stays(
    source: TlcSource, cdn: Cdn, tmp_path: Path, path: str, content: bytes
) -> None:
    cdn.publish(path, content)
    to = tmp_path / "fetched" / Path(path).name
    to.parent.mkdir()
    to.write_bytes(b"earlier")

    with pytest.raises(BadFile, match=f"{source.url}/{path} is not a readable"):
        source.fetch(path, to)

    assert to.read_bytes() == b"earlier"
    assert list(to.parent.iterdir()) == [to]


def test_a_readable_zip_and_a_plain_file_are_accepted(
    source: TlcSource, cdn: Cdn, tmp_path: Path
) -> None:
    archive = zip_bytes()
    cdn.publish("misc/taxi_zones.zip", archive)
    cdn.publish("misc/taxi_zone_lookup.csv", b"id,name\n")

    source.fetch("misc/taxi_zones.zip", tmp_path / "zones.zip")
    source.fetch("misc/taxi_zone_lookup.csv", tmp_path / "lookup.csv")

    assert (tmp_path / "zones.zip").read_bytes() == archive
    assert (tmp_path / "lookup.csv").read_bytes() == b"id,name\n"


def test_a_file_that_fails_the_callers_check_is_not_put_in_place(
    source: TlcSource, cdn: Cdn, tmp_path: Path
) -> None:
    cdn.publish(MONTH_FILE, parquet_bytes(1000))
    to = tmp_path / "fetched" / "month.parquet"
    to.parent.mkdir()

    def refuse(file: Path) -> None:
        assert file.read_bytes() == parquet_bytes(1000)
        raise BadFile("It has no columns we know.")

    with pytest.raises(BadFile, match="no columns we know"):
        source.fetch(MONTH_FILE, to, check=refuse)

    assert list(to.parent.iterdir()) == []


def test_it_is_a_dagster_resource(source: TlcSource, cdn: Cdn) -> None:
    cdn.publish(MONTH_FILE, parquet_bytes(10))

    @dg.asset
    def size_bytes(tlc: TlcSource) -> int:
        found = tlc.probe(MONTH_FILE)
        return (found and found.size_bytes) or 0

    result = dg.materialize([size_bytes], resources={"tlc": source})

    assert result.output_for_node("size_bytes") == len(parquet_bytes(10))


def test_importing_it_loads_no_cloud_library() -> None:
    heavy = "{'google.cloud', 'boto3', 'dagster_gcp', 'mlflow', 'httpx', 'rich', 'pyarrow.parquet'}"
    code = f"import sys, taxi_assets.resources.tlc; print(*({heavy} & set(sys.modules)))"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == ""
