"""An MLflow server, asked over its REST API."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import httpx
from pydantic import BaseModel, ValidationError

from serving.models import Wanted
from serving.settings import Settings
from serving.stores import CHUNK_BYTES, Store, copy_bundle, missing
from serving.versions import Version, choose, model_name
from taxi_assets.domain.errors import RegistryError, RegistryUnreachable

API = "/api/2.0/mlflow"
FILES = "/api/2.0/mlflow-artifacts/artifacts"
PROXIED, LOGGED = "mlflow-artifacts", "models:/"
NOT_FOUND, NOT_ALLOWED = 404, (401, 403)
ABSENT = "RESOURCE_DOES_NOT_EXIST"
CONNECT_S, READ_S = 2.0, 10.0
MOST_BYTES = 4_000_000  # of an answer: a few kB are usual
FETCH_S = 120.0  # for one file; a server that drips bytes would hold us forever
Answer = TypeVar("Answer", bound=BaseModel)


class _Absent(RegistryError):
    """MLflow is well, and has no such thing."""


class _Alias(BaseModel):
    alias: str
    version: str


class _Model(BaseModel):
    name: str
    aliases: list[_Alias] = []


class _ModelAnswer(BaseModel):
    registered_model: _Model


class _Tag(BaseModel):
    key: str
    value: str = ""


class _ModelVersion(BaseModel):
    name: str
    version: str
    tags: list[_Tag] = []


class _VersionAnswer(BaseModel):
    model_version: _ModelVersion


class _PlaceAnswer(BaseModel):
    artifact_uri: str


class _LoggedInfo(BaseModel):
    info: _PlaceAnswer


class _LoggedAnswer(BaseModel):
    model: _LoggedInfo


class MlflowServer:
    """The registry behind an MLflow server's URL."""

    def __init__(self, url: str, settings: Settings) -> None:
        """Ask the server at `url`, which may hold user and password."""
        parts = urlsplit(url)
        self.name = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")
        self._s3_endpoint = settings.s3_endpoint
        token, password = settings.mlflow_token, settings.mlflow_password
        auth = (settings.mlflow_username, password.get_secret_value()) if password else None
        self._client = httpx.Client(
            base_url=url.rstrip("/"),
            timeout=httpx.Timeout(READ_S, connect=CONNECT_S),
            auth=auth,
            headers={"Authorization": f"Bearer {token.get_secret_value()}"} if token else None,
        )

    def wanted(self, fleet: str) -> Mapping[str, Wanted]:
        """See `Source`."""
        name = model_name(fleet)
        try:
            found = self._ask(_ModelAnswer, "registered-models/get", name=name).registered_model
        except _Absent:
            return {}
        if found.name != name:
            raise self._not_mlflow("it answered with another model")
        aliases = {entry.alias: entry.version for entry in found.aliases}
        return choose(fleet, aliases, partial(self._version, name))

    def fetch(self, wanted: Wanted, into: Path) -> None:
        """See `Source`."""
        copy_bundle(self._reader(f"{self._place(wanted).rstrip('/')}/artifacts/bundle"), into)

    def close(self) -> None:
        """See `Source`."""
        self._client.close()

    def _version(self, name: str, number: str) -> Version:
        answer = self._ask(_VersionAnswer, "model-versions/get", name=name, version=number)
        found = answer.model_version
        if (found.name, found.version) != (name, number):
            raise self._not_mlflow("it answered with another version")
        return Version(number, {tag.key: tag.value for tag in found.tags})

    def _place(self, wanted: Wanted) -> str:
        """Where a version's files are; MLflow 3 logs models apart from runs."""
        told = {"name": wanted.name, "version": wanted.version}
        uri = self._ask(_PlaceAnswer, "model-versions/get-download-uri", **told).artifact_uri
        if uri.startswith(LOGGED):
            logged = quote(uri.removeprefix(LOGGED), safe="")
            uri = self._ask(_LoggedAnswer, f"logged-models/{logged}").model.info.artifact_uri
        return uri

    def _reader(self, place: str) -> Callable[[str], Iterator[bytes]]:
        """Reads files where they are: behind the server, in a bucket, or on this machine."""
        parts = urlsplit(place)
        if parts.scheme == PROXIED:
            return partial(self._chunks, parts.path.strip("/"))
        return Store(place, self._s3_endpoint).chunks

    def _chunks(self, folder: str, name: str) -> Iterator[bytes]:
        """A file that the server passes on from its own storage."""
        deadline = time.monotonic() + FETCH_S
        with (
            self._reaching(),
            self._client.stream("GET", f"{FILES}/{quote(f'{folder}/{name}')}") as answer,
        ):
            if answer.status_code == NOT_FOUND:
                raise missing(name, f"MLflow at {self.name}")
            self._accept(answer)
            for chunk in answer.iter_bytes(CHUNK_BYTES):
                if time.monotonic() > deadline:
                    raise RegistryUnreachable(f"MLflow at {self.name} sends {name} too slowly.")
                yield chunk

    def _ask(self, kind: type[Answer], path: str, **told: str) -> Answer:
        """An answer of the API."""
        with self._reaching():
            answer = self._whole(f"{API}/{path}", told)
            if answer.status_code == NOT_FOUND and _error_code(answer) == ABSENT:
                raise _Absent(
                    f"MLflow at {self.name} has no {' '.join(told.values()) or path}: see whether "
                    "it was deleted."
                )
            self._accept(answer)
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._not_mlflow("it answered with something else") from error

    def _whole(self, path: str, told: Mapping[str, str]) -> httpx.Response:
        """An answer whose body comes in time and is not endless."""
        deadline, body = time.monotonic() + READ_S, bytearray()
        with self._client.stream("GET", path, params=dict(told)) as answer:
            for chunk in answer.iter_bytes():
                body += chunk
                if time.monotonic() > deadline or len(body) > MOST_BYTES:
                    raise RegistryUnreachable(
                        f"MLflow at {self.name} answers too slowly or too much."
                    )
        return httpx.Response(answer.status_code, content=bytes(body))

    def _accept(self, answer: httpx.Response) -> None:
        """Let an answer pass that says it is one."""
        if answer.status_code in NOT_ALLOWED:
            raise RegistryError(
                f"MLflow at {self.name} refuses ({answer.status_code}): set "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
            )
        if answer.status_code != httpx.codes.OK:
            raise RegistryUnreachable(
                f"MLflow at {self.name} is out of order: it answered {answer.status_code}."
            )

    def _not_mlflow(self, why: str) -> RegistryUnreachable:
        return RegistryUnreachable(
            f"What answers at {self.name} is not MLflow ({why}): correct MLFLOW_TRACKING_URI."
        )

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        """Errors of the network as this project's."""
        try:
            yield
        except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL) as error:
            cause = f"{type(error).__name__} {error}".strip().rstrip(".")[:300]
            raise RegistryUnreachable(
                f"MLflow at {self.name} does not answer ({cause}): start it, or correct "
                "MLFLOW_TRACKING_URI."
            ) from error


def _error_code(answer: httpx.Response) -> Any:
    """MLflow's word for what went wrong; None where the answer is none of MLflow's."""
    try:
        found = answer.json()
    except ValueError:
        return None
    return found.get("error_code") if isinstance(found, dict) else None
