"""The model registry: MLflow runs, registered versions and the champion alias."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import PrivateAttr

from taxi_assets.domain import bundle
from taxi_assets.domain.errors import RegistryError
from taxi_assets.resources.mlflow_store import require_store
from taxi_assets.resources.model_files import log_model, quiet_progress
from taxi_assets.warnings import preview_accepted

if TYPE_CHECKING:  # MLflow takes four seconds to import: only model stages may
    from mlflow import MlflowClient

CHAMPION = "champion"
CANDIDATE = "candidate"  # the newest month's version; MLflow reserves the alias name `latest`


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
    """

    name: str
    version: int
    month: str
    identity: str
    run_id: str
    source: str
    created: bool = False


def model_name(fleet: str) -> str:
    """Name of a fleet's registered model and of its experiment."""
    return f"taxi-fare-{fleet}"


class Registry(dg.ConfigurableResource[None]):
    """MLflow, reached when it is first needed."""

    tracking_uri: str
    local_root: str

    _client: "MlflowClient | None" = PrivateAttr(default=None)

    @contextmanager
    def run(self, context: dg.AssetExecutionContext, fleet: str) -> Iterator[Any]:
        """The MLflow run of a Dagster run: all its steps log to one, whichever process they run in.

        Yields:
            dagster-mlflow's handle, with MLflow's functions on it. The run ends when the block
            does; the next step takes it up again.
        """
        with preview_accepted():
            from dagster_mlflow import mlflow_tracking

        self._ensure_experiment(model_name(fleet))
        config = {
            "experiment_name": model_name(fleet),
            "mlflow_tracking_uri": self.tracking_uri,
            "extra_tags": {"fleet": fleet},
        }
        status = "FAILED"
        wanted = {"mlflow": mlflow_tracking.configured(config)}
        with (
            preview_accepted(),
            quiet_progress(),
            dg.build_resources(
                wanted, dagster_run=context.run, log_manager=context.log
            ) as resources,
        ):
            try:
                yield resources.mlflow
                status = "FINISHED"
            finally:
                resources.mlflow.end_run(status=status)

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
        with self._exclusively():
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
        return replace(_read_version(logged), created=True)

    def versions(self, fleet: str) -> list[ModelVersion]:
        """All finished versions, oldest first.

        One whose registration was cut short has no month and is left out.
        """
        found = self.client.search_model_versions(f"name='{model_name(fleet)}'", max_results=10_000)
        read = [_read_version(v) for v in found if "identity" in v.tags and "month" in v.tags]
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

    def champion(self, fleet: str) -> ModelVersion | None:
        """The version the alias points at, or None when nothing was promoted yet."""
        number = self._aliases(fleet).get(CHAMPION)
        return next(
            (v for v in self.versions(fleet) if number is not None and v.version == int(number)),
            None,
        )

    def promote(self, version: ModelVersion) -> None:
        """Point the champion alias at a version."""
        self.client.set_registered_model_alias(version.name, CHAMPION, str(version.version))

    def tag(self, version: ModelVersion, **tags: object) -> None:
        """Add tags to a version."""
        for key, value in tags.items():
            self.client.set_model_version_tag(version.name, str(version.version), key, str(value))

    def load(self, version: ModelVersion) -> bundle.Bundle:
        """Fetch a version's bundle and verify it."""
        import mlflow

        with tempfile.TemporaryDirectory() as scratch:
            source = f"models:/{version.name}/{version.version}"
            mlflow.set_tracking_uri(self.tracking_uri)
            with quiet_progress():
                folder = mlflow.artifacts.download_artifacts(artifact_uri=source, dst_path=scratch)
            return bundle.load(Path(folder) / "artifacts" / "bundle")

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

            require_store(self.tracking_uri)
            self._client = MlflowClient(self.tracking_uri)
        return self._client

    def _aliases(self, fleet: str) -> dict[str, str]:
        from mlflow.exceptions import MlflowException

        try:
            return dict(self.client.get_registered_model(model_name(fleet)).aliases)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return {}

    def _ensure_experiment(self, name: str) -> None:
        """Create the experiment with its artifacts below `local_root`.

        A server decides for itself where they go.
        """
        with self._exclusively():
            if self.client.get_experiment_by_name(name) is None:
                local = not self.tracking_uri.startswith("http")
                self.client.create_experiment(
                    name, (Path(self.local_root) / "artifacts" / name).as_uri() if local else None
                )

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        """One process at a time.

        Looking for a version and creating it are two calls that MLflow cannot join.
        """
        from filelock import FileLock

        Path(self.local_root).mkdir(parents=True, exist_ok=True)
        with FileLock(Path(self.local_root) / "registry.lock"):
            yield


def _read_version(found: Any) -> ModelVersion:
    """A version as MLflow describes it."""
    month, identity = found.tags["month"], found.tags["identity"]
    return ModelVersion(found.name, int(found.version), month, identity, found.run_id, found.source)
