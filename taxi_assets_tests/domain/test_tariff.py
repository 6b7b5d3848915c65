"""The tariff against fares worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.tariff import (
    JFK,
    NEWARK,
    OUTSIDE,
    STANDARD,
    TARIFF,
    fare_usd,
    minimum_fare_usd,
)


@pytest.mark.parametrize(
    ("rate_code", "fast_mi", "slow_min", "fare"),
    [
        pytest.param(STANDARD, 0.0, 0.0, 3.00, id="the drop alone"),
        pytest.param(STANDARD, 0.19, 0.0, 3.00, id="no whole unit yet"),
        pytest.param(STANDARD, 0.2, 0.0, 3.70, id="one unit of road"),
        pytest.param(STANDARD, 0.0, 1.0, 3.70, id="one unit of standing"),
        pytest.param(STANDARD, 3.0, 0.0, 13.50, id="15 units despite binary floats"),
        pytest.param(STANDARD, 2.0, 5.0, 13.50, id="10 units of road and 5 of time"),
        pytest.param(STANDARD, 0.1, 0.5, 3.70, id="half units add up"),
        pytest.param(JFK, 17.0, 30.0, 70.00, id="flat whatever the road"),
        pytest.param(NEWARK, 15.0, 10.0, 82.50, id="85 units and 20 dollars"),
        pytest.param(OUTSIDE, 10.0, 0.0, 55.50, id="half of 50 units count twice"),
        pytest.param(99, 2.0, 5.0, 13.50, id="an unknown code is metered"),
    ],
)
def test_a_fare_is_what_the_rate_card_says(
    rate_code: int, fast_mi: float, slow_min: float, fare: float
) -> None:
    metered = fare_usd(
        np.array([rate_code]), np.array([fast_mi]), np.array([slow_min]), outside_share=0.5
    )

    assert metered.tolist() == [fare]


@given(fast=st.floats(0, 90), slow=st.floats(0, 300), more=st.floats(0, 10), factor=st.floats(1, 3))
def test_going_on_never_makes_a_ride_cheaper_and_neither_does_a_rise(
    fast: float, slow: float, more: float, factor: float
) -> None:
    code, fast_mi, slow_min = np.array([STANDARD]), np.array([fast]), np.array([slow])

    fare = fare_usd(code, fast_mi, slow_min)

    assert fare_usd(code, fast_mi + more, slow_min) >= fare
    assert fare_usd(code, fast_mi, slow_min + more) >= fare
    assert fare_usd(code, fast_mi, slow_min, tariff=TARIFF.raised(factor)) >= fare


def test_a_raised_tariff_raises_prices_and_no_distances() -> None:
    raised = TARIFF.raised(1.10)

    prices = (raised.drop_usd, raised.unit_usd, raised.jfk_flat_usd, raised.newark_extra_usd)
    assert prices == (3.30, 0.77, 77.00, 22.00)
    assert (raised.unit_mi, raised.unit_min) == (TARIFF.unit_mi, TARIFF.unit_min)
    assert TARIFF.raised(1.0) == TARIFF


@pytest.mark.parametrize(
    ("pickup_at", "minimum"),
    [
        ("2012-09-04 00:00:00", 2.50),
        ("2022-12-18 23:59:59", 2.50),
        ("2022-12-19 00:00:00", 3.00),
        ("2025-03-03 12:00:00", 3.00),
    ],
)
def test_the_least_a_meter_shows_is_its_drop(pickup_at: str, minimum: float) -> None:
    assert minimum_fare_usd(np.array([pickup_at], "datetime64[s]")).tolist() == [minimum]


@pytest.mark.parametrize("pickup_at", ["2012-09-03 23:59:59", "NaT"])
def test_no_minimum_is_made_up_for_a_time_without_a_tariff(pickup_at: str) -> None:
    with pytest.raises(UsageError, match="taxi tariff is known since 2012-09-04"):
        minimum_fare_usd(np.array(["2025-03-03", pickup_at], "datetime64[s]"))
