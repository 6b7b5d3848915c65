"""A home with reports and models to look at, written as the graph writes them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from serving.console.settings import ConsoleSettings
from taxi_assets.domain.report_schemas import (
    DATA_PROFILE,
    DRIFT_REPORT,
    FAIRNESS_REPORT,
    FEATURE_HISTOGRAMS,
    PERFORMANCE_REPORT,
)
from taxi_assets.domain.table import Table
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.promotions import promote
from taxi_assets.resources.registry import Registry
from taxi_assets_tests.model_roots import made
from taxi_assets_tests.models import DECISION, copy_version, register

MONTHS = ("2025-02", "2025-03")
ERRORS = {"mean_fare_usd": 17.0, "bias_usd": -0.5, "coverage": 0.8}


def console(root: Path, **told: Any) -> ConsoleSettings:
    """Settings that depend on nothing outside of a test."""
    defaults = {
        "api_url": "http://127.0.0.1:9",
        "api_key": None,
        "home": root,
        "lake": "",
        "catalog_uri": "",
        "s3_endpoint": None,
        "mlflow_tracking_uri": "",
        "log": "",
    }
    return ConsoleSettings(**{**defaults, **told})


def lake_of(settings: ConsoleSettings) -> Lake:
    """The lake as the graph opens it."""
    return Lake(
        warehouse=f"{settings.lake_uri}/tables",
        catalog_uri=settings.catalog,
        s3_endpoint=settings.s3_endpoint,
    )


def write(lake: Lake, table: Table, month: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A month of a table."""
    batch = pa.RecordBatch.from_pylist(list(rows), schema=table.arrow)
    lake.write(f"green.{table.name}", table, month, [batch])


def write_reports(lake: Lake) -> None:
    """Two reported months; in the second, errors are larger and one input has drifted."""
    for place, month in enumerate(MONTHS):
        write(lake, PERFORMANCE_REPORT, month, list(map(_errors, _SLICES, [place] * len(_SLICES))))
        write(lake, FAIRNESS_REPORT, month, [_group("Bronx", 9.0), _group("Queens", 3.0)])
        write(
            lake, DRIFT_REPORT, month, [_input("trip_hour", place == 1), _input("weekday", False)]
        )
        write(lake, DATA_PROFILE, month, _PROFILE)
        write(lake, FEATURE_HISTOGRAMS, month, [_bin("0", 0, 30), _bin("1", 1, 10)])


def register_models(root: Path) -> Registry:
    """Two versions of green, the first promoted and then the second."""
    (root / "mlflow").mkdir(parents=True)
    registry = Registry(
        tracking_uri=f"sqlite:///{root / 'mlflow' / 'mlflow.db'}", local_root=str(root / "mlflow")
    )
    first = register(registry, "green", "2025-03", made(1))
    second = copy_version(registry, first, "green", "2025-04")
    registry.client.log_metric(first.run_id, "model_mae_usd", 2.5)
    registry.tag(second, gates="passed beats_route_median; failed fair_across_boroughs")
    for version in (first, second):
        promote(registry, "green", version, DECISION)
    return registry


_SLICES = [("all", "all"), ("weekday", "Monday"), ("weekday", "Sunday")]
_PROFILE = [
    {"subject": subject, "stage": stage, "part": part, "value": value, "unit": "trips"}
    for subject, stage, part, value in (
        ("trips", "published", "all", 40.0),
        ("trips", "clean", "all", 30.0),
        ("trips", "rejected", "all", 10.0),
        ("trips_by_rule", "rejected", "impossible_fare", 10.0),
        ("trips_by_day", "clean", "2025-03-01", 30.0),
    )
]


def _errors(part: tuple[str, str], place: int) -> dict[str, Any]:
    return {
        "model_version": "1",
        "tested_on": "2025-01",
        "slice": part[0],
        "value": part[1],
        "trips": 30,
        "mae_usd": 2.0 + place,
        "rmse_usd": 4.0,
        "fare_ratio": 1.0,
        "width_usd": 8.0,
        "ride_mae_min": 3.0,
        **ERRORS,
    }


def _group(value: str, mae_usd: float) -> dict[str, Any]:
    return {
        "model_version": "1",
        "grouping": "pickup_borough",
        "value": value,
        "trips": 15,
        "mae_usd": mae_usd,
        "relative_error": mae_usd / 17.0,
        **ERRORS,
    }


def _input(feature: str, drifted: bool) -> dict[str, Any]:
    return {
        "feature": feature,
        "model_version": "1",
        "psi": 0.3 if drifted else None,
        "score": 0.25 if drifted else 0.01,
        "method": "wasserstein",
        "threshold": 0.2,
        "drifted": drifted,
        "sampled_trips": 30,
        "reference_trips": 30,
    }


def _bin(name: str, position: int, trips: int) -> dict[str, Any]:
    return {"feature": "trip_hour", "bin": name, "position": position, "trips": trips}
