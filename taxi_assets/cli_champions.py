"""`taxi-assets promote`, `rollback` and `champions`: people's word on who answers."""

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from taxi_assets.console import (
    FleetArgument,
    JsonOption,
    example,
    plainly,
    print_table,
    settings_for,
)

commands = typer.Typer()
WhyOption = Annotated[str, typer.Option(help="The reason; it stays in the log.")]
ByOption = Annotated[
    str | None, typer.Option(help="Who decides; by default who is logged in here.")
]


@commands.command(
    epilog=example(
        'taxi-assets promote green 7 --why "the others are from before the fare rise"',
        'taxi-assets promote green 7 --why "tried by hand" --by Ada --force --json',
    )
)
@plainly
def promote(
    fleet: FleetArgument,
    version: Annotated[int, typer.Argument(help="Number of a registered version.")],
    why: WhyOption,
    by: ByOption = None,
    force: Annotated[bool, typer.Option("--force", help="Even if a gate rejected it.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a version champion once its files are found to be whole."""
    from taxi_assets.commands.champions import decision, open_registry, promote_by_hand

    settings, chosen = settings_for(fleet)
    wanted = decision(by, why, datetime.now(UTC))
    done = promote_by_hand(open_registry(settings), chosen, version, wanted, force)
    typer.echo(json.dumps(done.told(), indent=1) if as_json else done.sentence())


@commands.command(
    epilog=example(
        'taxi-assets rollback green --why "airport fares are 10 % too high"',
        'taxi-assets rollback yellow --why "complaints since Monday" --by Ada --json',
    )
)
@plainly
def rollback(
    fleet: FleetArgument, why: WhyOption, by: ByOption = None, as_json: JsonOption = False
) -> None:
    """Return to the champion before; monthly runs leave it so."""
    from taxi_assets.commands.champions import decision, give_back, open_registry

    settings, chosen = settings_for(fleet)
    done = give_back(open_registry(settings), chosen, decision(by, why, datetime.now(UTC)))
    typer.echo(json.dumps(done.told(), indent=1) if as_json else done.sentence())


@commands.command(
    epilog=example("taxi-assets champions green", "taxi-assets champions yellow --json")
)
@plainly
def champions(fleet: FleetArgument, as_json: JsonOption = False) -> None:
    """Show who became champion when, by whose word and why."""
    from taxi_assets.commands.champions import log, log_lines, open_registry

    settings, chosen = settings_for(fleet)
    entries = log(open_registry(settings), chosen)
    if as_json:
        typer.echo(json.dumps(entries, indent=1))
    elif not entries:
        typer.echo(f"No promotion of a {chosen} model is on record yet.")
    else:
        print_table(log_lines(entries))
