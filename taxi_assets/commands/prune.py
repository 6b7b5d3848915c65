"""What is old let go, by the policy of `domain/retention.py`: first a plan, then the plan alone.

Each category goes in an order that leaves nothing half-visible where a kill comes between: what
refers to a file goes before the file, and a file without a reference is found by the next prune.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import dagster as dg

from taxi_assets.commands.prune_landed import plan_landed
from taxi_assets.commands.prune_models import Models, models_of
from taxi_assets.commands.prune_runs import delete_run, dependents_of, plan_runs
from taxi_assets.definitions import build_definitions, resources
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.keep import Keep
from taxi_assets.domain.model import Say
from taxi_assets.domain.retention import (
    CATEGORIES,
    FILE,
    LANDED,
    REPORT,
    RUN,
    SNAPSHOT,
    TREND,
    Removal,
    past_months,
    report_months,
    totals,
)
from taxi_assets.resources.evidently_workspace import EvidentlyWorkspace
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.storage import Storage, open_storage
from taxi_assets.resources.table_expiry import Needed, expirable, expire, unreferenced
from taxi_assets.settings import Settings

SHARED = "city"  # the namespace of what all fleets share
MEGABYTE = 1e6
WORDS = {
    SNAPSHOT: "table snapshots",
    FILE: "table files",
    LANDED: "landed files",
    REPORT: "report files",
    TREND: "Evidently snapshots",
    RUN: "Dagster runs",
}


@dataclass(frozen=True)
class Plan:
    """What goes.

    Attributes:
        keep: the period.
        cutoff: its beginning, UTC.
        removals: in the order they go.
        reproducible: by fleet, the model versions that were spared and why.
    """

    keep: Keep
    cutoff: datetime
    removals: tuple[Removal, ...]
    reproducible: dict[str, dict[int, str]]

    def of(self, category: str) -> list[Removal]:
        """What goes of one category."""
        return [one for one in self.removals if one.category == category]

    def told(self, *, done: bool) -> dict[str, Any]:
        """For programs."""
        return {
            "done": done,
            "keep": str(self.keep),
            "cutoff": self.cutoff.isoformat(timespec="seconds"),
            "totals": {
                category: {"count": count, "bytes": size}
                for category, (count, size) in totals(self.removals).items()
            },
            "reproducible": self.reproducible,
            "removals": [asdict(one) for one in self.removals],
        }

    def lines(self) -> list[dict[str, str]]:
        """For people."""
        return [
            {
                "what": WORDS[category],
                "count": f"{count:,}",
                "MB": "-" if category in (SNAPSHOT, RUN) else f"{size / MEGABYTE:,.1f}",
            }
            for category, (count, size) in totals(self.removals).items()
        ]


class Pruning:
    """One pruning of one home.

    Args:
        settings: where everything is.
        instance: Dagster's records.
        fleets: whose; what all share is pruned with all of them only.
        keep: how far back things are kept.
        now: aware.
        everything: whether `fleets` are all there are here.
    """

    def __init__(
        self,
        settings: Settings,
        instance: dg.DagsterInstance,
        fleets: Collection[str],
        keep: Keep,
        now: datetime,
        *,
        everything: bool = True,
    ) -> None:
        self._instance, self._now, self._keep = instance, now, keep
        self._fleets, self._everything = sorted(fleets), everything
        self._cutoff = keep.cutoff(now)
        found: Any = resources(settings)
        graph = build_definitions(settings).resolve_asset_graph()
        self._dependents = dependents_of(graph)
        self._lake: Lake = found["lake"]
        self._reports: ReportStore = found["reports"]
        self._workspace: EvidentlyWorkspace = found["workspace"]
        self._trends = open_storage(self._workspace.root)
        # all fleets' models, also of those that are not pruned: they learned from shared tables
        self._models: dict[str, Models] = {
            fleet: models_of(found["registry"], fleet, self._cutoff) for fleet in FLEETS
        }
        landing = f"{settings.lake_uri}/landing"
        self._landed = open_storage(landing, settings.s3_endpoint)
        self._landing = Landing(landing, s3_endpoint=settings.s3_endpoint)
        self._warehouse = open_storage(self._lake.warehouse, settings.s3_endpoint)

    def plan(self, say: Say) -> Plan:
        """What would go now; changes nothing."""
        snapshots, files = self._plan_tables(say)
        removals = [*snapshots, *files]
        for fleet in self._fleets:
            say(f"{fleet}: looking at landed files and reports")
            removals += plan_landed(self._landing, self._landed, fleet, self._cutoff, self._now)
        for fleet in self._fleets:
            removals += self._plan_reports(fleet)
        say("looking at Dagster's runs")
        fleets = None if self._everything else self._fleets
        removals += plan_runs(self._instance, fleets, self._cutoff, self._dependents)
        reproducible = {fleet: self._models[fleet].reasons for fleet in self._fleets}
        return Plan(self._keep, self._cutoff, tuple(removals), reproducible)

    def carry_out(self, plan: Plan, say: Say) -> None:
        """Remove what a plan names; what is gone already is no fault."""
        steps: dict[str, Callable[[list[Removal]], None]] = {
            SNAPSHOT: self._expire,
            FILE: self._delete_files,
            LANDED: lambda some: _delete(self._landed, some),
            REPORT: self._delete_reports,
            TREND: lambda some: _delete(self._trends, some),
            RUN: self._delete_runs,
        }
        for category in CATEGORIES:
            if some := plan.of(category):
                say(f"removing {len(some):,} {WORDS[category]}")
                steps[category](some)

    def _tables(self) -> list[str]:
        spaces = [*self._fleets, *([SHARED] if self._everything else [])]
        return [name for space in spaces for name in self._lake.names(space)]

    def _needed(self, name: str) -> set[Needed]:
        return set().union(*(models.needs.get(name, set()) for models in self._models.values()))

    def _plan_tables(self, say: Say) -> tuple[list[Removal], list[Removal]]:
        snapshots: list[Removal] = []
        files: list[Removal] = []
        for name in self._tables():
            say(f"{name}: looking at snapshots and files")
            going = expirable(self._lake.iceberg(name), name, self._needed(name), self._cutoff)
            snapshots += [
                Removal(SNAPSHOT, f"{name}@{key}", 0, reason) for key, reason in going.items()
            ]
            files += [
                Removal(FILE, file.name, file.bytes, "no snapshot that stays refers to it")
                for file in unreferenced(self._lake, self._warehouse, name, going, self._now)
            ]
        return snapshots, files

    def _expire(self, some: list[Removal]) -> None:
        for name, ids in _by_table(some).items():
            expire(self._lake, name, ids, self._needed(name), self._cutoff)

    def _delete_files(self, some: list[Removal]) -> None:
        """Files that still nothing refers to: a snapshot that stayed after all keeps its own."""
        free = {
            file.name
            for name in self._tables()
            for file in unreferenced(self._lake, self._warehouse, name, (), self._now)
        }
        _delete(self._warehouse, [one for one in some if one.name in free])

    def _plan_reports(self, fleet: str) -> list[Removal]:
        """Reports of past months, and what Evidently shows of months that have no reports left."""
        spared = self._models[fleet].months
        reports = report_months(self._reports.storage.files(fleet), fleet)
        months = past_months(reports, self._cutoff, spared)
        first = f"{self._cutoff:%Y-%m}"
        stay = (set(reports) - months) | set(spared)
        why = f"is of a month before {first}, and as old"
        files = [file for month in sorted(months) for file in reports[month]]
        return [
            *(
                Removal(REPORT, file.name, file.bytes, why)
                # the index is made from the JSON files, so they go before the pages it links to
                for file in sorted(files, key=lambda file: not file.name.endswith(".json"))
            ),
            *(
                Removal(TREND, name, self._trends.size(name) or 0, why)
                for name, month in self._workspace.months(fleet).items()
                if month < first and month not in stay
            ),
        ]

    def _delete_reports(self, some: list[Removal]) -> None:
        storage = self._reports.storage
        _delete(storage, [one for one in some if one.name.endswith(".json")])
        for fleet in sorted({one.name.partition("/")[0] for one in some}):
            self._reports.write_index(fleet)
        _delete(storage, [one for one in some if not one.name.endswith(".json")])

    def _delete_runs(self, some: list[Removal]) -> None:
        for one in some:
            delete_run(self._instance, one.name)


def _delete(storage: Storage, some: Iterable[Removal]) -> None:
    for one in some:
        storage.delete(one.name)


def _by_table(some: Iterable[Removal]) -> Mapping[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in some:
        name, _, key = one.name.rpartition("@")
        found.setdefault(name, []).append(int(key))
    return found
