"""What all monthly assets of a fleet have in common."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from taxi_assets.domain.fleets import Fleet

Decorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]


def monthly_asset(
    fleet: Fleet, name: str, months: dg.PartitionsDefinition[str], **more: Any
) -> Decorator:
    """`dg.asset` for one of a fleet's monthly assets."""
    decorator: Decorator = dg.asset(key=[fleet.name, name], partitions_def=months, **more)
    return decorator


def monthly_table(
    fleet: Fleet, name: str, months: dg.PartitionsDefinition[str], **more: Any
) -> Decorator:
    """The same for one that the lake keeps."""
    kept = {"kinds": {"iceberg"}, "io_manager_key": "tables"}
    return monthly_asset(fleet, name, months, **{**kept, **more})
