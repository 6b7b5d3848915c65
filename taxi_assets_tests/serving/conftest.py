"""Small real models to serve, saved once."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from serving.settings import Settings
from taxi_assets.domain.bundle import Bundle, load
from taxi_assets_tests.serving.services import ListLog, bundles, running, settings_of


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of bundles; nobody may change it."""
    return bundles(tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def model(root: Path) -> Bundle:
    """The green champion."""
    return load(root / "green")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def settings(root: Path, cache: Path) -> Settings:
    return settings_of(root, cache)


@pytest.fixture(scope="session")
def shared_log() -> ListLog:
    return ListLog()


@pytest.fixture(scope="session")
def client(settings: Settings, shared_log: ListLog) -> Iterator[httpx.Client]:
    """A client of one service for all tests that change nothing."""
    with running(settings, shared_log) as client:
        yield client


@pytest.fixture(scope="session")
def one_fleet(root: Path, cache: Path) -> Iterator[httpx.Client]:
    """A client of a service for green cabs alone."""
    with running(settings_of(root, cache, fleets=("green",))) as client:
        yield client
