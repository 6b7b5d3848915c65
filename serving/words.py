"""The service's numbers in words a rider understands."""

from collections.abc import Sequence

import numpy as np

SURCHARGES = {
    "extra": "Night, rush hour or LaGuardia",
    "mta_tax": "MTA tax",
    "improvement_surcharge": "Taxi improvement surcharge",
    "congestion_surcharge": "New York State congestion surcharge",
    "cbd_congestion_fee": "MTA congestion pricing, Manhattan south of 60th Street",
    "airport_fee": "Airport access fee",
}


def signed_usd(usd: float) -> str:
    """`+$12.40` or `-$0.35`."""
    return f"{'-' if round(usd, 2) < 0 else '+'}${abs(usd):.2f}"


def part(name: str, usd: float) -> dict[str, str | float]:
    """A `Part` of an explanation: `The route's usual fare: +$12.40`."""
    words = f"{name[0].upper()}{name[1:]}"
    return {"name": name, "words": words, "usd": usd, "sentence": f"{words}: {signed_usd(usd)}"}


def to_cents(parts_usd: Sequence[float], total_usd: float) -> list[float]:
    """Parts in whole cents that add up to their total, each within a cent of what it was.

    Cents are given out by largest remainder: rounding each part by itself would leave a sum that
    riders see is wrong.

    Args:
        parts_usd: (n,) US dollars, n > 0, which add up to the total but for its rounding.
        total_usd: in whole cents.
    """
    cents = np.asarray(parts_usd, np.float64) * 100.0
    whole = np.floor(cents)
    missing = round(total_usd * 100.0) - int(whole.sum())
    order = np.argsort(whole - cents, kind="stable")  # largest remainder first
    each, rest = divmod(missing, len(cents))
    whole += each
    whole[order[:rest]] += 1.0
    return [float(value) for value in np.round(whole / 100.0, 2) + 0.0]
