"""What a landing keeps and tells when its source, its storage or its own process fails."""

import hashlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from taxi_assets.domain.errors import (
    LakeUnreachable,
    SourceUnreachable,
)
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.tlc import TlcSource
from taxi_assets_tests.cdn import Cdn, Fault
from taxi_assets_tests.resources.conftest import MONTH_FILE, parquet_bytes

FOLDER = "green/2025-01"
FIRST, SECOND = parquet_bytes(1000), parquet_bytes(1000, seed=1)
NOW = datetime(2025, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def local(tmp_path: Path) -> Landing:
    return Landing(str(tmp_path / "landing"))


def test_a_failed_download_leaves_the_landed_version(
    local: Landing, source: TlcSource, cdn: Cdn, tmp_path: Path
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    first = local.land(source, MONTH_FILE, folder=FOLDER, now=NOW)
    cdn.publish(MONTH_FILE, SECOND)
    cdn.fail(MONTH_FILE, *[Fault(status=503)] * 4)

    with pytest.raises(SourceUnreachable, match="503"):
        local.land(source, MONTH_FILE, folder=FOLDER, now=NOW)

    assert local.current(FOLDER) == replace(first, fetched=False)
    assert list((tmp_path / "landing" / ".incoming").iterdir()) == []


def test_what_a_killed_run_left_is_cleared_away_after_a_day(
    local: Landing, source: TlcSource, cdn: Cdn, tmp_path: Path
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    recent, old = (tmp_path / "landing" / ".incoming" / name for name in ("recent", "old"))
    for folder in (recent, old):
        folder.mkdir(parents=True)
        (folder / "month.part").write_bytes(b"half")
    os.utime(old, (time.time() - 25 * 3600,) * 2)

    local.land(source, MONTH_FILE, folder=FOLDER, now=NOW)

    assert recent.exists()
    assert not old.exists()


def test_a_root_that_cannot_be_a_folder_is_an_unreachable_lake(
    source: TlcSource, cdn: Cdn, tmp_path: Path
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    (tmp_path / "file").write_bytes(b"")

    with pytest.raises(LakeUnreachable, match=f"{tmp_path / 'file'}.*Not a directory"):
        Landing(str(tmp_path / "file")).land(source, MONTH_FILE, folder=FOLDER, now=NOW)


def test_a_bucket_that_is_not_there_is_an_unreachable_lake(
    source: TlcSource, cdn: Cdn, s3_bucket: str, s3_endpoint: str
) -> None:
    cdn.publish(MONTH_FILE, FIRST)
    landing = Landing("s3://taxi-nowhere/landing", s3_endpoint=s3_endpoint)

    with pytest.raises(LakeUnreachable, match=r"s3://taxi-nowhere/landing.*bucket"):
        landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW)


def test_a_storage_service_that_does_not_answer_is_an_unreachable_lake(
    s3_bucket: str, unused_url: str
) -> None:
    with pytest.raises(LakeUnreachable, match=r"s3://bucket/landing.*connect"):
        Landing("s3://bucket/landing", s3_endpoint=unused_url).current(FOLDER)


@pytest.fixture
def small_files() -> Iterator[None]:
    """As if the disk were full: no file may grow beyond 64 KiB."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_an_unreachable_lake_and_lands_nothing(
    local: Landing, source: TlcSource, cdn: Cdn, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    cdn.publish(MONTH_FILE, parquet_bytes(400_000))
    request.getfixturevalue("small_files")

    with pytest.raises(LakeUnreachable, match=f"{tmp_path / 'landing'}.*too large.*has room"):
        local.land(source, MONTH_FILE, folder=FOLDER, now=NOW)

    assert local.current(FOLDER) is None
    assert list((tmp_path / "landing" / ".incoming").iterdir()) == []


# Lands the second version over the first, in a process that kills itself at the n-th line it runs
# of the landing's code; tells how many lines there were when it was not killed. It forks because a
# process that has imported everything once is quicker than forty that each import it.
KILLED = """
import os, random, shutil, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import pyarrow.parquet
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.tlc import TlcSource

scratch, published, path, folder = Path(sys.argv[1]), *sys.argv[2:]
source = TlcSource(url=published)
ours = ("landing.py", "storage.py", "download.py", "tlc.py")

def land(root, die_at):
    lines = 0
    def trace(frame, event, arg):
        nonlocal lines
        if not frame.f_code.co_filename.endswith(ours):
            return None
        if event == "line":
            lines += 1
            if lines == die_at:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace
    landing = Landing(str(root))
    sys.settrace(trace)
    landing.land(source, path, folder=folder, now=datetime.now(UTC))
    sys.settrace(None)
    return lines

shutil.copytree(scratch / "before", scratch / "whole")
total = land(scratch / "whole", 0)
for n in sorted(random.Random(7).sample(range(1, total + 1), 60)) + [total]:
    root = scratch / f"killed-{n}"
    shutil.copytree(scratch / "before", root)
    child = os.fork()
    if child == 0:
        land(root, n)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, status
print(total)
"""


def test_a_run_killed_at_any_point_leaves_a_pointer_to_a_whole_file(tmp_path: Path) -> None:
    published = tmp_path / "tlc" / MONTH_FILE
    published.parent.mkdir(parents=True)
    source = TlcSource(url=(tmp_path / "tlc").as_uri())
    published.write_bytes(FIRST)
    first = Landing(str(tmp_path / "before")).land(source, MONTH_FILE, folder=FOLDER, now=NOW)
    published.write_bytes(parquet_bytes(400_000))

    subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), source.url, MONTH_FILE, FOLDER],
        check=True,
        stdout=subprocess.PIPE,
    )

    roots = sorted(tmp_path.glob("killed-*"))
    found = set()
    for root in roots:
        landing = Landing(str(root))
        current = landing.current(FOLDER)
        assert current is not None
        found.add(current.sha256)
        for version in [current, *landing.versions(FOLDER)]:
            landing.verify(version)
        resumed = landing.land(source, MONTH_FILE, folder=FOLDER, now=NOW + timedelta(days=1))
        landing.verify(resumed)
        assert len(landing.versions(FOLDER)) == 2
    assert len(roots) >= 60
    assert found == {first.sha256, hashlib.sha256(published.read_bytes()).hexdigest()}
