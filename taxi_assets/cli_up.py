"""`taxi-assets up`: everything on one machine, with one Ctrl-C."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Annotated

import typer

from taxi_assets.console import example, plainly, print_table, progress, settings_for

commands = typer.Typer()

COLOURS = ("cyan", "yellow", "magenta", "green", "blue")


@commands.command(
    epilog=example(
        "taxi-assets up",
        "taxi-assets up --without console,mlflow",
        "taxi-assets up --ui-port 3001 --api-port 8080",
    )
)
@plainly
def up(
    without: Annotated[
        str, typer.Option(help="Leave out some of ui, daemon, mlflow, api, console.")
    ] = "",
    ui_port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Dagster's; by default 3000.")
    ] = None,
    mlflow_port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="MLflow's; by default 5000.")
    ] = None,
    api_port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="By default SERVING_PORT, or 8000.")
    ] = None,
    console_port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="The console's; by default 8501.")
    ] = None,
) -> None:
    """Run Dagster's UI and daemon, MLflow, the API and the console, until Ctrl-C.

    One that ends is started again, three times; then all end, with exit code 1.
    """
    from taxi_assets.commands import up as command
    from taxi_assets.commands.instance import dagster_home, open_instance
    from taxi_assets.commands.ports import Ports, require_free
    from taxi_assets.commands.serving import service_settings
    from taxi_assets.commands.supervisor import Supervisor
    from taxi_assets.resources.mlflow_store import require_store

    settings, _ = settings_for(None)
    serving = service_settings(settings, port=api_port)
    wanted = Ports(ui_port, mlflow_port, api_port, console_port).listed(serving.port, serving.host)
    ports = {port.name: port for port in wanted}
    names = command.chosen_names(without, settings, ports["mlflow"].number)
    require_free([port for port in wanted if port.name in names])
    if "mlflow" in names and settings.tracking_uri.startswith("sqlite"):
        require_store(settings.tracking_uri)  # made whole before several open it at once
    with open_instance(settings) as instance, ExitStack() as stack:
        if command.DAEMON in names:
            stack.enter_context(command.only_daemon(dagster_home(settings), instance))
        run = command.services(settings, names, ports, instance)
        progress(f"Starting {', '.join(names)}; Ctrl-C ends all.")
        Supervisor(run, progress, _prefixed(names)).run(
            lambda: print_table(command.addresses(names, ports))
        )
    progress("All have ended.")


def _prefixed(names: Sequence[str]) -> Callable[[str, str], None]:
    """Prints each line behind the name of who said it, in a colour of its own on a terminal."""
    width = max(map(len, names))
    heads = {
        name: typer.style(f"{name:{width}} |", fg=colour)
        for name, colour in zip(names, COLOURS, strict=False)
    }
    return lambda name, line: typer.echo(f"{heads[name]} {line}")
