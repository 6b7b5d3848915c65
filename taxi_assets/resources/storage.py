"""Named files in one place, a local folder or a bucket, that appear whole or not at all."""

import hashlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa
from pyarrow import fs

from taxi_assets.domain.errors import LakeUnreachable, UsageError
from taxi_assets.domain.retention import StoredFile

CHUNK_BYTES = 1 << 20
INCOMING = ".incoming"
ABANDONED_S = 24 * 3600


def open_storage(root: str, s3_endpoint: str | None = None) -> "Storage":
    """The storage at `root`: a local path, `gs://bucket/prefix` or `s3://bucket/prefix`.

    Args:
        root: where the names below it live.
        s3_endpoint: URL of an S3 service that is not AWS.

    Raises:
        UsageError: `root` has another scheme.
        LakeUnreachable: the bucket cannot be found or accessed.
    """
    scheme, bucket, path = urlsplit(root)[:3] if "://" in root else ("", "", root)
    if not scheme:
        return LocalStorage(Path(path))
    if scheme not in ("gs", "s3") or not bucket:
        raise UsageError(
            f"'{root}' is no place to land files: give a local folder, gs://bucket/prefix or"
            " s3://bucket/prefix."
        )
    with reaching(root):
        filesystem = _s3(root, s3_endpoint) if scheme == "s3" else _gs(root)
    return Storage(filesystem, root.rstrip("/"), f"{bucket}{path}".rstrip("/"))


class Storage:
    """Files in a bucket, where writing is atomic: an object is there once it is complete."""

    def __init__(self, filesystem: fs.FileSystem, root: str, base: str) -> None:
        """Keep files below `base`, as `filesystem` calls it; people call it `root`."""
        self.filesystem = filesystem
        self.root = root
        self._base = base

    def locate(self, name: str) -> str:
        """Where people find `name`: URI or local path."""
        return f"{self.root}/{name}"

    def size(self, name: str) -> int | None:
        """Bytes of the file; None if there is none."""
        with reaching(self.root):
            info = self.filesystem.get_file_info(self._key(name))
        return info.size if info.type == fs.FileType.File else None

    def names(self, folder: str, *, deep: bool = False) -> list[str]:
        """Files directly in `folder`, or anywhere below it, sorted; none if it does not exist."""
        return sorted(self._listed(folder, deep=deep))

    def files(self, folder: str) -> list[StoredFile]:
        """Every file anywhere below `folder`, sorted, with size and age."""
        return [
            StoredFile(name, info.size, info.mtime.astimezone(UTC))
            for name, info in sorted(self._listed(folder, deep=True).items())
        ]

    def _listed(self, folder: str, *, deep: bool) -> dict[str, fs.FileInfo]:
        base = self._key(folder)
        wanted = fs.FileSelector(base, allow_not_found=True, recursive=deep)
        with reaching(self.root):
            found = self.filesystem.get_file_info(wanted)
        return {f"{folder}{i.path.removeprefix(base)}": i for i in found if i.is_file}

    def delete(self, name: str) -> None:
        """Remove a file; it need not be there."""
        with reaching(self.root), suppress(FileNotFoundError):
            self.filesystem.delete_file(self._key(name))

    def open(self, name: str) -> pa.NativeFile:
        """The file for random access; the caller closes it."""
        with reaching(self.root):
            return self.filesystem.open_input_file(self._key(name))

    def read(self, name: str) -> bytes | None:
        """A small file's content; None if there is none."""
        with reaching(self.root):
            try:
                with self.filesystem.open_input_file(self._key(name)) as file:
                    return bytes(file.read())
            except FileNotFoundError:
                return None

    def sha256(self, name: str) -> str:
        """Hash of the file's content as it is now, hexadecimal."""
        found = hashlib.sha256()
        with reaching(self.root), self.filesystem.open_input_file(self._key(name)) as file:
            while chunk := file.read(CHUNK_BYTES):
                found.update(chunk)
        return found.hexdigest()

    def write(self, name: str, content: bytes, kind: str | None = None) -> None:
        """Put a small file there, in place of an earlier one.

        Args:
            name: of the file.
            content: its bytes.
            kind: its media type, for browsers that open it in a bucket.
        """
        told = {"Content-Type": kind} if kind else None
        key = self._key(name)
        with reaching(self.root), self.filesystem.open_output_stream(key, metadata=told) as out:
            out.write(content)

    def move_in(self, file: Path, name: str) -> None:
        """Put the local `file` there, in place of an earlier one; `file` may be gone then."""
        with (
            reaching(self.root),
            file.open("rb") as source,
            self.filesystem.open_output_stream(self._key(name)) as out,
        ):
            shutil.copyfileobj(source, out, CHUNK_BYTES)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """A local folder from which `move_in` can take a file; removed at the end."""
        with tempfile.TemporaryDirectory(prefix="taxi-landing-") as folder:
            yield Path(folder)

    def _key(self, name: str) -> str:
        return f"{self._base}/{name}"


class LocalStorage(Storage):
    """Files in a local folder, made atomic and durable by hand: written aside, synced, renamed."""

    def __init__(self, root: Path) -> None:
        """Keep files below the folder `root`, which is made when it is first written to."""
        super().__init__(fs.LocalFileSystem(), str(root.absolute()), str(root.absolute()))

    def write(self, name: str, content: bytes, kind: str | None = None) -> None:  # noqa: ARG002
        """See `Storage`; a folder tells a file's type by its name."""
        with self.incoming() as folder, reaching(self.root):
            aside = folder / "content"
            aside.write_bytes(content)
            self.move_in(aside, name)

    def move_in(self, file: Path, name: str) -> None:
        """See `Storage`; `file` lies in `incoming`, so that renaming stays on one filesystem."""
        target = Path(self._key(name))
        with reaching(self.root):
            target.parent.mkdir(parents=True, exist_ok=True)
            _sync(file)
            os.replace(file, target)
            _sync(target.parent)

    @contextmanager
    def incoming(self) -> Iterator[Path]:
        """See `Storage`; also clears away what runs that were killed have left behind."""
        parent = Path(self._key(INCOMING))
        folder = parent / uuid.uuid4().hex
        with reaching(self.root):
            _remove_abandoned(parent)
            folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            with reaching(self.root):
                shutil.rmtree(folder)


def _remove_abandoned(parent: Path) -> None:
    """Remove folders below `parent` that nobody has written to for a day."""
    if not parent.is_dir():
        return
    for folder in parent.iterdir():
        # Another process may be removing the same one, or its own.
        with _ignoring_gone():
            if time.time() - folder.stat().st_mtime > ABANDONED_S:
                shutil.rmtree(folder)


@contextmanager
def _ignoring_gone() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        return


def _sync(path: Path) -> None:
    """Make a file's content, or a folder's names, survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _s3(root: str, endpoint: str | None) -> fs.FileSystem:
    if endpoint is None:
        return fs.FileSystem.from_uri(root)[0]  # this asks AWS for the bucket's region
    parts = urlsplit(endpoint)
    # Services other than AWS take any region; without one here Arrow would look for AWS's.
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return fs.S3FileSystem(endpoint_override=parts.netloc, scheme=parts.scheme, region=region)


def _gs(root: str) -> fs.FileSystem:
    # Google's own client reads this variable by itself, Arrow's does not.
    emulator = os.environ.get("STORAGE_EMULATOR_HOST")
    if emulator is None:
        return fs.FileSystem.from_uri(root)[0]
    parts = urlsplit(emulator if "://" in emulator else f"http://{emulator}")
    return fs.GcsFileSystem(
        anonymous=True, scheme=parts.scheme, endpoint_override=parts.netloc, project_id="emulator"
    )


@contextmanager
def reaching(root: str) -> Iterator[None]:
    """Errors of files, networks and credentials as this project's."""
    try:
        yield
    except OSError as error:
        cause = str(error).partition("\n")[0].rstrip(".")
        raise LakeUnreachable(
            f"The storage at {root} did not do as asked: {cause}; check that it is there, has room"
            " and may be written to, then try again."
        ) from error
