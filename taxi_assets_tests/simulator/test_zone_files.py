"""The zone files have TLC's form and TLC's flaws, and nobody else's names."""

import io
import zipfile
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
import shapefile
import shapely

from taxi_assets.simulator.city import the_city
from taxi_assets.simulator.zone_files import lookup_csv, shapes_zip

NAMED_FOR_REAL = {1: "Newark Airport", 132: "JFK Airport", 138: "LaGuardia Airport"}


@pytest.fixture(scope="module")
def lookup() -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(lookup_csv(the_city())), keep_default_na=False)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> shapefile.Reader:
    folder = tmp_path_factory.mktemp("shapes")
    with zipfile.ZipFile(io.BytesIO(shapes_zip(the_city()))) as archive:
        archive.extractall(folder)
    return shapefile.Reader(str(folder / "taxi_zones" / "taxi_zones"))


def test_every_id_has_its_row(lookup: pd.DataFrame) -> None:
    assert lookup.columns.tolist() == ["LocationID", "Borough", "Zone", "service_zone"]
    assert lookup["LocationID"].tolist() == list(range(1, 266))


def test_airports_and_known_zones_are_where_people_expect_them(lookup: pd.DataFrame) -> None:
    zones = lookup.set_index("LocationID")

    assert {zone: zones.loc[zone, "Zone"] for zone in NAMED_FOR_REAL} == NAMED_FOR_REAL
    assert zones.loc[[1, 74, 132, 138, 264], "Borough"].tolist() == [
        "EWR",
        "Manhattan",
        "Queens",
        "Queens",
        "Unknown",
    ]
    assert zones.loc[74, "service_zone"] == "Boro Zone"


def test_boroughs_and_columns_are_the_real_ones(real_tlc: Path, lookup: pd.DataFrame) -> None:
    real = pd.read_csv(real_tlc / "misc/taxi_zone_lookup.csv", keep_default_na=False)

    unnamed = lookup.drop(columns="Zone")

    assert unnamed.equals(real.drop(columns="Zone"))
    alike = lookup.loc[lookup["Zone"] == real["Zone"], "LocationID"]
    assert set(alike) <= {*NAMED_FOR_REAL, 264, 265}


def test_attributes_are_the_real_ones(real_tlc: Path, shapes: shapefile.Reader) -> None:
    with shapefile.Reader(str(real_tlc / "misc/taxi_zones.zip")) as real:
        expected = [(f.name, f.field_type, f.size, f.decimal) for f in real.fields]

    assert [(f.name, f.field_type, f.size, f.decimal) for f in shapes.fields] == expected


def test_some_ids_repeat_and_some_have_no_shape(shapes: shapefile.Reader) -> None:
    drawn = Counter(record["LocationID"] for record in shapes.iterRecords())

    assert len(shapes) == 263
    assert {zone: n for zone, n in drawn.items() if n > 1} == {56: 2, 103: 3}
    assert set(range(1, 264)) - set(drawn) == {57, 104, 105}


def test_shapes_are_valid_apart_and_within_the_city(shapes: shapefile.Reader) -> None:
    drawn = [shapely.geometry.shape(shape) for shape in shapes.iterShapes()]

    together = shapely.union_all(drawn)

    assert all(shape.is_valid and shape.area > 0 for shape in drawn)
    assert together.area == pytest.approx(sum(shape.area for shape in drawn), rel=1e-6)
    west, south, east, north = together.bounds
    assert 900_000 < west < east < 1_080_000  # State Plane feet
    assert 110_000 < south < north < 280_000


def test_the_archive_says_which_projection_it_is_in() -> None:
    with zipfile.ZipFile(io.BytesIO(shapes_zip(the_city()))) as archive:
        projection = archive.read("taxi_zones/taxi_zones.prj").decode()

    assert "New_York_Long_Island" in projection
    assert "Foot_US" in projection
