"""Trip files behind HTTP, TLC's CDN above all."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Self

import httpx

from taxi_assets.resources.backends import (
    Body,
    Changed,
    Interrupted,
    RemoteFile,
    not_published,
    unreachable,
)

# TLC's CDN answers 403, not 404, for a month that is not out yet.
ABSENT = (httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND)


class HttpBackend:
    """Trip files below an `http(s)://` root; a context manager, for it keeps connections open."""

    def __init__(self, url: str, timeout_s: float) -> None:
        """Read below `url`; wait at most `timeout_s` for a connection and for each next bytes."""
        self._url = url
        # A compressed transfer would have a length and ranges that are not the file's.
        self._client = httpx.Client(
            timeout=timeout_s, follow_redirects=True, headers={"Accept-Encoding": "identity"}
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def head(self, path: str) -> RemoteFile | None:
        """See `Backend`."""
        url = f"{self._url}/{path}"
        with _translated(url):
            answer = self._client.head(url)
        if answer.status_code in ABSENT:
            return None
        _need_success(answer, url)
        return _describe(answer, url, _content_length(answer))

    @contextmanager
    def read(self, path: str, start: int, etag: str | None) -> Iterator[Body]:
        """See `Backend`."""
        url = f"{self._url}/{path}"
        wanted = {"Range": f"bytes={start}-", "If-Range": etag} if start and etag else {}
        with _translated(url):
            answer = self._client.send(
                self._client.build_request("GET", url, headers=wanted), stream=True
            )
        try:
            if answer.status_code in ABSENT:
                raise not_published(path, url, f"the source answered {answer.status_code}")
            if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise Changed("the file is now shorter than what was received of it")
            _need_success(answer, url)
            begin, size = _extent(answer)
            yield Body(_describe(answer, url, size), begin, _chunks(answer, url))
        finally:
            answer.close()

    def list(self, prefix: str) -> None:
        """See `Backend`: a CDN has no listing."""


def _chunks(answer: httpx.Response, url: str) -> Iterator[bytes]:
    """The body as it arrives: with a chunk size, a break would lose bytes already received."""
    with _translated(url):
        yield from answer.iter_raw()


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except (httpx.UnsupportedProtocol, httpx.TooManyRedirects, httpx.InvalidURL) as error:
        raise unreachable(url, error) from error
    except httpx.TransportError as error:  # connections, timeouts, proxies, bodies cut short
        raise Interrupted(str(error) or type(error).__name__) from error


def _need_success(answer: httpx.Response, url: str) -> None:
    """Refuse every answer that does not carry the file."""
    cause = f"the source answered {answer.status_code}"
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error:
        raise Interrupted(cause)
    if answer.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
        raise unreachable(url, cause)


def _extent(answer: httpx.Response) -> tuple[int, int | None]:
    """First byte of the body within the file, and the size of the file if it is told."""
    if answer.status_code == httpx.codes.OK:
        return 0, _content_length(answer)
    extent = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    if extent is None:
        raise Changed("the source sent a part of the file without saying which")
    return int(extent[1]), None if extent[2] == "*" else int(extent[2])


def _content_length(answer: httpx.Response) -> int | None:
    length = answer.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else None


def _describe(answer: httpx.Response, url: str, size_bytes: int | None) -> RemoteFile:
    return RemoteFile(
        url, answer.headers.get("ETag"), _date(answer.headers.get("Last-Modified")), size_bytes
    )


def _date(text: str | None) -> datetime | None:
    """An HTTP date as UTC; None when it is missing or malformed, for nothing depends on it."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None
