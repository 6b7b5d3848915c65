"""When the lake fails or a write is cut short: what it says, and what it leaves behind."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from taxi_assets.domain.errors import LakeUnreachable
from taxi_assets.resources.lake import Lake
from taxi_assets_tests.lakes import NAME, RIDES, Place, rides


def unreachable(kind: str, tmp_path: Path, port: int) -> Lake:
    """A lake of which one part does not answer."""
    (tmp_path / "file").touch()
    sqlite = f"sqlite:///{tmp_path / 'catalog.db'}"
    here, below_file = str(tmp_path / "tables"), str(tmp_path / "file" / "tables")
    nobody = f"http://127.0.0.1:{port}"
    return {
        "no PostgreSQL": Lake(
            warehouse=here, catalog_uri=f"postgresql+psycopg2://taxi@127.0.0.1:{port}/taxi"
        ),
        "no folder for SQLite": Lake(
            warehouse=here, catalog_uri=f"sqlite:///{tmp_path / 'file' / 'catalog.db'}"
        ),
        "no S3": Lake(warehouse="s3://bucket/tables", catalog_uri=sqlite, s3_endpoint=nobody),
        "no folder for files": Lake(warehouse=below_file, catalog_uri=sqlite),
    }[kind]


KINDS = ["no PostgreSQL", "no folder for SQLite", "no S3", "no folder for files"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_lake_that_does_not_answer_is_named_with_what_to_check(
    kind: str, tmp_path: Path, unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    lake = unreachable(kind, tmp_path, unused_port)

    with pytest.raises(LakeUnreachable) as caught:
        lake.write(NAME, RIDES, "2025-01", [rides(3)])

    message = str(caught.value)
    assert lake.warehouse in message
    assert "check TAXI_LAKE, TAXI_CATALOG_URI" in message
    assert "\n" not in message


@pytest.mark.parametrize("kind", KINDS[:2])
def test_asking_an_unreachable_catalog_is_refused_as_well(
    kind: str, tmp_path: Path, unused_port: int
) -> None:
    lake = unreachable(kind, tmp_path, unused_port)

    with pytest.raises(LakeUnreachable, match="check TAXI_LAKE, TAXI_CATALOG_URI"):
        lake.versions(NAME)


def test_a_lake_that_nobody_wrote_to_has_no_versions(place: Place) -> None:
    assert place.lake.versions(NAME) == {}


class SourceFailed(Exception):
    """What goes wrong upstream."""


@pytest.mark.parametrize("batches", [0, 1, 3])
def test_a_stream_that_breaks_leaves_the_month_as_it_was_and_no_file(
    place: Place, batches: int
) -> None:
    place.write("2025-01", rides(5))
    before = (place.files(), place.lake.versions(NAME), place.snapshots())

    def breaking() -> Iterator[pa.RecordBatch]:
        for number in range(batches):
            yield rides(100, first=100 * number)
        raise SourceFailed

    with pytest.raises(SourceFailed):
        place.lake.write(NAME, RIDES, "2025-01", breaking())

    assert (place.files(), place.lake.versions(NAME), place.snapshots()) == before
    assert place.read("2025-01").equals(pa.Table.from_batches([rides(5)]))


def test_a_stream_that_breaks_can_be_written_again(place: Place) -> None:
    def breaking() -> Iterator[pa.RecordBatch]:
        yield rides(100)
        raise SourceFailed

    with pytest.raises(SourceFailed):
        place.lake.write(NAME, RIDES, "2025-01", breaking())
    place.write("2025-01", rides(200))

    assert place.read("2025-01").equals(pa.Table.from_batches([rides(200)]))
    assert len(place.files()) == 1
