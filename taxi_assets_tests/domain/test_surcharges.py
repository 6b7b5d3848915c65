"""Surcharges against bills worked out by hand."""

from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.price_list import prices_at
from taxi_assets.domain.surcharges import (
    Circumstances,
    Surcharges,
    expected_rate_code,
    expected_surcharges,
    expected_total_usd,
    surcharges_usd,
)
from taxi_assets.domain.tariff import JFK, NEGOTIATED, NEWARK, STANDARD

MIDTOWN, LINCOLN_SQUARE, HARLEM, ASTORIA, FLUSHING = 161, 142, 41, 7, 92
EWR, KENNEDY, LGA = 1, 132, 138
NOON = "2025-03-03 12:00:00"  # a Monday


def charged(start: int, end: int, pickup_at: str = NOON, fleet: str = "green") -> Surcharges:
    zones = np.array([start]), np.array([end])
    return expected_surcharges(*zones, np.array([pickup_at], "datetime64[s]"), fleet=fleet)


def bill(start: int, end: int, pickup_at: str = NOON, fleet: str = "green") -> list[float]:
    """Extra, tax, improvement, congestion, business district and airport, in that order."""
    return [column.item() for column in astuple(charged(start, end, pickup_at, fleet))]


@pytest.mark.parametrize("fleet", ["green", "yellow"])
@pytest.mark.parametrize(
    ("pickup_at", "extra"),
    [
        ("2025-03-03 15:59:59", 0.00),
        ("2025-03-03 16:00:00", 2.50),
        ("2025-03-03 19:59:59", 2.50),
        ("2025-03-03 20:00:00", 1.00),
        ("2025-03-04 05:59:59", 1.00),
        ("2025-03-04 06:00:00", 0.00),
        ("2025-03-07 17:00:00", 2.50),  # a Friday
        ("2025-03-08 17:00:00", 0.00),  # a Saturday
        ("2025-03-09 17:00:00", 0.00),  # a Sunday
        ("2025-03-08 20:00:00", 1.00),
        ("2025-01-20 17:00:00", 0.00),  # Martin Luther King's day
        ("2025-01-20 20:00:00", 1.00),
        ("2023-02-13 17:00:00", 2.50),  # the state's holiday only
        ("2022-12-16 17:00:00", 1.00),
        ("2022-12-18 23:59:59", 0.50),
        ("2022-12-19 00:00:00", 1.00),
    ],
)
def test_nights_and_rush_hours_cost_extra(pickup_at: str, extra: float, fleet: str) -> None:
    assert bill(ASTORIA, FLUSHING, pickup_at, fleet)[0] == extra


@pytest.mark.parametrize(
    ("pickup_at", "extra"),
    [
        ("2025-03-03 17:00:00", 5.00),
        ("2025-03-03 23:00:00", 0.00),
        ("2025-01-20 17:00:00", 0.00),  # a holiday
        ("2022-12-16 17:00:00", 4.50),
    ],
)
def test_the_flat_fare_knows_a_rush_hour_and_no_night(pickup_at: str, extra: float) -> None:
    assert bill(HARLEM, KENNEDY, pickup_at)[0] == extra


@pytest.mark.parametrize(
    ("fleet", "start", "end", "extra"),
    [
        ("green", ASTORIA, LGA, 5.00),
        ("green", LGA, ASTORIA, 0.00),
        ("yellow", ASTORIA, LGA, 5.00),
        ("yellow", LGA, ASTORIA, 5.00),
        ("yellow", LGA, LGA, 5.00),
    ],
)
def test_laguardia_has_a_surcharge_of_its_own(
    fleet: str, start: int, end: int, extra: float
) -> None:
    assert bill(start, end, NOON, fleet)[0] == extra


@pytest.mark.parametrize(
    ("fleet", "start", "end", "pickup_at", "expected"),
    [
        pytest.param(
            "green", ASTORIA, MIDTOWN, "2025-01-04 12:00:00", [0, 0.5, 1, 2.75, 0, 0], id="no toll"
        ),
        pytest.param(
            "green", ASTORIA, MIDTOWN, "2025-01-05 12:00:00", [0, 0.5, 1, 2.75, 0.75, 0], id="toll"
        ),
        pytest.param("green", LINCOLN_SQUARE, HARLEM, NOON, [0, 0.5, 1, 2.75, 0, 0], id="at 62nd"),
        pytest.param("green", HARLEM, ASTORIA, NOON, [0, 0.5, 1, 0, 0, 0], id="uptown"),
        pytest.param("yellow", MIDTOWN, HARLEM, NOON, [0, 0.5, 1, 2.5, 0.75, 0], id="yellow"),
        pytest.param("yellow", LGA, MIDTOWN, NOON, [5, 0.5, 1, 2.5, 0.75, 1.75], id="LaGuardia"),
        pytest.param("yellow", KENNEDY, HARLEM, NOON, [0, 0.5, 1, 0, 0, 1.75], id="Kennedy"),
        pytest.param("yellow", HARLEM, KENNEDY, NOON, [0, 0.5, 1, 0, 0, 0], id="to Kennedy"),
        pytest.param("green", KENNEDY, ASTORIA, NOON, [0, 0.5, 1, 0, 0, 0], id="green has no fee"),
        pytest.param("green", ASTORIA, EWR, NOON, [0, 0, 1, 0, 0, 0], id="New Jersey is untaxed"),
    ],
)
def test_surcharges_stand_beside_the_fare(
    fleet: str, start: int, end: int, pickup_at: str, expected: list[float]
) -> None:
    assert bill(start, end, pickup_at, fleet) == expected


def test_a_negotiated_fare_has_neither_night_nor_rush_hour() -> None:
    no = np.zeros(2, np.bool_)
    at = np.array(["2025-03-03 17:00", "2025-03-03 23:00"], "datetime64[s]")
    code = np.array([NEGOTIATED, NEGOTIATED])

    bills = surcharges_usd(
        Circumstances(at, code, no, no, no, no, no, no), prices_at(at, fleet="green")
    )

    assert bills.total_usd().tolist() == [1.00, 1.00]


@pytest.mark.parametrize(
    ("start", "end", "green", "yellow"),
    [
        (HARLEM, KENNEDY, JFK, JFK),
        (KENNEDY, MIDTOWN, STANDARD, JFK),
        (ASTORIA, KENNEDY, STANDARD, STANDARD),
        (KENNEDY, KENNEDY, STANDARD, STANDARD),
        (MIDTOWN, EWR, NEWARK, NEWARK),
        (EWR, MIDTOWN, STANDARD, STANDARD),
        (MIDTOWN, LGA, STANDARD, STANDARD),
    ],
)
def test_zones_tell_the_rate_as_far_as_they_can(
    start: int, end: int, green: int, yellow: int
) -> None:
    zones = np.array([start]), np.array([end])

    assert expected_rate_code(*zones, fleet="green").tolist() == [green]
    assert expected_rate_code(*zones, fleet="yellow").tolist() == [yellow]


def test_the_total_is_the_fare_and_what_stands_beside_it_to_the_cent() -> None:
    total = expected_total_usd(np.array([13.499]), charged(ASTORIA, MIDTOWN))

    assert total.tolist() == [18.50]


@given(
    rides=st.lists(
        st.tuples(st.integers(1, 263), st.integers(1, 263), st.integers(0, 8 * 366 * 86400)),
        min_size=1,
        max_size=20,
    ),
    fleet=st.sampled_from(["green", "yellow"]),
)
def test_rides_billed_together_are_billed_as_alone(
    rides: list[tuple[int, int, int]], fleet: str
) -> None:
    start, end, second = (np.array(column) for column in zip(*rides, strict=True))
    at = np.datetime64("2019-01-01", "s") + second

    together = expected_surcharges(start, end, at, fleet=fleet)

    for i, ride in enumerate(zip(start, end, at, strict=True)):
        alone = bill(ride[0], ride[1], str(ride[2]), fleet)
        assert [column[i] for column in astuple(together)] == alone
        assert 0.30 <= sum(alone) <= 15.00


@pytest.mark.parametrize(
    ("start", "end", "pickup_at", "fleet", "reason"),
    [
        (0, 7, NOON, "green", "taxi zones 1 to 263"),
        (7, 264, NOON, "green", "taxi zones 1 to 263"),
        (7, 7, NOON, "blue", "no fleet 'blue'"),
        (7, 7, "2018-12-31 23:59:59", "green", "known since 2019-01-01"),
        (7, 7, "2051-01-01 00:00:00", "green", "2009 to 2050"),
        (7, 7, "NaT", "green", "missing"),
    ],
)
def test_what_is_not_known_is_refused_and_not_guessed(
    start: int, end: int, pickup_at: str, fleet: str, reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        charged(start, end, pickup_at, fleet)
