"""What a place that holds trip files must be able to do, and how the place is chosen from its URL.

Each backend translates its own library's errors: `Interrupted` is worth another try, an error of
this project is not.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from taxi_assets.domain.errors import NotPublished, SourceUnreachable, UsageError

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A published file as its source describes it.

    Attributes:
        url: where it is.
        etag: changes whenever the content does; None when the source gives none. For a folder it
            stands for size and time of change, for Cloud Storage it is the object's generation.
        last_modified: UTC.
        size_bytes: None when the source does not say.
    """

    url: str
    etag: str | None
    last_modified: datetime | None
    size_bytes: int | None


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of `remote` from `start` on; `chunks` is walked once, while the body is open."""

    remote: RemoteFile
    start: int
    chunks: Iterator[bytes]


class Interrupted(Exception):
    """The source failed in a way that another try may mend; the text is the cause."""


class Changed(Interrupted):
    """The file is not the one of which the first bytes were received."""


class Backend(Protocol):
    """One place that holds trip files. Paths are relative to its root."""

    def head(self, path: str) -> RemoteFile | None:
        """Describe the file, None if it is not there."""

    def read(self, path: str, start: int, etag: str | None) -> AbstractContextManager[Body]:
        """Open the file at `start` if it still has this `etag`, else at 0 or not (`Changed`)."""

    def list(self, prefix: str) -> Sequence[str] | None:
        """Paths that begin with `prefix`; None if the place cannot be listed."""


def not_published(path: str, url: str, answer: str) -> NotPublished:
    """The error for a file that the source says it does not have."""
    return NotPublished(f"{path} is not published at {url}: {answer}.")


def unreachable(url: str, cause: object, tries: int = 1) -> SourceUnreachable:
    """The error for a source that gave neither the file nor the news that there is none."""
    times = "once" if tries == 1 else f"{tries} times"
    return SourceUnreachable(
        f"{url} could not be read (tried {times}): {cause or 'no reason given'}; check the"
        " network and the source's URL (TAXI_TLC_URL), then try again."
    )


@contextmanager
def open_backend(url: str, *, timeout_s: float, s3_endpoint: str | None) -> Iterator[Backend]:
    """Open the backend that the scheme of `url` names, and close it again.

    Raises:
        UsageError: there is no such scheme, or the URL lacks its host, bucket or folder.
    """
    # Each backend's library takes up to seconds to import, so only who uses it imports it.
    root, parts = url.rstrip("/"), urlsplit(url)
    if parts.scheme in ("http", "https") and parts.netloc:
        from taxi_assets.resources.http_backend import HttpBackend

        with HttpBackend(root, timeout_s) as http:
            yield http
    elif parts.scheme == "gs" and parts.netloc:
        from taxi_assets.resources.gs_backend import GsBackend

        yield GsBackend(parts.netloc, parts.path.strip("/"), timeout_s)
    elif parts.scheme == "s3" and parts.netloc:
        from taxi_assets.resources.s3_backend import S3Backend

        yield S3Backend(parts.netloc, parts.path.strip("/"), timeout_s, s3_endpoint)
    elif parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path:
        yield FolderBackend(root, Path(unquote(parts.path)))
    else:
        raise UsageError(
            f"'{url}' is no source of trip files: write https://host, http://host, file:///folder,"
            " gs://bucket/prefix or s3://bucket/prefix."
        )


class FolderBackend:
    """Trip files in a folder of this machine."""

    def __init__(self, url: str, root: Path) -> None:
        """Serve `root`, called `url` in messages."""
        self._url = url
        self._root = root

    def head(self, path: str) -> RemoteFile | None:
        """See `Backend`."""
        with self._translated(path):
            self._need_root()
            try:
                return self._describe(path, os.stat(self._root / path))
            except FileNotFoundError:
                return None

    @contextmanager
    def read(self, path: str, start: int, etag: str | None) -> Iterator[Body]:
        """See `Backend`."""
        with self._translated(path):
            self._need_root()
            try:
                file = (self._root / path).open("rb")
            except FileNotFoundError:
                raise not_published(path, f"{self._url}/{path}", "there is no such file") from None
        with file:
            remote = self._describe(path, os.fstat(file.fileno()))
            begin = start if remote.etag == etag else 0
            file.seek(begin)
            yield Body(remote, begin, self._chunks(path, file.fileno(), remote))

    def list(self, prefix: str) -> Sequence[str]:
        """See `Backend`; looks into one folder, not below it."""
        folder, name = os.path.split(prefix)
        with self._translated(prefix):
            self._need_root()
            if not (self._root / folder).is_dir():
                return []
            found = (self._root / folder).glob(f"{name}*")
            return [file.relative_to(self._root).as_posix() for file in found if file.is_file()]

    def _describe(self, path: str, stat: os.stat_result) -> RemoteFile:
        """The file's description; its ETag stands for its size and time of change."""
        return RemoteFile(
            url=f"{self._url}/{path}",
            etag=f'"{stat.st_size:x}-{stat.st_mtime_ns:x}"',
            last_modified=datetime.fromtimestamp(stat.st_mtime, UTC),
            size_bytes=stat.st_size,
        )

    def _chunks(self, path: str, file: int, remote: RemoteFile) -> Iterator[bytes]:
        """The open file's bytes; a file that was written to meanwhile is a changed one."""
        while True:
            with self._translated(path):
                chunk = os.read(file, CHUNK_BYTES)
                now = self._describe(path, os.fstat(file))
            if now.etag != remote.etag:
                raise Changed("the file was written to while it was being read")
            if not chunk:
                return
            yield chunk

    def _need_root(self) -> None:
        if not self._root.is_dir():
            raise unreachable(self._url, f"there is no folder {self._root}")

    @contextmanager
    def _translated(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unreachable(f"{self._url}/{path}", error) from error
