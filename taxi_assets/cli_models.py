"""`taxi-assets score` and `reproduce`: a model at work, and a model made again."""

import json
from pathlib import Path
from typing import Annotated

import typer

from taxi_assets.console import FleetArgument, JsonOption, example, plainly, progress, settings_for

commands = typer.Typer()


@commands.command(
    epilog=example(
        "taxi-assets score green --in trips.parquet --out quotes.parquet",
        "taxi-assets score green --version 7 --in trips.parquet --out quotes.parquet --force",
    )
)
@plainly
def score(
    fleet: FleetArgument,
    source: Annotated[Path, typer.Option("--in", help="Parquet file of trips.")],
    target: Annotated[Path, typer.Option("--out", help="Parquet file to write.")],
    version: Annotated[
        int | None, typer.Option(help="Number of a registered version; the champion by default.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file to write.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Quote every trip of a Parquet file.

    It needs four columns; all others are passed through as they are. pickup_at: timestamps, New
    York local where they have no time zone, or ISO 8601 text. pickup_zone and dropoff_zone: TLC
    zones 1 to 263 as whole numbers of any type, or as text. passengers: 0 to 9, or missing where
    unknown.

    It adds fare_usd, low_usd, high_usd, ride_min and problem: why a trip has no answers, null where
    all is well. Other formats than Parquet are not read.
    """
    from taxi_assets.commands.champions import open_registry
    from taxi_assets.commands.score import score as run

    settings, chosen = settings_for(fleet)
    done = run(open_registry(settings), chosen, version, source, target, force=force, say=progress)
    typer.echo(json.dumps(done.told(), indent=1) if as_json else "\n".join(done.lines()))


@commands.command(
    epilog=example("taxi-assets reproduce green 7", "taxi-assets reproduce yellow 7 --json")
)
@plainly
def reproduce(
    fleet: FleetArgument,
    version: Annotated[int, typer.Argument(help="Number of a registered version.")],
    as_json: JsonOption = False,
) -> None:
    """Train a version again from its recorded snapshots and compare every file.

    It reads the rows as they were then, whatever was corrected since, and takes parameters, level
    and threads from the version, not from the settings. Exit code 1 when the model differs.
    """
    from taxi_assets.commands.champions import open_registry
    from taxi_assets.commands.reproduce import reproduce as run
    from taxi_assets.commands.versions import lake_of

    settings, chosen = settings_for(fleet)
    done = run(open_registry(settings), lake_of(settings), chosen, version, progress)
    typer.echo(json.dumps(done.told(), indent=1) if as_json else "\n".join(done.lines()))
    if not done.reproduced:
        raise typer.Exit(1)
