"""`taxi-assets quote` and `status` in a home with a champion."""

import json
from typing import Any

import pytest

from taxi_assets_tests.homes import CITY_MONTHS, Home, Stage

ASKED = (
    "fleet",
    "pickup_zone",
    "pickup_name",
    "dropoff_zone",
    "dropoff_name",
    "pickup_at",
    "passengers",
)
RIDE = ("--from", "74", "--to", "138", "--passengers", "2")


@pytest.fixture(scope="module")
def quoted(city: Home, first_run: Stage) -> dict[str, Any]:
    result = city.invoke("quote", *RIDE, "--at", "2025-04-14T08:30", "--json")
    return dict(json.loads(result.stdout))


@pytest.fixture(scope="module")
def rows(city: Home, first_run: Stage) -> list[dict[str, Any]]:
    return list(json.loads(city.invoke("status", "--json").stdout))


def test_a_quote_for_programs_has_interval_total_and_ride_time_and_says_who_answers(
    quoted: dict[str, Any], first_run: Stage
) -> None:
    said = {name: value for name, value in quoted.items() if name not in ASKED}
    fare, total = said.pop("fare_usd"), said.pop("total_usd")

    assert fare == pytest.approx(30, abs=27)
    assert 3 <= said.pop("low_usd") <= fare <= said.pop("high_usd")
    assert total == pytest.approx(fare + said.pop("surcharges_usd"))
    assert total > fare  # every ride pays the state's and the city's surcharges
    assert 1 < said.pop("ride_min") < 180
    assert said == {
        "level": 0.8,
        "model": "taxi-fare-green",
        "version": first_run.aliases["champion"],
        "tested_on": "2025-04",
    }


def test_a_quote_for_programs_repeats_what_was_asked(quoted: dict[str, Any]) -> None:
    asked = {name: quoted[name] for name in ASKED}

    assert asked.pop("pickup_name") != asked.pop("dropoff_name")
    assert asked == {
        "fleet": "green",
        "pickup_zone": 74,
        "dropoff_zone": 138,
        "pickup_at": "2025-04-14T08:30",
        "passengers": 2,
    }


def test_a_quote_for_people_is_one_sentence_with_the_same_fare(
    city: Home, first_run: Stage
) -> None:
    told = city.invoke("quote", *RIDE, "--at", "2025-04-14T08:30")

    data = json.loads(city.invoke("quote", *RIDE, "--at", "2025-04-14T08:30", "--json").stdout)
    assert told.exit_code == 0
    assert told.stdout == (
        f"Green taxi from {data['pickup_name']} (74) to {data['dropoff_name']} (138), "
        f"Mon 14 Apr 2025 08:30, 2 passengers: about ${data['fare_usd']:.2f} on the meter, "
        f"80% of rides between ${data['low_usd']:.2f} and ${data['high_usd']:.2f}, "
        f"in about {data['ride_min']:.0f} minutes; ${data['total_usd']:.2f} with surcharges, "
        "before tip and tolls (taxi-fare-green version 2, tested on 2025-04).\n"
    )


@pytest.mark.parametrize(
    "at", ["2025-04-14T12:30Z", "2025-04-14T12:30+00:00", "2025-04-14T14:30+02:00"]
)
def test_a_time_with_an_offset_is_the_same_moment_in_new_york(
    city: Home, first_run: Stage, at: str
) -> None:
    here = city.invoke("quote", *RIDE, "--at", "2025-04-14T08:30", "--json")
    there = city.invoke("quote", *RIDE, "--at", at, "--json")

    assert json.loads(there.stdout) == json.loads(here.stdout)


def test_another_hour_and_another_way_cost_something_else(city: Home, first_run: Stage) -> None:
    rides = [
        (*RIDE, "--at", "2025-04-14T08:30"),
        (*RIDE, "--at", "2025-04-14T03:30"),
        (*RIDE, "--to", "75", "--at", "2025-04-14T08:30"),
    ]

    fares = [json.loads(city.invoke("quote", *r, "--json").stdout)["fare_usd"] for r in rides]

    assert len(set(fares)) == 3
    assert fares[2] == min(fares)


def test_the_status_for_programs_has_each_month_with_its_versions(
    rows: list[dict[str, Any]], first_run: Stage
) -> None:
    assert [row["month"] for row in rows] == list(CITY_MONTHS)
    for row in rows[:1] + rows[3:]:  # the months between are corrected by another test
        for table in ("clean_trips", "rejected_trips", "route_history", "trip_features"):
            stored = first_run.tables[table, row["month"]]
            assert row[table]["rows"] == stored.rows
            assert row[table]["data_version"] == stored.data_version
            if stored.rows:  # any snapshot holds no rows
                assert row[table]["snapshot_id"] == stored.snapshot_id


def test_the_status_tells_the_landed_file_the_models_and_the_champion(
    city: Home, rows: list[dict[str, Any]], first_run: Stage
) -> None:
    landed = city.landing.current("green/2025-04")
    assert landed is not None

    assert rows[3]["raw_trips"]["data_version"] == landed.sha256
    assert rows[3]["raw_trips"]["bytes"] == landed.bytes
    assert [row["champion"] for row in rows] == [None, None, None, first_run.models[-1].version]
    assert [row["fare_model"] for row in rows[:2]] == [None, None]
    assert rows[3]["fare_model"] == {
        "version": first_run.models[-1].version,
        "data_version": first_run.models[-1].identity,
    }


def test_the_status_for_people_is_a_line_a_month(city: Home, first_run: Stage) -> None:
    result = city.invoke("status")

    lines = [line for line in result.stdout.splitlines() if line.strip().startswith("2025-")]
    assert result.exit_code == 0
    assert len(lines) == 4
    assert lines[3].rstrip().endswith(f"v{first_run.models[-1].version}")
    assert first_run.data_versions()["clean_trips", "2025-04"][:8] in lines[3]


def test_the_status_of_a_fleet_that_has_not_run_is_empty(city: Home, first_run: Stage) -> None:
    result = city.invoke("status", "--fleet", "yellow", "--json")

    assert json.loads(result.stdout) == []
