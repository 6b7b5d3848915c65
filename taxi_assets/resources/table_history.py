"""What the snapshots of an Iceberg table tell of its months: every version, and which one holds.

A month is written by two snapshots of one commit, a delete of its old rows and an append of the new
ones, and both name its month and data version; only the append holds the rows. After a rollback by
hand the table's properties still note the newer version, so what holds is read off the line of
snapshots that led to the current one. The note counts where that line was cut by expiry.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from taxi_assets.domain.errors import SnapshotGone
from taxi_assets.domain.table import MONTH

VERSION_PROPERTY = "taxi.version."
MONTH_KEY, VERSION_KEY, RUN_KEY = "taxi.month", "taxi.data-version", "taxi.run"
COLUMNS_KEY = "taxi.columns"  # only where a write has other columns than the table has by then
RESTORED_BY, RESTORED_FROM = "taxi.restored-by", "taxi.restored-from"


@dataclass(frozen=True, slots=True)
class PastVersion:
    """One version of one month of a table, held by a snapshot.

    Attributes:
        table: `fleet.table`.
        month: `YYYY-MM`, or `all` for a table without months.
        data_version: SHA-256 of the rows.
        rows: how many there are.
        snapshot_id: a snapshot in which the month is exactly these rows; None where there never was
            one, for a month without rows.
        columns: what the rows were written with, in no order, month left out.
        committed_at: when; None where the snapshot that wrote it was expired.
        run_id: the Dagster run that wrote it, empty where none did.
        restored_by: who brought it back from an earlier snapshot, empty where nobody did.
        current: whether the table holds it now.
    """

    table: str
    month: str
    data_version: str
    rows: int
    snapshot_id: int | None
    columns: frozenset[str]
    committed_at: datetime | None = None
    run_id: str = ""
    restored_by: str = ""
    current: bool = False


def history(iceberg: Any, name: str) -> list[PastVersion]:
    """Every version that a snapshot still holds, and those that are current, newest first.

    Args:
        iceberg: the table.
        name: `fleet.table`.
    """
    written = _written(iceberg, name)
    holds = current_versions(iceberg, name)
    noted = [version for version in holds.values() if version.committed_at is None]
    found = [
        replace(version, current=holds.get(version.month) == version)
        for version in reversed(written.values())
    ]
    return found + [replace(version, current=True) for version in noted]


def current_versions(iceberg: Any, name: str) -> dict[str, PastVersion]:
    """Each month's version that the table holds now, by month; reads no data.

    Args:
        iceberg: the table.
        name: `fleet.table`.
    """
    written = _written(iceberg, name)
    line = _line(iceberg, iceberg.metadata.current_snapshot_id)
    found: dict[str, PastVersion] = {}
    for key in line:
        if version := written.get(key):
            found.setdefault(version.month, version)
    for note in _notes(iceberg, name, line):
        if note.month not in found and (held := _believed(iceberg, note, line, written)):
            found[note.month] = held
    return dict(sorted(found.items()))


def _believed(
    iceberg: Any, note: PastVersion, line: list[int], written: dict[int, PastVersion]
) -> PastVersion | None:
    """What a note stands for where no snapshot of the line tells of its month; None if nothing."""
    order = {s.snapshot_id: s.sequence_number for s in iceberg.snapshots()}
    start = order[line[-1]] if line else 0
    if start <= 1 and note.rows:  # nothing was expired, so the month was never written
        return None
    same = [
        key
        for key, version in written.items()
        if (version.month, version.data_version) == (note.month, note.data_version)
    ]
    if any(order[key] > start for key in same):  # beside the line: a rollback undid it
        return None
    return written[same[-1]] if same else note  # from before a snapshot that was expired


def version_at(iceberg: Any, name: str, month: str, snapshot_id: int) -> PastVersion:
    """The version of a month that a snapshot holds, under that snapshot's id.

    Args:
        iceberg: the table.
        name: `fleet.table`.
        month: `YYYY-MM`, or `all`.
        snapshot_id: as recorded when the version was used.

    Raises:
        SnapshotGone: the snapshot was expired, or holds no version of the month.
    """
    written = _written(iceberg, name)
    line = _line(iceberg, snapshot_id)
    if not line:
        raise gone(name, month, snapshot_id, "is no longer in the table")
    for found in (written[key] for key in line if key in written):
        if found.month == month:
            return replace(found, snapshot_id=snapshot_id)
    noted = current_versions(iceberg, name).get(month)
    # only noted: its own snapshot was expired, and no later one has written the month
    if noted and noted.committed_at is None and _descends(iceberg, snapshot_id):
        return replace(noted, snapshot_id=snapshot_id)
    raise gone(name, month, snapshot_id, "holds no version of that month")


def gone(name: str, month: str, snapshot_id: int | None, why: str) -> SnapshotGone:
    """The error to raise where a version cannot be read, and what to do."""
    asset = name.replace(".", "/")
    return SnapshotGone(
        f"{asset} of {month} cannot be read at snapshot {snapshot_id}: it {why}; `taxi-assets "
        f"versions {asset}` lists what can be read, and running the month again from the same "
        "landed file makes the same data version again."
    )


def _written(iceberg: Any, name: str) -> dict[int, PastVersion]:
    """By snapshot, the versions that snapshots hold, oldest first."""
    schemas = {
        number: frozenset(schema.column_names) - {MONTH.name}
        for number, schema in iceberg.schemas().items()
    }
    found: dict[int, PastVersion] = {}
    for snapshot in iceberg.snapshots():
        told = snapshot.summary.additional_properties if snapshot.summary else {}
        if MONTH_KEY not in told:
            continue
        rows = int(told.get("added-records", 0))
        month, data_version = told[MONTH_KEY], told[VERSION_KEY]
        before = found.get(snapshot.parent_snapshot_id)
        half = before and (before.month, before.data_version) == (month, data_version)
        if half and before and before.rows == 0:  # its rows were still to come
            del found[snapshot.parent_snapshot_id]
        columns = told.get(COLUMNS_KEY)
        found[snapshot.snapshot_id] = PastVersion(
            name,
            month,
            data_version,
            rows,
            snapshot.snapshot_id,
            frozenset(columns.split(",")) if columns else schemas[snapshot.schema_id],
            datetime.fromtimestamp(snapshot.timestamp_ms / 1000, UTC),
            told.get(RUN_KEY, ""),
            told.get(RESTORED_BY, ""),
        )
    return found


def _notes(iceberg: Any, name: str, line: list[int]) -> Iterator[PastVersion]:
    """The versions that the table's properties note, as held by its current snapshot."""
    snapshot_id = line[0] if line else None
    columns = frozenset(iceberg.schema().column_names) - {MONTH.name}
    for key, text in iceberg.properties.items():
        if key.startswith(VERSION_PROPERTY):
            note, month = json.loads(text), key.removeprefix(VERSION_PROPERTY)
            yield PastVersion(name, month, note["data_version"], note["rows"], snapshot_id, columns)


def _line(iceberg: Any, snapshot_id: int | None) -> list[int]:
    """Ids from a snapshot back to the first, or to where one was expired."""
    parents = {s.snapshot_id: s.parent_snapshot_id for s in iceberg.snapshots()}
    line: list[int] = []
    while snapshot_id is not None and snapshot_id in parents:
        line.append(snapshot_id)
        snapshot_id = parents[snapshot_id]
    return line


def _descends(iceberg: Any, snapshot_id: int) -> bool:
    """Whether the current snapshot came of this one."""
    return snapshot_id in _line(iceberg, iceberg.metadata.current_snapshot_id)


def columns_note(written: Iterable[str], stored: Iterable[str]) -> dict[str, str]:
    """What a snapshot has to tell of its columns: nothing, where they are the table's."""
    return {} if set(written) == set(stored) - {MONTH.name} else {COLUMNS_KEY: ",".join(written)}
