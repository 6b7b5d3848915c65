"""The published tariff on an estimated ride."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.estimate import CREEP_MPH, CRUISE_MPH, metered_units, tariff_estimate_usd
from taxi_assets.domain.tariff import minimum_fare_usd

HARLEM, ASTORIA, FLUSHING, EWR, KENNEDY = 41, 7, 92, 1, 132
NOON = "2025-03-03 12:00:00"
MILES, MINUTES = st.floats(0, 60), st.floats(0, 180)


def fare(
    miles: float,
    minutes: float,
    start: int = ASTORIA,
    end: int = FLUSHING,
    at: str = NOON,
    fleet: str = "green",
) -> float:
    ride = np.array([miles]), np.array([minutes]), np.array([start]), np.array([end])
    return tariff_estimate_usd(*ride, np.array([at], "datetime64[s]"), fleet=fleet).item()


@pytest.mark.parametrize(
    ("miles", "minutes", "usd"),
    [
        pytest.param(0.0, 0.0, 3.00, id="the drop alone"),
        pytest.param(0.0, 5.0, 6.50, id="five minutes of standing"),
        pytest.param(5.0, 60.0, 45.00, id="an hour of creeping"),
        pytest.param(15.0, 30.0, 55.50, id="half an hour of cruising"),
        pytest.param(60.0, 60.0, 213.00, id="faster than a cruise is all road"),
        pytest.param(2.5, 6.0, 12.10, id="one minute in five creeps"),
    ],
)
def test_an_estimate_can_be_worked_out_by_hand(miles: float, minutes: float, usd: float) -> None:
    assert fare(miles, minutes) == usd


@pytest.mark.parametrize(
    ("start", "end", "at", "fleet", "usd"),
    [
        (HARLEM, KENNEDY, NOON, "green", 70.00),
        (KENNEDY, HARLEM, NOON, "yellow", 70.00),
        (KENNEDY, HARLEM, NOON, "green", 55.50),
        (HARLEM, EWR, NOON, "green", 75.50),
        (HARLEM, KENNEDY, "2022-12-18 23:59:59", "green", 52.00),
        (HARLEM, EWR, "2022-12-18 23:59:59", "green", 57.50),
        (ASTORIA, FLUSHING, "2022-12-18 23:59:59", "green", 40.00),
    ],
)
def test_airports_and_years_have_prices_of_their_own(
    start: int, end: int, at: str, fleet: str, usd: float
) -> None:
    assert fare(15.0, 30.0, start, end, at, fleet) == usd


@given(
    miles=MILES,
    minutes=MINUTES,
    more=st.floats(0, 10),
    end=st.sampled_from([FLUSHING, HARLEM, EWR, KENNEDY]),
    at=st.sampled_from(["2019-06-03 12:00:00", NOON]),
)
def test_going_on_never_makes_a_ride_cheaper_nor_than_the_minimum(
    miles: float, minutes: float, more: float, end: int, at: str
) -> None:
    usual = fare(miles, minutes, ASTORIA, end, at)

    assert usual >= minimum_fare_usd(np.array([at], "datetime64[s]")).item()
    assert fare(miles + more, minutes, ASTORIA, end, at) >= usual
    assert fare(miles, minutes + more, ASTORIA, end, at) >= usual


@given(miles=MILES, minutes=MINUTES)
def test_creeping_and_cruising_add_up_to_the_ride(miles: float, minutes: float) -> None:
    (fast,), (slow,) = metered_units(np.array([miles]), np.array([minutes]))

    assert 0.0 <= slow <= minutes
    assert fast >= 0.0
    if CREEP_MPH * minutes <= 60.0 * miles <= CRUISE_MPH * minutes:
        assert fast + CREEP_MPH * slow / 60.0 == pytest.approx(miles, abs=1e-9)
        assert 60.0 * fast / CRUISE_MPH + slow == pytest.approx(minutes, abs=1e-9)


@pytest.mark.parametrize(
    ("miles", "minutes", "at", "reason"),
    [
        (-0.1, 5.0, NOON, "negative or not a number"),
        (float("nan"), 5.0, NOON, "negative or not a number"),
        (1.0, float("inf"), NOON, "negative or not a number"),
        (1.0, 5.0, "2012-09-03 23:59:59", "known since 2012-09-04"),
    ],
)
def test_what_cannot_be_metered_is_refused(
    miles: float, minutes: float, at: str, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        fare(miles, minutes, at=at)
