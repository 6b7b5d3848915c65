"""`python -m serving.main`: the service, as the environment says."""

import sys

import uvicorn
from pydantic import ValidationError

from serving.app import create_app
from serving.models import keep_memory_together
from serving.settings import Settings
from serving.telemetry import Telemetry
from taxi_assets.domain.errors import TaxiError
from taxi_assets.domain.setting_faults import setting_faults

SWITCH_S = 0.001  # the longest that work aside keeps Python from a request that has come
GRACE_S = 10  # for answers under way when it is told to stop


def main() -> int:
    """Serve until told to stop.

    Returns:
        The exit code: 2 when a setting makes no sense.
    """
    try:
        serve(Settings())
    except (ValidationError, TaxiError) as error:
        sys.stderr.write(f"{_why(error)}\n")
        return 2
    return 0


def serve(settings: Settings) -> None:
    """Serve as these settings say, until told to stop.

    Raises:
        TaxiError: a setting makes no sense.
    """
    telemetry = Telemetry(settings)
    app = create_app(settings, telemetry=telemetry)
    sys.setswitchinterval(SWITCH_S)
    keep_memory_together()
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,  # the prediction log and metrics say more
        server_header=False,
        log_config=telemetry.logging_config(),
        timeout_graceful_shutdown=GRACE_S,
    )


def _why(error: ValidationError | TaxiError) -> str:
    """Each setting that is wrong, by its variable."""
    if isinstance(error, TaxiError):
        return str(error)
    return "\n".join(setting_faults(error.errors(), "SERVING_"))


if __name__ == "__main__":
    sys.exit(main())
