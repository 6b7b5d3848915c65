"""Homes of their own: a tree of trip files, a lake, a registry and a real Dagster instance."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from taxi_assets.cli import app
from taxi_assets.commands.outcome import MonthOutcome
from taxi_assets.commands.run import run_months
from taxi_assets.definitions import build_definitions, resources
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.domain.schemas import TABLES
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.registry import ModelVersion, Registry, model_name
from taxi_assets.resources.table_slice import TableVersion
from taxi_assets.settings import Settings
from taxi_assets.simulator import simulate

OURS = ("TAXI_", "DAGSTER_", "MLFLOW_")
REPOSITORY = Path(__file__).parents[1]
PROGRAM = (sys.executable, "-c", "from taxi_assets.cli import app; app()")  # `taxi-assets`
CITY_MONTHS = ("2025-01", "2025-02", "2025-03", "2025-04")
NO_MODELS = 12  # months a model needs: more than a test that is not about models runs
MONTHLY = [name for name, table in TABLES.items() if table.monthly]


@dataclass(frozen=True)
class Stage:
    """A home after some months have run.

    Attributes:
        outcomes: what the runs said, by month.
        tables: what the lake holds, by table and month.
        files: the lake's data files.
        models: registered versions, oldest first.
        aliases: registered version by alias.
    """

    outcomes: dict[str, MonthOutcome]
    tables: dict[tuple[str, str], TableVersion]
    files: frozenset[Path]
    models: list[ModelVersion]
    aliases: dict[str, int]

    def data_versions(self) -> dict[tuple[str, str], str]:
        """Data version by table and month."""
        return {key: version.data_version for key, version in self.tables.items()}


@dataclass(frozen=True)
class Home:
    """One home and the tree it takes trip files from; nothing of it is shared."""

    root: Path
    settings: Settings
    fleet: str = "green"

    @classmethod
    def at(cls, root: Path, *, fleet: str = "green", **settings: Any) -> "Home":
        """A home in a folder, with an instance configured as the project's own."""
        (root / "dagster").mkdir(parents=True)
        (root / "tlc").mkdir()
        shutil.copy(REPOSITORY / "dagster.yaml", root / "dagster")
        told = {
            "home": root / "taxi",
            "tlc_url": (root / "tlc").as_uri(),
            "fleets": (fleet,),
            "lake": "",
            "catalog_uri": "",
            "mlflow_tracking_uri": "",
            "train_threads": 1,  # on a busy machine, threads wait for each other
            **settings,
        }
        return cls(root, Settings(**told), fleet)

    def simulate(self, months: Iterable[str], rows: int, **options: Any) -> None:
        """Publish simulated months."""
        fleet = FLEETS[self.fleet]
        simulate(self.root / "tlc", fleet=fleet, months=list(months), rows=rows, **options)

    def file(self, month: str) -> Path:
        """Where a month is published."""
        return self.root / "tlc" / FLEETS[self.fleet].file_name(month)

    def published(self, month: str) -> pa.Table:
        """A month as it is published."""
        return pq.read_table(self.file(month))

    def publish(self, month: str, trips: pa.Table) -> None:
        """Publish a month, in place of what was there."""
        pq.write_table(trips, self.file(month))

    def run(self, *months: str, only: str | None = "models") -> Stage:
        """Take months through the graph as the command line does, without reports unless told."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DAGSTER_HOME", str(self.root / "dagster"))
            outcomes = run_months(self.settings, self.fleet, months, say=lambda _: None, only=only)
        return self.stage(outcomes)

    def run_selected(self, month: str, selection: dg.AssetSelection) -> dg.ExecuteInProcessResult:
        """Run a part of the graph."""
        some = dg.Definitions(jobs=[dg.define_asset_job("selected_job", selection)])
        graph = dg.Definitions.merge(build_definitions(self.settings), some)
        with self.instance() as instance:
            return graph.resolve_job_def("selected_job").execute_in_process(
                partition_key=month, instance=instance, raise_on_error=False
            )

    def stage(self, outcomes: Iterable[MonthOutcome] = ()) -> Stage:
        """The home as it stands."""
        lake, registry = self.lake, self.registry
        tables = {
            (name, month): version
            for name in MONTHLY
            for month, version in lake.versions(f"{self.fleet}.{name}").items()
        }
        return Stage(
            outcomes={outcome.month: outcome for outcome in outcomes},
            tables=tables,
            files=frozenset((self.root / "taxi" / "lake" / "tables").rglob("*.parquet")),
            models=(models := registry.versions(self.fleet) if registry.exists else []),
            aliases=self.aliases() if models else {},
        )

    def aliases(self) -> dict[str, int]:
        """Registered version by alias."""
        found = self.registry.client.get_registered_model(model_name(self.fleet)).aliases
        return {alias: int(version) for alias, version in found.items()}

    def environment(self, **more: str) -> dict[str, str]:
        """What of ours a command needs in its environment to use this home."""
        return {
            "TAXI_HOME": str(self.settings.home),
            "TAXI_TLC_URL": self.settings.tlc_url,
            "TAXI_FLEETS": ",".join(self.settings.fleets),
            "TAXI_TRAIN_THREADS": str(self.settings.train_threads),
            "TAXI_MIN_TRAIN_MONTHS": str(self.settings.min_train_months),
            "DAGSTER_HOME": str(self.root / "dagster"),
            **more,
        }

    def process_environment(self, **more: str) -> dict[str, str]:
        """All that a process in this home is told: nothing else of ours that this one has."""
        others = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
        return others | self.environment(PYTHONPATH=str(REPOSITORY), **more)

    @contextmanager
    def begun(
        self, *arguments: str, until: Sequence[str], **more: str
    ) -> Iterator[subprocess.Popen[str]]:
        """`taxi-assets` in a process of its own, once its stderr has told a line with these words.

        What it tells after that is there to be read.
        """
        with subprocess.Popen(
            [*PROGRAM, *arguments],
            env=self.process_environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stderr is not None
            heard = list[str]()
            for line in process.stderr:
                heard.append(line)
                if all(word in line for word in until):
                    break
            else:
                pytest.fail(f"it never said {until}:\n{''.join(heard)}")
            yield process

    def invoke(self, *arguments: str, **more: str) -> Result:
        """Run `taxi-assets` in this home."""
        return invoke(self.environment(**more), *arguments)

    @contextmanager
    def instance(self) -> Iterator[dg.DagsterInstance]:
        """The Dagster instance, to look up what was recorded."""
        with dg.DagsterInstance.from_config(str(self.root / "dagster")) as instance:
            yield instance

    @property
    def lake(self) -> Lake:
        """The tables, on a connection of their own."""
        found = resources(self.settings)["lake"]
        assert isinstance(found, Lake)
        return found

    @property
    def registry(self) -> Registry:
        """The models."""
        found = resources(self.settings)["registry"]
        assert isinstance(found, Registry)
        return found

    @property
    def landing(self) -> Landing:
        """The landed files."""
        return Landing(f"{self.settings.lake_uri}/landing")

    def rows(self, table: str, month: str) -> pa.Table:
        """A month of a table."""
        return self.lake.slice(f"{self.fleet}.{table}", TABLES[table], [month]).read()

    def overwrite(self, table: str, month: str, rows: pa.Table) -> None:
        """Replace a month of a table behind the graph's back."""
        batches = rows.combine_chunks().to_batches()
        self.lake.write(f"{self.fleet}.{table}", TABLES[table], month, batches)


def replace_column(trips: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    """The same trips with another column of that name."""
    return trips.set_column(trips.schema.get_field_index(name), name, values)


def checks_of(home: Home, outcome: MonthOutcome) -> Mapping[str, dg.AssetCheckEvaluation]:
    """The check evaluations that a run recorded, by `asset.check`."""
    with home.instance() as instance:
        logs = instance.all_logs(outcome.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        found = [entry.get_dagster_event().asset_check_evaluation_data for entry in logs]
    return {f"{check.asset_key.path[-1]}.{check.check_name}": check for check in found}


def invoke(environment: Mapping[str, str], *arguments: str) -> Result:
    """Run `taxi-assets` in this process with nothing of ours in its environment but this."""
    ours = [name for name in os.environ if name.startswith(OURS)]
    told: dict[str, str | None] = {**dict.fromkeys(ours), **environment}
    return CliRunner().invoke(app, list(arguments), env=told)
