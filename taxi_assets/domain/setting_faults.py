"""Settings that make no sense, each named as the environment names it."""

from collections.abc import Iterable, Mapping
from typing import Any

OWN_NAMES = ("MLFLOW_", "OTEL_", "SERVING_", "TAXI_")  # of settings that several programs share

# Choices and numbers, none of which is a secret: what was set is told.
OPEN_KINDS = (
    "literal_error",
    *("int_parsing", "float_parsing", "bool_parsing"),
    *("greater_than_equal", "less_than_equal", "greater_than", "less_than"),
)


def setting_faults(errors: Iterable[Mapping[str, Any]], prefix: str) -> list[str]:
    """A line for each fault, without a full stop.

    Args:
        errors: with `loc`, `msg`, `type` and `input` as pydantic tells them; one without a place
            names its settings itself.
        prefix: of the program's variables, such as `TAXI_`.
    """
    return [_fault(error, prefix) for error in errors]


def _fault(error: Mapping[str, Any], prefix: str) -> str:
    where = error["loc"]
    reason = str(error["msg"]).removeprefix("Value error, ").rstrip(".")
    if error.get("type") in OPEN_KINDS and "input" in error:
        reason = reason.replace("Input", f"'{error['input']}'", 1).partition(", unable to")[0]
    if not where:
        return reason
    name = "_".join(map(str, where)).upper()
    return f"{name if name.startswith(OWN_NAMES) else prefix + name}: {reason}"
