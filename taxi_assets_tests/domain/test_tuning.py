"""Tuning: the folds, the space that is searched, and what a set of parameters is worth."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.history import Rides
from taxi_assets.domain.model import PARAMETERS
from taxi_assets.domain.trees import dataset, fit
from taxi_assets.domain.tuning import (
    DEFAULTS,
    MAX_ROUNDS,
    SPACE,
    Range,
    cut_points,
    fingerprint,
    losses,
    make_folds,
    parameters_of,
    told,
)
from taxi_assets.domain.window import Window
from taxi_assets.domain.zones import BOROUGHS

DAY = np.timedelta64(1, "D")
START = np.datetime64("2025-01-01T00:00:00")


@pytest.fixture(scope="module")
def zones() -> pd.DataFrame:
    """Squares of a mile: zone z at column z % 20, row z // 20."""
    ids = np.arange(1, 264)
    columns = {"zone": ids, "x_mi": ids % 20 + 0.5, "y_mi": ids // 20 + 0.5, "area_sqmi": 1.0}
    return pd.DataFrame({**columns, "borough": [BOROUGHS[1 + zone % 2] for zone in ids]})


def rides(count: int, days: float = 59, seed: int = 1) -> Window:
    """Rides over so many days, the last at their very end, at 3 dollars a mile and 3 more."""
    rng = np.random.default_rng(seed)
    here, there = rng.integers(1, 264, (2, count)).astype(np.int32)
    miles = np.hypot(here % 20 - there % 20, here // 20 - there // 20).astype(np.float32) + 0.5
    fare = 3 + 3 * miles * rng.lognormal(0, 0.2, count).astype(np.float32)
    seconds = np.linspace(0, days * 86_400, count).astype("timedelta64[s]")
    found = Rides(here, there, START + seconds, fare, miles, (4 * miles).astype(np.float32))
    unknown, level = np.full(count, np.nan, np.float32), np.ones(count, np.float32)
    return Window({"2025-01": count // 2, "2025-02": count - count // 2}, found, unknown, level)


def unwatched(step: int, loss: float) -> None:
    """Let every trial go on."""


def test_the_defaults_lie_in_the_space_and_come_back_as_they_are() -> None:
    searched = {name: SPACE[name].searched(value) for name, value in DEFAULTS.items()}

    assert all(SPACE[n].low <= value <= SPACE[n].high for n, value in searched.items())
    assert parameters_of(searched) == PARAMETERS
    assert parameters_of(DEFAULTS) == PARAMETERS


@pytest.mark.parametrize(
    ("searched", "value"), [(1e-3, 0.0), (1.1e-3, 1.1e-3), (50.0, 50.0)], ids=str
)
def test_the_least_penalty_of_the_search_is_none(searched: float, value: float) -> None:
    assert SPACE["lambda_l2"].value(searched) == value


@pytest.mark.parametrize("name", [name for name, found in SPACE.items() if found.whole])
def test_counts_stay_whole_when_a_table_has_kept_them_as_fractions(name: str) -> None:
    value = parameters_of({**DEFAULTS, name: 31.0})[name]

    assert value == 31
    assert isinstance(value, int)


def test_what_is_not_tuned_stays_as_by_default() -> None:
    assert parameters_of({"num_leaves": 31.0}) == {**PARAMETERS, "num_leaves": 31}


@pytest.mark.parametrize(
    ("days", "weeks"), [(42, [2]), (55.9, [2]), (56, [4, 2]), (70, [6, 4, 2]), (365, [6, 4, 2])]
)
def test_cuts_are_two_weeks_apart_and_leave_four_weeks_before_them(
    days: float, weeks: list[int]
) -> None:
    at = rides(100, days).rides.pickup_at

    assert cut_points(at) == [at.max() - 7 * count * DAY for count in weeks]


@pytest.mark.parametrize("window", [rides(100, 41.9), rides(0)], ids=["too short", "empty"])
def test_a_window_without_room_for_a_fold_is_an_error(window: Window, zones: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="at least six weeks"):
        make_folds(window, zones, threads=1)


def test_a_gap_of_two_weeks_after_a_cut_is_an_error(zones: pd.DataFrame) -> None:
    window = rides(2_000)
    at = window.rides.pickup_at
    gap = (at >= at.max() - 28 * DAY) & (at <= at.max() - 14 * DAY)

    with pytest.raises(DataError, match="in the two weeks after it"):
        make_folds(window.take(~gap), zones, threads=1)


def test_a_fold_learns_from_all_rides_before_its_cut_and_is_tested_on_the_two_weeks_after(
    zones: pd.DataFrame,
) -> None:
    window = rides(2_000)
    at = window.rides.pickup_at

    folds = make_folds(window, zones, threads=1)

    for fold, cut in zip(folds, cut_points(at), strict=True):
        after = (at >= cut) & (at <= cut + 14 * DAY)
        np.testing.assert_allclose(fold.label, np.sqrt(window.rides.fare_usd[at < cut]))
        np.testing.assert_allclose(fold.fares, window.rides.fare_usd[after])
        assert fold.features.shape == (after.sum(), 40)


def test_no_fold_knows_what_rides_after_its_two_weeks_cost(zones: pd.DataFrame) -> None:
    window = rides(2_000)
    late = window.rides.pickup_at > cut_points(window.rides.pickup_at)[-1]
    dearer = window.take(slice(None))
    dearer.rides.fare_usd[late] *= 5

    before, after = (
        next(losses(make_folds(w, zones, 1), PARAMETERS, 1, unwatched))
        for w in (rides(2_000), dearer)
    )

    assert before == after


def test_the_loss_is_the_mean_absolute_error_of_a_model_trained_by_itself(
    zones: pd.DataFrame,
) -> None:
    chosen = parameters_of({**DEFAULTS, "num_leaves": 15.0, "min_data_in_leaf": 150.0})
    folds = make_folds(rides(2_000), zones, threads=1)
    list(losses(folds, PARAMETERS, 1, unwatched))  # an earlier trial on the same binned rides

    found = list(losses(folds, chosen, 1, unwatched))

    for fold, loss in zip(make_folds(rides(2_000), zones, threads=1), found, strict=True):
        booster = fit(fold.data, fold.label, told(chosen, 1), MAX_ROUNDS, fold.test)
        said = booster.predict(fold.features, num_iteration=booster.best_iteration) ** 2
        assert loss == pytest.approx(np.abs(said - fold.fares).mean())
        assert "[num_leaves: 15]" in booster.model_to_string()
        assert "[min_data_in_leaf: 150]" in booster.model_to_string()


def test_a_trial_is_watched_between_folds_and_late_in_each(
    zones: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxi_assets.domain.tuning.LOOKS", (50, 60))
    folds, seen = make_folds(rides(2_000), zones, 1), {}

    found = list(losses(folds, PARAMETERS, 1, seen.__setitem__))

    assert list(seen) == [50, 60, MAX_ROUNDS, MAX_ROUNDS + 50, MAX_ROUNDS + 60]
    assert seen[MAX_ROUNDS] == found[0] / folds[0].spread_usd
    assert 0 < seen[MAX_ROUNDS] < seen[50] * 1.5 < 1.5


def test_the_watch_ends_a_trial_by_raising(zones: pd.DataFrame) -> None:
    class EnoughError(Exception):
        pass

    def stop(step: int, loss: float) -> None:
        raise EnoughError

    with pytest.raises(EnoughError):
        list(losses(make_folds(rides(2_000), zones, 1), PARAMETERS, 1, stop))


def test_more_rides_than_a_trial_can_take_are_thinned_evenly(
    zones: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taxi_assets.domain.tuning.MOST_RIDES", 900)

    folds = make_folds(rides(2_000), zones, threads=1)

    assert len(folds[-1].label) + len(folds[-1].fares) == 667  # every third


VERSIONS = {"green.trip_features": {"2025-01": "a", "2025-02": "b"}}


@pytest.mark.parametrize(
    ("versions", "threads"),
    [
        ({"green.trip_features": {"2025-01": "a", "2025-02": "c"}}, 1),
        ({"green.trip_features": {"2025-01": "a"}}, 1),
        (VERSIONS, 2),
    ],
    ids=["other rows", "fewer months", "other threads"],
)
def test_whatever_a_trial_depends_on_makes_another_study(
    versions: dict[str, dict[str, str]], threads: int
) -> None:
    assert fingerprint(versions, threads) != fingerprint(VERSIONS, 1)


def test_another_space_makes_another_study(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint(VERSIONS, 1)

    monkeypatch.setitem(SPACE, "num_leaves", Range(15, 255, whole=True))

    assert fingerprint(VERSIONS, 1) != before


def test_the_binned_rides_take_any_parameters_of_the_space() -> None:
    rng = np.random.default_rng(3)
    data = dataset(rng.random((500, 40), np.float32), told(PARAMETERS, 1))

    for end in ("low", "high"):
        values = {name: getattr(found, end) for name, found in SPACE.items()}
        booster = fit(data, rng.random(500), told(parameters_of(values), 1), 3)
        assert isinstance(booster, lgb.Booster)
