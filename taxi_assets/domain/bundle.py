"""A model as text and tables in one folder, never a pickle.

What training writes and everything else reads:

manifest.json          what it is made of and from, and the SHA-256 of every other file
fare.txt, low.txt, high.txt, ride_min.txt
                       the trees of each head, LightGBM's text format
zones.parquet          the zones
route_history.parquet  what was known of each route before the test month
hour_history.parquet   what was known of each hour of the week
answers.json           interval level and conformal offset, and the baselines to compare with
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

from taxi_assets.domain.baselines import LinearBaseline
from taxi_assets.domain.errors import BundleError, OutdatedBundle
from taxi_assets.domain.features import FEATURES, build_features
from taxi_assets.domain.heads import Predictor, Quotes, heads
from taxi_assets.domain.model import Trained
from taxi_assets.domain.places import FloatArray, Places, places

FORMAT = 2
TEXTS = tuple(f"{head}.txt" for head in heads())
TABLES = ("zones.parquet", "route_history.parquet", "hour_history.parquet")
FILES = (*TEXTS, *TABLES, "answers.json")


@dataclass(frozen=True)
class Bundle:
    """A verified model with all it needs to quote.

    Attributes:
        manifest: as written by `save`.
        predictor: the trees of all heads.
        level: share of rides that the interval is to hold.
        zones: the zones table.
        routes: route history table.
        hours: hour history table.
        global_median_usd: median training fare.
        linear: linear regression baseline.
    """

    manifest: dict[str, Any]
    predictor: Predictor
    level: float
    zones: pd.DataFrame
    routes: pa.Table
    hours: pa.Table
    global_median_usd: float
    linear: LinearBaseline

    @cached_property
    def known(self) -> Places:
        """Zones and history laid out for look-up."""
        return places(self.zones, self.routes, self.hours)

    def predict(self, features: FloatArray) -> Quotes:
        """Answers for (n, 40) features."""
        return self.predictor.predict(features)

    def quote(
        self,
        pickup_zone: npt.NDArray[np.integer],
        dropoff_zone: npt.NDArray[np.integer],
        pickup_at: npt.NDArray[np.datetime64],
        passengers: npt.NDArray[np.floating],
    ) -> Quotes:
        """Answers for (n,) trips that are about to begin; arguments as `build_features`."""
        return self.predict(
            build_features(pickup_zone, dropoff_zone, pickup_at, passengers, self.known)
        )


@dataclass(frozen=True, slots=True)
class Knowledge:
    """The tables that a model looks things up in.

    Attributes:
        zones: the zones table.
        routes: route history of the test month.
        hours: hour history of the test month.
    """

    zones: pa.Table
    routes: pa.Table
    hours: pa.Table


def save(folder: Path, trained: Trained, known: Knowledge, provenance: dict[str, Any]) -> str:
    """Write a bundle.

    Args:
        folder: created where it does not exist.
        trained: outcome of `model.train`.
        known: what it will look up.
        provenance: what it was made from (fleet, month, snapshots, code version, library versions),
            kept in the manifest but not part of the model's identity.

    Returns:
        The model's identity: a SHA-256 over everything that can change an answer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for head, text in trained.texts.items():
        (folder / f"{head}.txt").write_text(text, encoding="utf-8")
    for name, table in zip(TABLES, (known.zones, known.routes, known.hours), strict=True):
        # in one piece: the same rows in other pieces may fill Parquet's pages otherwise
        pq.write_table(table.combine_chunks(), folder / name)
    answers = {
        "level": trained.level,
        "offset": trained.rehearsal.offset,
        "global_median_usd": trained.global_median_usd,
        "linear": asdict(trained.linear),
    }
    (folder / "answers.json").write_text(json.dumps(answers, indent=1), encoding="utf-8")
    files = {name: _sha256(folder / name) for name in FILES}
    identity = _identity(files)
    manifest = {
        "format": FORMAT,
        "identity": identity,
        "features": list(FEATURES),
        "rehearsal": asdict(trained.rehearsal),
        "trees": trained.trees,
        "parameters": trained.parameters,
        "training": trained.recipe,
        "training_rows": trained.rows,
        "files": files,
        **provenance,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return identity


def load(folder: Path) -> Bundle:
    """Read a bundle and verify every byte of it.

    Raises:
        OutdatedBundle: it was made by other feature code.
        BundleError: a file is missing, added or changed.
    """
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        listed, features = dict(manifest["files"]), manifest["features"]
        identity, version = manifest["identity"], manifest["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BundleError(
            f"The model bundle {folder.name} has no readable manifest.json: {error!r}."
        ) from error
    if features != list(FEATURES) or version != FORMAT:
        raise OutdatedBundle(
            "The model bundle was made by other feature code: install that of its commit "
            f"({manifest.get('git_sha', 'not recorded')}), or train again."
        )
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
    if identity != _identity(listed):
        raise BundleError("The identity in the manifest is not that of the files: log it again.")
    answers = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    linear: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value
        for key, value in answers["linear"].items()
    }
    zones, routes, hours = (pq.read_table(folder / name) for name in TABLES)
    texts = {head: (folder / f"{head}.txt").read_text(encoding="utf-8") for head in heads()}
    return Bundle(
        manifest=manifest,
        predictor=Predictor(texts, answers["offset"]),
        level=answers["level"],
        zones=zones.to_pandas(),
        routes=routes,
        hours=hours,
        global_median_usd=answers["global_median_usd"],
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
