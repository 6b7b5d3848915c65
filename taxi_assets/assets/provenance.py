"""What a model was made from."""

import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version as installed
from typing import Any

from taxi_assets.domain.fleets import Fleet
from taxi_assets.resources.model_files import git_sha
from taxi_assets.resources.table_slice import TableSlice

LIBRARIES = ("holidays", "lightgbm", "numpy", "pandas", "pyarrow")


def provenance(
    fleet: Fleet, month: str, training_months: Sequence[str], tables: Sequence[TableSlice]
) -> dict[str, Any]:
    """Everything needed to make the model again: months, snapshots, code and library versions.

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
        "git_sha": git_sha(),
        "libraries": {
            "python": platform.python_version(),
            **{name: installed(name) for name in LIBRARIES},
        },
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
