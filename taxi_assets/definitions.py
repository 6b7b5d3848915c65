"""The one Definitions: everything Dagster knows, in the order data flows."""

from collections.abc import Callable

import dagster as dg

from taxi_assets.assets.drift import drift_report, feature_histograms
from taxi_assets.assets.evaluation import evaluation
from taxi_assets.assets.explanation import shap_report
from taxi_assets.assets.fairness import fairness
from taxi_assets.assets.features import histories, trip_features
from taxi_assets.assets.model import champion, fare_model
from taxi_assets.assets.performance import performance
from taxi_assets.assets.predictions import batch_predictions
from taxi_assets.assets.profile import data_profile
from taxi_assets.assets.raw import raw_trips, zones
from taxi_assets.assets.served import served_predictions
from taxi_assets.assets.tables import sorted_trips
from taxi_assets.assets.tuning import tuned_parameters
from taxi_assets.automation.alerts import alert_sensor
from taxi_assets.automation.conditions import automation_sensor, with_conditions
from taxi_assets.automation.dependents import dependents_sensor
from taxi_assets.automation.jobs import fleet_jobs
from taxi_assets.automation.schedules import fleet_schedules
from taxi_assets.automation.sensors import publication_sensor
from taxi_assets.checks.drift import DRIFT_CHECKS
from taxi_assets.checks.explanation import EXPLANATION_CHECKS
from taxi_assets.checks.model import MODEL_CHECKS
from taxi_assets.checks.monthly import monthly_checks
from taxi_assets.checks.performance import PERFORMANCE_CHECKS
from taxi_assets.checks.served import SERVED_CHECKS
from taxi_assets.checks.tables import TABLE_CHECKS
from taxi_assets.domain.fleets import Fleet, get_fleet
from taxi_assets.partitions import monthly
from taxi_assets.resources.alert_sinks import alert_sinks
from taxi_assets.resources.evidently_workspace import EvidentlyWorkspace
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.landing_zone import LandingZone
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.served_log import ServedLog
from taxi_assets.resources.tables import TableIOManager
from taxi_assets.resources.tlc import TlcSource
from taxi_assets.settings import Settings, read_settings, set_in_environment
from taxi_assets.threads import wait_politely

CHECKS = (
    *TABLE_CHECKS,
    *MODEL_CHECKS,
    *DRIFT_CHECKS,
    *EXPLANATION_CHECKS,
    *PERFORMANCE_CHECKS,
    *SERVED_CHECKS,
)
EXECUTORS = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}


def build_definitions(settings: Settings) -> dg.Definitions:
    """The asset graph of all configured fleets."""
    wait_politely()
    months, every, retrain = monthly(settings.first_month), settings.sensor_s, settings.retrain
    fleets = [get_fleet(name) for name in settings.fleets]
    return dg.Definitions(
        assets=[
            zones,
            *(asset for fleet in fleets for asset in fleet_assets(fleet, months, settings)),
        ],
        asset_checks=[check for fleet in fleets for check in monthly_checks(CHECKS, fleet, months)],
        jobs=[job for fleet in fleets for job in fleet_jobs(fleet)],
        sensors=[
            *(publication_sensor(fleet, months, every, retrain) for fleet in fleets),
            *(dependents_sensor(fleet, every, retrain) for fleet in fleets),
            *(automation_sensor(fleet, every, retrain) for fleet in fleets),
            alert_sensor(settings.fleets),
        ],
        schedules=[s for fleet in fleets for s in fleet_schedules(fleet, months, retrain)],
        resources=resources(settings, by_reference),
        executor=EXECUTORS[settings.executor],
    )


def fleet_assets(
    fleet: Fleet, months: dg.PartitionsDefinition[str], settings: Settings
) -> list[dg.AssetsDefinition]:
    """One fleet's assets, in the order data flows."""
    assets = [
        raw_trips(fleet, months),
        sorted_trips(fleet, months),
        histories(fleet, months, settings.train_months),
        trip_features(fleet, months),
        tuned_parameters(fleet, months, settings),
        fare_model(fleet, months, settings),
        evaluation(fleet, months),
        champion(fleet, months),
        batch_predictions(fleet, months),
        feature_histograms(fleet, months),
        data_profile(fleet, months),
        drift_report(fleet, months),
        shap_report(fleet, months),
        performance(fleet, months),
        fairness(fleet, months),
        served_predictions(fleet, months),
    ]
    return with_conditions(assets, fleet, settings.retrain)


def by_reference(variable: str, value: str) -> str:
    """The variable in place of its value: the UI shows resources, and URIs hold passwords."""
    return dg.EnvVar(variable) if set_in_environment(variable, value) else value


def resources(
    settings: Settings, secret: Callable[[str, str], str] = lambda _, value: value
) -> dict[str, object]:
    """The outside world as the settings describe it.

    Args:
        settings: where everything is.
        secret: what to hand over for a variable and its value.
    """
    lake = Lake(
        warehouse=f"{settings.lake_uri}/tables",
        catalog_uri=secret("TAXI_CATALOG_URI", settings.catalog),
        s3_endpoint=settings.s3_endpoint,
    )
    return {
        "source": TlcSource(url=settings.source_url, s3_endpoint=settings.s3_endpoint),
        "landing": LandingZone(
            root=f"{settings.lake_uri}/landing", s3_endpoint=settings.s3_endpoint
        ),
        "lake": lake,
        "tables": TableIOManager(lake=lake),
        "reports": ReportStore(root=settings.reports_uri, s3_endpoint=settings.s3_endpoint),
        "served_log": ServedLog(root=settings.serving_log_uri, s3_endpoint=settings.s3_endpoint),
        "workspace": EvidentlyWorkspace(root=settings.evidently_workspace),
        "registry": Registry(
            tracking_uri=secret("MLFLOW_TRACKING_URI", settings.tracking_uri),
            local_root=(settings.root / "mlflow").as_posix(),
        ),
        "alert_sinks": alert_sinks(settings),
    }


@dg.definitions
def defs() -> dg.Definitions:
    """What `dagster` loads: the graph as the environment configures it."""
    return build_definitions(read_settings())
