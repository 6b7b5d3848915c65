"""Point-in-time history: medians, what moved of late, and hours, each against pandas."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.history import (
    METRICS,
    PLACES,
    RIDE_COLUMNS,
    RIDE_KINDS,
    Rides,
    hour_history,
    hour_of_week,
    place_index,
    place_of_borough,
    read_rides,
    route_history,
)
from taxi_assets.domain.history import _place_id as place_id
from taxi_assets.domain.schemas import HOUR_HISTORY, ROUTE_HISTORY
from taxi_assets.domain.validation import failures, pandera_schema
from taxi_assets.domain.zones import BOROUGHS
from taxi_assets_tests.builders import NOON, canonical_trips, rides, square_city, window
from taxi_assets_tests.strategies import cuts

ROWS = st.fixed_dictionaries(
    {
        "pickup_at": st.datetimes(datetime(2025, 1, 1), datetime(2025, 3, 31)).map(
            lambda at: at.replace(microsecond=0)
        ),
        "pickup_zone": st.sampled_from([1, 2, 3, 4, 263]),
        "dropoff_zone": st.sampled_from([1, 2, 3, 4, 263]),
        "fare_usd": st.integers(250, 25_000).map(lambda cents: cents / 100),
        "distance_mi": st.integers(6, 9_999).map(lambda hundredths: hundredths / 100),
        "minutes": st.integers(31, 10_800).map(lambda seconds: seconds / 60),
    }
)
TRIPS = st.lists(ROWS, min_size=1, max_size=40)
PLACE = ["pickup_zone", "dropoff_zone"]
BOROUGH = {  # as tables have them
    zone: -1 - BOROUGHS.index(name)
    for zone, name in square_city().set_index("zone")["borough"].items()
}
LEVELS = [
    ("zone", "zone"),
    ("zone", "borough"),
    ("borough", "zone"),
    ("zone", "any"),
    ("any", "zone"),
    ("borough", "borough"),
    ("any", "any"),
]
NO_RIDES = rides().take(slice(0, 0))


def trips_of(rows: Sequence[dict[str, object]]) -> pa.RecordBatch:
    return canonical_trips(**{name: [row[name] for row in rows] for name in rows[0]})


def frame_of(past: Rides) -> pd.DataFrame:
    """The rides as float64, their boroughs beside their zones."""
    columns = zip(RIDE_COLUMNS, [getattr(past, name) for name in RIDE_COLUMNS], strict=True)
    return pd.DataFrame({name: v.astype(float) if name in METRICS else v for name, v in columns})


def at_level(trips: pd.DataFrame, level: tuple[str, str]) -> pd.DataFrame:
    """The trips with their places as this level names them."""
    named = {
        column: {"zone": trips[column], "borough": trips[column].map(BOROUGH), "any": 0}[kind]
        for column, kind in zip(PLACE, level, strict=True)
    }
    return trips.assign(**named)


def plain_history(past: Rides) -> pd.DataFrame:
    """`route_history` by pandas' own group by, once for each level."""
    trips = frame_of(past)
    trips["usual"] = trips.groupby(PLACE)["fare_usd"].transform("median")
    late = trips["pickup_at"] >= trips["pickup_at"].max() - timedelta(days=28)
    found = []
    for level in LEVELS:
        groups = at_level(trips, level).groupby(PLACE)
        recent = at_level(trips[late], level).groupby(PLACE)[["fare_usd", "usual"]]
        summed = recent.sum()
        counted = groups[list(METRICS)].median().assign(trips=groups.size())
        found.append(
            counted.assign(
                recent_trips=recent.size().reindex(counted.index, fill_value=0),
                recent_fare_ratio=summed["fare_usd"] / summed["usual"],
            )
        )
    return pd.concat(found).sort_index().reset_index()


@given(rows=TRIPS, data=st.data())
def test_history_is_that_of_a_plain_group_by_at_every_level(
    rows: list[dict[str, object]], data: st.DataObject
) -> None:
    trips = trips_of(rows)
    edges = [0, *sorted(data.draw(cuts(len(trips)))), len(trips)]
    past = read_rides([trips.slice(a, b - a) for a, b in pairwise(edges)])

    history = route_history(past, square_city())

    assert history.schema.equals(ROUTE_HISTORY.arrow)
    expected = plain_history(past)
    pd.testing.assert_frame_equal(
        history.to_pandas()[expected.columns], expected, check_dtype=False, atol=1e-4, rtol=1e-6
    )


def test_history_of_thousands_of_rides_is_that_of_a_plain_group_by_too() -> None:
    past = window({"2025-01": 2_000, "2025-02": 2_000}, seed=3).rides

    history = route_history(past, square_city()).to_pandas()

    expected = plain_history(past)
    pd.testing.assert_frame_equal(
        history[expected.columns], expected, check_dtype=False, atol=1e-4, rtol=1e-6
    )


@given(rows=TRIPS)
def test_history_is_what_its_tables_promise(rows: list[dict[str, object]]) -> None:
    past = read_rides([trips_of(rows)])
    expected = np.full(len(past), 12.5)

    routes, hours = (
        route_history(past, square_city()),
        hour_history(past, expected, square_city()),
    )

    assert failures(pandera_schema(ROUTE_HISTORY), routes) == []
    assert failures(pandera_schema(HOUR_HISTORY), hours) == []


def test_a_route_its_zones_boroughs_and_the_city_are_summed_up() -> None:
    past = rides(
        pickup_zone=[74, 74, 75],
        dropoff_zone=[75, 75, 74],
        fare_usd=[10.1, 20.2, 109.1],
        distance_mi=[1.0, 2.0, 30.0],
        minutes=[5.0, 7.0, 60.0],
    )

    history = route_history(past, square_city()).to_pandas().set_index(PLACE)

    # 74 lies in the Bronx (-1) and 75 in Brooklyn (-2)
    out, back = [2, 15.15, 1.5, 6.0, 2, 1.0], [1, 109.1, 30.0, 60.0, 1, 1.0]
    assert history.index.tolist() == sorted(history.index)
    assert {place: row.tolist() for place, row in history.iterrows()} == {
        **dict.fromkeys([(74, 75), (74, -2), (-1, 75), (-1, -2), (74, 0), (0, 75)], out),
        **dict.fromkeys([(75, 74), (75, -1), (-2, 74), (-2, -1), (75, 0), (0, 74)], back),
        (0, 0): [3, 20.2, 2.0, 7.0, 3, 1.0],
    }


def test_fares_of_the_last_28_days_are_held_against_what_their_routes_cost() -> None:
    days = [0, 1, 2, 40, 41]
    past = rides(
        pickup_at=[NOON + timedelta(days=day) for day in days],
        pickup_zone=[74, 74, 75, 74, 74],
        dropoff_zone=[75, 75, 74, 75, 75],
        fare_usd=[10.0, 10.0, 30.0, 12.0, 13.0],
    )

    history = route_history(past, square_city()).to_pandas().set_index(PLACE)

    columns = ["recent_trips", "recent_fare_ratio"]
    assert history.loc[(74, 75), columns].tolist() == [2, round(25 / 22, 6)]  # the median is 11
    assert history.loc[(0, 0), columns].tolist() == [2, round(25 / 22, 6)]
    assert history.loc[(75, 74), "recent_trips"] == 0
    assert pd.isna(history.loc[(75, 74), "recent_fare_ratio"])


@pytest.mark.parametrize(("before", "recent"), [(0, 2), (1, 1)])
def test_a_ride_of_28_days_before_the_last_is_recent_to_the_second(
    before: int, recent: int
) -> None:
    past = rides(pickup_at=[NOON, NOON + timedelta(days=28, seconds=before)])

    history = route_history(past, square_city()).to_pandas().set_index(PLACE)

    assert history.loc[(0, 0), "recent_trips"] == recent


@given(rows=TRIPS, seed=st.integers(0, 9))
def test_the_order_of_the_past_does_not_matter(rows: list[dict[str, object]], seed: int) -> None:
    past = read_rides([trips_of(rows)])
    shuffled = past.take(np.random.default_rng(seed).permutation(len(past)))

    history = route_history(shuffled, square_city())

    assert history.equals(route_history(past, square_city()))


def test_no_past_teaches_nothing() -> None:
    routes = route_history(NO_RIDES, square_city())
    hours = hour_history(NO_RIDES, np.empty(0), square_city())

    assert (len(routes), len(hours)) == (0, 0)
    assert routes.schema.equals(ROUTE_HISTORY.arrow)
    assert hours.schema.equals(HOUR_HISTORY.arrow)


def test_no_batches_are_no_rides_of_the_same_kinds() -> None:
    empty = read_rides([])

    assert len(empty) == 0
    assert [getattr(empty, name).dtype.name for name in RIDE_COLUMNS] == list(RIDE_KINDS)


def test_places_become_ids_and_ids_places_again() -> None:
    every = np.arange(PLACES)

    ids = place_id(every.astype(np.uint64))

    assert ids[:264].tolist() == list(range(264))
    assert ids[264:].tolist() == [-1, -2, -3, -4, -5, -6]
    assert place_index(ids).tolist() == every.tolist()
    assert place_index(ids.tolist()).tolist() == every.tolist()


def test_every_zone_stands_in_its_borough_and_any_zone_in_any_place() -> None:
    place = place_of_borough(square_city())

    assert place_id(place.astype(np.uint64))[1:].tolist() == list(BOROUGH.values())
    assert place[0] == 0


@given(at=st.datetimes(datetime(1960, 1, 1), datetime(2100, 1, 1)))
def test_hours_of_the_week_are_pythons(at: datetime) -> None:
    (hour,) = hour_of_week(np.array([at], "datetime64[s]")).tolist()

    assert hour == at.weekday() * 24 + at.hour


@given(rows=TRIPS)
def test_hours_are_those_of_a_plain_group_by(rows: list[dict[str, object]]) -> None:
    past = read_rides([trips_of(rows)])
    trips = frame_of(past).assign(expected_min=np.arange(1.0, len(past) + 1))

    history = hour_history(past, trips["expected_min"].to_numpy(), square_city())

    at = trips["pickup_at"].dt
    trips["hour_of_week"] = at.weekday * 24 + at.hour
    cells = pd.concat([at_level(trips, ("borough", "borough")), at_level(trips, ("any", "any"))])
    groups = cells.groupby([*PLACE, "hour_of_week"])
    expected = groups[["duration_min", "expected_min"]].sum().assign(trips=groups.size())
    assert history.schema.equals(HOUR_HISTORY.arrow)
    pd.testing.assert_frame_equal(
        history.to_pandas(),
        expected.reset_index()[history.column_names],
        check_dtype=False,
        atol=1e-3,
        rtol=1e-6,
    )
