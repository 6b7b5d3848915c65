"""The `taxi-assets` command."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from taxi_assets.cli_alerts import commands as alert_commands
from taxi_assets.cli_backfill import commands as backfill_commands
from taxi_assets.cli_champions import commands as champion_commands
from taxi_assets.cli_doctor import commands as doctor_commands
from taxi_assets.cli_models import commands as model_commands
from taxi_assets.cli_prune import commands as prune_commands
from taxi_assets.cli_reports import commands as report_commands
from taxi_assets.cli_serving import commands as serving_commands
from taxi_assets.cli_tuning import commands as tuning_commands
from taxi_assets.cli_up import commands as up_commands
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

app = typer.Typer(
    name="taxi-assets",
    help="New York taxi trips, from TLC's monthly files to a fare quote.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_show_locals=False,  # they may hold passwords
)
app.add_typer(alert_commands)
app.add_typer(backfill_commands)
app.add_typer(champion_commands)
app.add_typer(doctor_commands)
app.add_typer(model_commands)
app.add_typer(prune_commands)
app.add_typer(report_commands)
app.add_typer(serving_commands)
app.add_typer(tuning_commands)
app.add_typer(up_commands)


@app.command(
    epilog=example(
        "taxi-assets run --months 2025-01..2025-03",
        "taxi-assets run --fleet yellow --months 2025-01,2025-03 --json",
        "taxi-assets run --months 2023-01..2024-12 --only models",
    )
)
@plainly
def run(
    months: MonthsOption,
    fleet: FleetOption = None,
    only: PartOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take months through the whole graph, in order; the Dagster UI shows the same runs."""
    from taxi_assets.commands.run import run_months
    from taxi_assets.domain.months import parse_months

    settings, chosen = settings_for(fleet)
    outcomes = run_months(settings, chosen, parse_months(months), progress, only=only or None)
    _report(outcomes, as_json)


@app.command(
    epilog=example(
        "taxi-assets demo",
        "taxi-assets demo --source tlc --months 2025-01..2025-03",
        "TAXI_TLC_URL=file:///data/tlc taxi-assets demo",
    )
)
@plainly
def demo(
    months: Annotated[
        str | None,
        typer.Option(help="Months to run; six simulated ones, or all published, by default."),
    ] = None,
    fleet: FleetOption = None,
    source: Annotated[
        str | None, typer.Option(help="tlc or simulated; TAXI_TLC_URL where set, else simulated.")
    ] = None,
) -> None:
    """From a source of trips to a printed quote in one go."""
    from taxi_assets.commands.demo import demo as run_demo
    from taxi_assets.commands.reports import as_url

    settings, chosen = settings_for(fleet)
    outcomes = run_demo(settings, chosen, months or None, source or None, progress)
    _report(outcomes, False)
    last = outcomes[-1].month
    typer.echo(f"Reports: {as_url(f'{settings.reports_uri}/{chosen}/index.html')}")
    if not any("champion" in outcome.assets for outcome in outcomes):
        typer.echo("No quote yet: a model needs two earlier months, so ask for three or more.")
        return
    _quote(chosen, 74, 138, f"{last}-14T08:30", 1, False)


@app.command(
    epilog=example(
        "taxi-assets quote --from 74 --to 138 --at 2025-03-14T08:30 --passengers 1",
        "taxi-assets quote --from 132 --to 230 --at 2025-03-14T22:00 --json",
    )
)
@plainly
def quote(
    pickup_zone: Annotated[
        int, typer.Option("--from", help="TLC zone where the ride starts, 1 to 263.")
    ],
    dropoff_zone: Annotated[int, typer.Option("--to", help="TLC zone where it ends, 1 to 263.")],
    at: Annotated[str, typer.Option(help="Pick-up time, New York local or with an offset.")],
    passengers: Annotated[int, typer.Option(help="People in the cab.")] = 1,
    fleet: FleetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask the champion what a ride will cost on the meter."""
    _quote(settings_for(fleet)[1], pickup_zone, dropoff_zone, at, passengers, as_json)


@app.command(epilog=example("taxi-assets status", "taxi-assets status --fleet yellow --json"))
@plainly
def status(fleet: FleetOption = None, as_json: JsonOption = False) -> None:
    """Show what is there for each month: rows, data versions, models, the champion."""
    from taxi_assets.commands.status import status as find
    from taxi_assets.commands.status import status_lines
    from taxi_assets.definitions import resources
    from taxi_assets.domain.fleets import get_fleet
    from taxi_assets.partitions import monthly
    from taxi_assets.resources.landing import Landing

    settings, chosen = settings_for(fleet)
    outside: dict[str, Any] = resources(settings)
    landing = Landing(f"{settings.lake_uri}/landing", s3_endpoint=settings.s3_endpoint)
    keys = list(monthly(settings.first_month).get_partition_keys())
    rows = find(get_fleet(chosen), keys, outside["lake"], landing, outside["registry"])
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
    elif not rows:
        typer.echo(
            f"Nothing is there for {chosen} yet: "
            f"run `taxi-assets run --fleet {chosen} --months ...` first."
        )
    else:
        print_table(status_lines(rows))


@app.command(
    epilog=example(
        "taxi-assets versions green/clean_trips",
        "taxi-assets versions green/clean_trips --month 2025-01 --json",
        "taxi-assets versions green/clean_trips --month 2025-01 --restore 4193207c",
    )
)
@plainly
def versions(
    table: Annotated[str, typer.Argument(help="green/clean_trips, yellow/evaluation, city/zones.")],
    month: Annotated[str | None, typer.Option(help="Only this one, like 2025-01.")] = None,
    restore: Annotated[
        str | None,
        typer.Option(help="Bring this one back: first digits of a data version, or a snapshot id."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show every version of a table that can still be read, newest first, or bring one back."""
    from taxi_assets.commands import versions as command
    from taxi_assets.commands.restore import restore as bring_back

    target = command.target_of(table, month)
    settings, _ = settings_for(target.fleet)
    if restore is not None:
        done = bring_back(settings, target, restore, progress)
        typer.echo(json.dumps(done.as_json(), indent=1) if as_json else "\n".join(done.lines()))
        return
    found = command.find(settings, target)
    if as_json:
        typer.echo(json.dumps([command.as_json(version) for version in found], indent=1))
    elif not found:
        typer.echo(target.missing())
    else:
        print_table(command.version_lines(found))


@app.command(
    epilog=example(
        "taxi-assets simulate --months 2025-01..2025-06 --to city",
        "taxi-assets simulate --months 2025-01 --fleet yellow --rows 3000000 --seed 11 --to city",
    )
)
@plainly
def simulate(
    months: MonthsOption,
    to: Annotated[Path, typer.Option(help="Folder to write, laid out as TLC's.")],
    rows: Annotated[
        int | None, typer.Option(help="Trips a month; the fleet's usual number by default.")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same files.")] = 7,
    fleet: FleetOption = None,
) -> None:
    """Write trip files of a made-up city, flaws included."""
    from taxi_assets.domain.fleets import get_fleet
    from taxi_assets.domain.months import parse_months
    from taxi_assets.simulator import simulate as write

    _, chosen = settings_for(fleet)
    written = write(
        to,
        fleet=get_fleet(chosen),
        months=parse_months(months),
        rows=rows,
        seed=seed,
        progress=progress,
    )
    typer.echo(f"{len(written)} files in {to}; use them with TAXI_TLC_URL={to.resolve().as_uri()}")


def _quote(
    fleet: str, pickup_zone: int, dropoff_zone: int, at: str, passengers: int, as_json: bool
) -> None:
    from dataclasses import asdict

    from taxi_assets.commands.quote import quote as ask
    from taxi_assets.definitions import resources
    from taxi_assets.domain.clock import local_time

    settings, _ = settings_for(fleet)
    registry: Any = resources(settings)["registry"]
    answer = ask(registry, fleet, pickup_zone, dropoff_zone, local_time(at), passengers)
    typer.echo(json.dumps(asdict(answer), indent=1) if as_json else answer.sentence())


def _report(outcomes: Sequence[Any], as_json: bool) -> None:
    """The summary of a run, and exit code 1 when anything failed."""
    from taxi_assets.commands.run import as_json as everything
    from taxi_assets.commands.run import summary_rows

    if as_json:
        typer.echo(json.dumps(everything(outcomes), indent=1))
    else:
        print_table(summary_rows(outcomes))
        for outcome in outcomes:
            for warning in outcome.warnings:
                typer.echo(f"{outcome.fleet} {outcome.month} warns: {warning}")
    if tell_failures(outcomes):
        raise typer.Exit(1)
