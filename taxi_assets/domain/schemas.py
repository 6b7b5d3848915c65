"""The tables: what each column is, its unit, its type and the values it may hold."""

import pyarrow as pa

from taxi_assets.domain.cleaning import (
    MAX_DISTANCE_MI,
    MAX_DURATION_MIN,
    MAX_FARE_USD,
    MIN_DISTANCE_MI,
    MIN_DURATION_MIN,
    MIN_FARE_USD,
    RULE_NAMES,
)
from taxi_assets.domain.features import CARRIED, CATEGORICAL, FEATURES, LEARNED
from taxi_assets.domain.fleets import MONEY
from taxi_assets.domain.report_schemas import REPORT_TABLES
from taxi_assets.domain.served import SERVED_PREDICTIONS
from taxi_assets.domain.table import Column, Table
from taxi_assets.domain.zones import BOROUGHS, LAST_ZONE

_ROW = Column(
    "source_row",
    pa.int32(),
    "row number in the landed file, from 0: ties a trip to its source",
    low=0,
)


def _trip_columns(clean: bool) -> tuple[Column, ...]:
    """Canonical trip columns.

    A clean trip holds a value within bounds where a rejected one may hold anything.
    """

    def measured(name: str, kind: pa.DataType, text: str, low: float, high: float) -> Column:
        bound = (low, high) if clean else (None, None)
        return Column(name, kind, text, nullable=not clean, low=bound[0], high=bound[1])

    def code(name: str, text: str) -> Column:
        return Column(name, pa.int32(), text, nullable=True)

    def money(name: str, text: str) -> Column:
        return Column(name, MONEY, f"{text}, US dollars", nullable=True)

    return (
        _ROW,
        Column(
            "pickup_at", pa.timestamp("us"), "meter on, New York local time", nullable=not clean
        ),
        Column(
            "dropoff_at", pa.timestamp("us"), "meter off, New York local time", nullable=not clean
        ),
        measured("pickup_zone", pa.int32(), "TLC zone id", 1, LAST_ZONE),
        measured("dropoff_zone", pa.int32(), "TLC zone id", 1, LAST_ZONE),
        code("passengers", "people in the cab as the driver entered them"),
        measured(
            "distance_mi", pa.float64(), "metered distance, miles", MIN_DISTANCE_MI, MAX_DISTANCE_MI
        ),
        measured("fare_usd", MONEY, "metered fare, US dollars", MIN_FARE_USD, MAX_FARE_USD),
        code(
            "rate_code",
            "1 standard, 2 JFK, 3 Newark, 4 Nassau or Westchester, 5 negotiated, 6 group",
        ),
        code("vendor", "who supplied the record"),
        code("payment_type", "1 card, 2 cash, 3 no charge, 4 dispute, 5 unknown, 6 voided"),
        code("trip_type", "1 street hail, 2 dispatch (green only)"),
        money("extra_usd", "night and rush-hour surcharges"),
        money("mta_tax_usd", "MTA tax"),
        money("improvement_usd", "improvement surcharge"),
        money("congestion_usd", "congestion surcharge"),
        money("cbd_usd", "central business district toll"),
        money("airport_usd", "airport fee (yellow only)"),
        money("tip_usd", "card tips"),
        money("tolls_usd", "tolls"),
        money("total_usd", "charged in all, without cash tips"),
        measured(
            "duration_min",
            pa.float64(),
            "drop-off minus pick-up, minutes",
            MIN_DURATION_MIN,
            MAX_DURATION_MIN,
        ),
    )


def _feature(name: str, description: str) -> Column:
    """A feature: codes and calendar are always known, what history says may be missing."""
    nullable = name == "passengers" or (
        name in LEARNED and name not in ("route_trips", "hour_pace", "fare_trend")
    )
    low = 1.0 if name in CATEGORICAL[:2] else 0.0
    bounded = not name.endswith(("x_mi", "y_mi", "east_mi", "north_mi", "passengers"))
    return Column(name, pa.float32(), description, nullable=nullable, low=low if bounded else None)


def _place(name: str) -> Column:
    """Where a history row's rides start or end."""
    text = "TLC zone id, 0 for any zone, -1 to -6 for a borough's (in alphabetical order)"
    return Column(name, pa.int32(), text, low=-len(BOROUGHS), high=LAST_ZONE)


ZONES = Table(
    "zones",
    "one TLC taxi zone",
    (
        Column("zone", pa.int32(), "TLC zone id", low=1, high=LAST_ZONE),
        Column("name", pa.string(), "zone name"),
        Column("borough", pa.string(), "borough, or EWR for Newark Airport", among=BOROUGHS),
        Column(
            "service_zone",
            pa.string(),
            "who may pick up here: Yellow Zone, Boro Zone, Airports, EWR",
        ),
        Column("x_mi", pa.float64(), "centroid, miles east (NY State Plane, Long Island)"),
        Column("y_mi", pa.float64(), "centroid, miles north (NY State Plane, Long Island)"),
        Column("area_sqmi", pa.float64(), "area, square miles", low=0),
        Column("is_airport", pa.bool_(), "Newark, JFK or LaGuardia"),
        Column(
            "geometry", pa.binary(), "shape, well-known binary, NY State Plane feet (EPSG:2263)"
        ),
    ),
    monthly=False,
)
CLEAN_TRIPS = Table("clean_trips", "one trip that broke no rule", _trip_columns(clean=True))
REJECTED_TRIPS = Table(
    "rejected_trips",
    "one trip that broke a rule",
    (
        Column("rule", pa.string(), "the first rule the trip broke", among=RULE_NAMES),
        *_trip_columns(clean=False),
        Column("raw_row", pa.string(), "the whole row as published, JSON"),
    ),
)
ROUTE_HISTORY = Table(
    "route_history",
    "one pair of places (zones, boroughs or the city) over the months before this one",
    (
        _place("pickup_zone"),
        _place("dropoff_zone"),
        Column("trips", pa.int64(), "earlier trips", low=1),
        Column("fare_usd", MONEY, "median fare, US dollars", low=MIN_FARE_USD, high=MAX_FARE_USD),
        Column("distance_mi", pa.float64(), "median distance, miles", low=0, high=MAX_DISTANCE_MI),
        Column(
            "duration_min", pa.float64(), "median duration, minutes", low=0, high=MAX_DURATION_MIN
        ),
        Column("recent_trips", pa.int64(), "of these, in the last 28 days", low=0),
        Column(
            "recent_fare_ratio",
            pa.float64(),
            "fares of the last 28 days over what their routes' medians sum up to",
            nullable=True,
            low=0,
        ),
    ),
)
HOUR_HISTORY = Table(
    "hour_history",
    "one hour of the week between two boroughs (or in the city) over the months before this one",
    (
        _place("pickup_zone"),
        _place("dropoff_zone"),
        Column("hour_of_week", pa.int32(), "0 is Monday midnight to 1 h", low=0, high=167),
        Column("trips", pa.int64(), "earlier trips", low=1),
        Column("duration_min", pa.float64(), "their minutes, summed", low=0),
        Column("expected_min", pa.float64(), "minutes their routes take in any hour", low=0),
    ),
)
_CLEAN = {column.name: column for column in CLEAN_TRIPS.columns}
TRIP_FEATURES = Table(
    "trip_features",
    "one clean trip, as known before it began, beside when it was and what it then cost and took",
    (
        *(_CLEAN[name] for name in CARRIED),
        *(_feature(name, text) for name, text in FEATURES.items()),
    ),
)


def _error(name: str, description: str, unit: str, nullable: bool = False) -> Column:
    """A mean of something that is never negative."""
    return Column(name, MONEY, f"{description}, {unit}", nullable=nullable, low=0)


EVALUATION = Table(
    "evaluation",
    "one predictor's errors on one part of the month's clean trips",
    (
        Column("predictor", pa.string(), "the model, the champion it faces, or a baseline"),
        Column("model_version", pa.string(), "registered version whose bundle made the prediction"),
        Column("slice", pa.string(), "by what the month is parted; `all` is the whole month"),
        Column("value", pa.string(), "which part of it"),
        Column("trips", pa.int64(), "trips scored", low=1),
        _error("mean_fare_usd", "what they cost on average", "US dollars"),
        _error("mae_usd", "mean absolute error", "US dollars"),
        _error("rmse_usd", "root mean squared error", "US dollars"),
        _error("median_error_usd", "median absolute error", "US dollars"),
        Column("bias_usd", MONEY, "mean of prediction minus fare, US dollars"),
        Column("r2", pa.float64(), "share of the fares' variance explained", high=1, nullable=True),
        Column(
            "level",
            pa.float64(),
            "share of rides that the interval is to hold; null where a predictor has none",
            nullable=True,
            low=0,
            high=1,
        ),
        Column("coverage", pa.float64(), "share that it holds", nullable=True, low=0, high=1),
        _error("width_usd", "mean width of the interval", "US dollars", nullable=True),
        _error("pinball_usd", "mean quantile loss of its two bounds", "US dollars", nullable=True),
        _error("ride_mae_min", "mean absolute error of the ride time", "minutes", nullable=True),
        Column(
            "loss_low_usd",
            MONEY,
            "the model's mean absolute error minus the champion's: lower end of its 95 % interval, "
            "US dollars; on the champion's row of the whole month only",
            nullable=True,
        ),
        Column("loss_high_usd", MONEY, "upper end of the same interval, US dollars", nullable=True),
    ),
)
TUNED_PARAMETERS = Table(
    "tuned_parameters",
    "one LightGBM parameter as tuned on the months before, beside how the tuning went",
    (
        Column("parameter", pa.string(), "LightGBM's name of it"),
        Column("value", pa.float64(), "as tuned"),
        Column("default", pa.float64(), "as it is without tuning"),
        Column("mae_usd", MONEY, "fare's mean absolute error over the folds, tuned", low=0),
        Column("default_mae_usd", MONEY, "the same with all defaults", low=0),
        Column("trials", pa.int64(), "sets of parameters that were tried", low=1),
        Column("folds", pa.int64(), "time-ordered folds each was tried on", low=1),
    ),
)
TABLES = {
    table.name: table
    for table in (
        ZONES,
        CLEAN_TRIPS,
        REJECTED_TRIPS,
        ROUTE_HISTORY,
        HOUR_HISTORY,
        TRIP_FEATURES,
        EVALUATION,
        TUNED_PARAMETERS,
        *REPORT_TABLES,
        SERVED_PREDICTIONS,
    )
}
