"""Every environment variable the service reads, in one place."""

from pathlib import Path
from typing import Annotated, Literal

from limits import parse
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from taxi_assets.domain.fleets import get_fleet

HASH_LENGTH = 64


class Settings(BaseSettings):
    """What to serve and how; read from `SERVING_…` variables.

    Attributes:
        fleets: fleets to answer for; the first is the default of a request.
        model: where a model comes from: `registry` (MLflow), or the root of bundles as a folder,
            `gs://` or `s3://` with one folder a fleet.
        mlflow_tracking_uri: MLflow server, from `MLFLOW_TRACKING_URI`.
        s3_endpoint: endpoint of an S3-compatible store other than AWS, from `TAXI_S3_ENDPOINT`.
        cache: folder of verified bundles, from which it starts when MLflow is away.
        trees: who reads the trees of models: `lignum`, or `lightgbm` with the same answers, slower.
        refresh_s: seconds between looks at the registry.
        strategy: file with the deployment strategy, read again when it changes; empty: champion.
        log: root of the prediction log: a folder, `gs://` or `s3://`; empty: JSON lines only.
        log_flush_s: seconds until a batch of the log is written, full or not.
        log_rows: rows of a batch.
        log_capacity: rows that wait in memory at most; beyond them rows are dropped and counted.
        api_keys: comma-separated `id:sha256` of the keys that may ask; empty: everybody.
        rate_limit: requests of one key (or address), like `100/second`; empty: no limit.
        max_body_mb: largest batch; a request for one ride has 64 kB at most.
        cors_origins: origins whose pages may ask; none by default.
        host: address to listen on.
        port: port to listen on.
        log_level: of the service's own log.
        page: whether `/` shows the page.
        mlflow_username: of MLflow's server, from `MLFLOW_TRACKING_USERNAME`.
        mlflow_password: from `MLFLOW_TRACKING_PASSWORD`.
        mlflow_token: in place of both, from `MLFLOW_TRACKING_TOKEN`.
        log_stdout: whether the prediction log is printed as JSON lines too.
        otlp_endpoint: OTLP/HTTP collector of traces, from `OTEL_EXPORTER_OTLP_ENDPOINT`; empty:
            no traces. Its other variables (headers, sampler) are read by OpenTelemetry itself.
    """

    model_config = SettingsConfigDict(
        env_prefix="SERVING_", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    fleets: Annotated[tuple[str, ...], NoDecode] = ("green",)
    model: str = "registry"
    mlflow_tracking_uri: str = Field(
        "http://127.0.0.1:5000",
        validation_alias=AliasChoices("MLFLOW_TRACKING_URI", "mlflow_tracking_uri"),
    )
    s3_endpoint: str | None = Field(
        None, validation_alias=AliasChoices("TAXI_S3_ENDPOINT", "s3_endpoint")
    )
    cache: Path = Path(".taxi/serving/bundles")
    trees: Literal["lignum", "lightgbm"] = "lignum"
    refresh_s: float = Field(30.0, ge=0.1, le=86_400)
    strategy: Path | None = None
    log: str = ""
    log_flush_s: float = Field(30.0, ge=0.1, le=3_600)
    log_rows: int = Field(10_000, ge=1, le=1_000_000)
    log_capacity: int = Field(100_000, ge=1, le=10_000_000)
    api_keys: Annotated[tuple[str, ...], NoDecode] = ()
    rate_limit: str = ""
    max_body_mb: float = Field(4.0, gt=0, le=100)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65_535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    page: bool = True
    mlflow_username: str = Field(
        "", validation_alias=AliasChoices("MLFLOW_TRACKING_USERNAME", "mlflow_username")
    )
    mlflow_password: SecretStr | None = Field(
        None, validation_alias=AliasChoices("MLFLOW_TRACKING_PASSWORD", "mlflow_password")
    )
    mlflow_token: SecretStr | None = Field(
        None, validation_alias=AliasChoices("MLFLOW_TRACKING_TOKEN", "mlflow_token")
    )
    log_stdout: bool = True
    otlp_endpoint: str = Field(
        "", validation_alias=AliasChoices("OTEL_EXPORTER_OTLP_ENDPOINT", "otlp_endpoint")
    )

    @field_validator("fleets", "api_keys", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Read `green,yellow`."""
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("fleets")
    @classmethod
    def _known_fleets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) != len(value):
            raise ValueError("name each fleet once, for example SERVING_FLEETS=green,yellow")
        return tuple(get_fleet(name).name for name in value)

    @field_validator("api_keys")
    @classmethod
    def _hashes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for entry in value:
            name, _, digest = entry.partition(":")
            if not name or len(digest) != HASH_LENGTH or set(digest) - set("0123456789abcdef"):
                raise ValueError("write each key as id:sha256, never the key itself")
        return value

    @field_validator("rate_limit")
    @classmethod
    def _a_rate(cls, value: str) -> str:
        try:
            fits = not value or parse(value).amount > 0
        except ValueError:
            fits = False
        if not fits:
            raise ValueError("write it like 100/second")
        return value

    @field_validator("log")
    @classmethod
    def _a_place(cls, value: str) -> str:
        scheme, slashes, rest = value.partition("://")
        if slashes and (scheme not in ("gs", "s3") or not rest.strip("/")):
            raise ValueError("give a folder, gs://bucket/prefix or s3://bucket/prefix")
        return value

    @field_validator("otlp_endpoint")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it starts with http:// or https://")
        return value.rstrip("/")
