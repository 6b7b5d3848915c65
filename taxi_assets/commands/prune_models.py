"""What the registered models that must stay reproducible were made from."""

import json
import tempfile
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from taxi_assets.domain.errors import BundleError
from taxi_assets.domain.retention import Promoted, reproducible_versions
from taxi_assets.resources.mlflow_store import reaching
from taxi_assets.resources.model_files import fetch_bundle
from taxi_assets.resources.model_versions import CANDIDATE, ModelVersion, model_name
from taxi_assets.resources.promotions import fallback
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.table_expiry import Needed, manifest_needs


@dataclass(frozen=True)
class Models:
    """A fleet's versions that must stay reproducible.

    Attributes:
        reasons: by version, why.
        needs: by table, the versions of months that they were made from.
        months: those they were tested on.
    """

    reasons: dict[int, str] = field(default_factory=dict)
    needs: dict[str, set[Needed]] = field(default_factory=dict)
    months: AbstractSet[str] = frozenset()


def models_of(registry: Registry, fleet: str, cutoff: datetime) -> Models:
    """A fleet's versions that must stay reproducible.

    Raises:
        RegistryUnreachable: MLflow does not answer; without it nothing is known to be free to go.
        BundleError: a version's manifest cannot be read.
    """
    versions = {one.version: one for one in registry.versions(fleet)} if registry.exists else {}
    if not versions:
        return Models()
    succession = registry.succession(fleet)
    aliases = registry.client.get_registered_model(model_name(fleet)).aliases
    back = fallback(succession, versions.values())
    reasons = reproducible_versions(
        [
            Promoted(datetime.fromisoformat(entry.when), entry.version, entry.previous)
            for entry in succession.log
        ],
        champion=succession.champion,
        fallback=back.version if back else None,
        candidate=int(aliases[CANDIDATE]) if CANDIDATE in aliases else None,
        cutoff=cutoff,
    )
    spared = [versions[number] for number in sorted(reasons) if number in versions]
    needs: dict[str, set[Needed]] = {}
    for version in spared:
        for table, some in manifest_needs(_manifest(registry, version).get("tables", {})).items():
            needs.setdefault(table, set()).update(some)
    return Models(reasons, needs, frozenset(version.month for version in spared))


def _manifest(registry: Registry, version: ModelVersion) -> dict[str, Any]:
    """As it is kept: what it was made from counts, whichever feature code made it."""
    with tempfile.TemporaryDirectory() as scratch, reaching(registry.tracking_uri):
        folder = fetch_bundle(registry.client, version.name, version.version, scratch)
        try:
            found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            return dict(found)
        except (FileNotFoundError, ValueError, TypeError) as error:
            raise BundleError(
                f"{version.name} version {version.version} does not say what it was made from "
                f"({error!r}), so nothing can be pruned: restore its manifest.json in MLflow, or "
                "delete the version there."
            ) from error
