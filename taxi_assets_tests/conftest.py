"""What every test may ask for."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).parents[1]

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
