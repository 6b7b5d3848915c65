"""`taxi-assets tune`: better parameters for a month's model."""

import json
from typing import Annotated

import typer

from taxi_assets.console import (
    FleetArgument,
    JsonOption,
    example,
    plainly,
    print_table,
    progress,
    settings_for,
)

commands = typer.Typer()


@commands.command(
    epilog=example(
        "taxi-assets tune green --month 2025-03",
        "taxi-assets tune green --month 2025-03 --trials 60 --json",
    )
)
@plainly
def tune(
    fleet: FleetArgument,
    month: Annotated[str, typer.Option(help="Whose model is to use them first, like 2025-03.")],
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="How many to make in all; by default TAXI_TUNE_TRIALS."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Search for better LightGBM parameters on the months before one; run that month afterwards."""
    from taxi_assets.commands.tune import tune as search
    from taxi_assets.domain.months import check_month

    settings, chosen = settings_for(fleet)
    if trials is not None:
        settings = settings.model_copy(update={"tune_trials": trials})
    found = search(settings, chosen, check_month(month), progress)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=1))
    elif found.rows:
        typer.echo(found.sentence())
        print_table(found.lines())
    for what, reason in found.failures:
        typer.echo(f"Error: {chosen} {month} {what}: {reason}", err=True)
    if found.failures:
        raise typer.Exit(1)
