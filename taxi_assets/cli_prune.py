"""`taxi-assets prune`: what is old and needed by nothing goes."""

import json
from typing import Annotated

import typer

from taxi_assets.console import JsonOption, example, plainly, print_table, progress, settings_for

commands = typer.Typer()


@commands.command(
    epilog=example(
        "taxi-assets prune --keep 24m --dry-run", "taxi-assets prune --keep 730d --fleet green"
    )
)
@plainly
def prune(
    keep: Annotated[
        str, typer.Option(help="How far back things are kept: months or days, like 24m or 90d.")
    ],
    fleet: Annotated[
        str | None,
        typer.Option(help="green or yellow; by default all, and what they share as well."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would go, and change nothing.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Remove table snapshots, files, reports and Dagster runs that are old and needed by nothing.

    Old is what stopped being current before the kept period: a version of a month counts from when
    another took its place. What is current always stays, and so does what these models were made
    from: the champion, all that were champion in the kept period, the one that a rollback would
    bring back, and the candidate. Other versions keep answering, but can be made again only while
    their rows are kept. Files that nothing refers to go once they are three days old. Reports go
    once both their month and the day they were made lie before the kept period.
    """
    from datetime import UTC, datetime

    from taxi_assets.commands.instance import open_instance
    from taxi_assets.commands.prune import Pruning
    from taxi_assets.domain.keep import parse_keep

    now = datetime.now(UTC)
    settings, chosen = settings_for(fleet)
    period = parse_keep(keep, settings.train_months, now)
    fleets = (chosen,) if fleet else settings.fleets
    with open_instance(settings) as instance:
        pruning = Pruning(settings, instance, fleets, period, now, everything=fleet is None)
        plan = pruning.plan(progress)
        if not dry_run:
            pruning.carry_out(plan, progress)
    if as_json:
        typer.echo(json.dumps(plan.told(done=not dry_run), indent=1))
        return
    if not plan.removals:
        typer.echo(f"Nothing is older than {plan.cutoff:%Y-%m-%d %H:%M} UTC and free to go.")
        return
    if dry_run:
        for one in plan.removals:
            typer.echo(f"{one.category}  {one.name}  {one.reason}")
    typer.echo("This would go:" if dry_run else "This is gone:")
    print_table(plan.lines())
