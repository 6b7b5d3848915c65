"""Is the model good enough to answer: the gates between evaluation and champion."""

from taxi_assets.checks.monthly import Check, Seen, Verdict, gate
from taxi_assets.domain.schemas import EVALUATION


def beats_route_median(seen: Seen) -> Verdict:
    """The model's mean absolute error is below the route median's on the same trips."""
    rows = seen.rows_of(EVALUATION).read().to_pylist()
    mae = {row["predictor"]: row["mae_usd"] for row in rows}
    passed = mae["model"] < mae["route_median"]
    return gate(passed, mae_usd=mae["model"], must_be_below_usd=mae["route_median"])


MODEL_CHECKS = (Check("evaluation", "beats_route_median", beats_route_median, blocking=True),)
