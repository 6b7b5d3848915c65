"""Rough outlines of the boroughs, drawn by hand in New York State Plane feet (EPSG:2263)."""

from dataclasses import dataclass

from shapely.geometry import Polygon

from taxi_assets.simulator import zone_ids


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of land and the zones it is cut into.

    Attributes:
        borough: as TLC's lookup spells it.
        service_zone: as TLC's lookup spells it, where all zones of the piece share it.
        outline: the land, State Plane feet.
        zones: ids in the order the cells are handed out.
        along: (east, north) direction in which cells are ordered.
    """

    borough: str
    service_zone: str
    outline: Polygon
    zones: tuple[int, ...]
    along: tuple[float, float] = (1.0, 0.0)


def _land(*thousand_feet: tuple[float, float]) -> Polygon:
    return Polygon([(x * 1000.0, y * 1000.0) for x, y in thousand_feet])


LAGUARDIA = _land(
    (1014.5, 219.0), (1019.0, 217.6), (1024.3, 219.5), (1023.0, 224.8), (1016.5, 225.6)
)
JFK = _land(
    (1031.0, 172.0),
    (1040.0, 166.0),
    (1054.0, 166.5),
    (1054.5, 176.0),
    (1046.0, 181.5),
    (1033.0, 180.5),
)
NEWARK = _land((931.6, 185.0), (936.0, 183.9), (941.8, 192.0), (940.0, 197.1), (935.0, 195.5))

# fmt: off
MANHATTAN = _land(
    (979.4, 196.2), (982.5, 210.0), (990.0, 224.0), (999.0, 243.0), (1005.4, 259.5), (1009.4,
    256.5), (1003.4, 236.0), (1000.4, 226.5), (996.4, 215.0), (991.4, 205.5), (984.4, 194.8),
)
BRONX = _land(
    (1007.6, 233.5), (1006.2, 238.5), (1010.6, 254.0), (1008.6, 262.5), (1010.6, 272.0), (1031.0,
    268.5), (1046.0, 262.0), (1049.0, 250.0), (1040.0, 240.0), (1030.0, 233.5), (1016.0, 230.5),
)
QUEENS = _land(
    (996.5, 206.0), (998.5, 212.0), (1003.0, 220.5), (1008.0, 223.0), (1014.0, 218.0), (1024.5,
    219.0), (1030.0, 227.0), (1045.0, 229.5), (1066.0, 222.0), (1067.0, 200.0), (1056.0, 183.0),
    (1040.0, 182.0), (1030.0, 176.5), (1024.0, 180.0), (1021.2, 184.0), (1014.4, 190.4), (1008.8,
    198.4), (1001.0, 203.6),
)
BROOKLYN = _land(
    (982.5, 192.3), (990.0, 196.5), (995.5, 203.0), (1000.5, 202.5), (1008.0, 197.5), (1013.5,
    189.5), (1020.5, 182.5), (1021.5, 175.0), (1014.0, 167.0), (1006.0, 160.5), (1000.0, 150.0),
    (985.5, 148.0), (974.5, 158.0), (973.5, 167.5), (980.0, 180.0),
)
STATEN_ISLAND = _land(
    (963.0, 175.5), (969.5, 158.5), (951.0, 138.0), (926.0, 120.5), (913.5, 122.5), (917.5, 148.0),
    (936.0, 165.0), (944.0, 172.0),
)
ROCKAWAY = _land(
    (1006.0, 139.0), (1028.0, 148.0), (1050.0, 152.0), (1051.0, 158.5), (1030.0, 154.0), (1008.0,
    145.0),
)
# fmt: on
ISLANDS = (
    _land((971.1, 190.2), (972.4, 190.2), (972.4, 191.0), (971.1, 191.0)),
    _land((972.2, 193.1), (973.7, 193.1), (973.7, 194.6), (972.2, 194.6)),
    _land((976.9, 188.2), (979.6, 188.2), (980.9, 190.8), (978.0, 191.8)),
)

NORTH = (0.48, 0.88)  # Manhattan's avenues run 29 degrees east of north
PIECES = (
    Piece("EWR", "EWR", NEWARK, (zone_ids.NEWARK_ZONE,)),
    Piece("Queens", "Airports", JFK, (zone_ids.JFK_ZONE,)),
    Piece("Queens", "Airports", LAGUARDIA, (zone_ids.LAGUARDIA_ZONE,)),
    Piece("Manhattan", "", MANHATTAN, zone_ids.MANHATTAN_CORE + zone_ids.MANHATTAN_NORTH, NORTH),
    Piece("Queens", "Boro Zone", QUEENS.difference(LAGUARDIA).difference(JFK), zone_ids.QUEENS),
    Piece("Queens", "Boro Zone", ROCKAWAY, zone_ids.ROCKAWAY),
    Piece("Brooklyn", "Boro Zone", BROOKLYN, zone_ids.BROOKLYN, (0.5, -1.0)),
    Piece("Bronx", "Boro Zone", BRONX, zone_ids.BRONX),
    Piece("Staten Island", "Boro Zone", STATEN_ISLAND, zone_ids.STATEN_ISLAND),
    *(
        Piece("Manhattan", "Yellow Zone", island, (zone,))
        for island, zone in zip(ISLANDS, zone_ids.HARBOUR_ISLANDS, strict=True)
    ),
)
