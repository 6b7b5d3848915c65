"""Fleets as data."""

import pytest

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.fleets import FLEETS, Fleet, get_fleet


@pytest.mark.parametrize("name", FLEETS)
def test_a_fleet_is_found_by_its_name(name: str) -> None:
    assert get_fleet(name).name == name


def test_an_unknown_fleet_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="There is no fleet 'purple': choose one of green, yellow"):
        get_fleet("purple")


def test_files_are_named_as_tlc_names_them() -> None:
    assert get_fleet("green").file_name("2025-01") == ("trip-data/green_tripdata_2025-01.parquet")


@pytest.mark.parametrize("fleet", FLEETS.values(), ids=FLEETS)
def test_no_two_columns_of_a_fleet_share_a_name_or_a_source(fleet: Fleet) -> None:
    names = {column.name for column in fleet.columns}

    assert len(names) == len(fleet.sources) == len(fleet.columns)


@pytest.mark.parametrize("fleet", FLEETS.values(), ids=FLEETS)
def test_published_names_are_lower_case_and_carried_or_ignored_but_not_both(fleet: Fleet) -> None:
    names = set(fleet.sources) | fleet.ignored

    assert all(name == name.lower() for name in names)
    assert not set(fleet.sources) & fleet.ignored


def test_all_fleets_hold_the_same_canonical_columns_so_that_tables_are_alike() -> None:
    green, yellow = ([(c.name, c.type) for c in fleet.columns] for fleet in FLEETS.values())

    assert green == yellow
