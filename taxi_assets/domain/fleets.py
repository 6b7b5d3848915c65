"""The fleets whose trip files TLC publishes, and how their columns are named.

A fleet is data: adding one means one entry in `FLEETS`, no new asset code. Column names of a
published file are matched without regard to case, because TLC has changed the case of some
(`Airport_fee`, `airport_fee`).
"""

from dataclasses import dataclass

import pyarrow as pa

from taxi_assets.domain.errors import UsageError

MONEY = pa.float64()
NOT_PUBLISHED = "(not in this fleet's files)"


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """One canonical column of a trip and where it comes from.

    Attributes:
        name: canonical name, with its unit where it has one.
        source: name in the published file, lower case.
        type: canonical Arrow type.
        needed: whether a file without it can be used at all; an absent column that is
            not needed reads as null.
    """

    name: str
    source: str
    type: pa.DataType
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Fleet:
    """One kind of taxi.

    Attributes:
        name: as in the published file names, `green` or `yellow`.
        description: what these cabs are, for people.
        columns: every canonical column, in the order tables hold them.
        ignored: published columns, lower case, that we know and deliberately do not
            carry beyond the raw file.
        usual_rows: a typical month's rows, for the simulator's default.
    """

    name: str
    description: str
    columns: tuple[SourceColumn, ...]
    ignored: frozenset[str]
    usual_rows: int

    @property
    def sources(self) -> dict[str, SourceColumn]:
        """Published lower-case name to column."""
        return {column.source: column for column in self.columns}

    @property
    def lacking(self) -> set[str]:
        """Canonical columns that its files never have."""
        return {column.name for column in self.columns if column.source == NOT_PUBLISHED}

    def file_name(self, month: str) -> str:
        """Path of the month's file below the source's root."""
        return f"trip-data/{self.name}_tripdata_{month}.parquet"


def _columns(prefix: str, airport_fee: bool) -> tuple[SourceColumn, ...]:
    """The columns of a street-hail fleet whose timestamps start with `prefix`."""
    return (
        SourceColumn("pickup_at", f"{prefix}_pickup_datetime", pa.timestamp("us"), needed=True),
        SourceColumn("dropoff_at", f"{prefix}_dropoff_datetime", pa.timestamp("us"), needed=True),
        SourceColumn("pickup_zone", "pulocationid", pa.int32(), needed=True),
        SourceColumn("dropoff_zone", "dolocationid", pa.int32(), needed=True),
        SourceColumn("passengers", "passenger_count", pa.int32(), needed=True),
        SourceColumn("distance_mi", "trip_distance", pa.float64(), needed=True),
        SourceColumn("fare_usd", "fare_amount", MONEY, needed=True),
        SourceColumn("rate_code", "ratecodeid", pa.int32(), needed=True),
        SourceColumn("vendor", "vendorid", pa.int32()),
        SourceColumn("payment_type", "payment_type", pa.int32()),
        SourceColumn("trip_type", "trip_type", pa.int32()),
        SourceColumn("extra_usd", "extra", MONEY),
        SourceColumn("mta_tax_usd", "mta_tax", MONEY),
        SourceColumn("improvement_usd", "improvement_surcharge", MONEY),
        SourceColumn("congestion_usd", "congestion_surcharge", MONEY),
        SourceColumn("cbd_usd", "cbd_congestion_fee", MONEY),
        SourceColumn("airport_usd", "airport_fee" if airport_fee else NOT_PUBLISHED, MONEY),
        SourceColumn("tip_usd", "tip_amount", MONEY),
        SourceColumn("tolls_usd", "tolls_amount", MONEY),
        SourceColumn("total_usd", "total_amount", MONEY),
    )


FLEETS = {
    fleet.name: fleet
    for fleet in (
        Fleet(
            name="green",
            description=(
                "Boro taxis: hailed outside Manhattan's core, "
                "or booked anywhere outside the airports"
            ),
            columns=_columns("lpep", airport_fee=False),
            ignored=frozenset({"store_and_fwd_flag", "ehail_fee"}),
            usual_rows=60_000,
        ),
        Fleet(
            name="yellow",
            description="Medallion taxis: hailed anywhere in the city",
            columns=_columns("tpep", airport_fee=True),
            ignored=frozenset({"store_and_fwd_flag"}),
            usual_rows=3_000_000,
        ),
    )
}


def get_fleet(name: str) -> Fleet:
    """The fleet of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in FLEETS:
        raise UsageError(f"There is no fleet '{name}': choose one of {', '.join(FLEETS)}.")
    return FLEETS[name]
