"""Why the model says what it says: the month's model explained on the month's trips."""

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from taxi_assets.assets.contest import Contestant
from taxi_assets.assets.published import monthly_report, published
from taxi_assets.domain.errors import OutdatedBundle, Unexplainable
from taxi_assets.domain.explain import explain
from taxi_assets.domain.features import FEATURES
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.months import month_name
from taxi_assets.domain.report_schemas import SHAP_REPORT
from taxi_assets.domain.sampling import chosen_rows
from taxi_assets.domain.shap_summary import MIN_TRIPS, Sample, shap_rows
from taxi_assets.reports.page import silent
from taxi_assets.reports.shap_report import NAME, Told, shap_page
from taxi_assets.resources.evidently_workspace import EvidentlyWorkspace
from taxi_assets.resources.feature_rows import matrix
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows

SAMPLED_TRIPS = 1_500  # TreeSHAP takes about 5 ms a trip and core, all else two seconds
CARRIED = ["source_row", "pickup_at", "fare_usd"]


def shap_report(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """The explanation of one fleet's model.

    The only report that depends on the month's own model: without one there is nothing to explain,
    and where a gate has turned it down, the explanation says what it goes by all the same.
    """

    @monthly_report(
        fleet,
        NAME,
        months,
        code_version="1",
        ins={"trips": dg.AssetIn([fleet.name, "trip_features"])},
        deps=[dg.AssetKey([fleet.name, "fare_model"])],
        description=(
            f"What moves the quotes of this month's {fleet.name} model, feature by feature, in US "
            f"dollars: SHAP on a sample of the month's clean trips. One row is {SHAP_REPORT.grain}."
        ),
    )
    def report(
        context: dg.AssetExecutionContext,
        trips: TableSlice,
        registry: Registry,
        reports: ReportStore,
        workspace: EvidentlyWorkspace,
    ) -> Rows:
        from taxi_assets.reports.snapshots import shap_snapshot

        month = context.partition_key
        told = explained(registry, fleet.name, month, trips)
        if isinstance(told, str):
            page = silent(NAME, fleet.name, month, told)
            return published(reports, workspace, page, SHAP_REPORT)
        rows = shap_rows(told.sample, str(told.version))
        moved = pd.DataFrame(
            np.abs(told.sample.explained.contributions_usd), columns=list(FEATURES)
        )
        snapshot = shap_snapshot(moved)
        return published(reports, workspace, shap_page(told), SHAP_REPORT, rows, snapshot)

    return report


def explained(registry: Registry, fleet: str, month: str, trips: TableSlice) -> Told | str:
    """A month's explanation, or why there is none, a sentence.

    Raises:
        BundleError: the model's bundle is damaged.
        RegistryUnreachable: MLflow does not answer.
    """
    model = model_of(registry, fleet, month)
    if isinstance(model, str):
        return model
    if trips.rows < MIN_TRIPS:
        trip_s = "trip" if trips.rows == 1 else "trips"
        return (
            f"{month_name(month)} has {trips.rows} clean {trip_s}, and it takes {MIN_TRIPS} to say "
            "what quotes go by."
        )
    sampled = sample_of(trips, month)
    try:
        sample = explain_sample(model, sampled, trips.rows)
    except Unexplainable as error:
        return str(error)
    names = model.bundle.zones.sort_values("zone")["name"].tolist()
    return Told(fleet, month, model.version.version, sample, names)


def model_of(registry: Registry, fleet: str, month: str) -> Contestant | str:
    """The month's newest version, or why there is none to ask."""
    found = registry.versions(fleet) if registry.exists else []
    version = next((each for each in reversed(found) if each.month == month), None)
    if version is None:
        return f"There is no {fleet} model of {month_name(month)} to explain."
    try:
        return Contestant(version, registry.load(version))
    except OutdatedBundle:
        return (
            f"The {fleet} model of {month_name(month)}, version {version.version}, was made by "
            "other feature code and cannot be explained: run the month again."
        )


def sample_of(trips: TableSlice, month: str) -> pa.Table:
    """The trips to explain, in the order of their row numbers, whatever batches they came in."""
    every = [batch["source_row"].to_numpy() for batch in trips.batches(["source_row"])]
    rows = np.concatenate(every) if every else np.empty(0, np.int32)
    wanted = pa.array(chosen_rows(month, rows, SAMPLED_TRIPS), pa.int32())
    found = [
        batch.filter(pc.is_in(batch["source_row"], wanted))
        for batch in trips.batches([*CARRIED, *FEATURES])
    ]
    schema = pa.schema([trips.table.arrow.field(name) for name in (*CARRIED, *FEATURES)])
    return pa.Table.from_batches(found, schema).sort_by("source_row")


def explain_sample(model: Contestant, sampled: pa.Table, of_trips: int) -> Sample:
    """Quotes and what moves them, asked for separately.

    Raises:
        Unexplainable: the model's trees are of a kind that gives no contributions.
    """
    (batch,) = sampled.combine_chunks().to_batches()
    features = matrix(batch, list(FEATURES))
    return Sample(
        features=features,
        pickup_at=batch["pickup_at"].to_numpy(zero_copy_only=False),
        fare_usd=batch["fare_usd"].to_numpy(),
        quoted_usd=model.bundle.predict(features).fare_usd,
        explained=explain(model.bundle.predictor, features),
        of_trips=of_trips,
    )
