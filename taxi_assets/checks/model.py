"""Is the model good enough to answer: the gates between evaluation and champion."""

from collections.abc import Callable

import dagster as dg

from taxi_assets.checks.monthly import CannotJudge, Check, Seen, Verdict, gate, warning
from taxi_assets.domain import gates
from taxi_assets.domain.gates import Gate, Unjudged
from taxi_assets.domain.schemas import EVALUATION


def ruled_by(rule: Gate, verdict: Callable[..., dg.AssetCheckResult]) -> Callable[[Seen], Verdict]:
    """A check that rules on the evaluation as the asset did when it wrote it."""

    def judge(seen: Seen) -> Verdict:
        ruling = rule(seen.rows_of(EVALUATION).read().to_pylist())
        if isinstance(ruling, Unjudged):
            return CannotJudge(ruling.reason)
        return verdict(
            ruling.passed,
            observed=ruling.observed,
            threshold=ruling.threshold,
            said=ruling.said,
        )

    judge.__doc__ = rule.__doc__
    return judge


MODEL_CHECKS = (
    # a month of few trips may get a champion, but no gate passes that did not look
    *(
        Check("evaluation", name, ruled_by(rule, gate), blocking=True, may_be_silent=True)
        for name, rule in gates.GATES.items()
    ),
    Check("evaluation", "fares_are_level", ruled_by(gates.fares_are_level, warning), False),
)
