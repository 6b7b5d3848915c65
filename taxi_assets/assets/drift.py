"""Has the city changed: model inputs counted each month, and held against the training months."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import dagster as dg
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from taxi_assets.assets.contest import Contestant
from taxi_assets.assets.options import monthly_table
from taxi_assets.assets.predictions import reigning
from taxi_assets.assets.published import GROUP, monthly_report, published
from taxi_assets.domain import drift, drift_inputs
from taxi_assets.domain.drift_inputs import (
    ASKED,
    BY_NAME,
    COLUMNS,
    LEARNED,
    Counts,
    Histograms,
    Values,
    input_values,
    with_learned,
)
from taxi_assets.domain.errors import DataError
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.months import month_name, month_range, shift
from taxi_assets.domain.places import Places
from taxi_assets.domain.report_schemas import DRIFT_REPORT, FEATURE_HISTOGRAMS
from taxi_assets.domain.sampling import Sampler
from taxi_assets.domain.schemas import TRIP_FEATURES
from taxi_assets.partitions import months_until
from taxi_assets.reports.drift import NAME, drift_page
from taxi_assets.reports.drift_pictures import Seen
from taxi_assets.reports.page import silent
from taxi_assets.resources.evidently_workspace import EvidentlyWorkspace
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.registry import Registry
from taxi_assets.resources.report_store import ReportStore
from taxi_assets.resources.streams import pooled
from taxi_assets.resources.table_slice import TableSlice
from taxi_assets.resources.tables import Rows

if TYPE_CHECKING:  # ten seconds to import
    from evidently.core.report import Snapshot

Arrays = npt.NDArray[Any]

EARLIER = 11  # months on the heat map beside the month itself


def feature_histograms(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """Watched inputs of one fleet's trips, counted."""

    @monthly_table(
        fleet,
        "feature_histograms",
        months,
        group_name=GROUP,
        code_version="1",
        ins={"trip_features": dg.AssetIn([fleet.name, "trip_features"])},
        description=(
            f"How the watched model inputs of {fleet.name} trips are distributed. "
            f"One row is {FEATURE_HISTOGRAMS.grain}."
        ),
    )
    def histograms(trip_features: TableSlice) -> Rows:
        counts = drift_inputs.count(trip_features.batches(COLUMNS))
        rows = drift_inputs.as_rows(counts)
        batch = pa.RecordBatch.from_pylist(rows, schema=FEATURE_HISTOGRAMS.arrow)
        return Rows([batch], lambda: {"inputs": len(counts)})

    return histograms


def drift_report(fleet: Fleet, months: dg.PartitionsDefinition[str]) -> dg.AssetsDefinition:
    """One fleet's month against the training months of the champion before it.

    Training months are read from the lake, for they are the champion's and not the month's own.
    """

    @monthly_report(
        fleet,
        NAME,
        months,
        code_version="1",
        ins={
            "trip_features": dg.AssetIn([fleet.name, "trip_features"]),
            "recent": dg.AssetIn(
                [fleet.name, "feature_histograms"], partition_mapping=months_until(EARLIER)
            ),
        },
        description=(
            f"Whether the inputs of this month's {fleet.name} trips look like those that the "
            f"champion of the months before learned from. One row is {DRIFT_REPORT.grain}."
        ),
    )
    def report(
        context: dg.AssetExecutionContext,
        trip_features: TableSlice,
        recent: TableSlice,
        registry: Registry,
        lake: Lake,
        reports: ReportStore,
        workspace: EvidentlyWorkspace,
    ) -> Rows:
        month = context.partition_key
        champion = reigning(registry, fleet.name, month)
        sides = both_sides(champion, trip_features, month, lake, fleet.name)
        if isinstance(sides, str):
            page = silent(NAME, fleet.name, month, sides)
            return published(reports, workspace, page, DRIFT_REPORT)
        seen, snapshot = compared(sides, month, recent)
        rows = drift.table_rows(
            seen.drifts, seen.version, len(seen.sample), len(seen.reference_sample)
        )
        page = drift_page(fleet.name, seen)
        return published(reports, workspace, page, DRIFT_REPORT, rows, snapshot)

    return report


@dataclass(frozen=True, slots=True)
class Side:
    """Some months' watched inputs: all trips counted, some of them sampled.

    Attributes:
        counts: trips by bin of each input, by month.
        sample: (n, 2 + inputs) trips, stratified.
    """

    counts: Mapping[str, Mapping[str, Counts]]
    sample: pd.DataFrame

    @property
    def joined(self) -> dict[str, Counts]:
        """The same over all months; of what history says, that of the sample."""
        learned = Histograms([BY_NAME[name] for name in LEARNED])
        learned.add({name: self.sample[name].to_numpy() for name in LEARNED})
        return drift.joined(self.counts.values()) | learned.counts


@dataclass(frozen=True, slots=True)
class Sides:
    """A month and what its champion learned from.

    Attributes:
        version: the champion's.
        current: the month.
        reference: the training months that are still there.
        gone: those that are not.
    """

    version: int
    current: Side
    reference: Side
    gone: list[str]


def both_sides(
    champion: Contestant | str, trips: TableSlice, month: str, lake: Lake, fleet: str
) -> Sides | str:
    """What is to be compared, or the reason why nothing can be."""
    if isinstance(champion, str):
        return champion
    if trips.rows < drift.MIN_TRIPS:
        trip_s = "trip" if trips.rows == 1 else "trips"
        return (
            f"{month_name(month)} has {trips.rows:,} clean {trip_s}: below {drift.MIN_TRIPS:,}, "
            "differences are mostly chance."
        )
    trained = sorted(champion.bundle.manifest["training_rows"])
    training = lake.slice(f"{fleet}.trip_features", TRIP_FEATURES, trained)
    if training.rows < drift.MIN_TRIPS:
        return (
            f"The trips that champion version {champion.version.version} learned from "
            f"({trained[0]} to {trained[-1]}) are no longer there: {training.rows:,} are left."
        )
    gone = [month for month in trained if month not in training.versions]
    known = champion.bundle.known
    return Sides(champion.version.version, gathered(trips, known), gathered(training, known), gone)


def gathered(trips: TableSlice, known: Places) -> Side:
    """All trips counted and some sampled, in one reading."""
    sampler, counts = Sampler(drift.SAMPLE_TRIPS), {}
    for month in trips.versions:
        histograms = Histograms()
        batches = trips.month(month).batches(["source_row", *ASKED, *COLUMNS])
        for rows, asked, values in pooled(_read, batches):
            histograms.add(values)
            borough = values["pickup_borough"].astype(np.int8)
            sampler.add(month, rows, borough, {**asked, **values})
        counts[month] = histograms.counts
    sample = with_learned(sampler.sample(), known)
    return Side(counts, sample)


def _read(batch: pa.RecordBatch) -> tuple[Arrays, dict[str, Arrays], dict[str, Values]]:
    """Row numbers, what to ask history with, and watched inputs of a batch."""
    rows, *asked = (batch[name].to_numpy(zero_copy_only=False) for name in ("source_row", *ASKED))
    return rows, dict(zip(ASKED, asked, strict=True)), input_values(batch)


def compared(sides: Sides, month: str, recent: TableSlice) -> tuple[Seen, "Snapshot"]:
    """What the page needs to know, and Evidently's part of it."""
    from taxi_assets.reports import snapshots

    current, reference = sides.current.joined, sides.reference.joined
    samples = snapshots.as_evidently_takes([sides.current.sample, sides.reference.sample])
    snapshot = snapshots.drift_snapshot(*samples)
    indices = drift.all_psi(reference, current)
    seen = Seen(
        month=month,
        version=sides.version,
        drifts=drift.drifts(indices, snapshots.drift_scores(snapshot)),
        current=current,
        reference=reference,
        sample=sides.current.sample,
        reference_sample=sides.reference.sample,
        training=list(sides.reference.counts),
        gone=sides.gone,
        course={
            earlier: None if counts is None else drift.all_psi(reference, counts)
            for earlier, counts in course(recent, month).items()
        },
        evidently=snapshots.page(snapshot),
    )
    return seen, snapshot


def course(recent: TableSlice, month: str) -> dict[str, dict[str, Counts] | None]:
    """Histograms of the last months; None for a month without any, or with other bins."""
    found: dict[str, dict[str, Counts] | None] = {}
    for earlier in month_range(shift(month, -EARLIER), month):
        rows = recent.month(earlier).read().to_pylist()
        try:
            found[earlier] = drift_inputs.from_rows(rows)
        except DataError:
            found[earlier] = None
    return found
