"""Parts of a month: every ride in one part of each kind."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.slices import Slicing, joined, slicings
from taxi_assets.domain.zones import BOROUGHS

ZONES = pd.DataFrame(
    {"zone": [1, 74, 132, 230], "service_zone": ["EWR", "Boro Zone", "Airports", "Yellow Zone"]}
)


def parts_of(rate_code: float = 1.0, **features: float) -> dict[str, str]:
    """The part of each kind that one ride is in."""
    ride = {"pickup_zone": 74.0, **features}
    matrix = np.zeros((1, len(FEATURES)), np.float32)
    for name, value in ride.items():
        matrix[0, list(FEATURES).index(name)] = value
    found = slicings(matrix, np.array([rate_code]), ZONES)
    return {each.name: value for each in found for value, _ in each.parts()}


@pytest.mark.parametrize(
    ("miles", "band"),
    [
        (0.0, "under 1 mi"),
        (0.99, "under 1 mi"),
        (1.0, "1-2 mi"),
        (2.0, "2-3 mi"),
        (3.0, "3-5 mi"),
        (5.0, "5-8 mi"),
        (7.99, "5-8 mi"),
        (8.0, "8 mi and more"),
    ],
)
def test_a_ride_is_as_long_as_the_straight_line_between_its_zones(miles: float, band: str) -> None:
    assert parts_of(straight_mi=miles)["distance_band"] == band


def test_a_ride_inside_one_zone_has_no_length() -> None:
    assert parts_of(straight_mi=0.0, same_zone=1.0)["distance_band"] == "same zone"


@pytest.mark.parametrize(
    ("hour", "band"),
    [
        (0, "0-5 h"),
        (5.99, "0-5 h"),
        (6, "6-9 h"),
        (10, "10-15 h"),
        (16, "16-19 h"),
        (20, "20-23 h"),
    ],
)
def test_hours_fall_into_bands(hour: float, band: str) -> None:
    assert parts_of(minute_of_day=hour * 60)["hour_band"] == band


@pytest.mark.parametrize(
    ("code", "rate"),
    [(1.0, "metered"), (2.0, "metered"), (5.0, "negotiated"), (float("nan"), "unknown")],
)
def test_only_rate_code_5_is_negotiated(code: float, rate: str) -> None:
    assert parts_of(rate_code=code)["rate"] == rate


@pytest.mark.parametrize(("zone", "name"), [(1, "EWR"), (132, "Airports"), (230, "Yellow Zone")])
def test_the_service_zone_is_that_of_the_pick_up(zone: int, name: str) -> None:
    assert parts_of(pickup_zone=zone)["service_zone"] == name


def test_borough_weekday_and_route_are_those_of_the_features() -> None:
    found = parts_of(pickup_borough=BOROUGHS.index("Queens"), weekday=6, route_trips=3)

    assert (found["pickup_borough"], found["weekday"]) == ("Queens", "Sunday")
    assert found["route"] == "seen"
    assert parts_of(route_trips=0)["route"] == "unseen"


@given(codes=st.lists(st.integers(0, 2)))
def test_every_ride_is_in_exactly_one_part(codes: list[int]) -> None:
    slicing = Slicing("kind", ("a", "b", "c"), np.array(codes, np.int8))

    found = {value: rides.tolist() for value, rides in slicing.parts()}

    assert sorted(ride for rides in found.values() for ride in rides) == list(range(len(codes)))
    assert all(codes[ride] == "abc".index(v) for v, rides in found.items() for ride in rides)
    assert all(rides == sorted(rides) for rides in found.values())


def test_batches_join_to_what_they_were_cut_from() -> None:
    whole = Slicing("kind", ("a", "b"), np.array([0, 1, 1, 0, 1], np.int8))
    cut = [[Slicing("kind", ("a", "b"), whole.codes[rows])] for rows in (slice(2), slice(2, 5))]

    (found,) = joined(cut)

    assert (found.name, found.values) == (whole.name, whole.values)
    assert found.codes.tolist() == whole.codes.tolist()
