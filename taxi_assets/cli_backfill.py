"""`taxi-assets backfill`: only what is missing or out of date."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from taxi_assets.console import (
    FleetOption,
    JsonOption,
    MonthsOption,
    PartOption,
    example,
    plainly,
    print_table,
    progress,
    settings_for,
    tell_failures,
)

if TYPE_CHECKING:
    from taxi_assets.commands.backfill import Backfill

commands = typer.Typer()


@commands.command(
    epilog=example(
        "taxi-assets backfill --months 2023-01..2025-03 --dry-run",
        "taxi-assets backfill --months 2023-01..2025-03 --only models",
        "taxi-assets backfill --months 2023-01..2025-03 --detach",
    )
)
@plainly
def backfill(
    months: MonthsOption,
    fleet: FleetOption = None,
    only: PartOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would run, and why; run nothing.")
    ] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Run all of these months, due or not.")
    ] = False,
    here: Annotated[
        bool, typer.Option("--here", help="Run in this process although a daemon is alive.")
    ] = False,
    detach: Annotated[
        bool, typer.Option("--detach", help="Leave it to the daemon, and do not wait for it.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run those of these months that are missing or out of date, in order, and no other.

    Use it for years of history, after a failure or an interruption, and after a correction: the
    same command goes on where it stopped. `taxi-assets run` runs each month you name, due or not.
    Dagster's daemon runs the months where one is alive: as a backfill that its UI shows, bounded by
    its pools. It goes on when this command is interrupted, and this command then follows it again.
    Without a daemon the months run in this process.
    """
    from taxi_assets.commands.backfill import backfill as carry_out
    from taxi_assets.domain.months import parse_months

    settings, chosen = settings_for(fleet)
    done = carry_out(
        settings,
        chosen,
        parse_months(months),
        progress,
        only=only or None,
        dry_run=dry_run,
        again=again,
        here=here,
        detach=detach,
    )
    _show(done, dry_run=dry_run, as_json=as_json)
    failed = tell_failures([one for one in done.outcomes if not one.turned_down])
    for outcome in done.outcomes:
        if outcome.turned_down:  # that is what the gates are for, and no reason to run it again
            where = f"{chosen} {outcome.month}"
            typer.echo(f"Note: {where}: the model was rejected: {outcome.rejected}", err=True)
    for one in done.cannot:
        how = "Note" if dry_run else "Error"
        typer.echo(f"{how}: {chosen} {one.month} cannot run: {one.reasons[0]}.", err=True)
    if done.interrupted:
        typer.echo(_interrupted(done), err=True)
        raise typer.Exit(1)
    for one in done.left:
        typer.echo(f"Error: {chosen} {one.month} is still due: {one.reasons[0]}.", err=True)
    if detach and done.left:
        typer.echo("Give this command again once the daemon is through.", err=True)
    if failed or done.left or (done.cannot and not dry_run):
        raise typer.Exit(1)


def _interrupted(done: "Backfill") -> str:
    """How far it came, and what goes on or can be done."""
    from taxi_assets.domain.backfill import counted

    goes_on = "the same command goes on"
    if done.asked_of_daemon:
        goes_on = (
            f"backfill {done.asked_of_daemon[-1]} is the daemon's and goes on; the same command "
            "follows it, and the Runs page of Dagster's UI can cancel it"
        )
    ended, left = counted(len(done.ran)), f", {counted(len(done.left))} left" if done.left else ""
    return f"Interrupted: {ended} done{left}; {goes_on}."


def _show(done: "Backfill", *, dry_run: bool, as_json: bool) -> None:
    """The plan or what came of it, for people or for programs."""
    from taxi_assets.commands.run import as_json as everything
    from taxi_assets.commands.run import summary_rows
    from taxi_assets.domain.backfill import nothing_to_do

    if as_json:
        typer.echo(json.dumps({**done.as_json(), "months": everything(done.outcomes)}, indent=1))
    elif not (done.plan or done.cannot or done.outcomes or done.asked_of_daemon):
        typer.echo(nothing_to_do(len(done.asked)))
    elif dry_run:
        print_table([{"month": o.month, "why": "; ".join(o.reasons)} for o in done.plan])
    elif done.outcomes:
        print_table(summary_rows(done.outcomes))
