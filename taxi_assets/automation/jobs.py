"""Jobs: which parts of the graph run together."""

from typing import Any

import dagster as dg

from taxi_assets.assets.published import GROUP
from taxi_assets.assets.served import GROUP as SERVING
from taxi_assets.automation.requests import FLEET
from taxi_assets.domain.fleets import Fleet


def month_job(fleet: str) -> str:
    """Name of the job that takes one month of a fleet through the whole graph."""
    return f"{fleet}_month_job"


def model_job(fleet: str) -> str:
    """Name of the job that does the same without reports: for years of history."""
    return f"{fleet}_model_job"


def report_job(fleet: str) -> str:
    """Name of the job that makes the reports of a month that has been run."""
    return f"{fleet}_report_job"


def tune_job(fleet: str) -> str:
    """Name of the job that tunes the parameters of a fleet's model of one month."""
    return f"{fleet}_tune_job"


def served_job(fleet: str) -> str:
    """Name of the job that gathers what the service quoted in a month.

    It is no part of the month's own job: a month's quotes are there when it ends, its trips two
    months later, and no champion has to wait until the service's log can be reached. Run again
    after the month's own job it adds the true trips.
    """
    return f"{fleet}_served_job"


def fleet_jobs(fleet: Fleet) -> list[Any]:
    """One fleet's jobs: a month as it comes every month, parts of it, and tuning."""
    tags = {FLEET: fleet.name}  # dagster.yaml runs one at a time of each
    tuning = dg.AssetSelection.assets([fleet.name, "tuned_parameters"])
    own = dg.AssetSelection.key_prefixes([fleet.name])
    reports, served = own & dg.AssetSelection.groups(GROUP), own & dg.AssetSelection.groups(SERVING)
    everything = (own | dg.AssetSelection.assets("zones")) - tuning - served
    return [
        dg.define_asset_job(
            month_job(fleet.name),
            everything,
            tags=tags,
            description=(
                f"One month of {fleet.name} trips, from the published file to champion and reports."
            ),
        ),
        dg.define_asset_job(
            model_job(fleet.name),
            everything - reports,
            tags=tags,
            description=f"The same without reports: for years of {fleet.name} trips.",
        ),
        dg.define_asset_job(
            report_job(fleet.name),
            reports,
            tags=tags,
            description=f"The reports of one month of {fleet.name} trips that has been run.",
        ),
        dg.define_asset_job(
            served_job(fleet.name),
            served,
            tags=tags,
            description=(
                f"What the service quoted for {fleet.name} rides of one month that has ended."
            ),
        ),
        dg.define_asset_job(
            tune_job(fleet.name),
            tuning,
            tags=tags,
            description=f"Better parameters for the {fleet.name} model of one month and later.",
        ),
    ]
