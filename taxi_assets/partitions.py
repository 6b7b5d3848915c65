"""Months as Dagster partitions, and how months depend on earlier ones."""

import dagster as dg

from taxi_assets.warnings import preview_accepted


def monthly(first_month: str) -> dg.MonthlyPartitionsDefinition:
    """One partition a month from `first_month` to the last month that has ended, in New York."""
    return dg.MonthlyPartitionsDefinition(
        start_date=first_month, fmt="%Y-%m", timezone="America/New_York"
    )


def months_before(count: int) -> dg.TimeWindowPartitionMapping:
    """The `count` months before each month; a month takes those that exist."""
    with preview_accepted():
        return dg.TimeWindowPartitionMapping(
            start_offset=-count, end_offset=-1, allow_nonexistent_upstream_partitions=True
        )


def months_until(count: int) -> dg.TimeWindowPartitionMapping:
    """Each month and the `count` before it; a month takes those that exist."""
    with preview_accepted():
        return dg.TimeWindowPartitionMapping(
            start_offset=-count, end_offset=0, allow_nonexistent_upstream_partitions=True
        )
