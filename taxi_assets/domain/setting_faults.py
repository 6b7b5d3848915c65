"""Settings that make no sense, each named as the environment names it."""

from collections.abc import Iterable, Mapping
from typing import Any

OWN_NAMES = ("MLFLOW_", "OTEL_", "SERVING_", "TAXI_")  # of settings that several programs share


def setting_faults(errors: Iterable[Mapping[str, Any]], prefix: str) -> list[str]:
    """A line for each fault, without a full stop.

    Args:
        errors: with `loc` and `msg` as pydantic tells them; one without a place names its
            settings itself.
        prefix: of the program's variables, such as `TAXI_`.
    """
    return [_fault(error["loc"], error["msg"], prefix) for error in errors]


def _fault(where: tuple[int | str, ...], message: str, prefix: str) -> str:
    reason = message.removeprefix("Value error, ").rstrip(".")
    if not where:
        return reason
    name = "_".join(map(str, where)).upper()
    return f"{name if name.startswith(OWN_NAMES) else prefix + name}: {reason}"
