"""Point-in-time route history."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.history import METRICS, route_history
from taxi_assets.domain.schemas import ROUTE_HISTORY
from taxi_assets.domain.validation import failures, pandera_schema
from taxi_assets_tests.builders import canonical_trips
from taxi_assets_tests.strategies import cuts

TRIPS = st.lists(
    st.fixed_dictionaries(
        {
            "pickup_zone": st.sampled_from([1, 2, 263]),
            "dropoff_zone": st.sampled_from([1, 2, 263]),
            "fare_usd": st.integers(250, 25_000).map(lambda cents: cents / 100),
            "distance_mi": st.integers(6, 9_999).map(lambda hundredths: hundredths / 100),
            "minutes": st.integers(31, 10_800).map(lambda seconds: seconds / 60),
        }
    ),
    min_size=1,
    max_size=40,
)


def trips_of(rows: list[dict[str, float]]) -> pa.RecordBatch:
    return canonical_trips(**{name: [row[name] for row in rows] for name in rows[0]})


def _plain_medians(trips: pd.DataFrame) -> pd.DataFrame:
    """The same by pandas' own group by, once for each level."""
    any_zone = {"pickup_zone": 0, "dropoff_zone": 0}
    levels = [
        trips.assign(**{zone: 0 for zone in any_zone if zone not in known})
        for known in (["pickup_zone", "dropoff_zone"], ["pickup_zone"], ["dropoff_zone"], [])
    ]
    grouped = pd.concat(
        [level.groupby(list(any_zone))[list(METRICS)].agg(["size", "median"]) for level in levels]
    )
    medians = grouped.xs("median", axis=1, level=1).assign(trips=grouped["fare_usd", "size"])
    return medians.sort_index().reset_index()


@given(rows=TRIPS, data=st.data())
def test_medians_are_those_of_a_plain_group_by(
    rows: list[dict[str, float]], data: st.DataObject
) -> None:
    trips = trips_of(rows)
    edges = [0, *sorted(data.draw(cuts(len(trips)))), len(trips)]
    batches = [trips.slice(a, b - a) for a, b in pairwise(edges)]

    history = route_history(batches)

    assert history.schema.equals(ROUTE_HISTORY.arrow)
    expected = _plain_medians(trips.to_pandas())
    pd.testing.assert_frame_equal(
        history.to_pandas()[expected.columns], expected, check_dtype=False, atol=1e-4, rtol=0
    )


@given(rows=TRIPS)
def test_history_is_what_its_table_promises(rows: list[dict[str, float]]) -> None:
    assert failures(pandera_schema(ROUTE_HISTORY), route_history([trips_of(rows)])) == []


def test_a_route_its_zones_and_the_city_are_summed_up() -> None:
    trips = canonical_trips(
        pickup_zone=[74, 74, 75],
        dropoff_zone=[75, 75, 74],
        fare_usd=[10.1, 20.2, 109.1],
        distance_mi=[1.0, 2.0, 30.0],
        minutes=[5.0, 7.0, 60.0],
    )

    history = route_history([trips]).to_pandas().set_index(["pickup_zone", "dropoff_zone"])

    routes = [(0, 0), (0, 74), (0, 75), (74, 0), (74, 75), (75, 0), (75, 74)]
    assert history.index.tolist() == routes
    assert history.loc[(74, 75)].tolist() == [2, 15.15, 1.5, 6.0]
    assert history.loc[(75, 74)].tolist() == [1, 109.1, 30.0, 60.0]
    assert history.loc[(74, 0)].tolist() == [2, 15.15, 1.5, 6.0]
    assert history.loc[(0, 74)].tolist() == [1, 109.1, 30.0, 60.0]
    assert history.loc[(0, 0)].tolist() == [3, 20.2, 2.0, 7.0]


@given(rows=TRIPS, seed=st.integers(0, 9))
def test_the_order_of_the_past_does_not_matter(rows: list[dict[str, float]], seed: int) -> None:
    trips = trips_of(rows)
    shuffled = trips.take(pa.array(np.random.default_rng(seed).permutation(len(trips))))

    assert route_history([shuffled]).equals(route_history([trips]))


@pytest.mark.parametrize("past", [[], [canonical_trips().slice(0, 0)]], ids=["none", "no trips"])
def test_no_past_teaches_nothing(past: list[pa.RecordBatch]) -> None:
    history = route_history(past)

    assert len(history) == 0
    assert history.schema.equals(ROUTE_HISTORY.arrow)
