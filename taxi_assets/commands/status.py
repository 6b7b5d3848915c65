"""What is there, month by month."""

from typing import Any

from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.schemas import CLEAN_TRIPS, REJECTED_TRIPS, ROUTE_HISTORY, TRIP_FEATURES
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.registry import Registry

TABLES = (CLEAN_TRIPS, REJECTED_TRIPS, ROUTE_HISTORY, TRIP_FEATURES)


def status(
    fleet: Fleet, months: list[str], lake: Lake, landing: Landing, registry: Registry
) -> list[dict[str, Any]]:
    """Each month that has anything: rows and data version of every stage, model version, champion.

    Args:
        fleet: which fleet.
        months: months to look at.
        lake: the tables.
        landing: the landed files.
        registry: the models.
    """
    tables = {table.name: lake.versions(f"{fleet.name}.{table.name}") for table in TABLES}
    versions = registry.versions(fleet.name) if registry.exists else []
    holder = registry.champion(fleet.name) if registry.exists else None
    files = landing.whole(fleet.name)
    rows = []
    for month in months:
        landed = files.get(f"{fleet.name}/{month}")
        models = [version for version in versions if version.month == month]
        stages = {name: found[month] for name, found in tables.items() if month in found}
        if not (landed or stages or models):
            continue
        rows.append(
            {
                "fleet": fleet.name,
                "month": month,
                "raw_trips": {
                    "data_version": landed.sha256,
                    "bytes": landed.bytes,
                    "landed_at": landed.landed_at.isoformat(),
                }
                if landed
                else None,
                **{
                    name: {
                        "data_version": v.data_version,
                        "rows": v.rows,
                        "snapshot_id": v.snapshot_id,
                    }
                    for name, v in stages.items()
                },
                "fare_model": {"data_version": models[-1].identity, "version": models[-1].version}
                if models
                else None,
                "champion": holder.version if holder and holder.month == month else None,
            }
        )
    return rows


def status_lines(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    """The same for people: rows, and the first digits of each data version."""

    def cell(stage: dict[str, Any] | None) -> str:
        if not stage:
            return "-"
        count = f"{stage['rows']:,} " if "rows" in stage else ""
        number = f"v{stage['version']} " if "version" in stage else ""
        return f"{number}{count}{stage['data_version'][:8]}"

    stages = {
        "raw": "raw_trips",
        "clean": "clean_trips",
        "rejected": "rejected_trips",
        "history": "route_history",
        "features": "trip_features",
        "model": "fare_model",
    }
    return [
        {
            "month": row["month"],
            **{title: cell(row.get(stage)) for title, stage in stages.items()},
            "champion": f"v{row['champion']}" if row["champion"] else "",
        }
        for row in rows
    ]
