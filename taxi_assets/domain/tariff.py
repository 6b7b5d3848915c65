"""What New York's taxi meters count, without surcharges (see `surcharges`).

Source: TLC's published rate of fare; its meter fare is the files' `fare_amount`.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from taxi_assets.domain.errors import UsageError

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.integer]
Times = npt.NDArray[np.datetime64]

STANDARD, JFK, NEWARK, OUTSIDE, NEGOTIATED = 1, 2, 3, 4, 5  # TLC's rate codes
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


# TLC's rule "Taximeter Rate of Fare and Various Surcharges" raised the tariff of 2012-09-04.
TARIFF = Tariff()
TARIFFS = (
    (
        np.datetime64("2012-09-04", "s"),
        Tariff(drop_usd=2.50, unit_usd=0.50, jfk_flat_usd=52.00, newark_extra_usd=17.50),
    ),
    (np.datetime64("2022-12-19", "s"), TARIFF),
)


def require_since(pickup_at: Times, since: np.datetime64, prices: str) -> None:
    """Refuse pickups for which no price is known.

    Raises:
        UsageError: one is missing or before `since`; the sentence names the `prices`.
    """
    if not (pickup_at >= since).all():  # a missing time compares False too
        raise UsageError(
            f"The {prices} is known since {since.astype('datetime64[D]')}; "
            "a pickup time is missing or before that."
        )


def minimum_fare_usd(pickup_at: Times) -> Floats:
    """The least the meter shows: 3.00 US dollars since 2022-12-19, 2.50 before.

    Args:
        pickup_at: (n,) datetime64 New York local time.

    Raises:
        UsageError: a time is missing or before 2012-09-04.
    """
    require_since(pickup_at, TARIFFS[0][0], "taxi tariff")
    since = np.array([day for day, _ in TARIFFS])
    drops = np.array([tariff.drop_usd for _, tariff in TARIFFS])
    return np.asarray(drops[np.searchsorted(since, pickup_at, side="right") - 1])


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
