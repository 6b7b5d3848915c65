"""The doctor's check of months: what was landed against what the tables hold."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from taxi_assets.commands.doctor import Finding, Situation, failure, ok, warning
from taxi_assets.commands.doctor_stores import was_used
from taxi_assets.commands.instance import dagster_home
from taxi_assets.commands.status import TABLES as STAGES
from taxi_assets.domain.months import month_range
from taxi_assets.domain.schemas import TABLES
from taxi_assets.partitions import monthly
from taxi_assets.resources.catalog import look_into_catalog, reaching
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.storage import open_storage
from taxi_assets.resources.table_history import PastVersion, current_versions
from taxi_assets.resources.table_rows import Stored, stored

EVERY_RUN = tuple(table.name for table in STAGES)  # the tables that each run writes


@dataclass(frozen=True, slots=True)
class Rows:
    """A month of a table.

    Attributes:
        written: how many rows were written.
        held: how many are there.
        data_version: of those that were written.
        ours: whether nobody else has written to it.
        readable: whether all files are there.
    """

    written: int
    held: int
    data_version: str = ""
    ours: bool = True
    readable: bool = True

    @property
    def whole(self) -> bool:
        """Whether it is as it was written."""
        return self.held == self.written and self.ours and self.readable

    @property
    def fault(self) -> str:
        """What is wrong with one that is not whole, in words."""
        if not self.readable:
            return "has lost a file"
        if self.held != self.written:
            return f"holds {self.held:,} rows where {self.written:,} were written"
        return f"holds {self.held:,} rows that something else has written"


@dataclass(frozen=True, slots=True)
class FleetMonths:
    """The months of a fleet.

    Attributes:
        fleet: its name.
        landed: months with a landed file, all its bytes.
        tables: rows by table and month; tables that do not exist are left out.
        recorded: months that Dagster has seen made, by table.
    """

    fleet: str
    landed: frozenset[str]
    tables: Mapping[str, Mapping[str, Rows]]
    recorded: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def ran(self) -> set[str]:
        """Months that any table of every run has."""
        return {month for name in EVERY_RUN for month in self.tables.get(name, {})}


def months_are_whole(situation: Situation) -> list[Finding]:
    """Landing, tables and partitions have the same months, with all their rows."""
    settings = situation.settings
    warehouse = f"{settings.lake_uri}/tables"
    catalog = look_into_catalog(settings.catalog, warehouse, settings.s3_endpoint)
    landing = Landing(f"{settings.lake_uri}/landing", s3_endpoint=settings.s3_endpoint)
    partitions = list(monthly(settings.first_month).get_partition_keys())
    with reaching(warehouse):
        tables = {
            fleet: fleet_tables(catalog, fleet, settings.s3_endpoint) for fleet in settings.fleets
        }
    recorded = _recorded(dagster_home(settings), settings.fleets)
    return [
        finding
        for fleet in settings.fleets
        for finding in judge_months(
            FleetMonths(fleet, _landed(landing, fleet), tables[fleet], recorded[fleet]), partitions
        )
    ]


def _recorded(home: Path, fleets: Sequence[str]) -> dict[str, dict[str, set[str]]]:
    """Months that Dagster has seen made, by fleet and table."""
    if not was_used(home):
        return {fleet: {} for fleet in fleets}
    names = [name for name, table in TABLES.items() if table.monthly]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return {
            fleet: {
                name: instance.get_materialized_partitions(dg.AssetKey([fleet, name]))
                for name in names
            }
            for fleet in fleets
        }


def _landed(landing: Landing, fleet: str) -> frozenset[str]:
    return frozenset(folder.removeprefix(f"{fleet}/") for folder in landing.whole(fleet))


def fleet_tables(
    catalog: Any, fleet: str, s3_endpoint: str | None = None
) -> dict[str, dict[str, Rows]]:
    """Rows by table and month; a fleet that no table is of has none."""
    if catalog is None or not catalog.namespace_exists(fleet):
        return {}
    names = [f"{fleet}.{table}" for _, table in catalog.list_tables(fleet) if table in TABLES]
    return {
        name.split(".")[1]: _rows(catalog.load_table(name), name, s3_endpoint) for name in names
    }


def _rows(iceberg: Any, name: str, s3_endpoint: str | None) -> dict[str, Rows]:
    """Rows by month: as their snapshot says, and as the manifests of the current one add up."""
    held, root = stored(iceberg), iceberg.location()
    there = {f"{root}/{file}" for file in open_storage(root, s3_endpoint).names("data", deep=True)}

    def rows(version: PastVersion) -> Rows:
        one = held.get(version.month, Stored())
        readable = there.issuperset(one.paths)
        return Rows(version.rows, one.rows, version.data_version, one.ours, readable)

    return {month: rows(one) for month, one in current_versions(iceberg, name).items()}


def judge_months(found: FleetMonths, partitions: Sequence[str]) -> list[Finding]:
    """What to say of a fleet's months.

    Args:
        found: what is there.
        partitions: the months that Dagster knows, in order.
    """
    findings = [
        *_deleted_rows(found),
        *_gaps(found),
        *_unlanded(found),
        *_never_run(found),
        *_outside(found, partitions),
    ]
    if findings:
        return findings
    if not found.ran:
        return [ok(f"Nothing of {found.fleet} was landed yet.")]
    return [ok(f"{found.fleet} is whole: {span(found.ran)} are landed and in all tables.")]


def _deleted_rows(found: FleetMonths) -> list[Finding]:
    return [
        failure(
            f"{found.fleet}/{table} of {month} {rows.fault}, so it was changed by hand: "
            f"{_run(found, [month])} writes it anew."
        )
        for table, months in found.tables.items()
        for month, rows in months.items()
        if not rows.whole
    ]


def _gaps(found: FleetMonths) -> list[Finding]:
    """Months that some tables have and others lack."""
    made = {name: set(months) for name, months in found.recorded.items()}
    made |= {name: found.ran | made.get(name, set()) for name in EVERY_RUN}
    lacking = {name: months - set(found.tables.get(name, {})) for name, months in made.items()}
    return [
        warning(
            f"{found.fleet}/{name} lacks {span(months)}, which other tables have or Dagster has "
            f"seen made, so a run failed or somebody deleted it: {_run(found, months)} writes it "
            "again."
        )
        for name, months in lacking.items()
        if months
    ]


def _unlanded(found: FleetMonths) -> list[Finding]:
    months = found.ran - found.landed
    if not months:
        return []
    return [
        warning(
            f"{found.fleet} has {span(months)} in tables, and its landed file is not there or not "
            f"whole: {_run(found, months)} lands it again."
        )
    ]


def _never_run(found: FleetMonths) -> list[Finding]:
    months = found.landed - found.ran
    if not months:
        return []
    return [
        warning(
            f"{found.fleet} has landed {span(months)}, which is in no table: "
            f"{_run(found, months)} takes it on."
        )
    ]


def _outside(found: FleetMonths, partitions: Sequence[str]) -> list[Finding]:
    months = found.ran | found.landed
    first, last = (partitions[0], partitions[-1]) if partitions else ("9999-12", "0000-01")
    early, late = {m for m in months if m < first}, {m for m in months if m > last}
    findings = []
    if early:
        findings.append(
            warning(
                f"{found.fleet} has {span(early)}, before the first month, so Dagster does not "
                f"show it: set TAXI_FIRST_MONTH={min(early)}."
            )
        )
    if late - early:
        findings.append(
            warning(
                f"{found.fleet} has {span(late - early)}, which has not ended: see whether this "
                "machine's clock is right, and where TAXI_TLC_URL has that file from."
            )
        )
    return findings


def _run(found: FleetMonths, months: Iterable[str]) -> str:
    return f"`taxi-assets backfill --fleet {found.fleet} --months {span(months)}`"


def span(months: Iterable[str]) -> str:
    """Months as `--months` takes them: `2025-01..2025-03`, `2025-01,2025-03`."""
    parts: list[list[str]] = []
    for month in sorted(months):
        if parts and month_range(parts[-1][-1], month)[1:] == [month]:
            parts[-1].append(month)
        else:
            parts.append([month])
    return ",".join(p[0] if len(p) == 1 else f"{p[0]}..{p[-1]}" for p in parts)
