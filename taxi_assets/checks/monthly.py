"""How every check here is built: recorded on its month, and silent, not passed, when it cannot judge."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import dagster as dg

from taxi_assets.resources.lake import Lake
from taxi_assets.resources.landing import Landing


@dataclass(frozen=True, slots=True)
class CannotJudge:
    """Why a check has nothing to compare with this month."""

    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check may look at."""

    month: str
    lake: Lake
    landing: Landing


Verdict = dg.AssetCheckResult | CannotJudge


def monthly_check(
    asset: dg.AssetKey,
    name: str,
    months: dg.PartitionsDefinition[str],
    judge: Callable[[Seen], Verdict],
    *,
    blocking: bool,
    description: str,
) -> dg.AssetChecksDefinition:
    """A check of one month of one asset.

    A check that cannot judge records nothing: no evaluation is honest, a pass would not be. That is why this is a
    subsettable multi-check, the one kind whose result may be left out.
    """

    @dg.multi_asset_check(
        name="__".join([*asset.path, name]),
        specs=[
            dg.AssetCheckSpec(
                name, asset=asset, blocking=blocking, partitions_def=months, description=description
            )
        ],
        can_subset=True,
    )
    def check(
        context: dg.AssetCheckExecutionContext, lake: Lake, landing: dg.ResourceParam[Landing]
    ) -> Iterator[dg.AssetCheckResult]:
        month = context.op_execution_context.partition_key
        verdict = judge(Seen(month, lake, landing))
        if isinstance(verdict, CannotJudge):
            context.log.info(f"{name} did not run for {month}: {verdict.reason}")
            return
        yield verdict

    return check


def warning(passed: bool, **metadata: object) -> dg.AssetCheckResult:
    """A verdict that never stops what comes after."""
    return dg.AssetCheckResult(
        passed=passed, severity=dg.AssetCheckSeverity.WARN, metadata=metadata
    )


def gate(passed: bool, **metadata: object) -> dg.AssetCheckResult:
    """A verdict that does."""
    return dg.AssetCheckResult(
        passed=passed, severity=dg.AssetCheckSeverity.ERROR, metadata=metadata
    )
