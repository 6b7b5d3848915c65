"""What every test may ask for."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from taxi_assets.threads import wait_politely

if TYPE_CHECKING:  # Dagster takes seconds to import, and most tests do without
    from taxi_assets_tests.homes import Home, Stage

REPOSITORY = Path(__file__).parents[1]

wait_politely()  # before any test imports LightGBM

settings.register_profile("taxi", deadline=None)  # a busy machine is not a bug
settings.load_profile("taxi")


@pytest.fixture(scope="session")
def real_tlc() -> Path:
    """TLC's real files, in the layout of its CDN."""
    told = os.environ.get("TAXI_TLC_TEST_DATA")
    root = Path(told) if told else REPOSITORY.parent / "shared" / "data" / "tlc"
    if not (root / "trip-data").is_dir():
        pytest.skip(f"TLC's real files are not in {root}; TAXI_TLC_TEST_DATA says where else")
    return root


@pytest.fixture
def unused_port() -> int:
    """A local port where nobody answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> "Home":
    """Four simulated months, published; the fixtures below run them, one after the other."""
    from taxi_assets_tests.homes import CITY_MONTHS, Home

    home = Home.at(tmp_path_factory.mktemp("city"))
    home.simulate(CITY_MONTHS, rows=3_000)
    return home


@pytest.fixture(scope="session")
def first_run(city: "Home") -> "Stage":
    """All months, run for the first time."""
    from taxi_assets_tests.homes import CITY_MONTHS

    return city.run(*CITY_MONTHS)


@pytest.fixture(scope="session")
def again(city: "Home", first_run: "Stage") -> "Stage":
    """The same months, run again."""
    from taxi_assets_tests.homes import CITY_MONTHS

    return city.run(*CITY_MONTHS)


@pytest.fixture(scope="session")
def corrected(city: "Home", again: "Stage") -> "Stage":
    """The second month published anew, 300 trips shorter, and run with the month after it."""
    city.publish("2025-02", city.published("2025-02").slice(0, 2_700))
    return city.run("2025-02", "2025-03")
