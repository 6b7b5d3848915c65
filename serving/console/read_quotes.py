"""Quotes as tables to draw: reasons, bill, and the same ride at every hour of a day."""

from datetime import date, datetime, time
from typing import Any

import pandas as pd

from serving.schemas import BatchQuote, Explanation, Quote

HOURS = 24


def trip_of(
    pickup_zone: int, dropoff_zone: int, at: datetime, passengers: int, fleet: str
) -> dict[str, Any]:
    """A ride as the service takes it; `at` is New York local time."""
    return {
        "pickup_zone": pickup_zone,
        "dropoff_zone": dropoff_zone,
        "pickup_at": at.strftime("%Y-%m-%dT%H:%M"),
        "passengers": passengers,
        "fleet": fleet,
    }


def through_the_day(trip: dict[str, Any], day: date) -> list[dict[str, Any]]:
    """The same ride at each full hour of a day, 0 to 23."""
    hours = [datetime.combine(day, time(hour)) for hour in range(HOURS)]
    return [{**trip, "pickup_at": hour.strftime("%Y-%m-%dT%H:%M")} for hour in hours]


def reasons(explanation: Explanation) -> pd.DataFrame:
    """What makes the fare.

    Returns:
        (1 + n_groups, 3) `reason`, `usd` and `effect` (`start`, `dearer` or `cheaper`): the base
        first, then groups, the one that moves the fare most first. `usd` adds up to the fare.
    """
    groups = sorted(explanation.groups, key=lambda part: -abs(part.usd))
    rows = [("Any ride, before it is known", explanation.base_usd, "start")]
    rows += [(part.words, part.usd, "cheaper" if part.usd < 0 else "dearer") for part in groups]
    return pd.DataFrame(rows, columns=["reason", "usd", "effect"])


def bill(quote: Quote) -> pd.DataFrame:
    """(2 + n_surcharges, 2) `part` and `usd`: fare, surcharges, total."""
    rows = [("Metered fare", quote.fare_usd)]
    rows += [(surcharge.name, surcharge.usd) for surcharge in quote.surcharges]
    return pd.DataFrame(
        [*rows, ("Total, no tolls, no tip", quote.total_usd)], columns=["part", "usd"]
    )


def by_hour(answered: BatchQuote) -> pd.DataFrame:
    """The quotes of `through_the_day`.

    Returns:
        (n_answered, 6) `hour` 0 to 23, `fare_usd`, `low_usd`, `high_usd`, `total_usd` in US
        dollars, `ride_min` minutes; an hour without a quote has no row.
    """
    columns = ["fare_usd", "low_usd", "high_usd", "total_usd", "ride_min"]
    rows = [
        {"hour": item.index, **{name: getattr(item.quote, name) for name in columns}}
        for item in answered.items
        if item.quote is not None
    ]
    return pd.DataFrame(rows, columns=["hour", *columns])


def refusals(answered: BatchQuote) -> dict[int, str]:
    """Why an hour has no quote, by hour."""
    return {item.index: item.problem.detail for item in answered.items if item.problem is not None}
