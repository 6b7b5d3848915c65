"""What is expected of a ride: its route's past where there is much of it, else a wider one's."""

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taxi_assets.domain.history import METRICS, Rides, hour_of_week
from taxi_assets.domain.places import Places, learn, shrunk
from taxi_assets.domain.zones import BOROUGHS
from taxi_assets_tests.builders import NOON, rides, square_city, window

NO_RIDES = rides().take(slice(0, 0))
CITY_BOROUGH = square_city().set_index("zone")["borough"]
BRONX, BROOKLYN, BRONX_TOO = 74, 75, 76
FEW = st.lists(
    st.fixed_dictionaries(
        {
            "pickup_zone": st.integers(74, 77),
            "dropoff_zone": st.integers(74, 77),
            "pickup_at": st.datetimes(datetime(2025, 1, 1), datetime(2025, 3, 31)),
            "fare_usd": st.integers(250, 25_000).map(lambda cents: cents / 100),
            "minutes": st.integers(1, 180),
        }
    ),
    min_size=1,
    max_size=40,
)
ZONE = st.integers(73, 78)  # two of them never ridden from or to


def past_of(rows: list[dict[str, object]]) -> Rides:
    return rides(**{name: [row[name] for row in rows] for name in rows[0]})


def frame_of(past: Rides) -> pd.DataFrame:
    names = ("pickup_zone", "dropoff_zone", "pickup_at", *METRICS)
    trips = pd.DataFrame({name: getattr(past, name) for name in names})
    return trips.assign(
        start=trips["pickup_zone"].map(CITY_BOROUGH), end=trips["dropoff_zone"].map(CITY_BOROUGH)
    )


def drawn(own: pd.Series, wider: float, weight: int) -> float:
    """The median of a few rides, drawn towards a wider one."""
    if own.empty:
        return wider
    return (len(own) * float(own.median()) + weight * wider) / (len(own) + weight)


def estimates(trips: pd.DataFrame, metric: str, pickup: int, dropoff: int) -> tuple[float, float]:
    """What the route and what the places around it let expect, worked out one by one."""
    here, there = trips["pickup_zone"] == pickup, trips["dropoff_zone"] == dropoff
    from_borough = trips["start"] == CITY_BOROUGH[pickup]
    to_borough = trips["end"] == CITY_BOROUGH[dropoff]
    value = trips[metric]
    pair = drawn(value[from_borough & to_borough], float(value.median()), 50)
    start, end = (
        drawn(value[some], pair, 20) for some in (here & to_borough, from_borough & there)
    )
    wider = (start + end) / 2
    return drawn(value[here & there], wider, 8), wider


@settings(max_examples=40)
@given(rows=FEW, pickup=ZONE, dropoff=ZONE, metric=st.sampled_from(METRICS))
def test_what_is_expected_can_be_worked_out_one_by_one(
    rows: list[dict[str, object]], pickup: int, dropoff: int, metric: str
) -> None:
    past = past_of(rows)

    expected = learn(square_city(), past).expected[pickup, dropoff, METRICS.index(metric)]

    own, _ = estimates(frame_of(past), metric, pickup, dropoff)
    assert expected == pytest.approx(own, rel=1e-5)


@settings(max_examples=40)
@given(rows=FEW, pickup=ZONE, dropoff=ZONE)
def test_what_is_expected_lies_between_the_route_and_what_is_around_it(
    rows: list[dict[str, object]], pickup: int, dropoff: int
) -> None:
    past = past_of(rows)

    known = learn(square_city(), past)

    expected, median = (grid[pickup, dropoff, 0] for grid in (known.expected, known.medians))
    _, wider = estimates(frame_of(past), "fare_usd", pickup, dropoff)
    bounds = [wider, wider] if np.isnan(median) else [wider, median]
    assert min(bounds) * 0.99999 <= expected <= max(bounds) * 1.00001


@pytest.mark.parametrize(
    ("trips", "low", "high"), [(1, 20, 60), (8, 60, 70), (200, 95, 100), (5_000, 99.5, 100)]
)
def test_the_more_rides_on_a_route_the_nearer_its_own_median(
    trips: int, low: float, high: float
) -> None:
    past = rides(
        pickup_zone=[BRONX] * trips + [BRONX_TOO] * 10_000,
        dropoff_zone=[BROOKLYN] * (trips + 10_000),
        fare_usd=[100.0] * trips + [20.0] * 10_000,
    )

    fare = learn(square_city(), past).expected[BRONX, BROOKLYN, 0]

    assert low < fare <= high


def test_a_route_between_unknown_zones_costs_what_rides_between_its_boroughs_cost() -> None:
    past = rides(
        pickup_zone=[BRONX] * 9_000 + [BROOKLYN] * 9_000,
        dropoff_zone=[BROOKLYN] * 9_000 + [BROOKLYN] * 9_000,
        fare_usd=[50.0] * 9_000 + [10.0] * 9_000,
    )

    expected = learn(square_city(), past).expected[..., 0]

    assert expected[100, 101] == pytest.approx(50, abs=0.2)  # Bronx to Brooklyn
    assert expected[101, 103] == pytest.approx(10, abs=0.2)  # in Brooklyn
    assert expected[101, 100] == pytest.approx(30, abs=0.2)  # nobody has: the city's median


def test_without_a_past_nothing_is_expected_and_nothing_moves() -> None:
    known = learn(square_city(), NO_RIDES)

    assert np.isnan(known.expected).all()
    assert np.isnan(known.medians).all()
    assert (known.trips == 0).all()
    assert (known.pace == 1).all()
    assert (known.trend == 1).all()


def test_with_any_past_something_is_expected_everywhere() -> None:
    known = learn(square_city(), rides())

    # but for zone 0, which is no place to ride from
    assert np.isfinite(known.expected[1:, 1:]).all()
    assert np.isfinite(known.trend).all()
    assert np.isfinite(known.pace).all()


def pace_at(known: Places, at: datetime, start: int = BRONX, end: int = BROOKLYN) -> float:
    boroughs = (BOROUGHS.index(CITY_BOROUGH[zone]) for zone in (start, end))
    (hour,) = hour_of_week(np.array([at], "datetime64[s]"))
    return float(known.pace[*boroughs, hour])


def test_an_hour_in_which_rides_took_longer_has_a_slower_pace() -> None:
    rush, night = NOON.replace(hour=17), NOON.replace(hour=3)
    past = rides(
        pickup_at=[rush] * 500 + [night] * 500,
        pickup_zone=[BRONX] * 1_000,
        dropoff_zone=[BROOKLYN] * 1_000,
        minutes=[30.0] * 500 + [10.0] * 500,  # 20 in general
    )

    known = learn(square_city(), past)

    assert pace_at(known, rush) == pytest.approx(1.5, abs=0.03)
    assert pace_at(known, night) == pytest.approx(0.5, abs=0.03)
    assert pace_at(known, NOON) == 1.0  # nobody rode then
    # between other boroughs the city's pace counts
    assert pace_at(known, rush, BROOKLYN, BRONX) == pytest.approx(1.5, abs=0.03)
    assert pace_at(known, rush + timedelta(weeks=9)) == pace_at(known, rush)


def test_pace_can_be_worked_out_one_by_one() -> None:
    past = window({"2025-01": 400}, seed=5).rides
    known = learn(square_city(), past)
    trips = frame_of(past).assign(hour=hour_of_week(past.pickup_at))
    trips["expected"] = known.expected[past.pickup_zone, past.dropoff_zone, 2]

    def ratio(some: pd.DataFrame, wider: float) -> float:
        if some.empty:
            return wider
        own = float(some["duration_min"].sum() / some["expected"].sum())
        return (len(some) * own + 20 * wider) / (len(some) + 20)

    for start, end in (("Bronx", "Brooklyn"), ("Brooklyn", "Brooklyn"), ("Queens", "EWR")):
        pair = trips[(trips["start"] == start) & (trips["end"] == end)]
        paces = known.pace[BOROUGHS.index(start), BOROUGHS.index(end)]
        city = [ratio(trips[trips["hour"] == hour], 1.0) for hour in range(168)]
        worked_out = [ratio(pair[pair["hour"] == hour], wide) for hour, wide in enumerate(city)]
        np.testing.assert_allclose(paces, worked_out, rtol=1e-5)


def rising(recently: float) -> Places:
    """A city whose fares of the last 28 days were so many times those of before."""
    long_ago, lately = NOON, NOON + timedelta(days=60)
    past = rides(
        pickup_at=[long_ago] * 900 + [lately] * 600,
        pickup_zone=[BRONX] * 1_500,
        dropoff_zone=[BROOKLYN] * 1_500,
        fare_usd=[20.0] * 900 + [round(20.0 * recently, 2)] * 600,
    )
    return learn(square_city(), past)


@pytest.mark.parametrize("recently", [1.2, 1.0, 0.8])
def test_the_trend_follows_recent_fares(recently: float) -> None:
    trend = rising(recently).trend

    # 600 recent rides against a weight of 200, three times in a row
    assert trend[BRONX, BROOKLYN] == pytest.approx(recently + (1 - recently) / 64, rel=1e-6)
    assert trend[BRONX, BRONX_TOO] == pytest.approx(recently + (1 - recently) / 16, rel=1e-6)
    assert trend[BROOKLYN, BRONX] == pytest.approx(recently + (1 - recently) / 4, rel=1e-6)


def test_zones_are_laid_out_by_their_id() -> None:
    zone = learn(square_city(), NO_RIDES).zone

    assert np.isnan(zone[0]).all()
    assert zone[132].tolist() == [12.5, 6.5, 1.0, BOROUGHS.index("Queens"), 1.0]
    assert zone[74].tolist() == [14.5, 3.5, 1.0, BOROUGHS.index("Bronx"), 0.0]


@given(
    estimate=st.floats(-100, 100),
    trips=st.integers(0, 10_000),
    wider=st.floats(-100, 100),
    weight=st.integers(1, 200),
)
def test_a_shrunk_estimate_lies_between_both(
    estimate: float, trips: int, wider: float, weight: int
) -> None:
    value = shrunk(estimate, trips, wider, weight)

    assert min(estimate, wider) - 1e-9 <= value <= max(estimate, wider) + 1e-9


def test_an_estimate_counts_for_half_at_its_weight_and_not_at_all_without_trips() -> None:
    assert shrunk(10.0, 8, 20.0, 8) == 15.0
    assert shrunk(np.nan, 0, 20.0, 8) == 20.0
    assert shrunk([10.0, np.nan], [0, 0], [20.0, 30.0], 8).tolist() == [20.0, 30.0]
