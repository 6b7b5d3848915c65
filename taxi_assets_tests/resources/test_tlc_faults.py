"""A source that breaks off, stalls, lies about lengths and changes its files meanwhile."""

import tracemalloc
from pathlib import Path

import pytest

from taxi_assets.domain.errors import SourceUnreachable
from taxi_assets.resources.backends import CHUNK_BYTES, Changed, FolderBackend
from taxi_assets.resources.tlc import TlcSource
from taxi_assets_tests.cdn import Cdn, Fault
from taxi_assets_tests.resources.conftest import MONTH_FILE, parquet_bytes

CONTENT = parquet_bytes(400_000)
CORRECTED = parquet_bytes(400_000, seed=1)
BREAK = 1_500_000


@pytest.fixture
def to(cdn: Cdn, tmp_path: Path) -> Path:
    """Where the month is fetched to, once it is published."""
    cdn.publish(MONTH_FILE, CONTENT)
    (tmp_path / "fetched").mkdir()
    return tmp_path / "fetched" / "month.parquet"


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_broken_download_goes_on_where_it_broke(
    source: TlcSource, cdn: Cdn, to: Path, how: str
) -> None:
    cdn.fail(MONTH_FILE, Fault(breaks_after=BREAK, how=how))

    source.fetch(MONTH_FILE, to)

    first, second = cdn.gets()
    assert to.read_bytes() == CONTENT
    assert (first.start, second.start) == (0, BREAK)
    assert first.sent + second.sent == len(CONTENT)
    assert second.status == 206
    assert second.headers["If-Range"]


def test_a_stalled_download_times_out_and_goes_on(cdn: Cdn, to: Path) -> None:
    source = TlcSource(url=cdn.url, backoff_s=0, timeout_s=1)
    cdn.fail(MONTH_FILE, Fault(breaks_after=BREAK, how="stall"))

    source.fetch(MONTH_FILE, to)

    assert to.read_bytes() == CONTENT
    assert [asked.start for asked in cdn.gets()] == [0, BREAK]


def test_a_download_that_broke_after_its_last_byte_is_complete(
    source: TlcSource, cdn: Cdn, to: Path
) -> None:
    cdn.fail(MONTH_FILE, Fault(breaks_after=len(CONTENT)))

    source.fetch(MONTH_FILE, to)

    assert to.read_bytes() == CONTENT
    assert len(cdn.gets()) == 1


@pytest.fixture
def s3_over_cdn(cdn: Cdn, s3_bucket: str) -> TlcSource:
    """S3's objects are files behind HTTP too, so the CDN's faults serve for them."""
    cdn.publish(f"bucket/tlc/{MONTH_FILE}", CONTENT)
    return TlcSource(url="s3://bucket/tlc", s3_endpoint=cdn.url, backoff_s=0, timeout_s=10)


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_broken_download_from_s3_goes_on_near_where_it_broke(
    s3_over_cdn: TlcSource, cdn: Cdn, to: Path, how: str
) -> None:
    cdn.fail(f"bucket/tlc/{MONTH_FILE}", Fault(breaks_after=BREAK, how=how))

    s3_over_cdn.fetch(MONTH_FILE, to)

    first, second = cdn.gets()
    assert to.read_bytes() == CONTENT
    assert first.sent == BREAK
    assert BREAK - CHUNK_BYTES <= second.start <= BREAK
    assert second.headers["If-Match"]


def test_an_s3_object_that_changes_while_it_is_downloaded_is_fetched_anew(
    s3_over_cdn: TlcSource, cdn: Cdn, to: Path
) -> None:
    cdn.fail(f"bucket/tlc/{MONTH_FILE}", Fault(breaks_after=BREAK, then=CORRECTED))

    s3_over_cdn.fetch(MONTH_FILE, to)

    assert to.read_bytes() == CORRECTED
    assert [asked.status for asked in cdn.gets()] == [200, 412, 200]


def test_a_busy_s3_is_asked_again_and_a_refusal_is_not(
    s3_over_cdn: TlcSource, cdn: Cdn, to: Path
) -> None:
    cdn.fail(f"bucket/tlc/{MONTH_FILE}", Fault(status=503), Fault(status=429), Fault(status=403))

    with pytest.raises(SourceUnreachable, match="403"):
        s3_over_cdn.fetch(MONTH_FILE, to)

    assert [asked.status for asked in cdn.gets()] == [503, 429, 403]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(
    source: TlcSource, cdn: Cdn, to: Path, status: int
) -> None:
    busy = Fault(status=status)
    cdn.fail(MONTH_FILE, busy, busy, Fault(breaks_after=BREAK))

    source.fetch(MONTH_FILE, to)

    assert to.read_bytes() == CONTENT
    assert [asked.status for asked in cdn.gets()] == [status, status, 200, 206]


def test_a_probe_is_tried_again_too(source: TlcSource, cdn: Cdn, to: Path) -> None:
    cdn.fail(MONTH_FILE, Fault(status=503, method="HEAD"))

    found = source.probe(MONTH_FILE)

    assert found is not None
    assert [asked.status for asked in cdn.asked] == [503, 200]


def test_a_source_that_keeps_failing_is_given_up_after_the_retries(
    source: TlcSource, cdn: Cdn, to: Path
) -> None:
    to.write_bytes(b"earlier")
    cdn.fail(MONTH_FILE, *[Fault(status=503)] * 10)

    with pytest.raises(SourceUnreachable) as caught:
        source.fetch(MONTH_FILE, to)

    message = str(caught.value)
    assert f"{cdn.url}/{MONTH_FILE}" in message
    assert "503" in message
    assert "tried 4 times" in message
    assert len(cdn.gets()) == 4
    assert to.read_bytes() == b"earlier"
    assert list(to.parent.iterdir()) == [to]


@pytest.mark.parametrize("status", [400, 401, 410])
def test_a_refusal_is_not_tried_again(source: TlcSource, cdn: Cdn, to: Path, status: int) -> None:
    cdn.fail(MONTH_FILE, Fault(status=status))

    with pytest.raises(SourceUnreachable, match=f"tried once.*answered {status}"):
        source.fetch(MONTH_FILE, to)

    assert len(cdn.gets()) == 1


@pytest.mark.parametrize(
    "resumed",
    [Fault(), Fault(ignores_if_range=True), Fault(ignores_range=True)],
    ids=["honest", "range although changed", "no ranges"],
)
def test_a_file_that_changes_while_it_is_downloaded_is_fetched_anew(
    source: TlcSource, cdn: Cdn, to: Path, resumed: Fault
) -> None:
    cdn.fail(MONTH_FILE, Fault(breaks_after=BREAK, then=CORRECTED), resumed)

    fetched = source.fetch(MONTH_FILE, to)

    assert to.read_bytes() == CORRECTED
    assert fetched.remote == source.probe(MONTH_FILE)


def test_a_file_that_became_shorter_meanwhile_is_fetched_anew(
    source: TlcSource, cdn: Cdn, to: Path
) -> None:
    shorter = parquet_bytes(1000)
    cdn.fail(MONTH_FILE, Fault(breaks_after=BREAK, then=shorter), Fault(ignores_if_range=True))

    source.fetch(MONTH_FILE, to)

    assert to.read_bytes() == shorter
    assert [asked.status for asked in cdn.gets()] == [200, 416, 200]


def test_a_server_without_ranges_sends_everything_again(
    source: TlcSource, cdn: Cdn, to: Path
) -> None:
    cdn.fail(MONTH_FILE, Fault(breaks_after=BREAK), Fault(ignores_range=True))

    source.fetch(MONTH_FILE, to)

    assert to.read_bytes() == CONTENT
    assert [asked.status for asked in cdn.gets()] == [200, 200]


def test_a_folders_file_that_is_written_to_meanwhile_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "month.parquet").write_bytes(CONTENT)
    backend = FolderBackend("file:///tlc", tmp_path)

    with backend.read("month.parquet", 0, None) as body:
        next(body.chunks)
        (tmp_path / "month.parquet").write_bytes(CORRECTED)

        with pytest.raises(Changed, match="written to while it was being read"):
            next(body.chunks)


def test_memory_stays_bounded_whatever_the_size(source: TlcSource, cdn: Cdn, to: Path) -> None:
    cdn.publish("misc/large.csv", b"x" * 40_000_000)
    source.fetch("misc/large.csv", to)  # what is imported once is not the download's

    tracemalloc.start()
    try:
        source.fetch("misc/large.csv", to)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert to.stat().st_size == 40_000_000
    assert peak_bytes < 6_000_000
