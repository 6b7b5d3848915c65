"""What is told of sources that cannot be read."""

from pathlib import Path

import pytest

from taxi_assets.domain.errors import SourceUnreachable, UsageError
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.resources.tlc import TlcSource
from taxi_assets_tests.resources.conftest import MONTH_FILE


@pytest.mark.parametrize(
    "url",
    ["ftp://host/tlc", "/data/tlc", "", "file://data/tlc", "gs:///tlc", "s3://", "https://"],
)
def test_a_url_that_names_no_known_kind_of_place_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match=r"https://host.*file:///folder.*gs://.*s3://"):
        TlcSource(url=url).probe(MONTH_FILE)


def test_a_folder_that_is_not_there_is_an_unreachable_source(tmp_path: Path) -> None:
    source = TlcSource(url=(tmp_path / "nowhere").as_uri())

    with pytest.raises(SourceUnreachable, match=f"no folder {tmp_path / 'nowhere'}"):
        source.probe(MONTH_FILE)
    with pytest.raises(SourceUnreachable, match=f"no folder {tmp_path / 'nowhere'}"):
        source.list(get_fleet("green"), ["2025-01"])


def test_a_folder_where_a_file_should_be_is_an_unreachable_source(tmp_path: Path) -> None:
    (tmp_path / MONTH_FILE).mkdir(parents=True)

    with pytest.raises(SourceUnreachable, match="Is a directory"):
        TlcSource(url=tmp_path.as_uri()).fetch(MONTH_FILE, tmp_path / "month.parquet")


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_a_bucket_that_is_not_there_is_an_unreachable_source(
    scheme: str, s3_bucket: str, s3_endpoint: str, gs_bucket: str, tmp_path: Path
) -> None:
    source = TlcSource(url=f"{scheme}://taxi-nowhere", s3_endpoint=s3_endpoint, backoff_s=0)

    with pytest.raises(SourceUnreachable, match="taxi-nowhere"):
        source.probe(MONTH_FILE)
    with pytest.raises(SourceUnreachable, match="taxi-nowhere"):
        source.list(get_fleet("green"), ["2025-01"])
    with pytest.raises(SourceUnreachable, match="taxi-nowhere"):
        source.fetch(MONTH_FILE, tmp_path / "month.parquet")


@pytest.mark.parametrize("scheme", ["http", "s3", "gs"])
def test_a_source_that_does_not_answer_is_named_with_the_number_of_tries(
    scheme: str, s3_bucket: str, unused_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", unused_url)
    url = unused_url if scheme == "http" else f"{scheme}://bucket"
    source = TlcSource(url=url, s3_endpoint=unused_url, retries=2, backoff_s=0)

    with pytest.raises(
        SourceUnreachable, match=rf"{url}/{MONTH_FILE}.*tried 3 times.*TAXI_TLC_URL"
    ):
        source.probe(MONTH_FILE)
