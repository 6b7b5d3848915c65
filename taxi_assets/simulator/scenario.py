"""What can happen to the simulated city, and from which month on."""

from dataclasses import dataclass

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.months import check_month


@dataclass(frozen=True, slots=True)
class Scenario:
    """Injections, each from a month on; `None` means never.

    Months before an injection's start are byte for byte what they would be without it.

    Attributes:
        tariff_rise_from: month from which every price of the meter is multiplied.
        tariff_rise_factor: by what.
        closed_bridge_from: month from which rides between Manhattan and Queens take a long way
            round.
        closed_bridge_detour_mi: how many miles longer.
        broken_meter_from: month from which meters of one vendor lose or invent distances, or stick
            at the first fare.
        broken_meter_vendor: which `VendorID`.
        broken_meter_share: what share 0..1 of that vendor's rides.
    """

    tariff_rise_from: str | None = None
    tariff_rise_factor: float = 1.10
    closed_bridge_from: str | None = None
    closed_bridge_detour_mi: float = 3.0
    broken_meter_from: str | None = None
    broken_meter_vendor: int = 1
    broken_meter_share: float = 0.5

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: a start is not a month, or a size is out of range.
        """
        for start in (self.tariff_rise_from, self.closed_bridge_from, self.broken_meter_from):
            if start is not None:
                check_month(start)
        if not 0 < self.tariff_rise_factor < 10:
            raise UsageError(f"A tariff rise by {self.tariff_rise_factor} is not between 0 and 10.")
        if not 0 <= self.closed_bridge_detour_mi <= 50:
            raise UsageError(
                f"A detour of {self.closed_bridge_detour_mi} miles is not within 0 to 50."
            )
        if not 0 <= self.broken_meter_share <= 1:
            raise UsageError(f"A share of {self.broken_meter_share} is not within 0 to 1.")


@dataclass(frozen=True, slots=True)
class Effects:
    """What of a scenario is in force in one month; the neutral value is nothing.

    Attributes:
        tariff_factor: prices of the meter are multiplied by it.
        detour_mi: added to rides between Manhattan and Queens.
        broken_vendor: vendor whose meters break.
        broken_share: share 0..1 of that vendor's rides.
    """

    tariff_factor: float = 1.0
    detour_mi: float = 0.0
    broken_vendor: int = 0
    broken_share: float = 0.0


def effects(scenario: Scenario, month: str) -> Effects:
    """What of `scenario` is in force in `month`."""

    def begun(start: str | None) -> bool:
        return start is not None and start <= month  # text order is time order

    broken = begun(scenario.broken_meter_from)
    return Effects(
        tariff_factor=scenario.tariff_rise_factor if begun(scenario.tariff_rise_from) else 1.0,
        detour_mi=scenario.closed_bridge_detour_mi if begun(scenario.closed_bridge_from) else 0.0,
        broken_vendor=scenario.broken_meter_vendor if broken else 0,
        broken_share=scenario.broken_meter_share if broken else 0.0,
    )
