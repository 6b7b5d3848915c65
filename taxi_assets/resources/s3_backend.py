"""Trip files in an S3 bucket, or in one of its kin behind an endpoint (MinIO, Backblaze B2)."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, IncompleteReadError
from botocore.exceptions import ConnectionError as S3ConnectionError

from taxi_assets.resources.backends import (
    CHUNK_BYTES,
    Body,
    Changed,
    Interrupted,
    RemoteFile,
    not_published,
    unreachable,
)


class _Missing(Exception):
    """S3 has no such key or no such bucket; it does not always say which."""


class S3Backend:
    """Trip files below `s3://bucket/prefix`, read with the environment's credentials."""

    def __init__(self, bucket: str, prefix: str, timeout_s: float, endpoint: str | None) -> None:
        """Connect to `endpoint`, to AWS without one."""
        self._bucket = bucket
        self._url = f"s3://{bucket}"
        self._prefix = f"{prefix}/" if prefix else ""
        config = Config(
            connect_timeout=timeout_s,
            read_timeout=timeout_s,
            # The download retries as a whole, so the client need not: a try here is a try there.
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"} if endpoint else None,
        )
        with _translated(self._url):
            self._client = boto3.client("s3", endpoint_url=endpoint, config=config)

    def head(self, path: str) -> RemoteFile | None:
        """See `Backend`."""
        try:
            with _translated(self._locate(path)):
                answer = self._client.head_object(Bucket=self._bucket, Key=self._prefix + path)
        except _Missing:
            self._need_bucket()
            return None
        return self._describe(path, answer, answer["ContentLength"])

    @contextmanager
    def read(self, path: str, start: int, etag: str | None) -> Iterator[Body]:
        """See `Backend`."""
        wanted = {"Range": f"bytes={start}-", "IfMatch": etag} if start and etag else {}
        begin = start if wanted else 0
        try:
            with _translated(self._locate(path)):
                answer = self._client.get_object(
                    Bucket=self._bucket, Key=self._prefix + path, **wanted
                )
        except _Missing:
            self._need_bucket()
            raise not_published(path, self._locate(path), "the bucket has no such key") from None
        with closing(answer["Body"]) as body:
            remote = self._describe(path, answer, begin + answer["ContentLength"])
            yield Body(remote, begin, self._chunks(path, body))

    def list(self, prefix: str) -> Sequence[str]:
        """See `Backend`."""
        pages = self._client.get_paginator("list_objects_v2")
        try:
            with _translated(self._locate(prefix)):
                return [
                    entry["Key"].removeprefix(self._prefix)
                    for page in pages.paginate(Bucket=self._bucket, Prefix=self._prefix + prefix)
                    for entry in page.get("Contents", [])
                ]
        except _Missing:
            raise unreachable(self._url, "there is no such bucket") from None

    def _chunks(self, path: str, body: Any) -> Iterator[bytes]:
        with _translated(self._locate(path)):
            yield from body.iter_chunks(CHUNK_BYTES)

    def _describe(self, path: str, answer: dict[str, Any], size_bytes: int) -> RemoteFile:
        return RemoteFile(self._locate(path), answer["ETag"], answer["LastModified"], size_bytes)

    def _locate(self, path: str) -> str:
        return f"{self._url}/{self._prefix}{path}"

    def _need_bucket(self) -> None:
        """Tell a missing bucket from a missing key."""
        try:
            self._client.head_bucket(Bucket=self._bucket)
        except ClientError as error:
            # Any other answer means that the bucket is there, if only for others to look at.
            if _status(error) == 404:
                raise unreachable(self._url, "there is no such bucket") from error


def _status(error: ClientError) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


@contextmanager
def _translated(url: str) -> Iterator[None]:
    """Errors of boto3 as this project's; a missing key or bucket as `_Missing`."""
    try:
        yield
    except ClientError as error:
        if _status(error) == 404:
            raise _Missing from error
        if _status(error) in (412, 416):
            raise Changed("the object was replaced while it was being read") from error
        if _status(error) == 429 or _status(error) >= 500:
            raise Interrupted(str(error)) from error
        raise unreachable(url, error) from error
    except (HTTPClientError, S3ConnectionError, IncompleteReadError) as error:
        raise Interrupted(str(error)) from error
    except BotoCoreError as error:
        raise unreachable(url, error) from error
