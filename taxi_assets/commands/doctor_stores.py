"""The doctor's checks of what the pipeline stands on: catalog, registry, source, Dagster."""

from collections.abc import Mapping
from pathlib import Path

import dagster as dg

from serving.models import Wanted
from serving.sources import open_source
from taxi_assets.commands.daemon import FRESH_S, silent_s
from taxi_assets.commands.doctor import Finding, Situation, failure, ok, warning
from taxi_assets.commands.instance import configuration, dagster_home
from taxi_assets.commands.serving import read_service_settings
from taxi_assets.domain.errors import LakeUnreachable, TaxiError
from taxi_assets.domain.fleets import get_fleet
from taxi_assets.partitions import monthly
from taxi_assets.resources.catalog import look_into_catalog
from taxi_assets.resources.landed_trips import LOOKUP, refuse_another_source
from taxi_assets.resources.landing import Landing
from taxi_assets.resources.mlflow_store import SQLITE, require_store
from taxi_assets.resources.tlc import TlcSource
from taxi_assets.settings import Settings

SOURCE_S = 5.0
RECENT = 6  # months; TLC publishes about two months late
DATABASES = ("postgresql", "mysql")


def catalog_is_whole(situation: Situation) -> list[Finding]:
    """The Iceberg catalog answers."""
    settings = situation.settings
    try:
        catalog = look_into_catalog(
            settings.catalog, f"{settings.lake_uri}/tables", settings.s3_endpoint
        )
        names = [
            name
            for space in (catalog.list_namespaces() if catalog else [])
            for name in catalog.list_tables(space)
        ]
    except LakeUnreachable as error:
        return [failure(str(error))]
    if not names:
        return [ok("There is no table yet: `taxi-assets run` makes them.")]
    return [ok(f"The Iceberg catalog answers, with {len(names)} tables.")]


def registry_answers(situation: Situation) -> list[Finding]:
    """MLflow answers, and there are champions."""
    settings = situation.settings
    if settings.tracking_uri.startswith(DATABASES):  # the service's readers know no such database
        require_store(settings.tracking_uri)
        return [ok("MLflow's database answers.")]
    if settings.tracking_uri.startswith(SQLITE) and not _file(settings.tracking_uri).exists():
        return [ok("There is no model yet: `taxi-assets run` makes them.")]
    told = {"model": "registry", "mlflow_tracking_uri": settings.tracking_uri}
    source = open_source(read_service_settings().model_copy(update=told))
    try:
        return [_champion(source.wanted(fleet), fleet) for fleet in settings.fleets]
    except TaxiError as error:
        said = str(error).rstrip(".")
        hint = "" if "MLFLOW_TRACKING" in said else "; correct MLFLOW_TRACKING_URI or restore it"
        return [failure(f"{said}{hint}.")]
    finally:
        source.close()


def _file(tracking_uri: str) -> Path:
    return Path(tracking_uri.removeprefix(SQLITE).partition("?")[0])


def _champion(wanted: Mapping[str, Wanted], fleet: str) -> Finding:
    champion = wanted.get("champion")
    if champion is None:
        return ok(f"MLflow answers; {fleet} has no champion yet.")
    return ok(f"MLflow answers; {fleet}'s champion is version {champion.version}.")


def source_answers(situation: Situation) -> list[Finding]:
    """Trip files can be fetched, and are those of the source that was landed before."""
    settings = situation.settings
    source = TlcSource(
        url=settings.source_url, s3_endpoint=settings.s3_endpoint, timeout_s=SOURCE_S, retries=0
    )
    try:
        if source.probe(LOOKUP) is None:
            return [failure(f"{source.url} has no {LOOKUP}: correct TAXI_TLC_URL.")]
        refuse_another_source(_landing(settings), source.url)
        return [_newest(source, settings, fleet) for fleet in settings.fleets]
    except TaxiError as error:
        return [failure(str(error))]


def _landing(settings: Settings) -> Landing:
    return Landing(f"{settings.lake_uri}/landing", s3_endpoint=settings.s3_endpoint)


def _newest(source: TlcSource, settings: Settings, fleet: str) -> Finding:
    """The newest month of a fleet; a web server has to be asked for each month by itself."""
    months = list(monthly(settings.first_month).get_partition_keys())
    asked = months[-RECENT:] if source.url.startswith("http") else months
    there = source.list(get_fleet(fleet), asked)
    if there:
        return ok(f"{source.url} answers; its newest {fleet} month is {max(there)}.")
    span = f"{asked[0]}..{asked[-1]}" if asked else f"from {settings.first_month} on"
    return warning(
        f"{source.url} answers, but has no {fleet} trips of {span}: see TAXI_TLC_URL, "
        "TAXI_FLEETS and TAXI_FIRST_MONTH."
    )


def dagster_is_configured(situation: Situation) -> list[Finding]:
    """DAGSTER_HOME is a folder with the project's dagster.yaml."""
    home = dagster_home(situation.settings)
    ours = configuration()
    held = home / "dagster.yaml"
    return [
        judge_dagster(
            home,
            held.read_text(encoding="utf-8") if held.is_file() else None,
            ours.read_text(encoding="utf-8") if ours.is_file() else None,
            named="DAGSTER_HOME" in situation.environment,
        )
    ]


def judge_dagster(
    home: Path, held: str | None, ours: str | None, *, named: bool = False
) -> Finding:
    """What to say of DAGSTER_HOME.

    Args:
        home: the folder.
        held: its dagster.yaml, None where there is none.
        ours: the project's, None where it was installed without.
        named: whether somebody has set it; such a folder is not made by itself.
    """
    if not home.is_absolute():
        return failure(f"DAGSTER_HOME={home} is not absolute, which Dagster wants: write it out.")
    if home.exists() and not home.is_dir():
        return failure(f"DAGSTER_HOME={home} is a file: name a folder.")
    if not home.exists() and named:
        return failure(f"DAGSTER_HOME={home} does not exist: make that folder, or unset it.")
    if not home.exists():
        return ok(f"{home} is made by the first run.")
    if ours is None or held == ours:
        return ok(f"{home} has the project's dagster.yaml.")
    how = "has none" if held is None else "has another"
    return warning(
        f"The project has a dagster.yaml and {home} {how}: copy the project's there, unless the "
        "difference is meant."
    )


def daemon_is_alive(situation: Situation) -> list[Finding]:
    """The daemon has shown a sign of life lately."""
    home = dagster_home(situation.settings)
    if not was_used(home):
        return [judge_daemon(None)]
    with dg.DagsterInstance.from_config(str(home)) as instance:
        beats = instance.get_daemon_heartbeats().values()
        errors = [error.message for beat in beats for error in beat.errors or []]
        return [judge_daemon(silent_s(beats), errors)]


def was_used(home: Path) -> bool:
    """Whether there is an instance to open: opening makes one where there is none."""
    file = home / "dagster.yaml"
    elsewhere = file.is_file() and "storage:" in file.read_text(encoding="utf-8")
    return (home / "history").is_dir() or elsewhere


def judge_daemon(age_s: float | None, errors: list[str] | None = None) -> Finding:
    """What to say of the daemon.

    Args:
        age_s: of its newest heartbeat; None where there is none: it never ran, or ended in order.
        errors: what it says went wrong.
    """
    start = "`make up` or `make ui` starts it; until then schedules, sensors and backfills wait."
    if age_s is None:
        return warning(f"Dagster's daemon does not run: {start}")
    if age_s > FRESH_S:
        return warning(f"Dagster's daemon was last seen {_ago(age_s)} ago: {start}")
    if errors:
        first = errors[0].strip().splitlines()[0][:200]
        return warning(f"Dagster's daemon runs, but reports: {first}; see Deployment in its UI.")
    return ok("Dagster's daemon runs.")


def _ago(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
