"""What a model was made from."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from taxi_assets.domain.fleets import Fleet
from taxi_assets.resources.circumstances import circumstances
from taxi_assets.resources.table_slice import TableSlice


def provenance(
    fleet: Fleet, month: str, training_months: Sequence[str], tables: Sequence[TableSlice]
) -> dict[str, Any]:
    """Everything needed to make the model again: months, snapshots, code, libraries, machine.

    Args:
        fleet: whose model.
        month: the month it will be tested on.
        training_months: the months it learned from.
        tables: the tables it was made from.
    """
    return {
        "fleet": fleet.name,
        "month": month,
        "training_months": list(training_months),
        "tables": {
            table.name: {month: asdict(version) for month, version in table.versions.items()}
            for table in tables
        },
        **circumstances(),
    }


def version_tags(made_from: dict[str, Any]) -> dict[str, str]:
    """The part of the provenance by which people search for versions."""
    snapshots = {
        table: sorted({str(version["snapshot_id"]) for version in months.values()})
        for table, months in made_from["tables"].items()
    }
    return {
        "fleet": made_from["fleet"],
        "training_months": ",".join(made_from["training_months"]),
        "snapshot_ids": "; ".join(f"{name}={','.join(ids)}" for name, ids in snapshots.items()),
        "git_sha": made_from["git_sha"],
    }
