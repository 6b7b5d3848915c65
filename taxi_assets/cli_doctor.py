"""`taxi-assets doctor`: is everything in order?"""

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from taxi_assets.console import JsonOption, example, plainly
from taxi_assets.domain.setting_faults import setting_faults

if TYPE_CHECKING:
    from taxi_assets.commands.doctor import Finding, Situation

commands = typer.Typer()

COLOURS = {"ok": "green", "warning": "yellow", "failure": "red", "skipped": "bright_black"}


@commands.command(
    epilog=example(
        "taxi-assets doctor", "taxi-assets doctor --json", "taxi-assets doctor --api-port 8080"
    )
)
@plainly
def doctor(
    ui_port: Annotated[int | None, typer.Option(min=1, max=65_535, help="As for `up`.")] = None,
    mlflow_port: Annotated[int | None, typer.Option(min=1, max=65_535, help="As for `up`.")] = None,
    api_port: Annotated[int | None, typer.Option(min=1, max=65_535, help="As for `up`.")] = None,
    console_port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="As for `up`.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check everything this needs, and say what to do about what is amiss; changes nothing.

    The exit code is 1 when something does not work, 0 with warnings.
    """
    from taxi_assets.commands.doctor import examine, failed
    from taxi_assets.commands.doctor_machine import scrubbed, secrets
    from taxi_assets.commands.ports import Ports

    situation = _situation(Ports(ui_port, mlflow_port, api_port, console_port))
    found, hidden = examine(situation, _checks()), secrets(os.environ)
    told = [
        {"check": name, "level": finding.level, "text": scrubbed(finding.text, hidden)}
        for name, findings in found.items()
        for finding in findings
    ]
    if as_json:
        typer.echo(json.dumps(told, indent=1))
    else:
        _show(told)
    if failed(found):
        raise typer.Exit(1)


def _situation(ports: Any) -> "Situation":
    """What there is to check; settings that make no sense are a finding like others."""
    from taxi_assets.commands.doctor import Situation
    from taxi_assets.commands.serving import read_service_settings
    from taxi_assets.domain.errors import UsageError
    from taxi_assets.settings import Settings

    faults: list[str] = []
    settings = None
    try:
        settings = Settings()
    except ValidationError as error:
        faults += setting_faults(error.errors(), "TAXI_")
    try:
        serving = read_service_settings()
        listed = ports.listed(serving.port, serving.host)
    except UsageError as error:
        faults.append(str(error))
        listed = ports.listed()
    return Situation(os.environ, listed, settings, tuple(faults))


def _checks() -> "Mapping[str, Callable[[Situation], list[Finding]]]":
    """All checks, in the order of what builds on what."""
    from taxi_assets.commands import doctor_machine as machine
    from taxi_assets.commands import doctor_months as months
    from taxi_assets.commands import doctor_storage as storage
    from taxi_assets.commands import doctor_stores as stores

    return {
        "settings": machine.settings_make_sense,
        "variables": machine.variables_are_known,
        "python": machine.python_fits,
        "packages": machine.packages_fit,
        "ports": machine.ports_are_free,
        "storage": storage.storage_works,
        "source": stores.source_answers,
        "catalog": stores.catalog_is_whole,
        "months": months.months_are_whole,
        "registry": stores.registry_answers,
        "dagster": stores.dagster_is_configured,
        "daemon": stores.daemon_is_alive,
    }


def _show(told: list[dict[str, str]]) -> None:
    """A line for each finding, coloured on a terminal."""
    width = max(len(finding["check"]) for finding in told)
    for finding in told:
        level = typer.style(f"{finding['level']:7}", fg=COLOURS[finding["level"]])
        typer.echo(f"{level}  {finding['check']:{width}}  {finding['text']}")
