"""The tables behind the reports: what each month's pictures are drawn from."""

import pyarrow as pa

from taxi_assets.domain.cleaning import MIN_DURATION_MIN, MIN_FARE_USD
from taxi_assets.domain.fleets import MONEY
from taxi_assets.domain.table import Column, Table

_ROW = Column(
    "source_row", pa.int32(), "row number in the landed file: ties a quote to its trip", low=0
)
_VERSION = Column("model_version", pa.string(), "registered version that is told of")
_TRIPS = Column("trips", pa.int64(), "clean trips", low=0)


def _usd(name: str, text: str, *, nullable: bool = False, low: float | None = 0) -> Column:
    return Column(name, MONEY, f"{text}, US dollars", nullable=nullable, low=low)


def _share(name: str, text: str, *, nullable: bool = True) -> Column:
    return Column(name, pa.float64(), text, nullable=nullable, low=0, high=1)


BATCH_PREDICTIONS = Table(
    "batch_predictions",
    "one clean trip of the month as the champion of the months before quoted it",
    (
        _ROW,
        _VERSION,
        _usd("quoted_usd", "expected metered fare", low=MIN_FARE_USD),
        _usd("low_usd", "lower bound of the interval", low=MIN_FARE_USD),
        _usd("high_usd", "upper bound of the interval", low=MIN_FARE_USD),
        Column("ride_min", pa.float64(), "expected minutes", low=MIN_DURATION_MIN),
    ),
)
DATA_PROFILE = Table(
    "data_profile",
    "one number of the month's profile",
    (
        Column("subject", pa.string(), "what is counted or measured, for example trips_by_day"),
        Column("stage", pa.string(), "published, clean or rejected trips"),
        Column("part", pa.string(), "which bin, zone, rule, column or statistic of it"),
        Column("value", pa.float64(), "the number", nullable=True),
        Column("unit", pa.string(), "its unit"),
    ),
)
FEATURE_HISTOGRAMS = Table(
    "feature_histograms",
    "one bin of one model input over the clean trips of the month",
    (
        Column("feature", pa.string(), "the input"),
        Column("bin", pa.string(), "the bin, the same in every month"),
        Column("position", pa.int32(), "its place among the bins of the input, from 0", low=0),
        _TRIPS,
    ),
)
DRIFT_REPORT = Table(
    "drift_report",
    "one model input of the month against the champion's training months",
    (
        Column("feature", pa.string(), "the input"),
        _VERSION,
        Column("psi", pa.float64(), "population stability index over all trips", low=0),
        Column("score", pa.float64(), "Evidently's drift score on the samples", nullable=True),
        Column("method", pa.string(), "how Evidently measured it"),
        Column("threshold", pa.float64(), "score from which on it calls it drift"),
        Column("drifted", pa.bool_(), "whether it does"),
        Column("sampled_trips", pa.int64(), "trips of the month in the sample", low=1),
        Column("reference_trips", pa.int64(), "training trips in the sample", low=1),
    ),
)
SHAP_REPORT = Table(
    "shap_report",
    "one feature's part in the fares that the month's model quotes",
    (
        Column("feature", pa.string(), "the feature"),
        Column("feature_group", pa.string(), "what it is about, in people's words"),
        _VERSION,
        Column("rank", pa.int32(), "1 is the feature that moves fares most", low=1),
        _usd("mean_abs_usd", "how far it moves a fare on average"),
        _usd("mean_usd", "the same with its sign", low=None),
        _share("share", "of what all features move", nullable=False),
        _usd("base_usd", "quote before anything is known of a trip"),
        _usd("gap_usd", "largest difference between a quote and base plus all contributions"),
        Column("sampled_trips", pa.int64(), "explained trips", low=1),
    ),
)
PERFORMANCE_REPORT = Table(
    "performance_report",
    "the champion's errors on one part of the month's clean trips",
    (
        _VERSION,
        Column("tested_on", pa.string(), "month it was tested on when it became champion"),
        Column("slice", pa.string(), "by what the month is parted; `all` is the whole month"),
        Column("value", pa.string(), "which part of it"),
        Column("trips", pa.int64(), "trips", low=1),
        _usd("mean_fare_usd", "what they cost on average"),
        _usd("mae_usd", "mean absolute error"),
        _usd("rmse_usd", "root mean squared error"),
        _usd("bias_usd", "mean of quote minus fare", low=None),
        Column("fare_ratio", pa.float64(), "summed fares over summed quotes", low=0),
        _share("coverage", "of fares inside the interval", nullable=False),
        _usd("width_usd", "mean width of the interval"),
        Column("ride_mae_min", pa.float64(), "mean absolute error of the ride time, min", low=0),
    ),
)
FAIRNESS_REPORT = Table(
    "fairness_report",
    "the champion's errors for one group of the month's clean trips, and how sure they are",
    (
        _VERSION,
        Column("grouping", pa.string(), "by what trips are grouped"),
        Column("value", pa.string(), "which group"),
        Column("trips", pa.int64(), "trips", low=1),
        _usd("mean_fare_usd", "what they cost on average"),
        _usd("mae_usd", "mean absolute error"),
        _usd("mae_low_usd", "lower end of its 95 % interval", nullable=True),
        _usd("mae_high_usd", "upper end of it", nullable=True),
        _usd("bias_usd", "mean of quote minus fare", low=None),
        _share("coverage", "of fares inside the interval", nullable=False),
        _share("coverage_low", "lower end of its 95 % interval"),
        _share("coverage_high", "upper end of it"),
    ),
)
REPORT_TABLES = (
    BATCH_PREDICTIONS,
    DATA_PROFILE,
    FEATURE_HISTOGRAMS,
    DRIFT_REPORT,
    SHAP_REPORT,
    PERFORMANCE_REPORT,
    FAIRNESS_REPORT,
)
