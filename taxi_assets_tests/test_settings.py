"""Settings: defaults, the environment, and what is refused."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from taxi_assets.settings import TLC_CDN, Settings


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.startswith(("TAXI_", "MLFLOW_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_by_default_everything_lies_in_one_folder_here(tmp_path: Path) -> None:
    settings = Settings()

    home = tmp_path / ".taxi"
    assert settings.root == home
    assert settings.fleets == ("green",)
    assert settings.lake_uri == f"{home}/lake"
    assert settings.catalog == f"sqlite:///{home}/lake/catalog.db?timeout=60"
    assert settings.tracking_uri == f"sqlite:///{home}/mlflow/mlflow.db"
    assert not home.exists()


def test_trip_files_come_from_tlc_by_default() -> None:
    assert Settings().source_url == TLC_CDN


def test_made_up_trip_files_in_the_home_come_before_tlcs() -> None:
    Settings().simulated_tree.mkdir(parents=True)

    assert Settings().source_url == Settings().simulated_tree.as_uri()


def test_the_source_that_is_set_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    Settings().simulated_tree.mkdir(parents=True)
    monkeypatch.setenv("TAXI_TLC_URL", "s3://bucket/tlc")

    assert Settings().source_url == "s3://bucket/tlc"


@pytest.mark.parametrize(
    ("name", "value", "attribute", "means"),
    [
        ("TAXI_HOME", "/data/taxi", "root", Path("/data/taxi")),
        ("TAXI_FLEETS", "green,yellow", "fleets", ("green", "yellow")),
        ("TAXI_FLEETS", " yellow , green ", "fleets", ("yellow", "green")),
        ("TAXI_LAKE", "gs://bucket/lake", "lake_uri", "gs://bucket/lake"),
        ("TAXI_LAKE", "gs://bucket/lake", "serving_log_uri", "gs://bucket/lake/served"),
        ("TAXI_SERVING_LOG", "s3://bucket/log/", "serving_log_uri", "s3://bucket/log"),
        (
            "TAXI_CATALOG_URI",
            "postgresql+psycopg2://db/taxi",
            "catalog",
            "postgresql+psycopg2://db/taxi",
        ),
        ("TAXI_S3_ENDPOINT", "https://s3.example", "s3_endpoint", "https://s3.example"),
        ("MLFLOW_TRACKING_URI", "https://mlflow", "tracking_uri", "https://mlflow"),
        ("TAXI_FIRST_MONTH", "2019-12", "first_month", "2019-12"),
        ("TAXI_TRAIN_MONTHS", "60", "train_months", 60),
        ("TAXI_MIN_TRAIN_MONTHS", "12", "min_train_months", 12),
        ("TAXI_TRAIN_THREADS", "1", "train_threads", 1),
        ("TAXI_EXECUTOR", "multiprocess", "executor", "multiprocess"),
        ("TAXI_SENSOR_S", "60", "sensor_s", 60),
        ("TAXI_RETRAIN", "on_drift", "retrain", "on_drift"),
    ],
)
def test_the_environment_moves_each_piece(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, attribute: str, means: object
) -> None:
    monkeypatch.setenv(name, value)

    assert getattr(Settings(), attribute) == means


def test_a_home_may_be_relative_to_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAXI_HOME", "~/taxi")

    assert Settings().root == Path.home().resolve() / "taxi"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("TAXI_FLEETS", "purple", "There is no fleet 'purple'"),
        ("TAXI_FLEETS", ",", "name each fleet once"),
        ("TAXI_CATALOG_URI", "postgresql://db/taxi", "it starts with one of"),
        ("TAXI_TLC_URL", "https://u:secret@host", "must not hold a password"),
        ("TAXI_FIRST_MONTH", "0001-01", "since 2009-01"),
        ("TAXI_FLEETS", "green,green", "name each fleet once"),
        ("TAXI_FIRST_MONTH", "2025-00", "'2025-00' is not a month"),
        ("TAXI_TRAIN_MONTHS", "1", "greater than or equal to 2"),
        ("TAXI_TRAIN_MONTHS", "61", "less than or equal to 60"),
        ("TAXI_MIN_TRAIN_MONTHS", "1", "greater than or equal to 2"),
        ("TAXI_MIN_TRAIN_MONTHS", "13", "must not exceed TAXI_TRAIN_MONTHS"),
        ("TAXI_TRAIN_THREADS", "0", "greater than or equal to 1"),
        ("TAXI_TRAIN_THREADS", "257", "less than or equal to 256"),
        ("TAXI_EXECUTOR", "celery", "'in_process' or 'multiprocess'"),
        ("TAXI_RETRAIN", "sometimes", "'monthly', 'on_drift' or 'manual'"),
        ("TAXI_SENSOR_S", "0", "greater than or equal to 1"),
        ("TAXI_SENSOR_S", "86401", "less than or equal to 86400"),
        ("TAXI_CATALOG_URI", "postgresql+psycopg2://bob:a@b@host/db", "@ and / in the password"),
        ("TAXI_CATALOG_URI", "postgresql+psycopg2://bob@host:abc/db", "see its host and port"),
        ("MLFLOW_TRACKING_URI", "http://bob:a/b@host:5000", "@ and / in the password"),
        ("TAXI_UI_URL", "dagster:3000", "it is not a web address"),
        ("TAXI_ALERT_WEBHOOK", "hooks.slack.com/services/T0", "it is not a web address"),
        ("TAXI_ALERT_SMTP", "mail.example:587", "it is not a mail server"),
        ("TAXI_ALERT_SMTP", "smtp://mail", "TAXI_ALERT_SMTP needs somebody to write to"),
        ("TAXI_ALERT_TO", "ada@example.org", "TAXI_ALERT_TO needs a mail server"),
        ("TAXI_ALERT_TO", "ada", "'ada' is not a mail address"),
        ("TAXI_ALERT_FROM", "a@b,c@d", "a mail has one sender"),
    ],
)
def test_what_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError, match=says):
        Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TAXI_ALERT_WEBHOOK", "http:/hooks/hunter2"),
        ("TAXI_ALERT_SMTP", "smtp://ada:hunter2@"),
        ("TAXI_ALERT_SMTP", "smtp://ada:hunter2@mail"),  # without anybody to write to
    ],
)
def test_a_secret_that_is_refused_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError) as caught:
        Settings()

    assert "hunter2" not in str(caught.value)


def test_settings_do_not_show_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAXI_ALERT_WEBHOOK", "http://hooks/hunter2")

    assert "hunter2" not in repr(Settings())


def test_settings_do_not_change() -> None:
    settings = Settings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.home = Path("elsewhere")
