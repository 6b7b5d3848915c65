"""Do people ask for what the model has learned, and can the service's log be read."""

from collections import Counter
from collections.abc import Mapping

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from taxi_assets.checks.monthly import CannotJudge, Check, Seen, Verdict, warning
from taxi_assets.domain import drift, drift_inputs
from taxi_assets.domain.bundle import Bundle
from taxi_assets.domain.drift_inputs import Counts
from taxi_assets.domain.errors import DataError, OutdatedBundle
from taxi_assets.domain.features import FEATURES, build_features
from taxi_assets.domain.report_schemas import FEATURE_HISTOGRAMS
from taxi_assets.domain.served import OUTCOME_LOG, QUOTE_LOG, SERVED_PREDICTIONS
from taxi_assets.domain.served_rows import outcome_months

# The usual reading of the index: below 0.1 nothing moved, from 0.25 on it is another population.
# Callers choose what they ask, so that what is merely noticeable is not worth a warning.
MOST_PSI = 0.25


def live_inputs_look_like_training(seen: Seen) -> Verdict:
    """No input of the month's live quotes has a stability index of 0.25 against the training."""
    asked = asked_of_champion(seen.rows_of(SERVED_PREDICTIONS).read())
    if asked.num_rows < drift.MIN_TRIPS:
        return CannotJudge(
            f"the champion was asked {asked.num_rows:,} times, below {drift.MIN_TRIPS:,} "
            "differences are mostly chance"
        )
    ((version, _),) = Counter(asked["model_version"].to_pylist()).most_common(1)
    bundle = champion_bundle(seen, version)
    if isinstance(bundle, CannotJudge):
        return bundle
    trained = sorted(bundle.manifest["training_rows"])
    reference = training_counts(seen, trained)
    if isinstance(reference, CannotJudge):
        return reference
    moved = known_psi(reference, drift_inputs.count([features(asked, bundle)]))
    return warning(
        max(moved.values()) < MOST_PSI,
        observed=max(moved.values()),
        threshold=MOST_PSI,
        moved_most=max(moved, key=lambda name: moved[name]),
        quotes=asked.num_rows,
        model_version=version,
        training_months=", ".join(trained),
        inputs=dg.MetadataValue.table(
            [dg.TableRecord({"feature": name, "psi": psi}) for name, psi in moved.items()]
        ),
    )


def served_log_is_readable(seen: Seen) -> Verdict:
    """Every file of the month's log is a whole file of the log."""
    quotes = seen.served_log.read(QUOTE_LOG.name, [seen.month])
    months = outcome_months(quotes.rows)
    faults = quotes.faults | seen.served_log.read(OUTCOME_LOG.name, months).faults
    return warning(
        not faults, observed=len(faults), threshold=0, said=dg.MetadataValue.json(faults)
    )


SERVED_CHECKS = (
    Check(
        SERVED_PREDICTIONS.name,
        "live_inputs_look_like_training",
        live_inputs_look_like_training,
        blocking=False,
    ),
    Check(SERVED_PREDICTIONS.name, "log_is_readable", served_log_is_readable, blocking=False),
)


def asked_of_champion(served: pa.Table) -> pa.Table:
    """Quotes that the champion gave: each ride once, whoever else was asked too."""
    return served.filter(pc.equal(served["arm"], "champion"))


def champion_bundle(seen: Seen, version: str) -> Bundle | CannotJudge:
    """The model that gave most of the quotes."""
    known = seen.registry.versions(seen.fleet.name) if seen.registry.exists else []
    found = next((v for v in known if str(v.version) == version), None)
    if found is None:
        return CannotJudge(f"the registry has no version {version}, which gave the quotes")
    try:
        return seen.registry.load(found)
    except OutdatedBundle as error:
        return CannotJudge(str(error))


def training_counts(seen: Seen, trained: list[str]) -> dict[str, Counts] | CannotJudge:
    """Histograms of what it learned from."""
    name = f"{seen.fleet.name}.{FEATURE_HISTOGRAMS.name}"
    found = seen.lake.slice(name, FEATURE_HISTOGRAMS, trained)
    gone = [month for month in trained if month not in found.versions]
    if gone:
        return CannotJudge(f"{name} has nothing of the training months {', '.join(gone)}")
    try:
        months = [drift_inputs.from_rows(found.month(m).read().to_pylist()) for m in trained]
    except DataError as error:
        return CannotJudge(str(error))
    return drift.joined(months)


def known_psi(reference: Mapping[str, Counts], live: Mapping[str, Counts]) -> dict[str, float]:
    """Stability index of every input that has values on both sides, over known values alone.

    Trip files lack passengers on some trips, and the service always asks for them: with the missing
    as a bin of its own, every month would be a warning.
    """
    found = {name: drift.psi(reference[name][:-1], counts[:-1]) for name, counts in live.items()}
    return {name: psi for name, psi in found.items() if psi is not None}


def features(asked: pa.Table, bundle: Bundle) -> pa.RecordBatch:
    """What the model saw of (n,) rides."""
    matrix = build_features(
        asked["pickup_zone"].to_numpy(),
        asked["dropoff_zone"].to_numpy(),
        asked["pickup_at"].to_numpy(),
        asked["passengers"].to_numpy().astype(np.float32),
        bundle.known,
    )
    columns = [pa.array(column, from_pandas=True) for column in matrix.T]
    return pa.RecordBatch.from_arrays(columns, list(FEATURES))
