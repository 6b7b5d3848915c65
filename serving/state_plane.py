"""From New York's State Plane, in feet, to longitude and latitude.

EPSG:2263 (NAD83 / New York Long Island) is a Lambert conformal conic projection with two standard
parallels; the formulas are those of EPSG's guidance note 7-2, method 9802. NAD83 and WGS84 differ
by a metre or two here, which no map of zones shows.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
US_SURVEY_FOOT_M = 1200.0 / 3937.0
ROUNDS = 6  # of the fixed point for the latitude; each gains two to three digits


@dataclass(frozen=True, slots=True)
class Lambert:
    """A Lambert conformal conic projection with two standard parallels, degrees and metres.

    Attributes:
        axis_m: semi-major axis of the ellipsoid.
        flattening: of the ellipsoid.
        origin: longitude and latitude of the false origin.
        parallels: latitudes that are drawn to scale.
        false_m: easting and northing of the false origin.
        unit_m: metres of a unit of the coordinates.
    """

    axis_m: float
    flattening: float
    origin: tuple[float, float]
    parallels: tuple[float, float]
    false_m: tuple[float, float]
    unit_m: float

    def to_degrees(self, coordinates: Numbers) -> Numbers:
        """(n, 2) longitudes and latitudes of (n, 2) eastings and northings."""
        eccentricity = np.sqrt(self.flattening * (2.0 - self.flattening))
        south, north = (_narrowing(np.radians(lat), eccentricity) for lat in self.parallels)
        below = _narrowing(np.radians(self.origin[1]), eccentricity)
        m_south, m_north = (_radius(np.radians(lat), eccentricity) for lat in self.parallels)
        cone = np.log(m_south / m_north) / np.log(south / north)
        scale = self.axis_m * m_south / (cone * south**cone)
        east = coordinates[:, 0] * self.unit_m - self.false_m[0]
        north_of = scale * below**cone - (coordinates[:, 1] * self.unit_m - self.false_m[1])
        radius, angle = np.hypot(east, north_of), np.arctan2(east, north_of)
        narrowing = (radius / scale) ** (1.0 / cone)
        latitude = np.pi / 2.0 - 2.0 * np.arctan(narrowing)
        for _ in range(ROUNDS):
            bulge = eccentricity * np.sin(latitude)
            squeezed = narrowing * ((1.0 - bulge) / (1.0 + bulge)) ** (eccentricity / 2.0)
            latitude = np.pi / 2.0 - 2.0 * np.arctan(squeezed)
        return np.column_stack([np.degrees(angle / cone) + self.origin[0], np.degrees(latitude)])


def _radius(latitude: float, eccentricity: float) -> float:
    """Radius of a parallel on the ellipsoid, in semi-major axes."""
    return float(np.cos(latitude) / np.sqrt(1.0 - (eccentricity * np.sin(latitude)) ** 2))


def _narrowing(latitude: float, eccentricity: float) -> float:
    """The guidance note's t: how far towards the pole the cone has narrowed."""
    bulge = eccentricity * np.sin(latitude)
    stretch = ((1.0 - bulge) / (1.0 + bulge)) ** (eccentricity / 2.0)
    return float(np.tan(np.pi / 4.0 - latitude / 2.0) / stretch)


NEW_YORK_LONG_ISLAND = Lambert(
    axis_m=6_378_137.0,  # GRS 1980
    flattening=1.0 / 298.257222101,
    origin=(-74.0, 40.0 + 10.0 / 60.0),
    parallels=(41.0 + 2.0 / 60.0, 40.0 + 40.0 / 60.0),
    false_m=(300_000.0, 0.0),
    unit_m=US_SURVEY_FOOT_M,
)
