"""The ways in which reports part a month."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.groups import (
    LOOKED_AT,
    PAIRS,
    groupings,
    performance_slicings,
    rides_of,
)
from taxi_assets.domain.slices import Slicing, slicings
from taxi_assets.domain.zones import BOROUGHS

ZONES = pd.DataFrame({"zone": [1, 74], "service_zone": ["EWR", "Boro Zone"]})
METERED = np.array([1.0])


def ride(**features: float) -> np.ndarray:
    """(1, 40) one ride; what nobody says is NaN where nobody should look."""
    known = {**dict.fromkeys(LOOKED_AT, 0.0), "pickup_zone": 74.0, **features}
    return np.array([[known.get(name, np.nan) for name in FEATURES]], np.float32)


def parts_of(found: list[Slicing]) -> dict[str, str]:
    return {each.name: value for each in found for value, _ in each.parts()}


@pytest.mark.parametrize(("pickup", "dropoff"), list(product(range(6), repeat=2)))
def test_a_pair_of_boroughs_is_the_same_in_both_directions(pickup: int, dropoff: int) -> None:
    rides = ride(pickup_borough=pickup, dropoff_borough=dropoff)

    found = parts_of(performance_slicings(rides, METERED, ZONES))

    first, second = sorted((BOROUGHS[pickup], BOROUGHS[dropoff]))
    assert found["boroughs"] == f"{first} - {second}"


def test_every_pair_has_one_name() -> None:
    assert len(PAIRS) == len(set(PAIRS)) == 21


def test_a_report_parts_a_month_as_an_evaluation_does_and_by_pairs() -> None:
    rides = ride()

    found = performance_slicings(rides, METERED, ZONES)

    names = [each.name for each in slicings(rides, METERED, ZONES)]
    assert [each.name for each in found] == [*names, "boroughs"]


@pytest.mark.parametrize(("weekday", "days"), [(0, "weekdays"), (4, "weekdays"), (5, "weekends")])
def test_a_week_has_weekdays_and_a_weekend(weekday: int, days: str) -> None:
    assert parts_of(groupings(ride(weekday=weekday), METERED, ZONES))["days"] == days


@pytest.mark.parametrize("end", ["from_airport", "to_airport"])
def test_one_end_at_an_airport_is_enough(end: str) -> None:
    found = parts_of(groupings(ride(**{end: 1.0}), METERED, ZONES))

    assert found["airport"] == "to or from an airport"
    assert parts_of(groupings(ride(), METERED, ZONES))["airport"] == "without an airport"


def test_groups_tell_where_a_ride_ends_too() -> None:
    rides = ride(pickup_borough=3, dropoff_borough=BOROUGHS.index("Queens"))

    assert parts_of(groupings(rides, METERED, ZONES))["dropoff_borough"] == "Queens"


def test_no_group_is_by_what_is_known_only_after_the_ride() -> None:
    assert "rate" not in parts_of(groupings(ride(), METERED, ZONES))


@given(said=st.floats(-100, 100, width=32))
def test_no_part_depends_on_a_feature_that_is_not_named(said: float) -> None:
    rides = ride(pickup_borough=1, straight_mi=4.0, route_trips=2.0)
    others = np.where(np.isnan(rides), np.float32(said), rides)

    for parting in (performance_slicings, groupings):
        found = parts_of(parting(others, METERED, ZONES))
        assert found == parts_of(parting(rides, METERED, ZONES))


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("boroughs", "Manhattan - Queens", "rides between Manhattan and Queens"),
        ("boroughs", "Bronx - Bronx", "rides within Bronx"),
        ("distance_band", "same zone", "rides within one zone"),
        ("distance_band", "8 mi and more", "rides of 8 mi and more"),
        ("route", "unseen", "rides on routes unseen before"),
        ("airport", "to or from an airport", "rides to or from an airport"),
    ],
)
def test_people_say_it_otherwise(name: str, value: str, said: str) -> None:
    assert rides_of(name, value) == said
