"""The taxi zones as GeoJSON, drawn once a model and kept ready to send."""

import gzip
import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import orjson
import pandas as pd

from serving.state_plane import NEW_YORK_LONG_ISLAND
from taxi_assets.domain.zones import FEET_PER_MILE

Crs = Literal["wgs84", "state-plane"]
TOLERANCE_FT = 60.0  # what a border may move: a street's width, less than a pixel of a city's map
DEGREE_DIGITS, MILE_DIGITS = 5, 4  # a metre, half a metre


@dataclass(frozen=True, slots=True)
class ZoneMap:
    """GeoJSON ready to send.

    Attributes:
        plain: JSON.
        zipped: the same, gzip.
        etag: its name, which changes when it does.
    """

    plain: bytes
    zipped: bytes
    etag: str


def draw(zones: pd.DataFrame, crs: Crs) -> ZoneMap:
    """Draw the zones.

    Args:
        zones: (263, >=6) a bundle's zones; `geometry` is well-known binary in State Plane feet.
        crs: `wgs84` for longitude and latitude, as GeoJSON demands; `state-plane` for miles east
            and north in New York's State Plane, which a page can draw without projecting them.
    """
    import shapely  # only maps need shapes

    shapes = shapely.from_wkb(zones["geometry"].to_numpy())
    # together, so that neighbours keep their common borders
    simple = shapely.coverage_simplify(shapes, TOLERANCE_FT)
    placed = shapely.transform(simple, _to_miles if crs == "state-plane" else _to_degrees)
    columns = (zones[name].tolist() for name in ("zone", "name", "borough", "is_airport"))
    features = [
        {
            "type": "Feature",
            "id": zone,
            "properties": {"zone": zone, "name": name, "borough": borough, "is_airport": airport},
            "geometry": shapely.geometry.mapping(shape),
        }
        for zone, name, borough, airport, shape in zip(*columns, placed, strict=True)
    ]
    return _ready({"type": "FeatureCollection", "features": features})


def _to_miles(feet: Any) -> Any:
    return np.round(feet / FEET_PER_MILE, MILE_DIGITS)


def _to_degrees(feet: Any) -> Any:
    return np.round(NEW_YORK_LONG_ISLAND.to_degrees(feet), DEGREE_DIGITS)


def _ready(collection: dict[str, Any]) -> ZoneMap:
    plain = orjson.dumps(collection)
    digest = hashlib.sha256(plain).hexdigest()[:32]
    # without a time in it: the same map is the same bytes
    return ZoneMap(plain, gzip.compress(plain, mtime=0), f'W/"{digest}"')
