"""Where the trip files come from: TLC's CDN, or any tree with its layout."""

import os.path
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

import dagster as dg
from pydantic import Field
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_exponential,
    wait_random,
)

from taxi_assets.domain.fleets import Fleet
from taxi_assets.resources.backends import (
    Backend,
    Interrupted,
    RemoteFile,
    open_backend,
    unreachable,
)
from taxi_assets.resources.download import (
    Download,
    FetchedFile,
    check_readable,
    part_beside,
    publish_durably,
)
from taxi_assets.resources.progress import DownloadProgress

MAX_WAIT_S = 60.0

T = TypeVar("T")
Months = list[str]  # inside the class, `list` is the method


class TlcSource(dg.ConfigurableResource[None]):
    """A tree of published files, such as `trip-data/green_tripdata_2025-01.parquet`.

    All methods raise `UsageError` for a URL that names no known kind of place and
    `SourceUnreachable` for a place that does not answer.
    """

    url: str = Field(
        default="https://d37ci6vzurychx.cloudfront.net",
        description="Root of the tree: https://, http://, file://, gs://bucket/prefix or s3://bucket/prefix.",
    )
    s3_endpoint: str | None = Field(
        default=None, description="URL of an S3 service that is not AWS (MinIO, Backblaze B2)."
    )
    timeout_s: float = Field(
        default=30.0, gt=0, description="Longest wait for a connection or the next bytes, seconds."
    )
    retries: int = Field(default=5, ge=0, description="Further tries after a failed one.")
    backoff_s: float = Field(
        default=1.0,
        ge=0,
        description="Wait before the first retry, seconds; it doubles from one retry to the next.",
    )

    def probe(self, path: str) -> RemoteFile | None:
        """Describe the file at `path` without fetching it; None if it is not published (yet)."""
        with self._backend() as backend:
            return self._retrying(path, lambda: backend.head(path))

    def fetch(
        self,
        path: str,
        to: Path,
        *,
        check: Callable[[Path], None] | None = None,
        log: Callable[[str], None] | None = None,
    ) -> FetchedFile:
        """Fetch the file at `path` whole, or not at all: on any failure `to` is as it was.

        A broken transfer is resumed where it broke; a file that changed meanwhile is fetched anew.
        Memory is bounded by a few MiB whatever the file's size.

        Args:
            path: below the root.
            to: local file to write or replace; its folder is there.
            check: called with the complete file before it is put at `to`; what it raises passes.
            log: takes a line every few seconds of a long download, unless stderr is a terminal.

        Raises:
            NotPublished: the source does not have the file.
            SourceUnreachable: it kept failing until the retries were used up.
            BadFile: it came whole, but is no Parquet or ZIP file although its name says so.
        """
        with (
            self._backend() as backend,
            part_beside(to) as (file, part),
            DownloadProgress(path, log) as progress,
        ):
            fetched = self._retrying(path, Download(backend, path, file, progress).attempt)
            file.flush()
            check_readable(part, path, fetched.remote.url)
            if check is not None:
                check(part)
            publish_durably(file, part, to)
        return fetched

    def list(self, fleet: Fleet, months: Sequence[str]) -> Months:
        """Those of `months` whose file is published, in the order given."""
        if not months:
            return []
        paths = {month: fleet.file_name(month) for month in months}
        prefix = os.path.commonprefix(list(paths.values()))  # noqa: RUF071 - letters are meant
        with self._backend() as backend:
            listed = self._retrying(prefix, lambda: backend.list(prefix))
            if listed is not None:
                return [month for month in paths if paths[month] in listed]
            return [month for month, path in paths.items() if self._is_there(backend, path)]

    def _is_there(self, backend: Backend, path: str) -> bool:
        return self._retrying(path, lambda: backend.head(path)) is not None

    def _backend(self) -> AbstractContextManager[Backend]:
        return open_backend(self.url, timeout_s=self.timeout_s, s3_endpoint=self.s3_endpoint)

    def _retrying(self, path: str, attempt: Callable[[], T]) -> T:
        """Call `attempt` until it is not interrupted, waiting longer each time, with jitter."""
        tries = Retrying(
            stop=stop_after_attempt(self.retries + 1),
            wait=wait_exponential(self.backoff_s, MAX_WAIT_S) + wait_random(0, self.backoff_s),
            retry=retry_if_exception_type(Interrupted),
            reraise=True,
        )
        try:
            return tries(attempt)
        except Interrupted as error:
            raise unreachable(f"{self.url.rstrip('/')}/{path}", error, self.retries + 1) from error
