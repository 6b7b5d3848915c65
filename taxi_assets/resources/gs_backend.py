"""Trip files in a Google Cloud Storage bucket."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dagster_gcp import GCSResource
from google.api_core import exceptions as gcp
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud.storage import Blob
from requests.exceptions import RequestException

from taxi_assets.resources.backends import (
    Body,
    Changed,
    Interrupted,
    RemoteFile,
    not_published,
    unreachable,
)

# Objects are read by ranges, so that memory stays bounded; each range costs a request.
RANGE_BYTES = 8 << 20


class GsBackend:
    """Trip files below `gs://bucket/prefix`, read with the client of Dagster's `GCSResource`."""

    def __init__(self, bucket: str, prefix: str, timeout_s: float) -> None:
        """Connect with the environment's credentials; without any to an emulator."""
        self._url = f"gs://{bucket}"
        with _translated(self._url):
            self._client = GCSResource().get_client()
        self._bucket = self._client.bucket(bucket)
        self._prefix = f"{prefix}/" if prefix else ""
        # The download retries as a whole, so the client need not: a try here is a try there.
        self._once = {"timeout": timeout_s, "retry": None}

    def head(self, path: str) -> RemoteFile | None:
        """See `Backend`."""
        with _translated(self._locate(path)):
            blob = self._bucket.get_blob(self._prefix + path, **self._once)
            if blob is None:
                self._need_bucket()
                return None
        return self._describe(path, blob)

    @contextmanager
    def read(self, path: str, start: int, etag: str | None) -> Iterator[Body]:
        """See `Backend`."""
        remote = self.head(path)
        if remote is None:
            raise not_published(path, self._locate(path), "the bucket has no such object")
        begin = start if remote.etag == etag else 0
        yield Body(remote, begin, self._chunks(path, begin, remote))

    def list(self, prefix: str) -> Sequence[str]:
        """See `Backend`."""
        with _translated(self._locate(prefix)):
            blobs = self._client.list_blobs(
                self._bucket, prefix=self._prefix + prefix, **self._once
            )
            return [blob.name.removeprefix(self._prefix) for blob in blobs]

    def _chunks(self, path: str, start: int, remote: RemoteFile) -> Iterator[bytes]:
        """The object's bytes, all of one generation."""
        url, size = self._locate(path), remote.size_bytes or 0
        blob = self._bucket.blob(self._prefix + path)
        for first in range(start, size, RANGE_BYTES):
            with _translated(url):
                yield blob.download_as_bytes(
                    start=first,
                    end=min(first + RANGE_BYTES, size) - 1,
                    raw_download=True,
                    if_generation_match=int(remote.etag or 0),
                    **self._once,
                )
        # Not every stand-in for Cloud Storage honours the condition above.
        if self.head(path) != remote:
            raise Changed("the object was replaced while it was being read")

    def _describe(self, path: str, blob: Blob) -> RemoteFile:
        """The object's description; its generation changes with the content only."""
        return RemoteFile(self._locate(path), str(blob.generation), blob.updated, blob.size)

    def _locate(self, path: str) -> str:
        return f"{self._url}/{self._prefix}{path}"

    def _need_bucket(self) -> None:
        """Tell a missing bucket from a missing object, where we may ask."""
        try:
            found = self._client.lookup_bucket(self._bucket.name, **self._once)
        except gcp.Forbidden:
            return
        if found is None:
            raise unreachable(self._url, "there is no such bucket")


@contextmanager
def _translated(url: str) -> Iterator[None]:
    try:
        yield
    except (gcp.PreconditionFailed, gcp.RequestRangeNotSatisfiable) as error:
        raise Changed("the object was replaced while it was being read") from error
    except (gcp.ServerError, gcp.TooManyRequests, RequestException, TransportError) as error:
        raise Interrupted(str(error)) from error
    except (gcp.GoogleAPICallError, GoogleAuthError) as error:
        raise unreachable(url, error) from error
