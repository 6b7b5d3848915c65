"""TLC's taxi zones: names, boroughs and shapes."""

import io
import struct
import zipfile
from functools import cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from taxi_assets.domain.errors import DataError

FEET_PER_MILE = 5280.0
AIRPORT_ZONES = (1, 132, 138)  # Newark, JFK, LaGuardia
LAST_ZONE = 263  # 264 means unknown and 265 outside the city: neither is a place
BOROUGHS = ("Bronx", "Brooklyn", "EWR", "Manhattan", "Queens", "Staten Island")
NEWARK_ZONE, JFK_ZONE, LAGUARDIA_ZONE = AIRPORT_ZONES

# Where Manhattan's surcharges apply, from south to north. The laws draw lines along 60th and 96th
# Street and zones do not follow them: a zone counts when most of it lies south of the line.
# Governor's, Ellis and Liberty Island (103 to 105) have no road and Roosevelt Island (202) is
# reached from Queens, so all four stay out.
# fmt: off
CBD_ZONES = frozenset({
    12, 13, 4, 261, 88, 87, 45, 209, 231, 125, 211, 144, 148, 232, 79, 113, 114, 249, 158, 224,
    137, 107, 234, 90, 68, 246, 186, 100, 164, 170, 233, 161, 230, 48, 50, 163, 162, 229,
})
# Central Park (43) is left out although seven tenths of it lie south of 96th Street: of rides
# between it and a zone outside, meters charged 39 % of those that ended and 14 % of those that
# began in it (green cabs, seven months of 2023 to 2025).
CONGESTION_ZONES = CBD_ZONES | {143, 142, 140, 141, 237, 239, 236, 238, 262, 263}
MANHATTAN_ZONES = CONGESTION_ZONES | {
    43, 151, 24, 194, 75, 74, 166, 41, 42, 152, 116, 244, 120, 243, 127, 128, 202, 153,
    103, 104, 105,
}
# fmt: on


@cache
def mask_of(zones: frozenset[int]) -> npt.NDArray[np.bool_]:
    """(264,) True at the ids of `zones`, to be indexed with zone ids 0..263; read-only."""
    mask = np.zeros(LAST_ZONE + 1, np.bool_)
    mask[list(zones)] = True
    mask.setflags(write=False)
    return mask


def read_zones(lookup_csv: bytes, shapes_zip: bytes) -> pd.DataFrame:
    """Join TLC's zone lookup with its zone shapes.

    The published shapes carry zone id 56 twice and 103 three times while 57, 104 and 105 have
    none; their running number (`OBJECTID`) still holds the id each was drawn for, so it
    decides where ids repeat.

    Args:
        lookup_csv: `taxi_zone_lookup.csv`: LocationID, Borough, Zone, service_zone.
        shapes_zip: `taxi_zones.zip`: a shapefile in New York State Plane feet (EPSG:2263).

    Returns:
        (263, 9) one row a zone in id order: `zone` id 1..263, `name`, `borough`, `service_zone`,
        `x_mi`, `y_mi` centroid in State Plane miles, `area_sqmi`, `is_airport`, `geometry`
        well-known binary in State Plane feet.

    Raises:
        DataError: a file is unreadable, or a zone has no name or no shape.
    """
    names = _read_lookup(lookup_csv)
    shapes = _read_shapes(shapes_zip)
    zones = names.join(shapes, on="zone").query("zone <= @LAST_ZONE").reset_index(drop=True)
    if zones["zone"].tolist() != list(range(1, LAST_ZONE + 1)):
        raise DataError(f"The zone lookup does not name each zone from 1 to {LAST_ZONE} once.")
    if zones["geometry"].isna().any():
        missing = zones.loc[zones["geometry"].isna(), "zone"].tolist()
        raise DataError(f"The zone shapes have no geometry for zones {missing}.")
    return zones.assign(
        zone=zones["zone"].astype("int32"), is_airport=zones["zone"].isin(AIRPORT_ZONES)
    )


def _read_lookup(lookup_csv: bytes) -> pd.DataFrame:
    """The lookup under canonical names."""
    titles = {
        "LocationID": "zone",
        "Zone": "name",
        "Borough": "borough",
        "service_zone": "service_zone",
    }
    try:
        lookup = pd.read_csv(
            io.BytesIO(lookup_csv), keep_default_na=False, dtype={"LocationID": "int64"}
        )
        return lookup[list(titles)].rename(columns=titles)
    except (KeyError, ValueError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(f"The zone lookup is not the CSV it should be: {error}.") from error


def _read_shapes(shapes_zip: bytes) -> pd.DataFrame:
    """One row a zone id that has a shape: centroid, area and geometry."""
    import shapefile  # imported here: only the zones asset reads shapes
    import shapely

    try:
        with zipfile.ZipFile(io.BytesIO(shapes_zip)) as archive:
            stem = next(
                n for n in archive.namelist() if n.endswith(".shp") and "__MACOSX" not in n
            )[:-4]
            parts = {
                kind: io.BytesIO(archive.read(f"{stem}.{kind}")) for kind in ("shp", "dbf", "shx")
            }
        rows = [
            (
                item.record["OBJECTID"],
                item.record["LocationID"],
                shapely.geometry.shape(item.shape),
            )
            for item in shapefile.Reader(**parts).iterShapeRecords()
        ]
    except (
        zipfile.BadZipFile,
        StopIteration,
        LookupError,
        struct.error,
        shapefile.ShapefileException,
    ) as error:
        raise DataError(
            f"The zone shapes are not the zipped shapefile they should be: {error!r}."
        ) from error
    drawn = pd.DataFrame(rows, columns=["number", "zone", "shape"])
    repeated = drawn["zone"].duplicated(keep=False)
    drawn["zone"] = drawn["zone"].where(~repeated, drawn["number"])
    geometry = np.asarray(drawn["shape"], dtype=object)
    centroid = shapely.centroid(geometry)
    return pd.DataFrame(
        {
            "x_mi": shapely.get_x(centroid) / FEET_PER_MILE,
            "y_mi": shapely.get_y(centroid) / FEET_PER_MILE,
            "area_sqmi": shapely.area(geometry) / FEET_PER_MILE**2,
            "geometry": shapely.to_wkb(geometry),
        },
        index=pd.Index(drawn["zone"], name="zone"),
    )
