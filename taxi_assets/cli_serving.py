"""`taxi-assets serve`: the prediction API and its page, on what this home has made."""

from typing import Annotated

import typer

from taxi_assets.console import FleetOption, example, plainly, settings_for

commands = typer.Typer()


@commands.command(
    epilog=example(
        "taxi-assets serve",
        "taxi-assets serve --fleet yellow --port 8080",
        "SERVING_API_KEYS=app:$(printf %s $KEY | sha256sum | cut -d' ' -f1) taxi-assets serve",
    )
)
@plainly
def serve(
    fleet: FleetOption = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="By default SERVING_PORT, or 8000.")
    ] = None,
) -> None:
    """Answer quotes with the champion, on http://127.0.0.1:8000; SERVING_... settings apply."""
    from serving.main import serve as run
    from serving.settings import Settings as Serving

    settings, chosen = settings_for(fleet)
    told = Serving()
    others = (name for name in settings.fleets if name != chosen)
    ours = {
        "fleets": (chosen, *others),
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
    run(told.model_copy(update=unsaid))
