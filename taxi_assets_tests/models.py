"""Small real models, registered as the graph registers them."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import dagster as dg

from taxi_assets.domain import bundle
from taxi_assets.domain.model import Trained, train
from taxi_assets.resources.promotions import Decision
from taxi_assets.resources.registry import ModelVersion, Registry, model_name
from taxi_assets_tests.builders import knowledge, rides, square_city, window

TAGS = {"fleet": "green", "git_sha": "abc"}
DECISION = Decision("Ada", "it is better", datetime(2025, 5, 1, 12, tzinfo=UTC))


@cache
def trained(seed: int) -> Trained:
    """A model; another seed gives another."""
    return train(window({"2025-01": 200, "2025-02": 200}, seed), square_city(), threads=1)


def save_model(folder: Path, seed: int) -> Path:
    """A bundle in a folder."""
    known = knowledge(rides(pickup_zone=[74, 75], dropoff_zone=[75, 74]))
    bundle.save(folder, trained(seed), known, {"month": "2025-03"})
    return folder


def in_a_run(registry: Registry, fleet: str, work: Callable[[Any], Any]) -> Any:
    """Do something in the MLflow run of a Dagster run, as an asset does."""
    found = []

    @dg.asset
    def step(context: dg.AssetExecutionContext) -> None:
        with registry.run(context, fleet) as tracked:
            found.append(work(tracked))

    dg.materialize([step])
    return found[0]


def register(registry: Registry, fleet: str, month: str, folder: Path) -> ModelVersion:
    """Register a bundle."""
    made = in_a_run(
        registry, fleet, lambda tracked: registry.register(tracked, fleet, month, folder, TAGS)
    )
    assert isinstance(made, ModelVersion)
    return made


def kept_file(registry: Registry, version: ModelVersion, name: str) -> Path:
    """A file of a version's bundle, where MLflow keeps it."""
    logged = version.source.rpartition("/")[2]
    (file,) = Path(registry.local_root).rglob(f"{logged}/artifacts/artifacts/bundle/{name}")
    return file


def change_a_byte(file: Path) -> None:
    """Change one bit in the middle of a file."""
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def copy_version(registry: Registry, made: ModelVersion, fleet: str, month: str) -> ModelVersion:
    """The same files as a version of another fleet or month, without the second logging takes."""
    from mlflow.exceptions import MlflowException

    name = model_name(fleet)
    try:
        registry.client.get_registered_model(name)
    except MlflowException:
        registry.client.create_registered_model(name)
    copied = registry.client.create_model_version(
        name,
        made.source,
        made.run_id,
        tags={**TAGS, "month": month, "identity": made.identity},
        model_id=made.source.removeprefix("models:/"),
    )
    return registry.version(fleet, int(copied.version))
