"""What the prediction API is told where nobody says otherwise: this home's champion and log."""

from typing import TYPE_CHECKING

from pydantic import ValidationError

from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.setting_faults import setting_faults
from taxi_assets.settings import Settings

if TYPE_CHECKING:
    from serving.settings import Settings as Serving


def service_settings(
    settings: Settings, fleet: str | None = None, port: int | None = None
) -> "Serving":
    """The service's settings: what `SERVING_…` variables say, else what fits this home.

    Args:
        settings: the pipeline's.
        fleet: default of a request; the first of the fleets when None.
        port: to listen on; `SERVING_PORT` when None.

    Raises:
        UsageError: a `SERVING_…` variable makes no sense.
    """
    told = read_service_settings()
    first = fleet or settings.fleets[0]
    ours = {
        "fleets": (first, *(name for name in settings.fleets if name != first)),
        "mlflow_tracking_uri": settings.tracking_uri,
        "cache": settings.root / "serving" / "bundles",
        "log": settings.serving_log_uri,
        "s3_endpoint": settings.s3_endpoint,
    }
    unsaid = {name: value for name, value in ours.items() if name not in told.model_fields_set}
    if fleet:
        unsaid["fleets"] = ours["fleets"]
    if port:
        unsaid["port"] = port
    return told.model_copy(update=unsaid)


def read_service_settings() -> "Serving":
    """The service's settings as the environment says.

    Raises:
        UsageError: one of them makes no sense.
    """
    from serving.settings import Settings as Serving

    try:
        return Serving()
    except ValidationError as error:
        raise UsageError("; ".join(setting_faults(error.errors(), "SERVING_")) + ".") from error
