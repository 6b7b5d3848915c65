"""What is recorded of months, and what is really there."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster as dg
from dagster._core.definitions.data_version import (
    CachingStaleStatusResolver,
    StaleCause,
    StaleCauseCategory,
)

from taxi_assets.automation.dependents import Lookups
from taxi_assets.commands.doctor_months import Rows, fleet_tables
from taxi_assets.definitions import build_definitions, resources
from taxi_assets.domain.backfill import Due, MonthFacts, Part, due
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.domain.months import shift
from taxi_assets.domain.schemas import TABLES
from taxi_assets.resources.catalog import look_into_catalog, reaching
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.registry import ModelVersion, Registry
from taxi_assets.resources.tlc import TlcSource
from taxi_assets.settings import Settings

RAW, CLEAN, FEATURES = "raw_trips", "clean_trips", "trip_features"
MODEL, EVALUATION = "fare_model", "evaluation"


@dataclass(frozen=True, slots=True)
class Reality:
    """What a fleet's stores hold.

    Attributes:
        tables: what each table holds, by table and month.
        landed: sha256 of the landed file by month, where all its bytes are there.
        models: the last registered version by month.
    """

    tables: Mapping[str, Mapping[str, Rows]]
    landed: Mapping[str, str]
    models: Mapping[str, ModelVersion]

    @property
    def with_features(self) -> set[str]:
        """Months that a model can learn from."""
        return {month for month, rows in self.tables.get(FEATURES, {}).items() if rows.held}

    def held(self, name: str, month: str) -> str | None:
        """Data version of what is there, None where nothing is."""
        if name == RAW:
            return self.landed.get(month)
        if name == MODEL:
            return self.models[month].identity if month in self.models else None
        rows = self.tables.get(name, {}).get(month)
        return rows.data_version if rows else None


class Survey:
    """Looks at a fleet's months; what it says of stores is as old as the look at them.

    Args:
        settings: where everything is.
        fleet: one of `settings.fleets`.
        job: name of the job whose assets count.
        instance: knows what was recorded.
    """

    def __init__(
        self, settings: Settings, fleet: str, job: str, instance: dg.DagsterInstance
    ) -> None:
        definitions = build_definitions(settings)
        self.job = definitions.resolve_job_def(job)
        self.settings, self.fleet, self.instance = settings, fleet, instance
        self._graph: Any = definitions.resolve_asset_graph()
        keys = self.job.asset_layer.executable_asset_keys
        self._keys = sorted(key for key in keys if key.path[0] == fleet)
        self._of_model = self._made_from(MODEL) | {MODEL}
        self._behind_gates = self._made_from(EVALUATION)
        self._published = dict[str, bool]()

    def look(self) -> Reality:
        """What the stores hold now.

        Raises:
            LakeUnreachable: the catalog, the warehouse or the landing does not answer.
            BadFile: the landing holds a record that is none.
            RegistryUnreachable: MLflow does not answer.
        """
        settings, fleet = self.settings, self.fleet
        registry = resources(settings)["registry"]
        assert isinstance(registry, Registry)
        landing = Landing(f"{settings.lake_uri}/landing", s3_endpoint=settings.s3_endpoint)
        warehouse = f"{settings.lake_uri}/tables"
        catalog = look_into_catalog(settings.catalog, warehouse, settings.s3_endpoint)
        with reaching(warehouse):
            tables = fleet_tables(catalog, fleet, settings.s3_endpoint)
        files = landing.whole(fleet)
        models = registry.versions(fleet) if registry.exists else []
        return Reality(
            tables=tables,
            landed={f.removeprefix(f"{fleet}/"): file.sha256 for f, file in files.items()},
            models={version.month: version for version in models},  # the last wins
        )

    def records(self) -> CachingStaleStatusResolver:
        """What Dagster has recorded, each thing as it stands when it is first asked for."""
        return CachingStaleStatusResolver(self.instance, self._graph, Lookups(self.instance))

    def due(
        self,
        reality: Reality,
        records: CachingStaleStatusResolver,
        month: str,
        with_features: Collection[str],
    ) -> Due | None:
        """Whether a month has to run, and why; see `facts` for the arguments."""
        return due(self.facts(reality, records, month, with_features))

    def obstacles(self, reality: Reality, months: Sequence[str]) -> dict[str, str]:
        """Why those of the months that cannot run now cannot: their trips are nowhere.

        The source is asked once for each month that is not landed.

        Raises:
            SourceUnreachable: it does not answer.
        """
        if any(key.path[-1] == RAW for key in self._keys):
            return self._unpublished([month for month in months if month not in reality.landed])
        unrun = [month for month in months if month not in reality.tables.get(CLEAN, {})]
        return dict.fromkeys(unrun, "it was never run: run it without --only first")

    def _unpublished(self, months: Sequence[str]) -> dict[str, str]:
        source = resources(self.settings)["source"]
        assert isinstance(source, TlcSource)
        asked = [month for month in months if month not in self._published]
        there = source.list(get_fleet(self.fleet), asked)
        self._published |= {month: month in there for month in asked}
        why = f"{source.url} has no {self.fleet} trips of it"
        return {month: why for month in months if not self._published[month]}

    def facts(
        self,
        reality: Reality,
        records: CachingStaleStatusResolver,
        month: str,
        with_features: Collection[str],
    ) -> MonthFacts:
        """What speaks for or against running a month.

        Args:
            reality: from `look`.
            records: from `records`; older ones do not know what has run since.
            month: `YYYY-MM`.
            with_features: months that a model can learn from by the time this one runs.
        """
        window = {shift(month, -back) for back in range(1, self.settings.train_months + 1)}
        model = reality.models.get(month)
        return MonthFacts(
            month=month,
            parts=tuple(self._part(records, reality, key, month) for key in self._keys),
            trainable=len(window & set(with_features)) >= self.settings.min_train_months,
            of_model=self._of_model,
            rejected=model is not None and model.rejected is not None,
            behind_gates=self._behind_gates,
        )

    def _part(
        self, records: CachingStaleStatusResolver, reality: Reality, key: dg.AssetKey, month: str
    ) -> Part:
        name = key.path[1]
        made = month in self.instance.get_materialized_partitions(key)
        rows = reality.tables.get(name, {}).get(month)
        version = records.get_current_data_version(key, month).value
        return Part(
            name=name,
            recorded=version if made else None,
            held=reality.held(name, month),
            can_be_held=name in TABLES or name in (RAW, MODEL),
            whole=rows is None or rows.whole,
            outdated=tuple(_words(name, cause) for cause in records.get_stale_causes(key, month)),
        )

    def _made_from(self, name: str) -> frozenset[str]:
        """Assets that are made from one of the fleet's, directly or not."""
        source = dg.AssetSelection.assets([self.fleet, name])
        found = source.downstream(include_self=False).resolve(self._graph)
        return frozenset(key.path[1] for key in found)


def _words(name: str, cause: StaleCause) -> str:
    """One cause of staleness as people say it."""
    if cause.category is StaleCauseCategory.CODE:
        return f"the code of {name} has changed"
    if cause.category is StaleCauseCategory.DATA and cause.dependency is not None:
        source, month = cause.dependency.asset_key.path[-1], cause.dependency.partition_key
        return f"{name} was made with an earlier {source}" + (f" of {month}" if month else "")
    return f"{name} {cause.reason}"
