"""What each surcharge cost, to the second it changed."""

from dataclasses import asdict

import numpy as np
import pytest

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.price_list import prices_at


@pytest.mark.parametrize(
    ("name", "changed", "green", "yellow"),
    [
        ("night", "2022-12-19", (0.50, 1.00), (0.50, 1.00)),
        ("rush", "2022-12-19", (1.00, 2.50), (1.00, 2.50)),
        ("jfk_rush", "2022-12-19", (4.50, 5.00), (4.50, 5.00)),
        ("laguardia", "2022-12-19", (0.00, 5.00), (0.00, 5.00)),
        ("improvement", "2022-12-19", (0.30, 1.00), (0.30, 1.00)),
        ("mta_tax", "2022-12-19", (0.50, 0.50), (0.50, 0.50)),
        ("congestion", "2019-02-02", (0.00, 2.75), (0.00, 2.50)),
        ("cbd", "2025-01-05", (0.00, 0.75), (0.00, 0.75)),
        ("airport", "2021-04-05", (0.00, 0.00), (0.00, 1.25)),
        ("airport", "2022-10-01", (0.00, 0.00), (1.25, 1.75)),
        ("airport", "2026-03-15", (0.00, 0.00), (1.75, 2.00)),
    ],
)
def test_a_price_changes_at_midnight(
    name: str, changed: str, green: tuple[float, float], yellow: tuple[float, float]
) -> None:
    midnight = np.datetime64(changed, "s")
    around = np.array([midnight - 1, midnight])

    for fleet, prices in (("green", green), ("yellow", yellow)):
        assert tuple(asdict(prices_at(around, fleet=fleet))[name]) == prices


@pytest.mark.parametrize("at", ["2018-12-31 23:59:59", "NaT"])
def test_a_time_without_prices_is_refused(at: str) -> None:
    with pytest.raises(UsageError, match="surcharge schedule is known since 2019-01-01"):
        prices_at(np.array(["2025-03-03", at], "datetime64[s]"), fleet="green")


def test_a_fleet_without_prices_is_refused() -> None:
    with pytest.raises(UsageError, match="no fleet 'blue'"):
        prices_at(np.array(["2025-03-03"], "datetime64[s]"), fleet="blue")
