"""Every environment variable the pipeline reads, in one place."""

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from taxi_assets.domain.addresses import http_url, mail_addresses, mail_server, server_url
from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.domain.months import check_month
from taxi_assets.domain.setting_faults import setting_faults

CATALOG_SCHEMES = ("sqlite:///", "postgresql+psycopg2://")
FIRST_PUBLISHED = "2009-01"
TRACKING_SCHEMES = ("http://", "https://", *CATALOG_SCHEMES)
Retrain = Literal["monthly", "on_drift", "manual"]
TLC_CDN = "https://d37ci6vzurychx.cloudfront.net"


class Settings(BaseSettings):
    """Where things are and how much of them to use; read from `TAXI_…` variables.

    Attributes:
        home: folder of all local state.
        fleets: fleets to build assets for; comma-separated in the environment.
        tlc_url: root of the trip files: https, http, file, gs or s3; see `source_url`.
        lake: root of landed files and tables; `home`/lake when not set.
        reports: root of reports, a folder, gs or s3; `home`/reports when not set.
        serving_log: root of the service's prediction log, its `SERVING_LOG`; `lake`/served when
            not set.
        catalog_uri: the Iceberg catalog's database; SQLite in `home` when not set.
        s3_endpoint: endpoint of an S3-compatible store other than AWS.
        mlflow_tracking_uri: MLflow server, from `MLFLOW_TRACKING_URI`;
            SQLite in `home` when not set.
        first_month: first monthly partition.
        train_months: months a model trains on at most.
        min_train_months: months below which no model is trained.
        executor: `in_process` runs a month's steps in one process, which saves the seconds each
            new process takes to import everything; `multiprocess` gives each step its own.
        interval: share of rides that the interval of a quote is to hold.
        train_threads: threads LightGBM trains with; part of what makes a model reproducible.
        retrain: when a month that runs by itself trains a model: `monthly`, `on_drift` or `manual`.
        tune_trials: sets of LightGBM parameters that tuning tries.
        sensor_s: seconds between two looks at the source for new months, at least.
        ui_url: where people find the Dagster UI, for the links of alerts.
        alert_webhook: takes alerts as Slack's JSON; a secret, as whoever knows it can write there.
        alert_smtp: mail server for alerts, smtp://[user:password@]host:587 or smtps://...
        alert_from: sender of mails; the first of `alert_to` when not set.
        alert_to: who gets mails, comma-separated.
    """

    model_config = SettingsConfigDict(
        env_prefix="TAXI_",
        frozen=True,
        populate_by_name=True,
        env_ignore_empty=True,
        hide_input_in_errors=True,  # some are secrets
    )

    home: Path = Path(".taxi")
    fleets: Annotated[tuple[str, ...], NoDecode] = ("green",)
    tlc_url: str = ""
    lake: str = ""
    reports: str = ""
    serving_log: str = ""
    catalog_uri: str = ""
    s3_endpoint: str | None = None
    mlflow_tracking_uri: str = Field(
        "", validation_alias=AliasChoices("MLFLOW_TRACKING_URI", "mlflow_tracking_uri")
    )
    first_month: str = "2023-01"
    train_months: int = Field(12, ge=2, le=60)
    min_train_months: int = Field(2, ge=2, le=60)
    train_threads: int = Field(2, ge=1, le=256)
    retrain: Retrain = "monthly"
    tune_trials: int = Field(30, ge=1, le=1_000)
    sensor_s: int = Field(3_600, ge=1, le=86_400)
    interval: float = Field(0.8, ge=0.5, le=0.99)
    executor: Literal["in_process", "multiprocess"] = "in_process"
    ui_url: str = "http://127.0.0.1:3000"
    alert_webhook: SecretStr = SecretStr("")
    alert_smtp: SecretStr = SecretStr("")
    alert_from: str = ""
    alert_to: str = ""

    @field_validator("fleets", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """Read `green,yellow`."""
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("fleets")
    @classmethod
    def _known_fleets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len(set(value)) != len(value):
            raise ValueError("name each fleet once, for example TAXI_FLEETS=green,yellow")
        return tuple(get_fleet(name).name for name in value)

    @field_validator("first_month")
    @classmethod
    def _a_month(cls, value: str) -> str:
        if check_month(value) < FIRST_PUBLISHED:
            raise ValueError(f"TLC has published trips since {FIRST_PUBLISHED}")
        return value

    @field_validator("tlc_url")
    @classmethod
    def _a_public_url(cls, value: str) -> str:
        if "@" in value.partition("://")[2].partition("/")[0]:
            raise ValueError("it must not hold a password: it is written beside every landed file")
        return value

    @field_validator("mlflow_tracking_uri", "catalog_uri")
    @classmethod
    def _a_known_scheme(cls, value: str, info: ValidationInfo) -> str:
        schemes = CATALOG_SCHEMES if info.field_name == "catalog_uri" else TRACKING_SCHEMES
        if value and not value.startswith(schemes):
            raise ValueError(f"it starts with one of {', '.join(schemes)}")
        return value if value.startswith("sqlite:") else server_url(value)

    @field_validator("ui_url")
    @classmethod
    def _a_page(cls, value: str) -> str:
        return http_url(value).rstrip("/")

    @field_validator("alert_webhook")
    @classmethod
    def _a_webhook(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            http_url(value.get_secret_value())
        return value

    @field_validator("alert_smtp")
    @classmethod
    def _a_mail_server(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            mail_server(value.get_secret_value())
        return value

    @field_validator("alert_from", "alert_to")
    @classmethod
    def _mail_addresses(cls, value: str, info: ValidationInfo) -> str:
        if len(mail_addresses(value)) > 1 and info.field_name == "alert_from":
            raise ValueError("a mail has one sender: write one address")
        return value

    @model_validator(mode="after")
    def _mails_have_a_way(self) -> "Settings":
        server, to = bool(self.alert_smtp.get_secret_value()), bool(mail_addresses(self.alert_to))
        if to and not server:
            raise ValueError("TAXI_ALERT_TO needs a mail server: set TAXI_ALERT_SMTP too")
        if server and not to:
            raise ValueError("TAXI_ALERT_SMTP needs somebody to write to: set TAXI_ALERT_TO too")
        return self

    @model_validator(mode="after")
    def _windows_fit(self) -> "Settings":
        if self.min_train_months > self.train_months:
            raise ValueError("TAXI_MIN_TRAIN_MONTHS must not exceed TAXI_TRAIN_MONTHS")
        return self

    @property
    def root(self) -> Path:
        """`home` as an absolute path."""
        return self.home.expanduser().resolve()

    @property
    def simulated_tree(self) -> Path:
        """Where the demo's made-up trip files lie."""
        return self.root / "simulated"

    @property
    def source_url(self) -> str:
        """Root of the trip files: as set, else the demo's made-up ones if any, else TLC's."""
        made_up = self.simulated_tree.as_uri() if self.simulated_tree.exists() else TLC_CDN
        return self.tlc_url or made_up

    @property
    def lake_uri(self) -> str:
        """Root of landed files and tables."""
        return _root(self.lake or self.root / "lake")

    @property
    def reports_uri(self) -> str:
        """Root of reports."""
        return _root(self.reports or self.root / "reports")

    @property
    def evidently_workspace(self) -> str:
        """Folder of what `evidently ui` shows."""
        return (self.root / "evidently").as_posix()

    @property
    def serving_log_uri(self) -> str:
        """Root of the service's prediction log."""
        return _root(self.serving_log or f"{self.lake_uri}/served")

    @property
    def catalog(self) -> str:
        """SQLAlchemy URI of the Iceberg catalog."""
        # the timeout lets a second writer wait for SQLite's lock instead of failing
        return (
            self.catalog_uri
            or f"sqlite:///{(self.root / 'lake' / 'catalog.db').as_posix()}?timeout=60"
        )

    @property
    def tracking_uri(self) -> str:
        """MLflow's tracking URI."""
        return (
            self.mlflow_tracking_uri
            or f"sqlite:///{(self.root / 'mlflow' / 'mlflow.db').as_posix()}"
        )


def _root(place: str | Path) -> str:
    """A folder as an absolute path, or a bucket as it is."""
    if "://" in str(place):
        return str(place).rstrip("/")
    return Path(place).expanduser().resolve().as_posix()


def read_settings() -> Settings:
    """The settings as the environment says.

    Raises:
        UsageError: some make no sense; each is named by its variable.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise UsageError("; ".join(setting_faults(error.errors(), "TAXI_")) + ".") from None


def set_in_environment(variable: str, value: str) -> bool:
    """Whether a setting's value is what its variable says, so that the name can stand for it."""
    return os.environ.get(variable) == value
