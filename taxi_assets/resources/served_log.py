"""The service's prediction log, as it lies in a folder or bucket."""

from collections.abc import Iterable
from dataclasses import dataclass

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import PrivateAttr

from taxi_assets.domain.served import LOGS
from taxi_assets.resources.storage import Storage, open_storage


@dataclass(frozen=True, slots=True)
class Logged:
    """Rows of a log.

    Attributes:
        rows: in the columns of the log.
        files: how many they come from.
        faults: files that are no log's, by name, and why; none of their rows is in `rows`.
    """

    rows: pa.Table
    files: int
    faults: dict[str, str]


class ServedLog(dg.ConfigurableResource[None]):
    """Parquet files `<root>/<kind>/month=YYYY-MM/….parquet`; see `domain.served`."""

    root: str
    s3_endpoint: str | None = None

    _storage: Storage | None = PrivateAttr(default=None)

    def read(self, kind: str, months: Iterable[str]) -> Logged:
        """All rows of some months.

        A file that cannot be read as what it should be is told, and the others are none the worse
        for it: one stray file must not hide a month of answers.

        Raises:
            LakeUnreachable: folder or bucket do not answer.
        """
        schema, parts, faults = LOGS[kind].arrow, [], {}
        for name in self._names(kind, months):
            content = self.storage.read(name)
            try:
                parts.append(_table(content, schema))
            except (OSError, pa.ArrowException, ValueError) as error:  # of bytes that are here
                faults[name] = str(error).partition("\n")[0]
        rows = pa.concat_tables([schema.empty_table(), *parts])
        return Logged(rows, len(parts), faults)

    def _names(self, kind: str, months: Iterable[str]) -> list[str]:
        folders = [f"{kind}/month={month}" for month in months]
        return [name for folder in folders for name in self.storage.names(folder)]

    @property
    def storage(self) -> Storage:
        """The folder or bucket, opened when it is first needed."""
        if self._storage is None:
            self._storage = open_storage(self.root, self.s3_endpoint)
        return self._storage


def _table(content: bytes | None, schema: pa.Schema) -> pa.Table:
    """One file, whole.

    Raises:
        ValueError: it has other columns, or was removed.
        ArrowException: it is no Parquet file.
        OSError: it is damaged.
    """
    if content is None:
        raise ValueError("it was removed while the log was read")
    file = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True)
    if file.schema_arrow != schema:
        raise ValueError("it has other columns than the log")
    return file.read()
