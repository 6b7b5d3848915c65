"""New York's taxi tariff since 2022-12-19: what the meter counts, and the surcharges beside it.

Source: TLC's published rate of fare. The meter's fare is TLC's `fare_amount`; each surcharge has a
column of its own.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]

STANDARD, JFK, NEWARK, OUTSIDE, NEGOTIATED = 1, 2, 3, 4, 5  # TLC's rate codes
NIGHT_USD, RUSH_USD, JFK_RUSH_USD = 1.00, 2.50, 5.00
MTA_USD, IMPROVEMENT_USD = 0.50, 1.00
CONGESTION_USD = {"green": 2.75, "yellow": 2.50}
CBD_USD, CBD_SINCE = 0.75, np.datetime64("2025-01-05", "s")
AIRPORT_USD = {"green": 0.00, "yellow": 1.75}
_FLOAT_DUST = 1e-9  # 3 / 0.2 must count 15 units although binary floats fall a hair short


@dataclass(frozen=True, slots=True)
class Tariff:
    """What the meter charges, in US dollars.

    Attributes:
        drop_usd: charged when the ride starts.
        unit_usd: charged for each unit run, a unit being `unit_mi` of road or `unit_min` of slow
            traffic.
        unit_mi: miles of a unit above 12 mph.
        unit_min: minutes of a unit at 12 mph or below.
        jfk_flat_usd: the whole fare between JFK and Manhattan.
        newark_extra_usd: on top of the meter for rides to Newark Airport.
        outside_factor: what units run outside the city count for, Nassau and Westchester.
    """

    drop_usd: float = 3.00
    unit_usd: float = 0.70
    unit_mi: float = 0.2
    unit_min: float = 1.0
    jfk_flat_usd: float = 70.00
    newark_extra_usd: float = 20.00
    outside_factor: float = 2.0

    def raised(self, factor: float) -> "Tariff":
        """The same tariff with every price multiplied by `factor`, to the cent."""
        return replace(
            self,
            drop_usd=round(self.drop_usd * factor, 2),
            unit_usd=round(self.unit_usd * factor, 2),
            jfk_flat_usd=round(self.jfk_flat_usd * factor, 2),
            newark_extra_usd=round(self.newark_extra_usd * factor, 2),
        )


TARIFF = Tariff()


@dataclass(frozen=True, slots=True)
class Surcharges:
    """What stands beside the fare, each (n,) US dollars, in TLC's columns."""

    extra: Floats
    mta_tax: Floats
    improvement_surcharge: Floats
    congestion_surcharge: Floats
    cbd_congestion_fee: Floats
    airport_fee: Floats


def fare_usd(
    rate_code: Ints,
    fast_mi: Floats,
    slow_min: Floats,
    *,
    outside_share: Floats | float = 0.0,
    tariff: Tariff = TARIFF,
) -> Floats:
    """The meter's fare without surcharges, tips and tolls.

    Args:
        rate_code: (n,) TLC rate code; 2, 3 and 4 have rules of their own, any other is metered at
            the standard rate.
        fast_mi: (n,) miles driven above 12 mph.
        slow_min: (n,) minutes driven at 12 mph or below, standing included.
        outside_share: (n,) or one share 0..1 of the units run outside the city; counts for rate
            code 4 only.
        tariff: the prices.

    Returns:
        (n,) US dollars, to the cent. Only whole units are charged.
    """
    units: Floats = fast_mi / tariff.unit_mi + slow_min / tariff.unit_min
    doubled = 1.0 + np.asarray(outside_share) * (tariff.outside_factor - 1.0)
    units = np.where(rate_code == OUTSIDE, units * doubled, units)
    fare = tariff.drop_usd + tariff.unit_usd * np.floor(units + _FLOAT_DUST)
    fare = np.where(rate_code == NEWARK, fare + tariff.newark_extra_usd, fare)
    return np.asarray(
        np.round(np.where(rate_code == JFK, tariff.jfk_flat_usd, fare), 2), np.float64
    )


def extra_usd(pickup_at: npt.NDArray[np.datetime64], rate_code: Ints) -> Floats:
    """The night and rush-hour surcharge, TLC's `extra`.

    Nights (20 to 6 h) cost 1.00 and weekdays from 16 to 20 h 2.50; the flat JFK fare knows only a
    rush hour of 5.00, and a negotiated fare has neither. Legal holidays count as weekdays here,
    unlike on the meter.

    Args:
        pickup_at: (n,) datetime64[s] New York local time.
        rate_code: (n,) TLC rate code.

    Returns:
        (n,) US dollars.
    """
    seconds = pickup_at.astype("datetime64[s]").astype(np.int64)
    hour = seconds // 3600 % 24
    weekday = (seconds // 86400 + 3) % 7  # 1970-01-01 was a Thursday; 0 is Monday
    rush = (hour >= 16) & (hour < 20) & (weekday < 5)
    night = (hour >= 20) | (hour < 6)
    metered = np.where(rush, RUSH_USD, np.where(night, NIGHT_USD, 0.0))
    flat = np.where(rush, JFK_RUSH_USD, 0.0)
    return np.where(rate_code == NEGOTIATED, 0.0, np.where(rate_code == JFK, flat, metered))


def surcharges_usd(
    pickup_at: npt.NDArray[np.datetime64],
    rate_code: Ints,
    *,
    fleet: str,
    below_96th: Bools,
    in_cbd: Bools,
    from_airport: Bools,
) -> Surcharges:
    """Every surcharge of each ride.

    Args:
        pickup_at: (n,) datetime64[s] New York local time.
        rate_code: (n,) TLC rate code.
        fleet: `green` or `yellow`; they differ in the congestion surcharge and the airport fee.
        below_96th: (n,) the ride touches Manhattan south of 96th Street.
        in_cbd: (n,) the ride touches Manhattan south of 60th Street.
        from_airport: (n,) the ride starts at LaGuardia or JFK.

    Returns:
        Six columns of (n,) US dollars.
    """
    tolled = in_cbd & (pickup_at >= CBD_SINCE)
    return Surcharges(
        extra=extra_usd(pickup_at, rate_code),
        mta_tax=np.where(rate_code == NEGOTIATED, 0.0, MTA_USD),
        improvement_surcharge=np.full(len(rate_code), IMPROVEMENT_USD),
        congestion_surcharge=np.where(below_96th, CONGESTION_USD[fleet], 0.0),
        cbd_congestion_fee=np.where(tolled, CBD_USD, 0.0),
        airport_fee=np.where(from_airport, AIRPORT_USD[fleet], 0.0),
    )
