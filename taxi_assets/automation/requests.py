"""The runs that sensors and schedules ask for, and the tags by which they are found again."""

from collections.abc import Sequence

import dagster as dg

FLEET, TRIGGER, PUBLICATION = "taxi/fleet", "taxi/trigger", "taxi/publication"
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def month_request(
    fleet: str,
    month: str,
    run_key: str,
    trigger: str,
    *,
    assets: Sequence[dg.AssetKey] | None = None,
    publication: str | None = None,
) -> dg.RunRequest:
    """A run of one month.

    Args:
        fleet: whose.
        month: `YYYY-MM`.
        run_key: Dagster starts one run of each.
        trigger: why, a word.
        assets: the part of the job to run; all of it when None.
        publication: key of the publication that is run.
    """
    tags = {FLEET: fleet, TRIGGER: trigger}
    if publication is not None:
        tags[PUBLICATION] = publication
    return dg.RunRequest(
        run_key=run_key,
        partition_key=month,
        tags=tags,
        asset_selection=None if assets is None else list(assets),
    )
