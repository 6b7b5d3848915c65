"""Where the console looks when nobody says so, and when somebody does."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from serving.console.settings import ConsoleSettings, read_settings
from serving.settings import Settings as ServiceSettings
from taxi_assets.domain.errors import UsageError
from taxi_assets.settings import Settings as PipelineSettings
from taxi_assets_tests.homes import OURS

TOLD = (*OURS, "SERVING_", "CONSOLE_")


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that says nothing."""
    import os

    for name in [name for name in os.environ if name.startswith(TOLD)]:
        monkeypatch.delenv(name)
    return monkeypatch


def test_without_a_word_it_looks_where_the_demo_and_the_service_are(
    quiet: pytest.MonkeyPatch,
) -> None:
    console, pipeline, service = ConsoleSettings(), PipelineSettings(), ServiceSettings()

    assert console.api_url == f"http://{service.host}:{service.port}"
    assert console.tracking_uri == pipeline.tracking_uri
    assert console.lake_uri == pipeline.lake_uri
    assert console.catalog == pipeline.catalog.partition("?")[0]
    assert console.log_uri == pipeline.serving_log_uri


def test_it_looks_where_it_is_told(quiet: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quiet.setenv("TAXI_HOME", str(tmp_path))
    quiet.setenv("CONSOLE_API_URL", "https://fares.example/")
    quiet.setenv("SERVING_LOG", "s3://bucket/log")

    console = ConsoleSettings()

    assert console.lake_uri == f"{tmp_path}/lake"
    assert console.api_url == "https://fares.example"
    assert console.log_uri == "s3://bucket/log"


def test_a_key_is_not_shown(quiet: pytest.MonkeyPatch) -> None:
    quiet.setenv("CONSOLE_API_KEY", "letmein")

    assert "letmein" not in repr(ConsoleSettings())


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="https://"):
        ConsoleSettings(api_url="fares")


def test_a_setting_that_makes_no_sense_is_named_without_its_value(
    quiet: pytest.MonkeyPatch,
) -> None:
    quiet.setenv("CONSOLE_API_URL", "user:secret@fares")

    with pytest.raises(UsageError, match="CONSOLE_API_URL") as caught:
        read_settings()

    assert "secret" not in str(caught.value)


def test_the_service_does_without_the_console() -> None:
    look = (
        "import sys, serving.main; sys.exit('streamlit' in sys.modules or 'altair' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
