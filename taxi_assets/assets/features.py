"""What is known before a ride: route history of earlier months, and the features built with it."""

import dagster as dg

from taxi_assets.domain.features import FEATURES, places
from taxi_assets.domain.features import trip_features as build
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.history import PAST_COLUMNS
from taxi_assets.domain.history import route_history as summarise
from taxi_assets.domain.schemas import ROUTE_HISTORY, TRIP_FEATURES
from taxi_assets.partitions import months_before
from taxi_assets.resources.streams import pooled
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows

TRIP_COLUMNS = [
    "source_row",
    "pickup_at",
    "pickup_zone",
    "dropoff_zone",
    "passengers",
    "fare_usd",
    "duration_min",
]


def route_history(
    fleet: Fleet, months: dg.PartitionsDefinition[str], window: int
) -> dg.AssetsDefinition:
    """Route history of one fleet."""

    @dg.asset(
        key=[fleet.name, "route_history"],
        partitions_def=months,
        group_name="features",
        kinds={"iceberg"},
        io_manager_key="tables",
        code_version="1",
        ins={
            "past": dg.AssetIn([fleet.name, "clean_trips"], partition_mapping=months_before(window))
        },
        description=(
            f"What {fleet.name} rides cost and took in the {window} months before this one. "
            f"One row is {ROUTE_HISTORY.grain}."
        ),
    )
    def history(past: TableSlice) -> Rows:
        table = summarise(past.batches(PAST_COLUMNS))
        return Rows(
            table.to_batches(),
            lambda: {"past_months": ", ".join(past.versions) or "none", "past_trips": past.rows},
        )

    return history


def trip_features(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Features of one fleet's clean trips."""

    @dg.asset(
        key=[fleet.name, "trip_features"],
        partitions_def=months,
        group_name="features",
        kinds={"iceberg"},
        io_manager_key="tables",
        code_version="1",
        ins={
            "clean_trips": dg.AssetIn([fleet.name, "clean_trips"]),
            "route_history": dg.AssetIn([fleet.name, "route_history"]),
            "zones": dg.AssetIn("zones"),
        },
        description=f"Pre-trip features of {fleet.name} trips. One row is {TRIP_FEATURES.grain}.",
    )
    def features(clean_trips: TableSlice, route_history: TableSlice, zones: TableSlice) -> Rows:
        known = places(zones.read().to_pandas(), route_history.read())
        batches = pooled(lambda trips: build(trips, known), clean_trips.batches(TRIP_COLUMNS))
        return Rows(batches, lambda: {"features": len(FEATURES)})

    return features
