"""TLC's zone lookup and zone shapes, flaws included, for the simulated city."""

import io
import zipfile

import shapefile
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry
from shapely.geometry.polygon import orient

from taxi_assets.simulator.city import City, Zone
from taxi_assets.simulator.names import zone_name
from taxi_assets.simulator.zone_ids import DRAWN_AS

_FEET_PER_DEGREE_NORTH, _FEET_PER_DEGREE_EAST = 364_400.0, 277_200.0  # at 40.7 degrees north
_STAMP = (2020, 1, 1, 0, 0, 0)  # a fixed time, so that the same city is the same bytes
_PRJ = (
    'PROJCS["NAD_1983_StatePlane_New_York_Long_Island_FIPS_3104_Feet",GEOGCS["GCS_North_American_1983",'
    'DATUM["D_North_American_1983",SPHEROID["GRS_1980",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],'
    'PARAMETER["False_Easting",984250.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",-74.0],PARAMETER["Standard_Parallel_1",40.66666666666666],'
    'PARAMETER["Standard_Parallel_2",41.03333333333333],PARAMETER["Latitude_Of_Origin",40.16666666666666],'
    'UNIT["Foot_US",0.3048006096012192]]'
)


def lookup_csv(city: City) -> bytes:
    """`taxi_zone_lookup.csv`: 265 rows LocationID, Borough, Zone, service_zone, quoted as TLC's."""
    lines = ['"LocationID","Borough","Zone","service_zone"']
    lines += [f'{z.id},"{z.borough}","{zone_name(z.id)}","{z.service_zone}"' for z in city.zones]
    lines += ['264,"Unknown","NV","N/A"', '265,"Unknown","NA","N/A"']
    return ("\r\n".join(lines) + "\r\n").encode()


def shapes_zip(city: City) -> bytes:
    """`taxi_zones.zip`: a shapefile of 263 shapes in a folder, State Plane feet (EPSG:2263).

    As in TLC's file, id 56 stands twice and 103 three times while 57, 104 and 105 have no shape;
    `OBJECTID` keeps the id that each was drawn for. `Shape_Leng` and `Shape_Area` are in degrees
    there, so they are here.
    """
    parts = {kind: io.BytesIO() for kind in ("shp", "shx", "dbf")}
    with shapefile.Writer(**parts, shapeType=shapefile.POLYGON) as writer:
        writer.field("OBJECTID", "N", 9)
        writer.field("Shape_Leng", "F", 19, 11)
        writer.field("Shape_Area", "F", 19, 11)
        writer.field("zone", "C", 254)
        writer.field("LocationID", "N", 4)
        writer.field("borough", "C", 254)
        for zone in city.zones:
            writer.shape(mapping(_clockwise(zone.shape)))
            writer.record(*_attributes(zone))
    files = {kind: part.getvalue() for kind, part in parts.items()}
    files["dbf"] = (
        files["dbf"][:1] + bytes((120, 1, 1)) + files["dbf"][4:]
    )  # the writer puts today's date there
    return _zipped({**files, "prj": _PRJ.encode()})


def _attributes(zone: Zone) -> tuple[int, float, float, str, int, str]:
    """One attribute row, columns as in TLC's file."""
    feet = (_FEET_PER_DEGREE_NORTH + _FEET_PER_DEGREE_EAST) / 2
    length = zone.shape.length / feet
    area = zone.shape.area / (_FEET_PER_DEGREE_NORTH * _FEET_PER_DEGREE_EAST)
    drawn_as = DRAWN_AS.get(zone.id, zone.id)
    return zone.id, length, area, zone_name(zone.id), drawn_as, zone.borough


def _clockwise(shape: BaseGeometry) -> BaseGeometry:
    """Outer rings clockwise, as the shapefile format wants them."""
    if shape.geom_type == "Polygon":
        return orient(shape, sign=-1.0)
    return type(shape)([orient(part, sign=-1.0) for part in shape.geoms])


def _zipped(files: dict[str, bytes]) -> bytes:
    """The shapefile's parts in a folder, with fixed times."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("taxi_zones/", _STAMP), b"")
        for kind, content in files.items():
            info = zipfile.ZipInfo(f"taxi_zones/taxi_zones.{kind}", _STAMP)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return whole.getvalue()
