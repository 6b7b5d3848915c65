"""Where and when people ride: gravity between zones and the rhythm of the week.

Shares were set by eye after the published months of 2023 to 2025, rounded; they describe, they do
not copy.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from taxi_assets.simulator import city as places
from taxi_assets.simulator import zone_ids
from taxi_assets.simulator.city import City, the_city
from taxi_assets.simulator.streams import stream

_DEMAND_SEED = 1898  # the year the boroughs became one city
PERIODS = ("morning", "day", "night")

# Share of a day's rides that start in each hour 0..23, in per mille: weekdays, then weekends.
# fmt: off
HOURLY = {
    "green": np.array([
        [10, 7, 3, 3, 3, 6, 20, 47, 62, 60, 55, 56,
         58, 58, 65, 71, 79, 84, 73, 53, 43, 34, 29, 20],
        [29, 24, 17, 16, 13, 9, 12, 22, 27, 41, 48, 54,
         63, 64, 73, 71, 73, 69, 67, 52, 46, 43, 36, 31],
    ], dtype=np.float64),
    "yellow": np.array([
        [18, 10, 6, 4, 4, 7, 18, 38, 50, 50, 49, 51,
         55, 57, 61, 62, 62, 69, 73, 63, 57, 56, 47, 33],
        [45, 37, 28, 18, 10, 6, 8, 14, 23, 34, 45, 52,
         57, 58, 60, 60, 60, 61, 62, 55, 50, 52, 54, 51],
    ], dtype=np.float64),
}
# fmt: on
DAILY = {
    "green": np.array([0.98, 1.02, 1.04, 1.05, 1.06, 1.00, 0.86]),  # Monday to Sunday
    "yellow": np.array([0.87, 0.98, 1.03, 1.07, 1.06, 1.09, 0.92]),
}
# Share of pickups by where they start, in per cent.
_PICKUPS = {
    "green": {
        "core": 4.5,
        "north": 59.0,
        "queens": 22.5,
        "brooklyn": 12.7,
        "bronx": 1.2,
        "staten": 0.05,
    },
    "yellow": {
        "core": 87.0,
        "north": 2.6,
        "queens": 1.2,
        "brooklyn": 1.0,
        "bronx": 0.15,
        "staten": 0.01,
        "jfk": 4.8,
        "laguardia": 3.3,
        "newark": 0.01,
    },
}
# Pull of a drop-off zone, per zone.
_PULL = {
    "core": 3.0,
    "north": 1.5,
    "queens": 1.0,
    "brooklyn": 0.8,
    "bronx": 0.4,
    "staten": 0.1,
    "jfk": 32.0,
    "laguardia": 10.0,
    "newark": 3.0,
}
_NEAR_MI, _FAR_MI = 0.90, 4.0  # how far most rides go, and the few long ones
_FAR_SHARE = {"green": 0.28, "yellow": 0.30}
_PERIOD_PULL = {"morning": 1.4, "day": 1.0, "night": 0.75}  # of Manhattan's core


@dataclass(frozen=True, slots=True)
class Demand:
    """Where rides of a fleet go.

    Attributes:
        pairs: (3, 263 * 263) cumulative probability of each (pickup, drop-off) pair, for each of
            `PERIODS`.
    """

    pairs: npt.NDArray[np.float64]


@cache
def demand_of(fleet: str) -> Demand:
    """The fleet's demand in the simulated city; built once a process."""
    city = the_city()
    group = _groups(city)
    rng = stream(_DEMAND_SEED, "zones")
    pickups = _pickups(fleet, group, rng.lognormal(0.0, 0.9, zone_ids.ZONES))
    pull = np.array([_PULL.get(name, 0.0) for name in group]) * rng.lognormal(
        0.0, 0.5, zone_ids.ZONES
    )
    near = _decay(city, _NEAR_MI), _decay(city, _FAR_MI)
    tables = []
    for period in PERIODS:
        drawn = pull * np.where(group == "core", _PERIOD_PULL[period], 1.0)
        share = (1 - _FAR_SHARE[fleet], _FAR_SHARE[fleet])
        rows = sum(s * _rows_to_one(drawn * decay) for s, decay in zip(share, near, strict=True))
        cumulative = np.cumsum((pickups[:, None] * rows).ravel())
        tables.append(cumulative / cumulative[-1])
    return Demand(np.stack(tables))


def period_of(hour_of_week: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Index into `PERIODS` for hours 0 (Monday, midnight) to 167."""
    hour, day = hour_of_week % 24, hour_of_week // 24
    night = (hour >= 20) | (hour < 5)
    morning = (hour < 11) & (day < 5)
    return np.where(night, 2, np.where(morning, 0, 1))


def hour_weights(fleet: str) -> npt.NDArray[np.float64]:
    """(168,) relative rides in each hour of the week from Monday midnight."""
    profile = HOURLY[fleet] / HOURLY[fleet].sum(axis=1, keepdims=True)
    week = np.concatenate([np.tile(profile[0], 5), np.tile(profile[1], 2)])
    return np.asarray(week * np.repeat(DAILY[fleet], 24))


def _groups(city: City) -> npt.NDArray[np.str_]:
    """(263,) which row of the share tables each zone belongs to."""
    by_borough = {
        places.MANHATTAN: "north",
        places.BROOKLYN: "brooklyn",
        places.QUEENS: "queens",
        places.BRONX: "bronx",
        places.STATEN_ISLAND: "staten",
        places.NEWARK: "newark",
    }
    group = np.array([by_borough[int(b)] for b in city.borough[1:264]], dtype="U10")
    group[city.core[1:264]] = "core"
    group[zone_ids.JFK_ZONE - 1] = "jfk"
    group[zone_ids.LAGUARDIA_ZONE - 1] = "laguardia"
    group[np.array(zone_ids.HARBOUR_ISLANDS) - 1] = "islands"  # no street leads there
    return group


def _pickups(
    fleet: str, group: npt.NDArray[np.str_], liveliness: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """(263,) share of pickups; within a group by how lively each zone is."""
    lively = liveliness.copy()
    lively[np.array([74, 75]) - 1] = 5.0, 4.0  # the green cabs' home, next to the core
    shares = np.zeros(zone_ids.ZONES)
    for name, percent in _PICKUPS[fleet].items():
        members = group == name
        shares[members] = percent * lively[members] / lively[members].sum()
    return np.asarray(shares / shares.sum())


def _decay(city: City, reach_mi: float) -> npt.NDArray[np.float64]:
    """(263, 263) how much distance discourages a ride; within a zone its own size counts."""
    along, across, half = city.along_mi[1:264], city.across_mi[1:264], city.half_mi[1:264]
    apart = np.abs(along[:, None] - along) + np.abs(across[:, None] - across)
    np.fill_diagonal(apart, 1.4 * half + 0.3)  # few ride where they could walk
    return np.exp(-apart / reach_mi) * 2.0 * half


def _rows_to_one(weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
