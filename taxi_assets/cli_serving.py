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
    from taxi_assets.commands.serving import service_settings

    settings, chosen = settings_for(fleet)
    run(service_settings(settings, chosen if fleet else None, port))
