"""Is the model good enough to answer."""

import dagster as dg

from taxi_assets.checks.monthly import Seen, Verdict, gate, monthly_check
from taxi_assets.domain.fleets import Fleet
from taxi_assets.domain.schemas import EVALUATION


def model_checks(
    fleet: Fleet, months: dg.PartitionsDefinition[str]
) -> list[dg.AssetChecksDefinition]:
    """The gates between one fleet's evaluation and its champion."""

    def beats(seen: Seen) -> Verdict:
        rows = (
            seen.lake.slice(f"{fleet.name}.{EVALUATION.name}", EVALUATION, [seen.month])
            .read()
            .to_pylist()
        )
        mae = {row["predictor"]: row["mae_usd"] for row in rows}
        return gate(
            mae["model"] < mae["route_median"],
            mae_usd=mae["model"],
            must_be_below_usd=mae["route_median"],
        )

    return [
        monthly_check(
            dg.AssetKey([fleet.name, "evaluation"]),
            "beats_route_median",
            months,
            beats,
            blocking=True,
            description="The model's mean absolute error is below that of the route's median fare, on the same trips.",
        )
    ]
