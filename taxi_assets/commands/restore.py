"""An earlier version of a table brought back."""

import getpass
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from taxi_assets.commands.downstream import Parts, bring_up_to_date, built_on
from taxi_assets.commands.instance import open_instance
from taxi_assets.commands.run import alone
from taxi_assets.commands.versions import DIGITS, Target, find_in, lake_of
from taxi_assets.domain.errors import UsageError
from taxi_assets.resources.table_history import PastVersion
from taxi_assets.resources.table_slice import TableVersion
from taxi_assets.settings import Settings

Say = Callable[[str], None]
VERSION_TAG = "dagster/data_version"  # where Dagster keeps an asset's data version


@dataclass(frozen=True)
class Restored:
    """What a restore did.

    Attributes:
        target: which month of which table.
        past: the version that was asked for.
        before: what the month held, None where it held nothing.
        now: what it holds.
        recorded: whether Dagster was told.
        stale: what was built on the month, by asset.
    """

    target: Target
    past: PastVersion
    before: PastVersion | None
    now: TableVersion
    recorded: bool
    stale: Parts

    def lines(self) -> list[str]:
        """For people: what was done, what is out of date, and what to do about it."""
        part, version = self.target.part, self.now.data_version[:DIGITS]
        if not self.now.changed:
            told = " Dagster had not heard of it, and has now." if self.recorded else ""
            return [f"{part} is version {version} already: the table was not changed.{told}"]
        before = (
            f"version {self.before.data_version[:DIGITS]} with {self.before.rows:,} rows"
            if self.before
            else "nothing"
        )
        done = (
            f"{part} is version {version} again: {self.now.rows:,} rows of snapshot "
            f"{self.past.snapshot_id}, their data version checked, are now snapshot "
            f"{self.now.snapshot_id}. Before, it held {before}, which stays in the history."
        )
        return [done, *bring_up_to_date(self.target.key, self.target.partition, self.stale)]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "table": self.target.shown,
            "month": self.now.month,
            "changed": self.now.changed,
            "data_version": self.now.data_version,
            "rows": self.now.rows,
            "snapshot_id": self.now.snapshot_id,
            "restored_from_snapshot": self.past.snapshot_id,
            "replaced_data_version": self.before.data_version if self.before else None,
            "recorded_in_dagster": self.recorded,
            "out_of_date": {key.to_user_string(): months for key, months in self.stale.items()},
        }


def restore(settings: Settings, target: Target, wanted: str, say: Say) -> Restored:
    """Make an earlier version of a month current again, by a new commit, and tell Dagster.

    Killed before the commit, the table is as before; after it, doing the same again tells Dagster.

    Args:
        settings: where everything is.
        target: which month of which table.
        wanted: first digits of a data version, or a snapshot id.
        say: takes one line of progress at a time.

    Raises:
        UsageError: no month, no such version, or more than one.
        SnapshotGone: the version can no longer be read.
        VersionMismatch: what is read is not what was written; nothing was changed.
    """
    if target.month is None:
        raise UsageError(f"Which month of {target.shown}? Say it with --month 2025-01.")
    lake, who = lake_of(settings), user()
    with alone(settings, target.fleet or "city", target.month, say):
        found = find_in(lake, target)
        if not found:
            raise UsageError(target.missing())
        past = choose(found, wanted, target.part)
        before = next((version for version in found if version.current), None)
        say(f"reading {past.rows:,} rows of {target.part} at snapshot {past.snapshot_id}")
        now = lake.restore(target.table, past, who)
        with open_instance(settings) as instance:
            recorded = now.changed or _known(instance, target) != now.data_version
            if recorded:
                instance.report_runless_asset_event(_event(target, past, before, now, who))
            changes = built_on(settings, instance, target.key, target.partition)
            stale = changes if recorded else {}  # nothing is newer than what was built on it
    return Restored(target, past, before, now, recorded, stale)


def choose(found: list[PastVersion], wanted: str, part: str) -> PastVersion:
    """The version that a snapshot id or the first digits of a data version stand for.

    Args:
        found: the versions of one month, newest first.
        wanted: as the user wrote it.
        part: which month of which table, in words.

    Raises:
        UsageError: none or several versions fit.
    """
    fits = [version for version in found if str(version.snapshot_id) == wanted] or [
        version for version in found if wanted and version.data_version.startswith(wanted.lower())
    ]
    several = len({version.data_version for version in fits}) > 1
    if fits and not several:
        return next((version for version in fits if version.current), fits[0])
    names = {v.data_version[: max(DIGITS, len(wanted) + 4)]: v.rows for v in fits or found}
    listed = ", ".join(f"{name} ({rows:,} rows)" for name, rows in names.items())
    if several:
        raise UsageError(f"'{wanted}' fits several versions of {part}; write more of it: {listed}.")
    raise UsageError(f"There is no version '{wanted}' of {part}: choose one of {listed}.")


def user() -> str:
    """Who asks."""
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):  # no such user is known, as in many containers
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _known(instance: dg.DagsterInstance, target: Target) -> str | None:
    """The data version that Dagster has of it."""
    ours = dg.AssetRecordsFilter(
        target.key, asset_partitions=[target.partition] if target.partition else None
    )
    records = instance.fetch_materializations(ours, limit=1).records
    latest = records[0].asset_materialization if records else None
    return (latest.tags or {}).get(VERSION_TAG) if latest else None


def _event(
    target: Target, past: PastVersion, before: PastVersion | None, now: TableVersion, who: str
) -> dg.AssetMaterialization:
    """What Dagster is told: it then shows the version, and what is built on it as out of date."""
    return dg.AssetMaterialization(
        target.key,
        partition=target.partition,
        description=f"{who} brought back the version of snapshot {past.snapshot_id}.",
        metadata={
            "dagster/row_count": now.rows,
            "dagster/table_name": now.table,
            "data_version": now.data_version,
            "iceberg_snapshot_id": dg.MetadataValue.text(str(now.snapshot_id)),
            "changed": now.changed,
            "restored_by": who,
            "restored_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "restored_from_snapshot": dg.MetadataValue.text(str(past.snapshot_id)),
            "replaced_data_version": before.data_version if before else "none",
        },
        tags={VERSION_TAG: now.data_version},
    )
