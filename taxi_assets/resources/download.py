"""One file on its way from a backend to a local disk, over as many tries as it takes."""

import hashlib
import os
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from taxi_assets.domain.errors import BadFile
from taxi_assets.resources.backends import CHUNK_BYTES, Backend, Changed, Interrupted, RemoteFile
from taxi_assets.resources.progress import DownloadProgress


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A file that was fetched whole.

    Attributes:
        remote: what the source said of it while sending it.
        bytes: its length as received.
        sha256: of its content, hexadecimal.
    """

    remote: RemoteFile
    bytes: int
    sha256: str


class Download:
    """Collects one file in `part`; each `attempt` goes on where the last one broke off."""

    def __init__(
        self, backend: Backend, path: str, part: IO[bytes], progress: DownloadProgress
    ) -> None:
        """Fetch `path` from `backend` into the open, empty file `part`."""
        self._backend = backend
        self._path = path
        self._part = part
        self._progress = progress
        self._remote: RemoteFile | None = None
        self._received = 0
        self._hash = hashlib.sha256()

    def attempt(self) -> FetchedFile:
        """Receive what is still missing.

        Raises:
            Interrupted: not everything came; what came is kept for the next attempt.
            NotPublished: the source does not have the file.
            SourceUnreachable: another attempt would be in vain.
        """
        if self._remote is None or self._received != self._remote.size_bytes:
            try:
                self._receive()
            except Changed:
                self._start_over()
                raise
        if self._remote is None or self._remote.size_bytes not in (None, self._received):
            raise Interrupted(f"the source sent {self._received} bytes and then ended")
        return FetchedFile(self._remote, self._received, self._hash.hexdigest())

    def _receive(self) -> None:
        """Append the body to what is here, if it is the rest of that; else begin anew with it."""
        etag = self._remote.etag if self._remote else None
        # Without an ETag nobody knows whether it is still the same file.
        start = self._received if etag else 0
        with self._backend.read(self._path, start, etag) as body:
            if body.start == 0:
                self._start_over()
            elif body.start != self._received or body.remote.etag != etag:
                raise Changed("the file was replaced while it was being downloaded")
            self._remote = body.remote
            for chunk in body.chunks:
                self._part.write(chunk)
                self._hash.update(chunk)
                self._received += len(chunk)
                self._progress.show(self._received, body.remote.size_bytes)

    def _start_over(self) -> None:
        """Forget all that was received."""
        self._remote = None
        self._received = 0
        self._hash = hashlib.sha256()
        self._part.seek(0)
        self._part.truncate()


@contextmanager
def part_beside(to: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A new file beside `to`, for this download alone; removed at the end unless it was moved."""
    part = to.with_name(f".{to.name}.{uuid.uuid4().hex}.part")
    try:
        with part.open("xb", buffering=CHUNK_BYTES) as file:
            yield file, part
    finally:
        part.unlink(missing_ok=True)


def publish_durably(file: IO[bytes], part: Path, to: Path) -> None:
    """Put the finished `part` in the place of `to`: at any time one of the two is there, whole."""
    file.flush()
    os.fsync(file.fileno())
    os.replace(part, to)


def check_readable(part: Path, path: str, url: str) -> None:
    """Open the directory that a Parquet or ZIP file ends with.

    Raises:
        BadFile: it cannot be read, so the file is cut short or is something else.
    """
    kind = Path(path).suffix.lower()
    try:
        if kind == ".parquet":
            import pyarrow.parquet as pq  # a fifth of a second that listing months need not pay

            pq.read_metadata(part)
        elif kind == ".zip":
            zipfile.ZipFile(part).close()
    except (OSError, ValueError, zipfile.BadZipFile) as error:  # Arrow's errors are both kinds
        raise BadFile(f"{url} is not a readable {kind} file: {_first_line(error)}.") from error


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].rstrip(".")
