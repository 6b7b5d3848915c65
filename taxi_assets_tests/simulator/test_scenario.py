"""Injections change the months from their start on, in their own way, and no month before."""

from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.simulator import Scenario, simulate
from taxi_assets.simulator.city import MANHATTAN, QUEENS, the_city
from taxi_assets_tests.simulator.conftest import canonical, clean

MONTHS = ["2025-03", "2025-04", "2025-05"]
SCENARIOS = {
    "tariff rise": Scenario(tariff_rise_from="2025-04"),
    "closed bridge": Scenario(closed_bridge_from="2025-04"),
    "broken meter": Scenario(broken_meter_from="2025-04"),
}


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, green: Fleet) -> list[Path]:
    return simulate(tmp_path_factory.mktemp("calm"), fleet=green, months=MONTHS, rows=20_000)


@pytest.fixture(scope="module")
def eventful(tmp_path_factory: pytest.TempPathFactory, green: Fleet) -> dict[str, list[Path]]:
    return {
        name: simulate(
            tmp_path_factory.mktemp("eventful"),
            fleet=green,
            months=MONTHS,
            rows=20_000,
            scenario=scenario,
        )
        for name, scenario in SCENARIOS.items()
    }


def trips_of(path: Path) -> pd.DataFrame:
    return canonical(pq.read_table(path))


@pytest.mark.parametrize("name", SCENARIOS)
def test_months_before_the_start_are_the_same_bytes(
    calm: list[Path], eventful: dict[str, list[Path]], name: str
) -> None:
    same = [
        one.read_bytes() == other.read_bytes()
        for one, other in zip(calm, eventful[name], strict=True)
    ]

    assert same == [True, False, False]


def test_a_tariff_rise_raises_fares_by_its_factor(
    calm: list[Path], eventful: dict[str, list[Path]]
) -> None:
    before, after = clean(trips_of(calm[1])), clean(trips_of(eventful["tariff rise"][1]))

    assert after["fare_amount"].mean() == pytest.approx(
        before["fare_amount"].mean() * 1.1, rel=0.01
    )
    assert after["trip_distance"].median() == before["trip_distance"].median()


def test_a_closed_bridge_lengthens_only_rides_across(
    calm: list[Path], eventful: dict[str, list[Path]]
) -> None:
    borough = the_city().borough

    def split(path: Path) -> tuple[float, float]:
        trips = clean(trips_of(path))
        ends = borough[trips["PULocationID"]], borough[trips["DOLocationID"]]
        across = (ends[0] == MANHATTAN) & (ends[1] == QUEENS)
        across |= (ends[0] == QUEENS) & (ends[1] == MANHATTAN)
        distance = trips["trip_distance"]
        return distance[across].median(), distance[~across].median()

    open_across, open_elsewhere = split(calm[1])
    closed_across, closed_elsewhere = split(eventful["closed bridge"][1])

    assert closed_across == pytest.approx(open_across + 3.0, rel=0.1)
    assert closed_elsewhere == open_elsewhere


def test_broken_meters_are_one_vendors(calm: list[Path], eventful: dict[str, list[Path]]) -> None:
    def useless(path: Path, vendor: int) -> float:
        trips = trips_of(path)
        distance = trips.loc[trips["VendorID"] == vendor, "trip_distance"]
        return float(((distance <= 0) | (distance > 100)).mean())

    broken = eventful["broken meter"][1]

    assert useless(broken, 1) > useless(calm[1], 1) + 0.25
    assert useless(broken, 2) == pytest.approx(useless(calm[1], 2), abs=0.002)


@pytest.mark.parametrize(
    "nonsense",
    [
        {"tariff_rise_from": "May 2025"},
        {"tariff_rise_factor": 0.0},
        {"closed_bridge_detour_mi": -1.0},
        {"broken_meter_share": 1.5},
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(nonsense: dict[str, float | str]) -> None:
    with pytest.raises(UsageError):
        Scenario(**nonsense)  # type: ignore[arg-type]
