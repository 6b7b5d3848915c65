"""Old snapshots of an Iceberg table let go, and the files that nothing refers to then.

Iceberg's expiry removes snapshots from the table's metadata and leaves every file where it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from taxi_assets.domain.errors import LakeUnreachable, SnapshotGone
from taxi_assets.domain.retention import Snapshot, StoredFile, expired_snapshots, orphans
from taxi_assets.resources.catalog import reaching
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.storage import Storage
from taxi_assets.resources.table_history import (
    PastVersion,
    current_versions,
    history,
    version_at,
)

TRIES = 5


@dataclass(frozen=True, slots=True)
class Needed:
    """A version of a month that a model was made from, as its manifest records it."""

    month: str
    data_version: str
    snapshot_id: int


class Remaining:
    """A table as it would be without some of its snapshots; enough of it to ask its history."""

    def __init__(self, iceberg: Any, without: Iterable[int]) -> None:
        self._iceberg, self._without = iceberg, frozenset(without)

    def __getattr__(self, name: str) -> Any:
        """Everything else is as it was."""
        return getattr(self._iceberg, name)

    def snapshots(self) -> list[Any]:
        """Those that would be left."""
        return [s for s in self._iceberg.snapshots() if s.snapshot_id not in self._without]


def expirable(
    iceberg: Any, name: str, needed: Iterable[Needed], cutoff: datetime
) -> dict[int, str]:
    """Ids of snapshots that can go without a loss, each with the reason.

    Nothing goes where the table would then tell anything else of its current months, or a model
    that must stay reproducible could not be made again: after a rollback by hand, for one.

    Args:
        iceberg: the table.
        name: `fleet.table`.
        needed: what models were made from.
        cutoff: see `expired_snapshots`.
    """
    wanted = list(needed)
    found = expired_snapshots(_snapshots(iceberg, name, wanted), cutoff)
    return found if found and _loses_nothing(iceberg, name, wanted, found) else {}


def _snapshots(iceberg: Any, name: str, needed: list[Needed]) -> list[Snapshot]:
    """What the policy has to know."""
    past = history(iceberg, name)
    holding = {version.snapshot_id for version in past if version.current}
    heads = {ref.snapshot_id for ref in iceberg.metadata.refs.values()}
    same_rows = {(one.month, one.data_version) for one in needed}
    ids = {one.snapshot_id for one in needed} | {
        v.snapshot_id for v in past if (v.month, v.data_version) in same_rows
    }
    versions = {v.snapshot_id for v in past if v.committed_at}
    replaced = _replaced(past)
    return [
        Snapshot(
            id=s.snapshot_id,
            committed_at=datetime.fromtimestamp(s.timestamp_ms / 1000, UTC),
            replaced_at=replaced.get(s.snapshot_id),
            holds=s.snapshot_id in holding or s.snapshot_id in heads,
            needed=s.snapshot_id in ids,
            is_version=s.snapshot_id in versions,
        )
        for s in iceberg.snapshots()
    ]


def _replaced(newest_first: list[PastVersion]) -> dict[int | None, datetime | None]:
    """When each version was followed by the next of its month, by snapshot."""
    months: dict[str, list[PastVersion]] = {}
    for version in reversed(newest_first):
        if version.committed_at:
            months.setdefault(version.month, []).append(version)
    return {
        one.snapshot_id: after.committed_at
        for versions in months.values()
        for one, after in pairwise(versions)
    }


def _loses_nothing(iceberg: Any, name: str, needed: list[Needed], expired: Iterable[int]) -> bool:
    """Ask the table that would be left the questions that it has to answer as before."""
    left = Remaining(iceberg, expired)
    if current_versions(left, name) != current_versions(iceberg, name):
        return False
    return all(_readable(left, name, one) for one in needed if _readable(iceberg, name, one))


def _readable(iceberg: Any, name: str, one: Needed) -> bool:
    """Whether `reproduce` would find these rows."""
    try:
        return version_at(iceberg, name, one.month, one.snapshot_id).data_version == (
            one.data_version
        )
    except SnapshotGone:
        return any(
            (past.month, past.data_version) == (one.month, one.data_version)
            and past.snapshot_id is not None
            for past in history(iceberg, name)
        )


def expire(
    lake: Lake, name: str, ids: Iterable[int], needed: Iterable[Needed], cutoff: datetime
) -> None:
    """Let snapshots go, in one commit; those that have become needed since stay.

    Raises:
        LakeUnreachable: other runs kept changing the table.
    """
    from pyiceberg.exceptions import CommitFailedException

    wanted, chosen = list(needed), set(ids)
    with reaching(lake.warehouse):
        for attempt in range(1, TRIES + 1):
            iceberg = lake.iceberg(name)
            going = sorted(chosen & set(expirable(iceberg, name, wanted, cutoff)))
            if not going or not _loses_nothing(iceberg, name, wanted, going):
                return
            try:
                iceberg.maintenance.expire_snapshots().by_ids(going).commit()
            except CommitFailedException as error:
                if attempt == TRIES:
                    raise LakeUnreachable(
                        f"{name} was changed by other runs during {TRIES} commits: prune again."
                    ) from error
            else:
                return


def unreferenced(
    lake: Lake, storage: Storage, name: str, expired: Iterable[int], now: datetime
) -> list[StoredFile]:
    """Files of a table that nothing refers to once some snapshots are gone.

    Files are listed before the references are read, so that what a run adds meanwhile is either
    not listed or referred to. None where a file that must be there is not listed: then the table
    lies elsewhere, and what is listed here is not for us to judge.

    Args:
        lake: the tables.
        storage: the warehouse.
        name: `fleet.table`.
        expired: snapshots that do not count any more.
        now: see `orphans`.
    """
    with reaching(lake.warehouse):
        folder = _below(storage, lake.iceberg(name).location())
        if folder is None:
            return []
        files = storage.files(folder)
        iceberg = lake.iceberg(name)
        needed = {_below(storage, path) for path in _references(iceberg, expired)}
    if not needed <= {file.name for file in files}:
        return []
    logged = {_below(storage, entry.metadata_file) for entry in iceberg.metadata.metadata_log}
    return orphans(files, {path for path in needed | logged if path}, now)


def _references(iceberg: Any, expired: Iterable[int]) -> set[str]:
    """Every file that reading the table at one of its other snapshots may open."""
    found, gone = {iceberg.metadata_location}, set(expired)
    manifests: dict[str, Any] = {}
    for snapshot in iceberg.snapshots():
        if snapshot.snapshot_id not in gone:
            found.add(snapshot.manifest_list)
            manifests |= {m.manifest_path: m for m in snapshot.manifests(iceberg.io)}
    found |= set(manifests)
    for manifest in manifests.values():
        entries = manifest.fetch_manifest_entry(iceberg.io, discard_deleted=True)
        found |= {entry.data_file.file_path for entry in entries}
    for kept in (*iceberg.metadata.statistics, *iceberg.metadata.partition_statistics):
        found.add(kept.statistics_path)
    return found


def _below(storage: Storage, path: str) -> str | None:
    """A file's name in the storage; None where it lies elsewhere."""
    plain, root = path.removeprefix("file://"), f"{storage.root.removeprefix('file://')}/"
    return plain.removeprefix(root) if plain.startswith(root) else None


def manifest_needs(tables: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> dict[str, set[Needed]]:
    """What a model's manifest says it was made from, by table."""
    return {
        name: {
            Needed(month, version["data_version"], int(version["snapshot_id"]))
            for month, version in months.items()
            if version["snapshot_id"] is not None
        }
        for name, months in tables.items()
    }
