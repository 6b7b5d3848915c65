"""Where models come from: MLflow as a server or a local database, or a root of bundles."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from serving.mlflow_database import SQLITE, MlflowDatabase
from serving.mlflow_rest import MlflowServer
from serving.models import ARMS, CHALLENGER, CHAMPION, Wanted
from serving.settings import Settings
from serving.stores import MANIFEST, Store, copy_bundle
from serving.versions import model_name
from taxi_assets.domain.errors import RegistryUnreachable, UsageError

REGISTRY = "registry"
FOLDERS = {CHAMPION: "{fleet}", CHALLENGER: "{fleet}-candidate"}
SHORT = 12


class Source(Protocol):
    """A place that says which model should answer, and has its files."""

    name: str

    def wanted(self, fleet: str) -> Mapping[str, Wanted]:
        """What should answer, by alias: `champion`, and `challenger` where there is another.

        Raises:
            RegistryUnreachable: the place does not answer, or not in its own words.
            RegistryError: what it says cannot be served.
        """

    def fetch(self, wanted: Wanted, into: Path) -> None:
        """Copy a bundle's files to an empty folder; nothing is verified yet.

        Raises:
            RegistryUnreachable: the place does not answer.
            BundleError: a file is missing.
        """

    def close(self) -> None:
        """Let go of connections."""


def open_source(settings: Settings) -> Source:
    """The source that the settings name; nothing is asked of it yet.

    Raises:
        UsageError: there is no such source.
    """
    if settings.model != REGISTRY:
        return BundleRoot(settings.model, settings.s3_endpoint)
    uri = settings.mlflow_tracking_uri
    if uri.startswith(SQLITE):
        return MlflowDatabase(Path(uri.removeprefix(SQLITE)), settings.s3_endpoint)
    if uri.startswith(("http://", "https://")):
        return MlflowServer(uri, settings)
    raise UsageError(
        "MLFLOW_TRACKING_URI leads to no registry that can be served from: give an MLflow server's "
        f"http:// URL or a local {SQLITE} database."
    )


class BundleRoot:
    """Bundles in folders named by fleet; a challenger's beside them, `green-candidate`."""

    def __init__(self, root: str, s3_endpoint: str | None) -> None:
        """Read below a local path, `gs://bucket/prefix` or `s3://bucket/prefix`."""
        self.name = root
        self._root, self._s3_endpoint = root.rstrip("/"), s3_endpoint
        self._store = Store(root, s3_endpoint)

    def wanted(self, fleet: str) -> Mapping[str, Wanted]:
        """See `Source`; the version is the beginning of the identity."""
        found = {alias: self._read(fleet, FOLDERS[alias].format(fleet=fleet)) for alias in ARMS}
        return {alias: wanted for alias, wanted in found.items() if wanted is not None}

    def fetch(self, wanted: Wanted, into: Path) -> None:
        """See `Source`."""
        copy_bundle(Store(wanted.place, self._s3_endpoint).chunks, into)

    def close(self) -> None:
        """See `Source`."""

    def _read(self, fleet: str, folder: str) -> Wanted | None:
        content = self._store.read(f"{folder}/{MANIFEST}")
        if content is None:
            return None
        try:
            manifest = json.loads(content)
            identity, month = str(manifest["identity"]), str(manifest.get("month", "unknown"))
        except (ValueError, KeyError, TypeError) as error:
            raise RegistryUnreachable(
                f"{self._root}/{folder}/{MANIFEST} is no bundle's: {error!r}."
            ) from error
        place = f"{self._root}/{folder}"
        return Wanted(model_name(fleet), identity[:SHORT], month, identity, place=place)
