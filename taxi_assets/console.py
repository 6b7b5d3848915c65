"""What all commands share: settings, errors as sentences, tables."""

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Annotated, Any, ParamSpec

import typer
from pydantic import ValidationError

from taxi_assets.domain.errors import TaxiError
from taxi_assets.domain.setting_faults import setting_faults

P = ParamSpec("P")
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print data for programs instead of a table.")
]

FleetOption = Annotated[
    str | None, typer.Option(help="green or yellow; by default the first of TAXI_FLEETS.")
]
MonthsOption = Annotated[str, typer.Option(help="2025-01, 2025-01..2025-03 or 2025-01,2025-03.")]
PartOption = Annotated[
    str | None,
    typer.Option(help="A part: models (all but reports) or reports (of months run before)."),
]
FleetArgument = Annotated[str, typer.Argument(help="green or yellow.")]


def progress(line: str) -> None:
    """Tell people how work goes on, without mixing it into what programs read."""
    typer.echo(line, err=True)


def example(*lines: str) -> str:
    """The examples below a command's help."""
    return "Examples:\n\n" + "\n\n".join(f"  {line}" for line in lines)


def plainly(command: Callable[P, None]) -> Callable[P, None]:
    """Show an error that was raised on purpose as one sentence, and exit with 1."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except TaxiError as error:
            typer.echo(f"Error: {error}", err=True)
            raise typer.Exit(1) from error
        except OSError as error:  # a folder that is a file, no room, no right to write
            where = error.filename or "the file system"
            typer.echo(f"Error: {where} cannot be used: {error.strerror or error}.", err=True)
            raise typer.Exit(1) from error
        except ValidationError as error:
            for said in setting_faults(error.errors(), "TAXI_"):
                typer.echo(f"Error: {said}.", err=True)
            raise typer.Exit(1) from error

    return wrapped


def settings_for(fleet: str | None) -> tuple[Any, str]:
    """The settings, and the fleet asked for among them."""
    from taxi_assets.domain.fleets import get_fleet
    from taxi_assets.settings import Settings
    from taxi_assets.threads import wait_politely

    wait_politely()
    settings = Settings()
    chosen = get_fleet(fleet).name if fleet else settings.fleets[0]
    if chosen not in settings.fleets:
        typer.echo(
            f"Note: {chosen} is not in TAXI_FLEETS, so the Dagster UI will not show it.", err=True
        )
        settings = settings.model_copy(update={"fleets": (*settings.fleets, chosen)})
    return settings, chosen


def tell_failures(outcomes: Sequence[Any]) -> bool:
    """Say what failed in which month; whether anything did."""
    failures = [(each, what, reason) for each in outcomes for what, reason in each.failures]
    for outcome, what, reason in failures:
        typer.echo(f"Error: {outcome.fleet} {outcome.month} {what}: {reason}", err=True)
    return bool(failures)


def print_table(rows: list[dict[str, str]]) -> None:
    """Rows as a table, in full when the output is not a terminal."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not rows:
        return
    table = Table(*rows[0], box=box.SIMPLE)
    for row in rows:
        table.add_row(*map(escape, row.values()))  # people's words may hold brackets
    Console(width=None if sys.stdout.isatty() else 180).print(table)
