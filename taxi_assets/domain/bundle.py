"""A model as text and tables in one folder, never a pickle.

What training writes and everything else reads:

manifest.json          what it is made of and from, and the SHA-256 of every other file
model.txt              LightGBM's text format
zones.parquet          the zones
route_history.parquet  what was known of each route before the test month
baselines.json         global median and linear regression, to compare with
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from taxi_assets.domain.errors import BundleError
from taxi_assets.domain.features import FEATURES, FloatArray, Places, build_features, places
from taxi_assets.domain.model import Fares, LinearBaseline, Trained

FORMAT = 1
FILES = ("model.txt", "zones.parquet", "route_history.parquet", "baselines.json")


@dataclass(frozen=True)
class Bundle:
    """A verified model with all it needs to quote.

    Attributes:
        manifest: as written by `save`.
        model_text: LightGBM's text.
        zones: the zones table.
        history: route history table.
        global_median_usd: median training fare.
        linear: linear regression baseline.
    """

    manifest: dict[str, Any]
    model_text: str
    zones: pd.DataFrame
    history: pa.Table
    global_median_usd: float
    linear: LinearBaseline

    @cached_property
    def known(self) -> Places:
        """Zones and history laid out for look-up."""
        return places(self.zones, self.history)

    @cached_property
    def _booster(self) -> Any:
        import lightgbm as lgb  # seconds to import

        return lgb.Booster(model_str=self.model_text)

    def predict(self, features: FloatArray) -> Fares:
        """Fares of (n, 30) features, US dollars."""
        # starting threads costs more than predicting a few rows
        threads = 1 if len(features) < 1_000 else 0
        return np.asarray(self._booster.predict(features, num_threads=threads), dtype=np.float64)

    def quote(
        self,
        pickup_zone: npt.NDArray[np.integer],
        dropoff_zone: npt.NDArray[np.integer],
        pickup_at: npt.NDArray[np.datetime64],
        passengers: npt.NDArray[np.floating],
    ) -> Fares:
        """Fares of (n,) trips that are about to begin, US dollars.

        Arguments as `features.build_features`.
        """
        return self.predict(
            build_features(pickup_zone, dropoff_zone, pickup_at, passengers, self.known)
        )


def save(
    folder: Path, trained: Trained, zones: pa.Table, history: pa.Table, provenance: dict[str, Any]
) -> str:
    """Write a bundle.

    Args:
        folder: created where it does not exist.
        trained: outcome of `model.train`.
        zones: the zones table.
        history: the route history of the test month.
        provenance: what it was made from (fleet, month, snapshots, code version, library versions),
            kept in the manifest but not part of the model's identity.

    Returns:
        The model's identity: a SHA-256 over everything that can change an answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.txt").write_text(trained.model_text, encoding="utf-8")
    pq.write_table(zones, folder / "zones.parquet")
    pq.write_table(history, folder / "route_history.parquet")
    baselines = {"global_median_usd": trained.global_median_usd, "linear": asdict(trained.linear)}
    (folder / "baselines.json").write_text(json.dumps(baselines, indent=1), encoding="utf-8")
    files = {name: _sha256(folder / name) for name in FILES}
    identity = _identity(files)
    manifest = {
        "format": FORMAT,
        "identity": identity,
        "features": list(FEATURES),
        "rounds": trained.rounds,
        "early_stop_rmse_usd": trained.early_stop_rmse_usd,
        "parameters": trained.parameters,
        "training_rows": trained.rows,
        "files": files,
        **provenance,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return identity


def load(folder: Path) -> Bundle:
    """Read a bundle and verify every byte of it.

    Raises:
        BundleError: a file is missing, added or changed, or the bundle was
            made for other feature code.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        listed, features = dict(manifest["files"]), manifest["features"]
        identity, version = manifest["identity"], manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"The model bundle {folder.name} has no readable manifest.json: {error!r}."
        ) from error
    found = {path.name for path in folder.iterdir()} - {"manifest.json"}
    if found != set(listed) or set(listed) != set(FILES):
        raise BundleError(
            f"The model bundle holds {sorted(found)}, but should hold {sorted(FILES)}: "
            "log the model again."
        )
    changed = [name for name, digest in listed.items() if _sha256(folder / name) != digest]
    if changed:
        raise BundleError(
            f"{', '.join(changed)} of the model bundle changed since it was written: "
            "log the model again."
        )
    if features != list(FEATURES) or version != FORMAT:
        raise BundleError(
            "The model bundle was made by other feature code: install the version in its "
            "manifest, or train again."
        )
    if identity != _identity(listed):
        raise BundleError("The identity in the manifest is not that of the files: log it again.")
    baselines = json.loads((folder / "baselines.json").read_text(encoding="utf-8"))
    linear: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in baselines["linear"].items()
    }
    return Bundle(
        manifest=manifest,
        model_text=(folder / "model.txt").read_text(encoding="utf-8"),
        zones=pq.read_table(folder / "zones.parquet").to_pandas(),
        history=pq.read_table(folder / "route_history.parquet"),
        global_median_usd=baselines["global_median_usd"],
        linear=LinearBaseline(**linear),
    )


def _identity(files: dict[str, str]) -> str:
    """SHA-256 over format, features and the digests of the files, in the order of `FILES`."""
    content = [FORMAT, list(FEATURES), {name: files[name] for name in FILES}]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def _sha256(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
