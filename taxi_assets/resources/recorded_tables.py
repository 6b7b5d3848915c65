"""The tables that a registered model was made from, as they stood then."""

from collections.abc import Mapping
from typing import Any

from taxi_assets.domain.errors import SnapshotGone, VersionMismatch
from taxi_assets.domain.model import Say
from taxi_assets.domain.schemas import HOUR_HISTORY, ROUTE_HISTORY, TRIP_FEATURES, ZONES
from taxi_assets.domain.table import Table
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.training_tables import TrainingTables

Recorded = Mapping[str, Mapping[str, Any]]  # a table's months as a manifest has them


def recorded_tables(
    lake: Lake, fleet: str, recorded: Mapping[str, Recorded], say: Say
) -> TrainingTables:
    """What a model was made from, every row of it verified.

    Args:
        lake: the tables.
        fleet: fleet name.
        recorded: `tables` of the model's manifest: by table and month its version then.
        say: takes one line of progress at a time.

    Raises:
        SnapshotGone: a version can no longer be read.
        VersionMismatch: what is read is not what was recorded.
        KeyError: a table is not recorded.
    """
    names = {
        "past": (f"{fleet}.{TRIP_FEATURES.name}", TRIP_FEATURES),
        "routes": (f"{fleet}.{ROUTE_HISTORY.name}", ROUTE_HISTORY),
        "hours": (f"{fleet}.{HOUR_HISTORY.name}", HOUR_HISTORY),
        "zones": (f"city.{ZONES.name}", ZONES),
    }
    return TrainingTables(
        **{
            part: recorded_slice(lake, name, table, recorded[name], say)
            for part, (name, table) in names.items()
        }
    )


def recorded_slice(lake: Lake, name: str, table: Table, months: Recorded, say: Say) -> TableSlice:
    """The months of one table at their recorded versions; see `recorded_tables`."""
    snapshots = {
        month: readable_snapshot(lake, name, month, version, say)
        for month, version in months.items()
        if version["snapshot_id"] is not None
    }
    found = lake.slice(name, table, months, snapshots=snapshots)
    for month, version in found.versions.items():
        if version.data_version != months[month]["data_version"]:
            raise VersionMismatch(
                f"{name} of {month} has data version {version.data_version} at snapshot "
                f"{snapshots[month]}, and the model was made from "
                f"{months[month]['data_version']}: its manifest and the lake are not of one home."
            )
    found.verify()
    say(f"{name}: {found.rows:,} rows of {len(months)} months are those that were recorded")
    return found


def readable_snapshot(
    lake: Lake, name: str, month: str, version: Mapping[str, Any], say: Say
) -> int:
    """The recorded snapshot, or where it was expired, another that holds the same data version."""
    snapshot_id = int(version["snapshot_id"])
    try:
        lake.versions_at(name, {month: snapshot_id})
    except SnapshotGone:
        wanted = (month, version["data_version"])
        for past in lake.history(name):
            if (past.month, past.data_version) == wanted and past.snapshot_id is not None:
                say(f"{name} of {month}: the same rows at snapshot {past.snapshot_id} instead")
                return past.snapshot_id
        raise
    return snapshot_id
