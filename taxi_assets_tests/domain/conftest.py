"""A model, trained once."""

import pytest

from taxi_assets.domain.model import Trained, train
from taxi_assets.domain.window import Window
from taxi_assets_tests.builders import square_city, window


@pytest.fixture(scope="session")
def winter() -> Window:
    """Rides of two months; nobody may change them."""
    return window({"2025-01": 600, "2025-02": 600}, seed=1)


@pytest.fixture(scope="session")
def trained(winter: Window) -> Trained:
    return train(winter, square_city(), threads=2)
