"""A chunk of trip records on its way into a file: columns under TLC's names, mutable until written.

Steps of the simulator change a sheet in place, one after the other; nobody else ever sees it. Times
are seconds since 1970 on New York's clock under `pickup_s` and `dropoff_s`; `no_record` marks rows
that lack the meter's record.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

Sheet = dict[str, npt.NDArray[Any]]
Rows = npt.NDArray[np.integer] | npt.NDArray[np.bool_] | slice

SURCHARGES = (
    "extra",
    "mta_tax",
    "improvement_surcharge",
    "congestion_surcharge",
    "cbd_congestion_fee",
    "airport_fee",
)
CHARGES = ("fare_amount", *SURCHARGES, "tolls_amount")
NULLED_MONEY = (
    "congestion_surcharge",
    "airport_fee",
)  # null, and not in the total, where there is no record


def length(sheet: Sheet) -> int:
    """How many rows."""
    return len(sheet["pickup_s"])


def add_up(sheet: Sheet) -> None:
    """Set `total_amount` to what the rider pays: fare, surcharges, tolls and tip."""
    total = sheet["tip_amount"].copy()
    for name in CHARGES:
        total += (
            np.where(sheet["no_record"], 0.0, sheet[name]) if name in NULLED_MONEY else sheet[name]
        )
    sheet["total_amount"] = np.round(total, 2)


def copy_rows(sheet: Sheet, source: Rows, target: Rows) -> None:
    """Make the target rows copies of the source rows."""
    for column in sheet.values():
        column[target] = column[source]
