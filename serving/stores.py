"""Bundles in a folder or a bucket, copied file by file."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow as pa
from pyarrow import fs

from serving.files import open_filesystem
from taxi_assets.domain.errors import BundleError, RegistryUnreachable, UsageError

MANIFEST = "manifest.json"
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
        parts = urlsplit(root)
        if parts.scheme == "file" and parts.netloc in ("", "localhost"):
            self._place = unquote(parts.path)
        elif "://" not in root:
            self._place = str(Path(root).expanduser())
        elif parts.scheme in ("gs", "s3") and parts.netloc:
            self._place = root
        else:
            raise UsageError(
                f"'{root}' is no place for models: give a folder, gs://bucket/prefix or "
                "s3://bucket/prefix."
            )

    @cached_property
    def _opened(self) -> tuple[fs.FileSystem, str]:
        return open_filesystem(self._place, self._s3_endpoint)

    def _open(self, name: str) -> pa.NativeFile:
        """A file for reading from its beginning; missing ones raise one error everywhere."""
        filesystem, base = self._opened
        try:
            return filesystem.open_input_stream(f"{base}/{name}")
        except NotADirectoryError as error:
            raise FileNotFoundError(str(error)) from error

    def read(self, name: str) -> bytes | None:
        """A small file's content; None if there is none."""
        with reaching(self.root):
            try:
                with self._open(name) as file:
                    return bytes(file.read(MOST_BYTES))
            except FileNotFoundError:
                return None

    def chunks(self, name: str) -> Iterator[bytes]:
        """A file's content, piece by piece.

        Raises:
            BundleError: there is no such file.
            RegistryUnreachable: it cannot be read now.
        """
        with reaching(self.root):
            try:
                file = self._open(name)
            except FileNotFoundError:
                raise missing(name, self.root) from None
            with file:
                while chunk := file.read(CHUNK_BYTES):
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
