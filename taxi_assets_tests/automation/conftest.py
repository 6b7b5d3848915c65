"""One fleet's sensor and schedules before a real source, landing and Dagster instance."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from taxi_assets.definitions import build_definitions
from taxi_assets.domain.fleets import FLEETS
from taxi_assets.resources.landing import LandedFile, Landing
from taxi_assets.resources.tlc import TlcSource
from taxi_assets.settings import Settings
from taxi_assets_tests.cdn import Cdn, serving
from taxi_assets_tests.homes import REPOSITORY

GREEN = FLEETS["green"]
LANDED_AT = datetime(2025, 3, 20, 12, tzinfo=UTC)


@dataclass
class Desk:
    """Ticks as the daemon has them, but for the runs, which nobody starts.

    Attributes:
        cdn: the source.
        settings: where all else is.
        instance: a real one, in a folder.
        cursor: what the sensor's last tick left.
    """

    cdn: Cdn
    settings: Settings
    instance: dg.DagsterInstance
    graph: dg.Definitions = field(init=False)
    cursor: str | None = None

    def __post_init__(self) -> None:
        self.graph = build_definitions(self.settings)

    def publish(self, *months: str, content: str = "trips") -> None:
        for month in months:
            file = io.BytesIO()
            pq.write_table(pa.table({"content": [content]}), file)
            self.cdn.publish(GREEN.file_name(month), file.getvalue())

    def land(self, *months: str) -> list[LandedFile]:
        landing = Landing(f"{self.settings.lake_uri}/landing")
        source = TlcSource(url=self.cdn.url, backoff_s=0)
        return [
            landing.land(source, GREEN.file_name(m), folder=f"green/{m}", now=LANDED_AT)
            for m in months
        ]

    def tick(self) -> Any:
        """One tick of the publication sensor, as the daemon has it."""
        found = self.ask("green_publication_sensor")
        self.cursor = found.cursor or self.cursor
        return found

    @property
    def resources(self) -> dict[str, Any]:
        """What the daemon hands to sensors and schedules."""
        return {name: (self.graph.resources or {})[name] for name in ("source", "landing")}

    def ask(self, sensor: str) -> Any:
        """What comes of one tick of a sensor."""
        repository = self.graph.get_repository_def()
        with dg.build_sensor_context(
            instance=self.instance,
            cursor=self.cursor,
            repository_def=repository,
            repository_name=repository.name,
            sensor_name=sensor,
            resources=self.resources,
        ) as context:
            return repository.get_sensor_def(sensor).evaluate_tick(context)

    def at(self, schedule: str, time: datetime) -> Any:
        """What comes of a schedule at a time."""
        repository = self.graph.get_repository_def()
        with dg.build_schedule_context(
            instance=self.instance,
            scheduled_execution_time=time,
            repository_def=repository,
            resources=self.resources,
        ) as context:
            return repository.get_schedule_def(schedule).evaluate_tick(context)


@pytest.fixture
def cdn(tmp_path: Path) -> Iterator[Cdn]:
    with serving(tmp_path / "cdn") as running:
        yield running


@pytest.fixture
def desk(cdn: Cdn, tmp_path: Path) -> Iterator[Desk]:
    folder = tmp_path / "dagster"
    folder.mkdir()
    (folder / "dagster.yaml").write_text((REPOSITORY / "dagster.yaml").read_text())
    settings = Settings(
        home=tmp_path / "taxi", tlc_url=cdn.url, fleets=("green",), first_month="2025-01"
    )
    with dg.DagsterInstance.from_config(str(folder)) as instance:
        yield Desk(cdn, settings, instance)
