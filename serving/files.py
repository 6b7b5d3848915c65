"""Folders and buckets that the service writes to, and files that appear there whole or not at all.

Arrow lets go of Python's lock while it waits for a bucket, so other threads go on.
"""

import os
import shutil
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from pyarrow import fs

from taxi_assets.domain.errors import UsageError

INCOMING = ".incoming"
ABANDONED_S = 24 * 3600
CONNECT_S, REQUEST_S = 5, 20


def open_filesystem(root: str, s3_endpoint: str | None = None) -> tuple[fs.FileSystem, str]:
    """The filesystem behind `root`, and what it calls that place.

    Args:
        root: a local folder, `gs://bucket/prefix` or `s3://bucket/prefix`.
        s3_endpoint: URL of an S3 service that is not AWS.

    Raises:
        UsageError: `root` has another scheme.
        OSError: the bucket cannot be found or accessed.
    """
    scheme, bucket, path = urlsplit(root)[:3] if "://" in root else ("", "", root)
    if not scheme:
        return fs.LocalFileSystem(), Path(path).absolute().as_posix().rstrip("/")
    if scheme not in ("gs", "s3") or not bucket:
        raise UsageError(
            f"'{root}' is no place for files: give a local folder, gs://bucket/prefix or"
            " s3://bucket/prefix."
        )
    found = _s3(bucket, s3_endpoint) if scheme == "s3" else _gs()
    return found, f"{bucket}{path}".rstrip("/")


def write_whole(filesystem: fs.FileSystem, base: str, name: str, content: bytes) -> None:
    """Make `content` the file `name` below `base`: nobody ever sees a part of it.

    Raises:
        OSError: the place is away, full, or may not be written to.
    """
    if isinstance(filesystem, fs.LocalFileSystem):
        _write_aside(Path(base), name, content)
        return
    # an object is there once it is complete; given in one call, no part of it can be
    with filesystem.open_output_stream(f"{base}/{name}") as out:
        out.write(content)


def clear_abandoned(base: Path) -> None:
    """Remove what processes that were killed have left behind a day ago or earlier."""
    for path in (base / INCOMING).glob("*"):
        with suppress(FileNotFoundError):  # another process clears too
            if time.time() - path.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _write_aside(base: Path, name: str, content: bytes) -> None:
    """Written aside, synced, renamed."""
    target, aside = base / name, base / INCOMING / uuid4().hex
    for folder in (aside.parent, target.parent):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, target)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    _sync(target.parent)


def _sync(folder: Path) -> None:
    """Make a folder's names survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _s3(bucket: str, endpoint: str | None) -> fs.FileSystem:
    patience = {
        "connect_timeout": CONNECT_S,
        "request_timeout": REQUEST_S,
        "retry_strategy": fs.AwsStandardS3RetryStrategy(max_attempts=2),
    }
    if endpoint is None:
        return fs.S3FileSystem(region=fs.resolve_s3_region(bucket), **patience)
    parts = urlsplit(endpoint)
    # Services other than AWS take any region; without one here Arrow would look for AWS's.
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return fs.S3FileSystem(
        endpoint_override=parts.netloc, scheme=parts.scheme, region=region, **patience
    )


def _gs() -> fs.FileSystem:
    patience = {"retry_time_limit": timedelta(seconds=CONNECT_S)}
    # Google's own client reads this variable by itself, Arrow's does not.
    emulator = os.environ.get("STORAGE_EMULATOR_HOST")
    if emulator is None:
        return fs.GcsFileSystem(**patience)
    parts = urlsplit(emulator if "://" in emulator else f"http://{emulator}")
    return fs.GcsFileSystem(
        anonymous=True,
        scheme=parts.scheme,
        endpoint_override=parts.netloc,
        project_id="emulator",
        **patience,
    )
