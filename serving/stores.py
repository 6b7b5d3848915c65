"""Bundles in a folder or a bucket, copied file by file."""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pyarrow import fs

from taxi_assets.domain.errors import BundleError, RegistryUnreachable, UsageError

MANIFEST = "manifest.json"
CONNECT_S, READ_S, GIVE_UP_S = 2.0, 10.0, 20.0
CHUNK_BYTES = 1 << 20
MOST_BYTES = 1 << 28  # a file of a bundle has a few megabytes; whatever sends more is not a model
PLAIN_NAME = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?")


class Store:
    """Files below a root, for reading."""

    def __init__(self, root: str, s3_endpoint: str | None = None) -> None:
        """Read a local path, `file:`, `gs://` or `s3://`; nothing is asked of it yet.

        Args:
            root: where the names below it live.
            s3_endpoint: URL of an S3 service that is not AWS.

        Raises:
            UsageError: `root` has another scheme.
        """
        self.root, self._s3_endpoint = root.rstrip("/"), s3_endpoint
        parts = urlsplit(root) if "://" in root or root.startswith("file:") else None
        self._bucket = ""
        if parts is None:
            self._scheme, self._base = "file", str(Path(root).expanduser())
        elif parts.scheme == "file" and parts.netloc in ("", "localhost"):
            self._scheme, self._base = "file", unquote(parts.path).rstrip("/")
        elif parts.scheme in ("gs", "s3") and parts.netloc:
            self._scheme, self._bucket = parts.scheme, parts.netloc
            self._base = f"{parts.netloc}{parts.path}".rstrip("/")
        else:
            raise UsageError(
                f"'{root}' is no place for models: give a folder, gs://bucket/prefix or "
                "s3://bucket/prefix."
            )

    @cached_property
    def _files(self) -> fs.FileSystem:
        if self._scheme == "file":
            return fs.LocalFileSystem()
        return _gs() if self._scheme == "gs" else _s3(self._bucket, self._s3_endpoint)

    def read(self, name: str) -> bytes | None:
        """A small file's content; None if there is none."""
        with reaching(self.root):
            try:
                with self._files.open_input_stream(f"{self._base}/{name}") as file:
                    return bytes(file.read(MOST_BYTES))
            except (FileNotFoundError, NotADirectoryError):
                return None

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file's content, piece by piece.

        Raises:
            BundleError: there is no such file.
        """
        with reaching(self.root):
            try:
                stream = self._files.open_input_stream(f"{self._base}/{name}")
            except (FileNotFoundError, NotADirectoryError):
                raise missing(name, self.root) from None
            with closing(stream):
                while chunk := stream.read(CHUNK_BYTES):
                    yield bytes(chunk)


def copy_bundle(chunks: Callable[[str], Iterator[bytes]], into: Path) -> None:
    """Copy a bundle's files; nothing is verified yet.

    Args:
        chunks: reads a file of the bundle by its name.
        into: an empty folder.

    Raises:
        BundleError: a file is missing, or the manifest names none.
    """
    _copy(chunks, MANIFEST, into)
    try:
        names = list(json.loads((into / MANIFEST).read_bytes())["files"])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"The bundle's {MANIFEST} cannot be read: {error!r}.") from error
    for name in names:
        if not isinstance(name, str) or not PLAIN_NAME.fullmatch(name):
            raise BundleError(f"The bundle's {MANIFEST} names a file {name!r}: log it again.")
        _copy(chunks, name, into)


def _copy(chunks: Callable[[str], Iterator[bytes]], name: str, into: Path) -> None:
    size = 0
    with (into / name).open("wb") as file:
        for chunk in chunks(name):
            size += len(chunk)
            if size > MOST_BYTES:
                raise BundleError(f"{name} is no file of a model: it does not end.")
            file.write(chunk)


def missing(name: str, place: str) -> BundleError:
    """The error for a bundle that lacks a file."""
    return BundleError(f"There is no {name} in {place}: log the model again.")


@contextmanager
def reaching(root: str) -> Iterator[None]:
    """Errors of files, networks and credentials as this project's."""
    try:
        yield
    except OSError as error:
        cause = str(error).partition("\n")[0].rstrip(".")[:300]
        raise RegistryUnreachable(f"{root} cannot be read: {cause}.") from error


def _s3(bucket: str, endpoint: str | None) -> fs.FileSystem:
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    patience = {
        "connect_timeout": CONNECT_S,
        "request_timeout": READ_S,
        "retry_strategy": fs.AwsStandardS3RetryStrategy(max_attempts=2),
    }
    if endpoint is None:
        return fs.S3FileSystem(region=region or fs.resolve_s3_region(bucket), **patience)
    parts = urlsplit(endpoint)
    return fs.S3FileSystem(
        endpoint_override=parts.netloc,
        scheme=parts.scheme,
        region=region or "us-east-1",  # services other than AWS take any
        **patience,
    )


def _gs() -> fs.FileSystem:
    patience = timedelta(seconds=GIVE_UP_S)
    # Google's own client reads this variable by itself, Arrow's does not.
    emulator = os.environ.get("STORAGE_EMULATOR_HOST")
    if emulator is None:
        return fs.GcsFileSystem(retry_time_limit=patience)
    parts = urlsplit(emulator if "://" in emulator else f"http://{emulator}")
    return fs.GcsFileSystem(
        anonymous=True,
        scheme=parts.scheme,
        endpoint_override=parts.netloc,
        project_id="emulator",
        retry_time_limit=patience,
    )
