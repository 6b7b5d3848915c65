"""What is known before a ride: history of earlier months, and the features built with it."""

import dagster as dg

from taxi_assets.assets.options import MEMORY, monthly_table, multi_asset
from taxi_assets.domain.features import CARRIED, FEATURES
from taxi_assets.domain.features import trip_features as build
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.history import RIDE_COLUMNS, read_rides
from taxi_assets.domain.history import route_history as summarise
from taxi_assets.domain.places import hour_profile, places
from taxi_assets.domain.schemas import HOUR_HISTORY, ROUTE_HISTORY, TRIP_FEATURES
from taxi_assets.partitions import months_before
from taxi_assets.resources.streams import pooled
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows

TRIP_COLUMNS = [*CARRIED, "pickup_zone", "dropoff_zone", "passengers"]


def histories(
    fleet: Fleet, months: dg.PartitionsDefinition[str], window: int
) -> dg.AssetsDefinition:
    """`route_history` and `hour_history` of one fleet: one reading of the past for both."""

    def out(name: str, text: str, grain: str) -> dg.AssetOut:
        return dg.AssetOut(
            key=[fleet.name, name],
            group_name="features",
            kinds={"iceberg"},
            io_manager_key="tables",
            code_version="2",
            description=f"{text} in the {window} months before this one. One row is {grain}.",
        )

    @multi_asset(
        name=f"{fleet.name}__route_and_hour_history",
        outs={
            "route_history": out(
                "route_history", f"What {fleet.name} rides cost and took", ROUTE_HISTORY.grain
            ),
            "hour_history": out(
                "hour_history",
                f"How the hour of the week slowed {fleet.name} rides",
                HOUR_HISTORY.grain,
            ),
        },
        ins={
            "past": dg.AssetIn(
                [fleet.name, "clean_trips"], partition_mapping=months_before(window)
            ),
            "zones": dg.AssetIn("zones"),
        },
        partitions_def=months,
        pool=MEMORY,
    )
    def history(past: TableSlice, zones: TableSlice) -> tuple[Rows, Rows]:
        city, rides = zones.read().to_pandas(), read_rides(past.batches(RIDE_COLUMNS))
        routes = summarise(rides, city)
        hours = hour_profile(city, routes, rides)
        about = {"past_months": ", ".join(past.versions) or "none", "past_trips": past.rows}
        return Rows(routes.to_batches(), lambda: about), Rows(hours.to_batches(), lambda: about)

    return history


def trip_features(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Features of one fleet's clean trips."""

    @monthly_table(
        fleet,
        "trip_features",
        months,
        pool=MEMORY,
        group_name="features",
        code_version="2",
        ins={
            "clean_trips": dg.AssetIn([fleet.name, "clean_trips"]),
            "route_history": dg.AssetIn([fleet.name, "route_history"]),
            "hour_history": dg.AssetIn([fleet.name, "hour_history"]),
            "zones": dg.AssetIn("zones"),
        },
        description=f"Pre-trip features of {fleet.name} trips. One row is {TRIP_FEATURES.grain}.",
    )
    def features(
        clean_trips: TableSlice,
        route_history: TableSlice,
        hour_history: TableSlice,
        zones: TableSlice,
    ) -> Rows:
        known = places(zones.read().to_pandas(), route_history.read(), hour_history.read())
        batches = pooled(lambda trips: build(trips, known), clean_trips.batches(TRIP_COLUMNS))
        return Rows(batches, lambda: {"features": len(FEATURES)})

    return features
