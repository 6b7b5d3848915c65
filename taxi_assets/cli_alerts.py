"""`taxi-assets alert`: where alerts go, and whether they arrive."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from taxi_assets.console import JsonOption, example, plainly, print_table, settings_for

commands = typer.Typer()


@commands.command(
    epilog=example(
        "taxi-assets alert",
        "taxi-assets alert --test",
        "TAXI_ALERT_WEBHOOK=https://hooks.slack.com/services/... taxi-assets alert --test --json",
        "TAXI_ALERT_SMTP=smtp://mail:587 TAXI_ALERT_TO=ada@example.org taxi-assets alert --test",
    )
)
@plainly
def alert(
    test: Annotated[
        bool, typer.Option("--test", help="Send a test alert, and exit with 1 if one is refused.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show where alerts go, or see whether one arrives; the sensor `alerts` sends them."""
    from taxi_assets.commands.alert import arrivals, send_test, sinks_of

    settings, _ = settings_for(None)
    sinks = sinks_of(settings)
    found = send_test(sinks, settings.ui_url, datetime.now(UTC)) if test else arrivals(sinks)
    if as_json:
        typer.echo(json.dumps([arrival.told() for arrival in found], indent=1))
    else:
        print_table([arrival.line() for arrival in found])
    if any(arrival.arrived is False for arrival in found):
        raise typer.Exit(1)
