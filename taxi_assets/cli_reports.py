"""`taxi-assets reports`: what the reports say, and where they are."""

import json
from typing import Annotated

import typer

from taxi_assets.console import FleetOption, JsonOption, example, plainly, print_table, settings_for

commands = typer.Typer()


@commands.command(
    epilog=example(
        "taxi-assets reports",
        "taxi-assets reports --month 2025-03 --json",
        "taxi-assets reports --fleet yellow --open",
    )
)
@plainly
def reports(
    fleet: FleetOption = None,
    month: Annotated[
        str | None, typer.Option(help="Like 2025-03; by default the newest, with --json all.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the index in a browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the verdicts of a month's reports, and where the index of all months is."""
    from taxi_assets.commands.reports import BUCKETS, as_url, newest, report_lines
    from taxi_assets.commands.reports import reports as find
    from taxi_assets.domain.months import check_month

    settings, chosen = settings_for(fleet)
    where, said = find(settings, chosen, check_month(month) if month else None)
    if as_json:
        typer.echo(json.dumps({"index": where, "reports": said}, indent=1))
    else:
        print_table(report_lines(newest(said)))
        typer.echo(f"All months: {as_url(where)}")
    if show and where.startswith(BUCKETS):
        typer.echo(f"{where} is in a bucket: open it where browsers are served from it.", err=True)
    elif show and typer.launch(as_url(where)) != 0:
        typer.echo("No browser could be opened here.", err=True)
