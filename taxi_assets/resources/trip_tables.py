"""People's own Parquet files: read batch by batch, and written whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from taxi_assets.domain.errors import DataError, UsageError

BATCH_ROWS = 1 << 16
BUFFER_BYTES = 1 << 20  # read ahead, in place of a whole row group


@contextmanager
def open_table(path: Path) -> Iterator[pq.ParquetFile]:
    """A Parquet file.

    Raises:
        UsageError: it is not there.
        DataError: it cannot be read as Parquet.
    """
    if not path.is_file():
        raise UsageError(f"There is no file {path}: --in takes a Parquet file.")
    try:
        file = pq.ParquetFile(path, buffer_size=BUFFER_BYTES)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error
    with file:
        yield file


def table_batches(path: Path, file: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    """Its rows.

    Raises:
        DataError: they cannot be read to the end.
    """
    try:
        yield from file.iter_batches(BATCH_ROWS)
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [repr(error)])[0].rstrip(".")
    return DataError(f"{path} cannot be read as Parquet ({reason}): write the file again.")


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A file beside `path` that takes its place when the block ends well, else disappears."""
    aside = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        yield aside
        aside.replace(path)
    finally:  # an interrupt as well: half a file serves nobody
        aside.unlink(missing_ok=True)


def require_target(path: Path, source: Path, *, force: bool) -> None:
    """Make sure that a file may be written.

    Raises:
        UsageError: it is the source, a link or a device, exists already, or its folder does not.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"{path} cannot be written: --out takes a file in a folder that exists.")
    if path.exists() and path.samefile(source):
        raise UsageError(f"{path} is the file to read: choose another for --out.")
    if path.is_symlink() or (path.exists() and not path.is_file() and not path.is_dir()):
        raise UsageError(f"{path} is a link or a device: name the file itself for --out.")
    if path.exists() and not force:
        raise UsageError(f"{path} exists already: choose another, or replace it with --force.")
