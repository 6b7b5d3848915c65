"""Why something failed, in one line, from what Dagster recorded."""

from typing import Any

import dagster as dg

INTERRUPTED = "it was interrupted"


def root_cause(error: Any) -> str:
    """The message of the error that started it all, in one line, without Dagster's layers."""
    if error is None:
        return "no reason was recorded; the run's page in the Dagster UI has its log"
    while error.cause is not None and not error.message.startswith("taxi_assets."):
        error = error.cause
    if error.cls_name == dg.DagsterExecutionInterruptedError.__name__:
        return INTERRUPTED
    message = str(error.message).strip()
    if message.startswith("taxi_assets."):
        message = message.partition(": ")[2]
    return message.splitlines()[0] if message else str(error.cls_name)


def saw(verdict: dg.AssetCheckEvaluation) -> str:
    """What a check observed, in words."""
    return ", ".join(
        f"{key} {_short(value.value)}"
        for key, value in verdict.metadata.items()
        if value.value not in ("", None)
    )


def check_name(verdict: dg.AssetCheckEvaluation) -> str:
    """`asset.check`, without the fleet."""
    return f"{verdict.asset_key.path[-1]}.{verdict.check_name}"


def step_name(step_key: str | None) -> str:
    """A step's name without the fleet, which Dagster puts before it."""
    return (step_key or "").split("__", 1)[-1]


def stopped_by_check(error: Any) -> bool:
    """Whether a step only failed because a check of it did, which has its own verdict."""
    return error is not None and error.cls_name == "DagsterAssetCheckFailedError"


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
