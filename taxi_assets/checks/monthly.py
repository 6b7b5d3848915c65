"""How every check here is built.

Recorded on its month, and silent, not passed, when it cannot judge.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg

from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.table import Table
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.served_log import ServedLog
from taxi_assets.resources.step_retries import retried
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.warnings import preview_accepted


@dataclass(frozen=True, slots=True)
class CannotJudge:
    """Why a check has nothing to compare with this month."""

    reason: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check may look at: one month of one fleet."""

    fleet: Fleet
    month: str
    lake: Lake
    landing: Landing
    reports: ReportStore
    registry: Registry
    served_log: ServedLog

    def rows_of(self, table: Table) -> TableSlice:
        """The month of one of the fleet's tables."""
        return self.lake.slice(f"{self.fleet.name}.{table.name}", table, [self.month])


Verdict = dg.AssetCheckResult | CannotJudge
Shown = str | float | dg.MetadataValue[Any]  # what a verdict may say it saw


@dataclass(frozen=True, slots=True)
class Check:
    """A named question about one asset.

    Attributes:
        asset: last part of the asset key.
        name: an assertion.
        judge: answers it; its docstring is the description in the UI.
        blocking: whether a failure (with severity ERROR) stops what comes after.
        may_be_silent: whether a blocking check may come to no verdict, and what comes after goes
            on without it.
    """

    asset: str
    name: str
    judge: Callable[[Seen], Verdict]
    blocking: bool
    may_be_silent: bool = False


def monthly_checks(
    checks: Sequence[Check], fleet: Fleet, months: dg.PartitionsDefinition[str]
) -> list[dg.AssetChecksDefinition]:
    """The checks of one fleet, as Dagster runs them."""
    with preview_accepted():
        return [_monthly_check(check, fleet, months) for check in checks]


def _monthly_check(
    check: Check, fleet: Fleet, months: dg.PartitionsDefinition[str]
) -> dg.AssetChecksDefinition:
    """One check, on its month.

    A check that cannot judge records nothing: no evaluation is honest, a pass would not be. That is
    why this is a subsettable multi-check, the one kind whose result may be left out. A blocking
    check has this way out only where it says so, because Dagster goes on where a result is missing.
    """
    spec = dg.AssetCheckSpec(
        check.name,
        asset=dg.AssetKey([fleet.name, check.asset]),
        blocking=check.blocking,
        partitions_def=months,
        description=check.judge.__doc__,
    )

    @dg.multi_asset_check(
        name=f"{fleet.name}__{check.asset}__{check.name}", specs=[spec], can_subset=True
    )
    @retried
    def run(
        context: dg.AssetCheckExecutionContext,
        lake: Lake,
        landing: dg.ResourceParam[Landing],
        reports: ReportStore,
        registry: Registry,
        served_log: ServedLog,
    ) -> Iterator[dg.AssetCheckResult]:
        month = context.op_execution_context.partition_key
        verdict = check.judge(Seen(fleet, month, lake, landing, reports, registry, served_log))
        if not isinstance(verdict, CannotJudge):
            yield verdict
        elif check.blocking and not check.may_be_silent:
            raise TypeError(f"{check.name} blocks, so it has to come to a verdict")
        else:
            context.log.info(f"{check.name} did not run for {month}: {verdict.reason}")

    return run


def warning(passed: bool, **metadata: Shown) -> dg.AssetCheckResult:
    """A verdict that never stops what comes after."""
    return dg.AssetCheckResult(
        passed=passed, severity=dg.AssetCheckSeverity.WARN, metadata=metadata
    )


def gate(passed: bool, **metadata: Shown) -> dg.AssetCheckResult:
    """A verdict that does."""
    return dg.AssetCheckResult(
        passed=passed, severity=dg.AssetCheckSeverity.ERROR, metadata=metadata
    )
