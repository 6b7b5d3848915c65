"""A registered model and its versions, as the rest of the project sees them."""

from dataclasses import dataclass
from typing import Any

CHAMPION = "champion"
CANDIDATE = "candidate"  # the newest month's version; MLflow reserves the alias name `latest`
REJECTED, WITHDRAWN = "rejected", "withdrawn"  # tags of a version that should not answer


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A registered version of a fleet's model.

    Attributes:
        name: registered model, `taxi-fare-green`.
        version: number, counting from 1.
        month: the month it was tested on.
        identity: SHA-256 of everything that can change an answer.
        run_id: MLflow run that logged it.
        source: where MLflow keeps its files.
        created: whether this call registered it.
        rejected: why a gate turned it down, None where none did.
        gates: which gates it passed and which could not judge it, None before its evaluation.
        withdrawn: who rolled back from it and why, None where nobody did.
    """

    name: str
    version: int
    month: str
    identity: str
    run_id: str
    source: str
    created: bool = False
    rejected: str | None = None
    gates: str | None = None
    withdrawn: str | None = None


def model_name(fleet: str) -> str:
    """Name of a fleet's registered model and of its experiment."""
    return f"taxi-fare-{fleet}"


def read_version(found: Any) -> ModelVersion:
    """A version as MLflow describes it."""
    return ModelVersion(
        found.name,
        int(found.version),
        found.tags["month"],
        found.tags["identity"],
        found.run_id,
        found.source,
        rejected=found.tags.get(REJECTED),
        gates=found.tags.get("gates"),
        withdrawn=found.tags.get(WITHDRAWN),
    )
