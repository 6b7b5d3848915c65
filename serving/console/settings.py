"""Every environment variable the console reads, in one place."""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from taxi_assets.domain.errors import UsageError


class ConsoleSettings(BaseSettings):
    """Where the console looks; without any variable, at what `make demo` and `make serve` leave.

    Attributes:
        api_url: the service, from `CONSOLE_API_URL`.
        api_key: a key of the service, from `CONSOLE_API_KEY`; empty: none is sent.
        mlflow_tracking_uri: an MLflow server or SQLite; SQLite in `home` when not set.
        home: folder of all local state, from `TAXI_HOME`.
        lake: root of the tables, from `TAXI_LAKE`; `home`/lake when not set.
        catalog_uri: the Iceberg catalog's database, from `TAXI_CATALOG_URI`; SQLite in `home`.
        s3_endpoint: of an S3 service that is not AWS, from `TAXI_S3_ENDPOINT`.
        log: root of the prediction log, from `SERVING_LOG`; `lake`/served when not set.
    """

    model_config = SettingsConfigDict(
        env_prefix="TAXI_", frozen=True, populate_by_name=True, env_ignore_empty=True
    )

    api_url: str = Field(
        "http://127.0.0.1:8000", validation_alias=AliasChoices("CONSOLE_API_URL", "api_url")
    )
    api_key: SecretStr | None = Field(
        None, validation_alias=AliasChoices("CONSOLE_API_KEY", "api_key")
    )
    mlflow_tracking_uri: str = Field(
        "", validation_alias=AliasChoices("MLFLOW_TRACKING_URI", "mlflow_tracking_uri")
    )
    home: Path = Path(".taxi")
    lake: str = ""
    catalog_uri: str = ""
    s3_endpoint: str | None = None
    log: str = Field("", validation_alias=AliasChoices("SERVING_LOG", "TAXI_SERVING_LOG", "log"))

    @field_validator("api_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("it starts with http:// or https://")
        return value.rstrip("/")

    @property
    def root(self) -> Path:
        """`home` as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def lake_uri(self) -> str:
        """Root of the tables."""
        return (self.lake or (self.root / "lake").as_posix()).rstrip("/")

    @property
    def catalog(self) -> str:
        """SQLAlchemy URI of the Iceberg catalog."""
        return self.catalog_uri or f"sqlite:///{(self.root / 'lake' / 'catalog.db').as_posix()}"

    @property
    def tracking_uri(self) -> str:
        """MLflow's tracking URI."""
        local = f"sqlite:///{(self.root / 'mlflow' / 'mlflow.db').as_posix()}"
        return self.mlflow_tracking_uri or local

    @property
    def log_uri(self) -> str:
        """Root of the prediction log."""
        return self.log or f"{self.lake_uri}/served"


def read_settings() -> ConsoleSettings:
    """The settings as the environment says.

    Raises:
        UsageError: one of them makes no sense.
    """
    try:
        return ConsoleSettings()
    except ValidationError as error:
        raise UsageError(refused(error)) from error


def refused(error: ValidationError) -> str:
    """Which settings make no sense and why, as a sentence without their values."""
    wrong = error.errors(include_url=False, include_input=False)
    told = "; ".join(f"{'_'.join(map(str, each['loc']))}: {each['msg']}" for each in wrong)
    return f"A setting makes no sense ({told}): correct it and start again."
