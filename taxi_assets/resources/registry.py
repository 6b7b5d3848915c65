"""The model registry: MLflow runs, registered versions and the champion alias."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import PrivateAttr

from taxi_assets.domain import bundle
from taxi_assets.domain.errors import BundleError, RegistryError
from taxi_assets.resources.mlflow_store import be_impatient, not_mlflow, reaching, require_store
from taxi_assets.resources.model_files import fetch_bundle, log_model
from taxi_assets.resources.model_versions import (
    CANDIDATE,
    CHAMPION,
    REJECTED,
    ModelVersion,
    model_name,
    read_version,
)
from taxi_assets.resources.promotions import Succession, read_succession, reigning, rival
from taxi_assets.resources.tracking import tracked_run

if TYPE_CHECKING:  # MLflow takes four seconds to import: only model stages may
    from mlflow import MlflowClient

__all__ = ["CANDIDATE", "CHAMPION", "ModelVersion", "Registry", "model_name"]


class Registry(dg.ConfigurableResource[None]):
    """MLflow, reached when it is first needed."""

    tracking_uri: str
    local_root: str

    _client: "MlflowClient | None" = PrivateAttr(default=None)

    @contextmanager
    def run(self, context: dg.AssetExecutionContext, fleet: str) -> Iterator[Any]:
        """The MLflow run of a Dagster run; yields MLflow's functions on it. See `tracked_run`."""
        experiment = model_name(fleet)
        self._ensure_experiment(experiment)
        with (
            reaching(self.tracking_uri),
            tracked_run(context, self.tracking_uri, experiment, {"fleet": fleet}) as tracked,
        ):
            yield tracked

    def register(
        self, tracked: Any, fleet: str, month: str, folder: Path, tags: dict[str, str]
    ) -> ModelVersion:
        """Log a bundle and make it a version, unless the month's newest has the same answers.

        Args:
            tracked: handle from `run`.
            fleet: fleet name.
            month: month it will be tested on.
            folder: the bundle.
            tags: kept on the version.
        """
        identity = bundle.load(folder).manifest["identity"]
        with self.exclusively():
            newest = [version for version in self.versions(fleet) if version.month == month][-1:]
            if newest and newest[0].identity == identity:
                version = newest[0]
            else:
                told = {**tags, "month": month, "identity": identity}
                version = self._log(tracked, fleet, folder, told)
            if all(other.month <= month for other in self.versions(fleet)):
                # also for a known version: a run may have been killed before it came to this
                self.client.set_registered_model_alias(
                    version.name, CANDIDATE, str(version.version)
                )
        return version

    def _log(self, tracked: Any, fleet: str, folder: Path, tags: dict[str, str]) -> ModelVersion:
        """A new version; its identity is tagged last, which says that it is whole."""
        found = log_model(tracked, folder, model_name(fleet))
        for key, value in tags.items():
            self.client.set_model_version_tag(found.name, found.version, key, value)
        logged = self.client.get_model_version(found.name, found.version)
        return replace(read_version(logged), created=True)

    def versions(self, fleet: str) -> list[ModelVersion]:
        """All finished versions, oldest first.

        One whose registration was cut short has no month and is left out.
        """
        told = f"name='{model_name(fleet)}'"
        with reaching(self.tracking_uri):
            found = self.client.search_model_versions(told, max_results=10_000)
        read = [read_version(v) for v in found if "identity" in v.tags and "month" in v.tags]
        return sorted(read, key=lambda version: version.version)

    def version_of(self, fleet: str, month: str) -> ModelVersion:
        """The newest version tested on a month.

        Raises:
            RegistryError: there is none.
        """
        found = [version for version in self.versions(fleet) if version.month == month]
        if not found:
            raise RegistryError(
                f"{model_name(fleet)} has no version for {month}: "
                f"materialize {fleet}/fare_model for it first."
            )
        return found[-1]

    def version(self, fleet: str, number: int) -> ModelVersion:
        """A version by its number.

        Raises:
            RegistryError: there is none.
        """
        found = {version.version: version for version in self.versions(fleet)}
        if number not in found:
            there = ", ".join(map(str, found)) or "none; `taxi-assets run` makes them"
            raise RegistryError(
                f"{model_name(fleet)} has no version {number}: choose one of those there are "
                f"({there})."
            )
        return found[number]

    def champion(self, fleet: str) -> ModelVersion | None:
        """The version the alias points at, or None when nothing was promoted yet."""
        number = self.succession(fleet).champion
        return next((v for v in self.versions(fleet) if v.version == number), None)

    def succession(self, fleet: str) -> Succession:
        """The champion, those before it, and the log of promotions."""
        from mlflow.exceptions import MlflowException

        with reaching(self.tracking_uri):
            try:
                found = self.client.get_registered_model(model_name(fleet))
            except MlflowException as error:
                if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                    raise
                return Succession()
            if found.name != model_name(fleet):
                raise not_mlflow(self.tracking_uri)
        return read_succession(found.tags, found.aliases)

    def rival(self, fleet: str, month: str, contender: ModelVersion) -> ModelVersion | None:
        """The version that the contender of a month has to face, the same in every rerun.

        Of all that were ever champion and not withdrawn, the one tested on the latest month up to
        this one: a later month's version has learned from this month's trips. None for the first.
        """
        return rival(self.succession(fleet), self.versions(fleet), month, contender)

    def champion_before(self, fleet: str, month: str) -> ModelVersion | None:
        """Who answered when a month began, the same in every rerun: None when nobody did yet.

        Of all that were ever champion and not withdrawn, the one tested on the latest month before.
        """
        return reigning(self.succession(fleet), self.versions(fleet), month)

    def reject(self, version: ModelVersion, reason: str) -> None:
        """Note why a gate turned a version down: it is not promoted unless a person insists."""
        self.tag(version, **{REJECTED: reason})

    def accept(self, version: ModelVersion) -> None:
        """Take back a rejection, if there was one."""
        self.untag(version, REJECTED)

    def describe(self, version: ModelVersion, text: str) -> None:
        """Say what a version is, for people; Markdown of at most 5,000 characters."""
        with reaching(self.tracking_uri):
            self.client.update_model_version(version.name, str(version.version), text)

    def tag(self, version: ModelVersion, **tags: object) -> None:
        """Add tags to a version."""
        number = str(version.version)
        with reaching(self.tracking_uri):
            for key, value in tags.items():
                self.client.set_model_version_tag(version.name, number, key, str(value))

    def untag(self, version: ModelVersion, key: str) -> None:
        """Remove a tag from a version; it need not be there."""
        with reaching(self.tracking_uri):
            self.client.delete_model_version_tag(version.name, str(version.version), key)

    def load(self, version: ModelVersion) -> bundle.Bundle:
        """Fetch a version's bundle and verify it.

        Raises:
            OutdatedBundle: it was made by other feature code.
            BundleError: it is incomplete, changed or another model's.
        """
        title = f"{version.name} version {version.version}"
        with tempfile.TemporaryDirectory() as scratch, reaching(self.tracking_uri):
            folder = fetch_bundle(self.client, version.name, version.version, scratch)
            try:
                found = bundle.load(folder)
            except BundleError as error:
                raise type(error)(f"{title} cannot be used: {error}") from error
        if found.manifest["identity"] != version.identity:
            raise BundleError(
                f"{title} holds another model than was registered: promote another version, or "
                "delete this one in MLflow and run its month again."
            )
        return found

    @property
    def exists(self) -> bool:
        """Whether there is one to ask: a server, or a local database that a run has made."""
        local = self.tracking_uri.removeprefix("sqlite:///")
        return local == self.tracking_uri or Path(local).exists()

    @property
    def client(self) -> "MlflowClient":
        """MLflow's client, once the server has answered."""
        if self._client is None:
            from mlflow import MlflowClient

            be_impatient()
            require_store(self.tracking_uri)
            self._client = MlflowClient(self.tracking_uri)
        return self._client

    def _ensure_experiment(self, name: str) -> None:
        """Create the experiment with its artifacts below `local_root`.

        A server decides for itself where they go.
        """
        with self.exclusively():
            if self.client.get_experiment_by_name(name) is None:
                local = not self.tracking_uri.startswith("http")
                self.client.create_experiment(
                    name, (Path(self.local_root) / "artifacts" / name).as_uri() if local else None
                )

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """One process at a time, which may ask for it again inside.

        Looking for a version and creating it are two calls that MLflow cannot join.
        """
        from filelock import FileLock

        Path(self.local_root).mkdir(parents=True, exist_ok=True)
        lock = FileLock(Path(self.local_root) / "registry.lock", is_singleton=True)
        with lock, reaching(self.tracking_uri):
            yield
