"""Landing source files: versions, pointers, and who agrees with whom."""

import hashlib
import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taxi_assets.domain.errors import (
    BadFile,
    NotPublished,
    UsageError,
)
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.storage import open_storage
from taxi_assets.resources.tlc import TlcSource
from taxi_assets_tests.cdn import Cdn
from taxi_assets_tests.resources.conftest import MONTH_FILE, parquet_bytes

FOLDER = "green/2025-01"
FIRST, SECOND = parquet_bytes(1000), parquet_bytes(1000, seed=1)
NOW = datetime(2025, 3, 20, 12, tzinfo=UTC)


@pytest.fixture(params=["local", "s3", "gs"])
def landing(request: pytest.FixtureRequest, tmp_path: Path) -> Landing:
    if request.param == "local":
        return Landing(str(tmp_path / "landing"))
    bucket = request.getfixturevalue(f"{request.param}_bucket")
    endpoint = request.getfixturevalue("s3_endpoint") if request.param == "s3" else None
    return Landing(f"{request.param}://{bucket}/landing/", s3_endpoint=endpoint)


@pytest.fixture
def local(tmp_path: Path) -> Landing:
    return Landing(str(tmp_path / "landing"))


def test_a_landed_file_is_the_published_one_with_its_story(
    landing: Landing, source: TlcSource, cdn: Cdn
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    published = source.probe(MONTH_FILE)

    landed = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)

    assert published is not None
    assert landed.path.endswith(f"/landing/{FOLDER}/{hashlib.sha256(FIRST).hexdigest()}.parquet")
    assert (landed.url, landed.etag) == (published.url, published.etag)
    assert (landed.last_modified, landed.bytes) == (published.last_modified, len(FIRST))
    assert (landed.landed_at, landed.fetched) == (NOW, True)
    assert landing.current(FOLDER) == replace(landed, fetched=False)
    assert landing.versions(FOLDER) == [replace(landed, fetched=False)]
    with landing.open(landed) as file:
        assert file.read() == FIRST


def test_nothing_has_landed_at_first(landing: Landing) -> None:
    assert landing.current(FOLDER) is None
    assert landing.versions(FOLDER) == []


def test_the_months_that_are_landed_are_found_in_one_listing(
    landing: Landing, source: TlcSource, cdn: Cdn
) -> None:
    before = landing.folders("green")
    cdn.publish(MONTH_FILE, FIRST)
    for folder in ("green/2025-02", "yellow/2025-01", FOLDER):
        landing.land(source, MONTH_FILE, folder=folder, now=NOW)
    cdn.publish(MONTH_FILE, SECOND)
    landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)

    assert before == []
    assert landing.folders("green") == [FOLDER, "green/2025-02"]
    assert landing.folders("gre") == []


def test_a_month_is_whole_while_all_bytes_of_the_version_that_counts_are_here(
    landing: Landing, source: TlcSource, cdn: Cdn, request: pytest.FixtureRequest
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    landing.land(source, MONTH_FILE, folder="green/2025-02", now=NOW)
    landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)
    cdn.publish(MONTH_FILE, SECOND)
    landed = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)
    before = landing.whole("green")
    on_s3 = landed.path.startswith("s3://")
    endpoint = request.getfixturevalue("s3_endpoint") if on_s3 else None
    storage = open_storage(landed.path.removesuffix(f"/{landed.name}"), endpoint)
    storage.write(landed.name, SECOND[:-1])
    cut = landing.whole("green")
    storage.delete(landed.name)

    assert before[FOLDER] == replace(landed, fetched=False)
    assert list(before) == [FOLDER, "green/2025-02"]
    assert list(cut) == list(landing.whole("green")) == ["green/2025-02"]
    assert landing.current(FOLDER) == replace(landed, fetched=False)


def test_an_unchanged_file_is_not_downloaded_again(
    landing: Landing, source: TlcSource, cdn: Cdn
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    first = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)

    again = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW + timedelta(days=1))

    assert again == replace(first, fetched=False)
    assert len(cdn.gets()) == 1


def test_a_republished_file_is_a_new_version_beside_the_old_one(
    landing: Landing, source: TlcSource, cdn: Cdn
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    first = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)
    cdn.publish(MONTH_FILE, SECOND)

    second = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW + timedelta(days=1))

    assert second.fetched
    assert landing.current(FOLDER) == replace(second, fetched=False)
    assert [v.sha256 for v in landing.versions(FOLDER)] == [first.sha256, second.sha256]
    landing.verify(first)
    landing.verify(second)


def test_the_same_content_with_another_date_is_no_new_version(
    landing: Landing, source: TlcSource, cdn: Cdn
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    first = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)
    os.utime(cdn.root / MONTH_FILE, (1_000_000_000, 1_000_000_000))

    second = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW + timedelta(days=1))
    third = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW + timedelta(days=2))

    assert (second.fetched, third.fetched) == (True, False)
    assert second.last_modified == datetime.fromtimestamp(1_000_000_000, UTC)
    assert (second.path, second.landed_at) == (first.path, NOW)
    assert [v.sha256 for v in landing.versions(FOLDER)] == [first.sha256]


def test_a_file_that_is_republished_and_then_restored_is_current_again(
    landing: Landing, source: TlcSource, cdn: Cdn
) -> None:
    for content in (FIRST, SECOND, FIRST):
        cdn.publish(MONTH_FILE, content)
        landed = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)

    current = landing.current(FOLDER)
    assert current is not None
    assert current.sha256 == landed.sha256 == hashlib.sha256(FIRST).hexdigest()
    assert len(landing.versions(FOLDER)) == 2


def test_a_file_that_went_missing_from_the_landing_is_landed_again(
    local: Landing, source: TlcSource, cdn: Cdn
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    landed = local.land(source, MONTH_FILE, folder=FOLDER, now=NOW)
    Path(landed.path).unlink()

    again = local.land(source, MONTH_FILE, folder=FOLDER, now=NOW)

    assert again.fetched
    local.verify(again)


def test_an_altered_file_is_found_by_verifying(local: Landing, source: TlcSource, cdn: Cdn) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    landed = local.land(source, MONTH_FILE, folder=FOLDER, now=NOW)
    Path(landed.path).write_bytes(SECOND)

    with pytest.raises(BadFile, match=rf"{landed.path} was altered.*land it again"):
        local.verify(landed)


def test_a_file_that_fails_the_check_is_not_landed(
    landing: Landing, source: TlcSource, cdn: Cdn
) -> None:
    cdn.publish(MONTH_FILE, FIRST)

    def refuse(file: Path) -> None:
        assert file.read_bytes() == FIRST
        raise BadFile("It has no columns we know.")

    with pytest.raises(BadFile, match="no columns"):
        landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW, check=refuse)

    assert landing.current(FOLDER) is None
    assert landing.versions(FOLDER) == []


def test_a_file_that_is_withdrawn_is_told_and_the_landed_version_stays(
    landing: Landing, source: TlcSource, cdn: Cdn
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    first = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)
    (cdn.root / MONTH_FILE).unlink()

    with pytest.raises(NotPublished, match="the source answered 403"):
        landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)

    assert landing.current(FOLDER) == replace(first, fetched=False)


def test_runs_that_land_the_same_file_at_once_agree(
    landing: Landing, source: TlcSource, cdn: Cdn
) -> None:
    cdn.publish(MONTH_FILE, FIRST)

    def land(second: int) -> str:
        now = NOW + timedelta(seconds=second)
        return landing.land(source, MONTH_FILE, folder=FOLDER, now=now).path

    with ThreadPoolExecutor(8) as pool:
        paths = set(pool.map(land, range(16)))

    (version,) = landing.versions(FOLDER)
    current = landing.current(FOLDER)
    assert current is not None
    assert paths == {version.path} == {current.path}
    landing.verify(current)


def test_a_record_that_is_not_one_is_named(local: Landing, tmp_path: Path) -> None:
    pointer = tmp_path / "landing" / FOLDER / "current.json"
    pointer.parent.mkdir(parents=True)
    pointer.write_text(json.dumps({"url": "x"}))

    with pytest.raises(BadFile, match=f"{pointer} is no record of a landed file"):
        local.current(FOLDER)


def test_a_root_of_another_kind_is_refused() -> None:
    with pytest.raises(UsageError, match=r"ftp://host/x.*local folder, gs://.*s3://"):
        Landing("ftp://host/x")
