"""What all assets have in common, and all monthly assets of a fleet.

Pools: how many steps of a kind run at once, over all runs; `dagster.yaml` says one.
"""

from collections.abc import Callable
from typing import Any

import dagster as dg

from taxi_assets.domain.fleets import Fleet
from taxi_assets.resources.step_retries import retried

DOWNLOADS = "downloads"  # one at a time: TLC's CDN turns greedy clients away
MEMORY = "memory"  # a month of yellow trips takes 2.5 GB
TRAINING = "training"  # takes every core it is given

Decorator = Callable[[Callable[..., Any]], dg.AssetsDefinition]


def asset(**more: Any) -> Decorator:
    """`dg.asset` whose network faults are tried again."""
    return lambda body: dg.asset(**more)(retried(body))


def multi_asset(**more: Any) -> Decorator:
    """`dg.multi_asset` in the same way."""
    return lambda body: dg.multi_asset(**more)(retried(body))


def monthly_asset(
    fleet: Fleet, name: str, months: dg.PartitionsDefinition[str], **more: Any
) -> Decorator:
    """`asset` for one of a fleet's monthly assets.

    A run takes one month, also in a backfill, as is Dagster's default: of many months in one run
    Dagster 1.13 records a single data version, and so could not tell which of them is out of date;
    nor could a check hold back one month of them alone.
    """
    return asset(key=[fleet.name, name], partitions_def=months, **more)


def monthly_table(
    fleet: Fleet, name: str, months: dg.PartitionsDefinition[str], **more: Any
) -> Decorator:
    """The same for one that the lake keeps."""
    kept = {"kinds": {"iceberg"}, "io_manager_key": "tables"}
    return monthly_asset(fleet, name, months, **{**kept, **more})
