"""What is usual: silent while there is nothing to compare with, a warning where it is not."""

import dagster as dg
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from taxi_assets_tests.checks.conftest import SOUND_MONTHS, values
from taxi_assets_tests.homes import CITY_MONTHS, Home, Stage, checks_of, replace_column

VOLUME, REJECTS = "raw_trips.volume_is_usual", "rejected_trips.rejects_stay_usual"
ODD_MONTH = "2024-04"


@pytest.fixture(scope="module")
def odd(town: Home, sound: Stage) -> Stage:
    """A fourth month of 600 trips, half of which cost nothing."""
    town.simulate([ODD_MONTH], rows=1_000)
    trips = town.published(ODD_MONTH).slice(0, 600)
    paid = pa.array([row % 2 == 0 for row in range(len(trips))])
    fares = pc.if_else(paid, trips["fare_amount"], 0.0)
    town.publish(ODD_MONTH, replace_column(trips, "fare_amount", fares))
    return town.run(ODD_MONTH)


@pytest.mark.parametrize("month", SOUND_MONTHS)
@pytest.mark.parametrize("check", [VOLUME, REJECTS])
def test_fewer_than_three_earlier_months_are_no_reason_for_a_verdict(
    town: Home, sound: Stage, month: str, check: str
) -> None:
    found = checks_of(town, sound.outcomes[month])

    assert check not in found
    assert "raw_trips.source_schema_is_known" in found


@pytest.mark.parametrize("check", [VOLUME, REJECTS])
def test_a_fourth_month_like_the_others_is_usual(city: Home, first_run: Stage, check: str) -> None:
    verdict = checks_of(city, first_run.outcomes[CITY_MONTHS[3]])[check]

    saw = values(verdict)
    assert verdict.passed
    assert saw["months"] == 3
    assert saw["low"] < saw["observed"] < saw["high"]


def test_every_evaluation_of_a_run_carries_its_month(city: Home, first_run: Stage) -> None:
    for month, outcome in first_run.outcomes.items():
        found = checks_of(city, outcome)

        assert found
        assert {check.partition for check in found.values()} == {month}


def test_far_fewer_trips_than_usual_are_a_warning(town: Home, odd: Stage) -> None:
    verdict = checks_of(town, odd.outcomes[ODD_MONTH])[VOLUME]

    assert not verdict.passed
    assert verdict.severity == dg.AssetCheckSeverity.WARN
    assert values(verdict) == {"observed": 600, "low": 700.0, "high": 1_300.0, "months": 3}


def test_far_more_rejects_than_usual_are_a_warning(town: Home, odd: Stage) -> None:
    verdict = checks_of(town, odd.outcomes[ODD_MONTH])[REJECTS]

    saw = values(verdict)
    assert not verdict.passed
    assert verdict.severity == dg.AssetCheckSeverity.WARN
    assert saw["observed"] > 0.5 > saw["high"]


def test_what_is_unusual_stops_nothing_and_is_told(odd: Stage) -> None:
    outcome = odd.outcomes[ODD_MONTH]

    assert outcome.failures == []
    assert {"clean_trips", "trip_features", "fare_model"} <= outcome.assets.keys()
    assert [text.partition(":")[0] for text in outcome.warnings] == [VOLUME, REJECTS]
