"""Source files as they were published, kept forever, each version under the hash of its content.

    <root>/<folder>/<sha256>.parquet   the published bytes
    <root>/<folder>/<sha256>.json      where, when and in what state they were found
    <root>/<folder>/current.json       the same, of the version that counts now

They are written in this order, each atomically, so that whatever happens in between, a pointer
never leads to a file that is not there or not whole. A second run that lands the same content
writes the same names; which of the two wins makes no difference.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from taxi_assets.domain.errors import BadFile
from taxi_assets.resources.backends import RemoteFile
from taxi_assets.resources.download import FetchedFile
from taxi_assets.resources.storage import open_storage, reaching
from taxi_assets.resources.tlc import TlcSource

POINTER = "current.json"


@dataclass(frozen=True, slots=True)
class LandedFile:
    """One version of a published file, in the landing.

    Attributes:
        path: local path or URI of the bytes.
        folder: what it is a version of, such as `green/2025-01`.
        url: where it was published.
        etag: the source's, None if it gave none.
        last_modified: the source's, UTC.
        bytes: length.
        sha256: of the content, hexadecimal.
        landed_at: when this content was first landed, UTC.
        fetched: whether the call that gave this downloaded it.
    """

    path: str
    folder: str
    url: str
    etag: str | None
    last_modified: datetime | None
    bytes: int
    sha256: str
    landed_at: datetime
    fetched: bool = False

    @property
    def name(self) -> str:
        """Below the landing's root."""
        return f"{self.folder}/{PurePosixPath(self.path).name}"


class Landing:
    """A place where published files are kept.

    Args:
        root: local folder, `gs://bucket/prefix` or `s3://bucket/prefix`.
        s3_endpoint: URL of an S3 service that is not AWS.

    Every method raises `LakeUnreachable` when the place cannot be read or written.
    """

    def __init__(self, root: str, *, s3_endpoint: str | None = None) -> None:
        self._storage = open_storage(root, s3_endpoint)

    def land(
        self,
        source: TlcSource,
        path: str,
        *,
        folder: str,
        now: datetime,
        check: Callable[[Path], None] | None = None,
        log: Callable[[str], None] | None = None,
    ) -> LandedFile:
        """Have the published version of `path` here, downloading it only if it may be new.

        Args:
            source: where it is published.
            path: below the source's root.
            folder: names the file within the landing; different files need different folders.
            now: aware; noted as the time of landing of a new version.
            check: called with the complete local file before it is landed; what it raises passes.
            log: takes a line every few seconds of a long download.

        Raises:
            NotPublished: the source does not have the file; earlier versions stay.
            SourceUnreachable: the source did not answer or kept failing.
            BadFile: what it sent is not a file of its kind.
        """
        landed = self.current(folder)
        if landed is not None and self._is_latest(landed, source.probe(path)):
            return landed
        with self._storage.incoming() as incoming:
            file = incoming / PurePosixPath(path).name
            with reaching(self._storage.root):  # the disk may fill up
                fetched = source.fetch(path, file, log=log)
            if check is not None:
                check(file)
            return self._keep(file, fetched, folder, now)

    def current(self, folder: str) -> LandedFile | None:
        """The version that counts now; None if nothing was landed yet."""
        return self._record(folder, f"{folder}/{POINTER}")

    def folders(self, parent: str) -> list[str]:
        """Folders below `parent` that hold a version that counts, sorted; one listing."""
        return _pointed(self._storage.names(parent, deep=True))

    def whole(self, parent: str) -> dict[str, LandedFile]:
        """The versions that count, by folder below `parent`, of which all bytes are here.

        A record whose file somebody has deleted or cut short is left out. One listing finds the
        files; they are not read.

        Raises:
            BadFile: a record is none.
        """
        bytes_by_name = {file.name: file.bytes for file in self._storage.files(parent)}
        found = {folder: self.current(folder) for folder in _pointed(bytes_by_name)}
        return {
            folder: landed
            for folder, landed in found.items()
            if landed is not None and bytes_by_name.get(landed.name) == landed.bytes
        }

    def versions(self, folder: str) -> list[LandedFile]:
        """Every version ever landed, the first one first."""
        names = [name for name in self._storage.names(folder) if name.endswith(".json")]
        records = [
            self._record(folder, name) for name in names if PurePosixPath(name).name != POINTER
        ]
        return sorted(
            (record for record in records if record is not None),
            key=lambda record: (record.landed_at, record.sha256),
        )

    def open(self, landed: LandedFile) -> pa.NativeFile:
        """The file's bytes, for random access; the caller closes it."""
        return self._storage.open(landed.name)

    def verify(self, landed: LandedFile) -> None:
        """Read the file again and compare it with what was landed.

        Raises:
            BadFile: it was altered since.
        """
        found = self._storage.sha256(landed.name)
        if found != landed.sha256:
            raise BadFile(
                f"{landed.path} was altered after it was landed: its sha256 is now {found};"
                " delete it and land it again."
            )

    def _is_latest(self, landed: LandedFile, remote: RemoteFile | None) -> bool:
        """Whether `remote` is surely what was landed, and that is still here."""
        found = RemoteFile(landed.url, landed.etag, landed.last_modified, landed.bytes)
        return (
            remote == found
            and found.etag is not None
            and self._storage.size(landed.name) == landed.bytes
        )

    def _keep(self, file: Path, fetched: FetchedFile, folder: str, now: datetime) -> LandedFile:
        """Put a complete file into the landing and point to it."""
        remote = fetched.remote
        name = f"{folder}/{fetched.sha256}{file.suffix}"
        sidecar = f"{folder}/{fetched.sha256}.json"
        landed = LandedFile(
            path=self._storage.locate(name),
            folder=folder,
            url=remote.url,
            etag=remote.etag,
            last_modified=remote.last_modified,
            bytes=fetched.bytes,
            sha256=fetched.sha256,
            landed_at=now,
            fetched=True,
        )
        if self._storage.size(name) != fetched.bytes:
            self._storage.move_in(file, name)
        earlier = self._record(folder, sidecar)
        if earlier is None:
            self._storage.write(sidecar, _to_json(landed))
        else:
            landed = replace(landed, landed_at=earlier.landed_at)
        self._storage.write(f"{folder}/{POINTER}", _to_json(landed))
        return landed

    def _record(self, folder: str, name: str) -> LandedFile | None:
        """Read a sidecar or pointer; None if there is none."""
        content = self._storage.read(name)
        if content is None:
            return None
        try:
            known = json.loads(content)
            file = f"{folder}/{known['sha256']}{PurePosixPath(known['url']).suffix}"
            return LandedFile(
                path=self._storage.locate(file),
                folder=folder,
                url=known["url"],
                etag=known["etag"],
                last_modified=_time(known["last_modified"]),
                bytes=known["bytes"],
                sha256=known["sha256"],
                landed_at=datetime.fromisoformat(known["landed_at"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            raise BadFile(
                f"{self._storage.locate(name)} is no record of a landed file: {error!r}; delete it"
                " and land the file again."
            ) from error


def _pointed(names: Iterable[str]) -> list[str]:
    """Folders of those of the files that are pointers, in order."""
    return [name.removesuffix(f"/{POINTER}") for name in names if name.endswith(f"/{POINTER}")]


def _to_json(landed: LandedFile) -> bytes:
    record: dict[str, Any] = {
        "url": landed.url,
        "etag": landed.etag,
        "last_modified": landed.last_modified.isoformat() if landed.last_modified else None,
        "bytes": landed.bytes,
        "sha256": landed.sha256,
        "landed_at": landed.landed_at.isoformat(),
    }
    return json.dumps(record, indent=2).encode() + b"\n"


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
