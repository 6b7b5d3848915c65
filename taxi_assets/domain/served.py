"""What the service answered: the records of its log, and the table they are gathered in.

The log is Parquet files `<root>/<kind>/month=YYYY-MM/<UTC time>-<uuid>.parquet`, of all fleets. A
quote lies in the month of its pick-up, an outcome in the month in which it was told. A batch that
was tried again may lie there twice.
"""

import pyarrow as pa

from taxi_assets.domain.cleaning import MAX_FARE_USD, MIN_FARE_USD
from taxi_assets.domain.fleets import MONEY
from taxi_assets.domain.table import Column, Table
from taxi_assets.domain.zones import LAST_ZONE

ARMS = ("champion", "challenger")
UTC_TIME = pa.timestamp("us", "UTC")


def _usd(name: str, text: str) -> Column:
    return Column(name, pa.float64(), f"{text}, US dollars", low=0)


def _zone(name: str) -> Column:
    return Column(name, pa.int32(), "TLC zone id", low=1, high=LAST_ZONE)


_ID = Column("request_id", pa.string(), "names the quote; its outcome tells the same")
_AT = Column("at", UTC_TIME, "when it was answered")
_FLEET = Column("fleet", pa.string(), "whose fares")
_ANSWER = (
    Column("arm", pa.string(), "which model of the deployment strategy", among=ARMS),
    Column("shadow", pa.bool_(), "whether the answer was only logged"),
    Column("model", pa.string(), "registered model"),
    Column("model_version", pa.string(), "its version"),
    Column("identity", pa.string(), "SHA-256 of everything in it that can change an answer"),
)
_TRIP = (
    _zone("pickup_zone"),
    _zone("dropoff_zone"),
    Column("pickup_at", pa.timestamp("us"), "as asked, New York local time"),
    Column("passengers", pa.int32(), "as asked", low=1),
)
_COST = (
    Column("ride_min", pa.float64(), "expected minutes", low=0),
    _usd("total_usd", "fare and surcharges"),
    Column("latency_ms", pa.float64(), "from request to answer, milliseconds", low=0),
    Column("key_id", pa.string(), "id of the caller's API key, null without", nullable=True),
)
QUOTE_LOG = Table(
    "quote",
    "one answer of one model to one ride",
    (
        _ID,
        _AT,
        _FLEET,
        *_ANSWER,
        *_TRIP,
        _usd("fare_usd", "expected metered fare"),
        _usd("low_usd", "lower bound of the interval"),
        _usd("high_usd", "upper bound of the interval"),
        *_COST,
    ),
)
OUTCOME_LOG = Table(
    "outcome",
    "what a quoted ride then cost, as its caller told",
    (
        _ID,
        Column("at", UTC_TIME, "when it was told"),
        _usd("fare_usd", "metered fare"),
    ),
)
LOGS = {log.name: log for log in (QUOTE_LOG, OUTCOME_LOG)}
DATED_BY = {QUOTE_LOG.name: "pickup_at", OUTCOME_LOG.name: "at"}  # what decides the month

SERVED_PREDICTIONS = Table(
    "served_predictions",
    "one answer of one model to one ride of the month, and what became of the ride",
    (
        _ID,
        Column("at", pa.timestamp("us"), "when it was answered, UTC"),
        *_ANSWER,
        *_TRIP,
        _usd("quoted_usd", "expected metered fare"),
        _usd("low_usd", "lower bound of the interval"),
        _usd("high_usd", "upper bound of the interval"),
        *_COST,
        Column(
            "outcome_usd",
            pa.float64(),
            "metered fare as the caller last told it, US dollars",
            nullable=True,
            low=0,
        ),
        Column("outcome_at", pa.timestamp("us"), "when it was told, UTC", nullable=True),
        Column(
            "source_row",
            pa.int32(),
            "row of the one clean trip with this pick-up minute and these zones in the landed "
            "file; null where there is none, or more than one",
            nullable=True,
            low=0,
        ),
        Column(
            "metered_usd",
            MONEY,
            "its metered fare, US dollars",
            nullable=True,
            low=MIN_FARE_USD,
            high=MAX_FARE_USD,
        ),
    ),
)
