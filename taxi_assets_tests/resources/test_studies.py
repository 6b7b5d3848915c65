"""Studies: interrupted, killed and resumed, they try what an undisturbed one would have tried."""

import math
import os
import signal
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path

import pytest

from taxi_assets.domain.heads import Parameters
from taxi_assets.domain.model import PARAMETERS
from taxi_assets.domain.tuning import DEFAULTS, SPACE, Watch
from taxi_assets.resources.studies import Tried, best, open_study

TRIALS = 14  # Optuna draws ten at random before it learns from what it has seen


def judge(parameters: Parameters, watch: Watch) -> Iterator[float]:
    """Two folds whose best parameters are known, and which take no time."""
    distance = math.log(float(parameters["learning_rate"]) / 0.03) ** 2
    distance += (float(parameters["num_leaves"]) / 64 - 1) ** 2
    watch(200, distance)
    yield 2.0 + distance
    watch(600, distance)
    yield 3.0 + distance


def advance(folder: Path, count: int, *, fingerprint: str = "abc", most: int = 99) -> list[Tried]:
    """So many more trials of a study, and all it has then."""
    with open_study(folder, "green", "2025-03", fingerprint) as study:
        for _ in range(count):
            study.advance(judge)
        return study.tried(most)


def states(folder: Path) -> list[str]:
    """Every trial that was begun, as Optuna's own client sees it."""
    import optuna

    storage = optuna.storages.RDBStorage(f"sqlite:///{folder / 'green-2025-03.db'}")
    try:
        study = optuna.load_study(study_name="green-2025-03-abc", storage=storage)
        return [trial.state.name for trial in study.get_trials()]
    finally:
        storage.remove_session()
        storage.engine.dispose()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[Tried]:
    return advance(tmp_path_factory.mktemp("undisturbed"), TRIALS)


def test_the_first_trial_has_the_defaults(undisturbed: list[Tried]) -> None:
    assert undisturbed[0].values == DEFAULTS
    assert undisturbed[0].values["lambda_l2"] == PARAMETERS["lambda_l2"]
    assert not undisturbed[0].pruned


def test_every_trial_is_another_one_within_the_space(undisturbed: list[Tried]) -> None:
    assert [trial.number for trial in undisturbed] == list(range(TRIALS))
    assert len({tuple(trial.values.values()) for trial in undisturbed}) == TRIALS
    for trial in undisturbed[1:]:
        assert all(0 <= trial.values[n] <= found.high for n, found in SPACE.items())
        assert isinstance(trial.values["num_leaves"], int)


def test_the_best_is_never_worse_than_the_defaults(undisturbed: list[Tried]) -> None:
    assert best(undisturbed).mae_usd <= undisturbed[0].mae_usd
    assert best(undisturbed[:1]) == undisturbed[0]


def test_hopeless_trials_are_given_up_and_never_the_best(undisturbed: list[Tried]) -> None:
    pruned = [trial for trial in undisturbed if trial.pruned]

    assert pruned
    assert all(len(trial.losses) < 2 for trial in pruned)
    assert not best(undisturbed).pruned


@pytest.mark.parametrize("parts", [(3, 11), (0, 1, 13), (6, 8)], ids=str)
def test_a_study_in_parts_tries_the_same(
    tmp_path: Path, undisturbed: list[Tried], parts: tuple[int, ...]
) -> None:
    for count in parts:
        found = advance(tmp_path, count)

    assert found == undisturbed


@pytest.mark.parametrize("at", [0, 3])
@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_study_that_an_error_interrupts_tries_the_same_again(
    tmp_path: Path, undisturbed: list[Tried], at: int, error: type[BaseException]
) -> None:
    def broken(parameters: Parameters, watch: Watch) -> Iterator[float]:
        yield next(judge(parameters, watch))
        raise error

    advance(tmp_path, at)
    with open_study(tmp_path, "green", "2025-03", "abc") as study, pytest.raises(error):
        study.advance(broken)
    found = advance(tmp_path, TRIALS - at)

    assert found == undisturbed
    assert states(tmp_path)[at] == "FAIL"


def die_in_a_trial(folder: Path) -> None:
    """Be killed at the first report of a trial."""

    def deadly(parameters: Parameters, watch: Watch) -> Iterator[float]:
        os.kill(os.getpid(), signal.SIGKILL)
        yield from judge(parameters, watch)

    with open_study(folder, "green", "2025-03", "abc") as study:
        study.advance(deadly)


@pytest.mark.parametrize("at", [0, 11])
def test_a_killed_process_leaves_a_trial_that_the_next_one_buries_and_tries_again(
    tmp_path: Path, undisturbed: list[Tried], at: int
) -> None:
    advance(tmp_path, at)
    process = get_context("spawn").Process(target=die_in_a_trial, args=(tmp_path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert states(tmp_path)[at] == "RUNNING"

    found = advance(tmp_path, TRIALS - at)

    assert found == undisturbed
    assert states(tmp_path)[at] == "FAIL"
    assert "RUNNING" not in states(tmp_path)


def test_fewer_trials_are_the_first_ones(tmp_path: Path, undisturbed: list[Tried]) -> None:
    assert advance(tmp_path, 6, most=4) == undisturbed[:4]


def test_other_rides_begin_another_study(tmp_path: Path) -> None:
    advance(tmp_path, 3)

    assert advance(tmp_path, 0, fingerprint="def") == []
    assert len(advance(tmp_path, 0)) == 3
