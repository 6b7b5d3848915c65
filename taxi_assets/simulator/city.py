"""The simulated city, one and the same for every seed: files of different seeds share zones."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPoint, Point, Polygon
from shapely.geometry.base import BaseGeometry

from taxi_assets.simulator import zone_ids
from taxi_assets.simulator.outlines import NORTH, PIECES, Piece
from taxi_assets.simulator.streams import stream

FEET_PER_MILE = 5280.0
BOROUGHS = ("Unknown", "Manhattan", "Brooklyn", "Queens", "Bronx", "Staten Island", "EWR")
MANHATTAN, BROOKLYN, QUEENS, BRONX, STATEN_ISLAND, NEWARK = range(1, 7)
_CITY_SEED = 1811  # the year of Manhattan's street plan
_SMOOTHING_STEPS = 12
_CBD_ZONES = 33  # of the 52 core zones, those south of 60th Street
_OUTSIDE_FEET = (1080_000.0, 245_000.0, 3.5 * FEET_PER_MILE)  # Nassau and Westchester, roughly


@dataclass(frozen=True, slots=True)
class Zone:
    """One cell of the city: its id, where it belongs and its shape in State Plane feet."""

    id: int
    borough: str
    service_zone: str
    shape: BaseGeometry


@dataclass(frozen=True, slots=True)
class City:
    """The city as arrays indexed by zone id; entry 0 is unused, 264 unknown and 265 outside.

    Attributes:
        zones: the 263 cells in id order.
        borough: (266,) index into `BOROUGHS`.
        along_mi: (266,) the centroid's miles along Manhattan's avenues.
        across_mi: (266,) and across them.
        half_mi: (266,) half the side of a square as large as the zone.
        core: (266,) Manhattan below 96th Street.
        cbd: (266,) Manhattan below 60th Street.
    """

    zones: tuple[Zone, ...]
    borough: npt.NDArray[np.int8]
    along_mi: npt.NDArray[np.float64]
    across_mi: npt.NDArray[np.float64]
    half_mi: npt.NDArray[np.float64]
    core: npt.NDArray[np.bool_]
    cbd: npt.NDArray[np.bool_]


@cache
def the_city() -> City:
    """The city; built once a process."""
    zones = tuple(
        sorted((zone for piece in PIECES for zone in _cut(piece)), key=lambda zone: zone.id)
    )
    size = zone_ids.OUTSIDE_ZONE + 1
    x, y = np.full(size, _OUTSIDE_FEET[0]), np.full(size, _OUTSIDE_FEET[1])
    half, borough = np.full(size, _OUTSIDE_FEET[2]), np.zeros(size, np.int8)
    core, cbd = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    for zone in zones:
        x[zone.id], y[zone.id] = zone.shape.centroid.x, zone.shape.centroid.y
        half[zone.id] = np.sqrt(zone.shape.area) / 2
        borough[zone.id] = BOROUGHS.index(zone.borough)
    core[[zone.id for zone in zones if zone.service_zone == "Yellow Zone"]] = True
    cbd[list(zone_ids.MANHATTAN_CORE[:_CBD_ZONES])] = True
    east, north = np.array(NORTH) / np.hypot(*NORTH)
    along, across = (x * east + y * north) / FEET_PER_MILE, (x * north - y * east) / FEET_PER_MILE
    return City(zones, borough, along, across, half / FEET_PER_MILE, core, cbd)


def _cut(piece: Piece) -> Iterator[Zone]:
    """Cut a piece of land into as many cells as it has zones, handed out along its direction."""
    east, north = piece.along
    cells = sorted(_cells(piece), key=lambda c: c.centroid.x * east + c.centroid.y * north)
    for zone, cell in zip(piece.zones, cells, strict=True):
        service = "Yellow Zone" if zone in zone_ids.MANHATTAN_CORE else "Boro Zone"
        yield Zone(zone, piece.borough, piece.service_zone or service, cell)


def _cells(piece: Piece) -> list[BaseGeometry]:
    """Voronoi cells of about equal size, smoothed by moving each site to its cell's centroid."""
    if len(piece.zones) == 1:
        return [piece.outline]
    sites = _sites(
        piece.outline, len(piece.zones), stream(_CITY_SEED, piece.borough, piece.zones[0])
    )
    for step in range(_SMOOTHING_STEPS):
        drawn = shapely.voronoi_polygons(MultiPoint(sites), extend_to=piece.outline, ordered=True)
        cells = [cell.intersection(piece.outline) for cell in drawn.geoms]
        if step < _SMOOTHING_STEPS - 1:
            sites = [
                cell.representative_point() if cell.is_empty else cell.centroid for cell in cells
            ]
    return cells


def _sites(outline: Polygon, count: int, rng: np.random.Generator) -> list[Point]:
    """Random points on the land."""
    west, south, east, north = outline.bounds
    sites: list[Point] = []
    while len(sites) < count:
        point = Point(rng.uniform(west, east), rng.uniform(south, north))
        if outline.contains(point):
            sites.append(point)
    return sites
