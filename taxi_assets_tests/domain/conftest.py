"""A model, trained once."""

import pytest

from taxi_assets.domain.model import Trained, train
from taxi_assets_tests.builders import month_of_trips


@pytest.fixture(scope="session")
def trained() -> Trained:
    return train([month_of_trips("2025-01", 500, 1), month_of_trips("2025-02", 250, 2)], threads=2)
