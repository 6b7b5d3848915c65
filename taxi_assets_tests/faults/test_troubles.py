"""A month that was disturbed and run again gives the same; what cannot go on says why in words.

`python taxi_assets_tests/faults/table.py --seeds 50` tries more of this and prints a table.
"""

from pathlib import Path

import pytest

from taxi_assets_tests.faults.conftest import Prepared
from taxi_assets_tests.faults.table import Trial, disturb
from taxi_assets_tests.faults.troubles import RANDOM, can_mount

pytestmark = pytest.mark.slow
RUN, STEP = RANDOM
mounts = pytest.mark.skipif(not can_mount(), reason="only root mounts a small disk")


def check(trial: Trial) -> None:
    """Nothing lost, nothing half-visible, and the next run makes it whole."""
    assert not trial.lost, trial.said
    assert not trial.half, trial.said
    assert trial.converged, trial.said


@pytest.mark.parametrize(("name", "seed"), [(RUN, 0), (RUN, 1), (STEP, 0)])
def test_a_kill_at_a_random_moment_loses_nothing(
    prepared: Prepared, tmp_path: Path, name: str, seed: int
) -> None:
    check(disturb(prepared, name, tmp_path, seed))


@pytest.mark.parametrize(
    "name", ["source changes", "catalog locked 3 s", "MLflow slow, 0.3 s an answer"]
)
def test_a_run_goes_through_what_passes(prepared: Prepared, tmp_path: Path, name: str) -> None:
    trial = disturb(prepared, name, tmp_path)

    check(trial)
    assert not trial.ended, trial.said


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("source 403", "answered 403"),
        ("MLflow down", "MLFLOW_TRACKING_URI"),
        pytest.param("disk full at once", "No space left", marks=mounts),
        pytest.param("disk full amid the tables", "No space left", marks=mounts),
    ],
)
def test_a_run_that_cannot_go_on_says_why(
    prepared: Prepared, tmp_path: Path, name: str, words: str
) -> None:
    trial = disturb(prepared, name, tmp_path)

    check(trial)
    assert trial.exit_code == 1
    assert words in trial.said
