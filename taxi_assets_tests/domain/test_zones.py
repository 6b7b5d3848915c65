"""Zone names joined with zone shapes."""

import io
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import shapely

from taxi_assets.domain.errors import DataError
from taxi_assets.domain.schemas import ZONES
from taxi_assets.domain.zones import FEET_PER_MILE, read_zones
from taxi_assets_tests.builders import square_city, zipped, zone_lookup, zone_shapes


def test_every_zone_stands_once_in_id_order() -> None:
    zones = square_city()

    assert zones["zone"].tolist() == list(range(1, 264))
    assert set(zones.columns) == {column.name for column in ZONES.columns}


def test_a_zone_has_its_name_centroid_area_and_shape() -> None:
    zone = square_city().set_index("zone").loc[74]

    assert zone[["name", "borough", "service_zone"]].tolist() == ["Zone 74", "Bronx", "Boro Zone"]
    assert (zone["x_mi"], zone["y_mi"]) == pytest.approx((14.5, 3.5))
    assert zone["area_sqmi"] == pytest.approx(1.0)
    west, south, east, north = shapely.from_wkb(zone["geometry"]).bounds
    assert (west, north) == pytest.approx((14 * FEET_PER_MILE, 4 * FEET_PER_MILE))
    assert (east, south) == pytest.approx((15 * FEET_PER_MILE, 3 * FEET_PER_MILE))


def test_the_airports_are_newark_jfk_and_laguardia() -> None:
    zones = square_city()

    assert zones.loc[zones["is_airport"], "zone"].tolist() == [1, 132, 138]


def test_repeated_ids_are_told_apart_by_the_running_number() -> None:
    as_tlc_numbers_them = zone_shapes({57: 56, 104: 103, 105: 103})

    zones = read_zones(zone_lookup(), as_tlc_numbers_them)

    pd.testing.assert_frame_equal(zones, square_city())


def test_the_folder_that_macos_adds_is_not_a_shapefile() -> None:
    with zipfile.ZipFile(io.BytesIO(zone_shapes())) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}

    zones = read_zones(zone_lookup(), zipped({"__MACOSX/._taxi_zones.shp": b"\x00", **files}))

    pd.testing.assert_frame_equal(zones, square_city())


@pytest.mark.parametrize(
    "zones",
    [
        pytest.param([*range(1, 74), *range(75, 266)], id="one is missing"),
        pytest.param([*range(1, 75), *range(74, 266)], id="one stands twice"),
        pytest.param([], id="none"),
    ],
)
def test_a_lookup_that_does_not_name_each_zone_once_is_refused(zones: list[int]) -> None:
    with pytest.raises(DataError, match="does not name each zone from 1 to 263 once"):
        read_zones(zone_lookup(zones), zone_shapes())


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>Access denied</html>\n", id="a web page"),
        pytest.param("LocationID".encode("utf-16"), id="no text"),
        pytest.param(b'a,b\n1,"2\n', id="an open quote"),
        pytest.param(zone_lookup().replace(b"\n74,", b"\nseventy-four,"), id="an id in words"),
    ],
)
def test_a_lookup_that_is_not_the_csv_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="zone lookup is not the CSV"):
        read_zones(content, zone_shapes())


def test_zones_without_a_shape_are_named() -> None:
    with pytest.raises(DataError, match=r"no geometry for zones \[74, 263\]"):
        read_zones(zone_lookup(), zone_shapes(without=[74, 263]))


def _shapes_with(**changed: bytes | None) -> bytes:
    """The shapes with parts of the shapefile changed, or left out where None."""
    with zipfile.ZipFile(io.BytesIO(zone_shapes())) as archive:
        files = {name[-3:]: archive.read(name) for name in archive.namelist()}
    parts = {**files, **changed}
    return zipped({f"taxi_zones.{kind}": part for kind, part in parts.items() if part is not None})


def _part(kind: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(zone_shapes())) as archive:
        return archive.read(f"taxi_zones/taxi_zones.{kind}")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"<Error>", id="no zip"),
        pytest.param(zone_shapes()[:5000], id="a cut zip"),
        pytest.param(zipped({}), id="nothing in it"),
        pytest.param(zipped({"readme.txt": b"shapes"}), id="no shapefile in it"),
        pytest.param(_shapes_with(dbf=None), id="no attributes"),
        pytest.param(_shapes_with(shp=b""), id="empty shapes"),
        pytest.param(_shapes_with(dbf=b""), id="empty attributes"),
        pytest.param(_shapes_with(dbf=_part("dbf")[:200]), id="cut attributes"),
        pytest.param(
            _shapes_with(dbf=_part("dbf").replace(b"LocationID", b"SomethingE")), id="no zone ids"
        ),
    ],
)
def test_shapes_that_are_not_the_shapefile_are_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="not the zipped shapefile"):
        read_zones(zone_lookup(), content)


def test_the_real_files_give_every_zone_a_place_in_the_city(real_tlc: Path) -> None:
    misc = real_tlc / "misc"

    zones = read_zones(
        (misc / "taxi_zone_lookup.csv").read_bytes(), (misc / "taxi_zones.zip").read_bytes()
    )

    assert zones["zone"].tolist() == list(range(1, 264))
    assert zones["x_mi"].between(170, 205).all()
    assert zones["y_mi"].between(20, 55).all()
    assert zones["area_sqmi"].sum() == pytest.approx(330, abs=30)  # the land of the city and Newark
    assert not zones["geometry"].duplicated().any()
