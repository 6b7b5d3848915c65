"""The versions of a table, for people and programs."""

from dataclasses import dataclass
from typing import Any

import dagster as dg

from taxi_assets.definitions import resources
from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.months import check_month
from taxi_assets.domain.schemas import TABLES, ZONES
from taxi_assets.domain.table import Table
from taxi_assets.resources.lake import UNPARTITIONED, Lake
from taxi_assets.resources.table_history import PastVersion
from taxi_assets.resources.tables import lake_name
from taxi_assets.settings import Settings

DIGITS = 12  # of a data version, for people

KEYS = {
    **{
        f"{fleet}/{table.name}": dg.AssetKey([fleet, table.name])
        for fleet in FLEETS
        for table in TABLES.values()
        if table.monthly
    },
    f"city/{ZONES.name}": dg.AssetKey(ZONES.name),
}


@dataclass(frozen=True)
class Target:
    """What is asked about.

    Attributes:
        shown: the table as people write it.
        key: the asset that makes it.
        table: its shape.
        month: one month of it, or None for all.
    """

    shown: str
    key: dg.AssetKey
    table: Table
    month: str | None

    @property
    def name(self) -> str:
        """Its name in the lake."""
        return lake_name(self.key)

    @property
    def fleet(self) -> str | None:
        """Whose it is; None for what all fleets share."""
        return self.key.path[0] if self.table.monthly else None

    @property
    def partition(self) -> str | None:
        """The month as Dagster's partition."""
        return self.month if self.table.monthly else None

    @property
    def part(self) -> str:
        """Table and month in words."""
        return f"{self.shown} of {self.month}" if self.table.monthly else self.shown

    def missing(self) -> str:
        """What to say when it does not exist."""
        fleet = f"--fleet {self.fleet} " if self.fleet else ""
        return f"{self.shown} does not exist yet: run `taxi-assets run {fleet}--months ...` first."


def target_of(table: str, month: str | None) -> Target:
    """What a table's name and a month stand for.

    Raises:
        UsageError: there is no such table, or it has no months.
    """
    shown = f"city/{table}" if table == ZONES.name else table
    if shown not in KEYS:
        raise UsageError(f"There is no table '{table}': choose one of {', '.join(KEYS)}.")
    shape = TABLES[KEYS[shown].path[-1]]
    if not shape.monthly and month is not None:
        raise UsageError(f"{shown} has no months: leave --month out.")
    if shape.monthly:
        return Target(shown, KEYS[shown], shape, check_month(month) if month else None)
    return Target(shown, KEYS[shown], shape, UNPARTITIONED)


def find(settings: Settings, target: Target) -> list[PastVersion]:
    """The versions of a table or of one month of it, newest first; empty when there is no table.

    Raises:
        UsageError: the table has no version of that month.
    """
    return find_in(lake_of(settings), target)


def find_in(lake: Lake, target: Target) -> list[PastVersion]:
    """As `find`."""
    found = lake.history(target.name)
    ours = [version for version in found if target.month in (None, version.month)]
    if found and not ours:
        months = ", ".join(sorted({version.month for version in found}))
        raise UsageError(f"{target.shown} has no version of {target.month}; it has {months}.")
    return ours


def lake_of(settings: Settings) -> Lake:
    """The tables."""
    found = resources(settings)["lake"]
    assert isinstance(found, Lake)
    return found


def as_json(version: PastVersion) -> dict[str, Any]:
    """A version for programs."""
    return {
        "month": version.month,
        "committed_at": version.committed_at.isoformat() if version.committed_at else None,
        "run_id": version.run_id or None,
        "restored_by": version.restored_by or None,
        "rows": version.rows,
        "data_version": version.data_version,
        "snapshot_id": version.snapshot_id,
        "current": version.current,
    }


def version_lines(found: list[PastVersion]) -> list[dict[str, str]]:
    """Versions for people."""
    return [
        {
            "month": version.month,
            "committed (UTC)": f"{version.committed_at:%Y-%m-%d %H:%M:%S}"
            if version.committed_at
            else "expired",
            "Dagster run": f"restored by {version.restored_by}"
            if version.restored_by
            else version.run_id or "-",
            "rows": f"{version.rows:,}",
            "data version": version.data_version[:DIGITS],
            "snapshot": str(version.snapshot_id or "-"),
            "": "current" if version.current else "",
        }
        for version in found
    ]
