"""The Dagster instance that the command line shares with the UI."""

import os
from pathlib import Path

import dagster as dg

from taxi_assets.domain.errors import UsageError
from taxi_assets.settings import Settings


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance of DAGSTER_HOME, or of `home`/dagster when that is not set.

    Raises:
        UsageError: DAGSTER_HOME is not a folder that Dagster can use.
    """
    prepare_dagster_home(settings)
    try:
        return without_pools(dg.DagsterInstance.get())
    except dg.DagsterInvariantViolationError as error:
        raise UsageError(
            f"DAGSTER_HOME={os.environ['DAGSTER_HOME']} cannot be used: {error}"
        ) from error


def without_pools(instance: dg.DagsterInstance) -> dg.DagsterInstance:
    """The same instance, for runs that take no place in a pool.

    A person waits for a command, and would wait without end for a place that was never given back
    by a run that was killed: giving it back is the daemon's work, and no daemon need run.
    """
    ref = instance.get_ref()
    concurrency = {"pools": {"granularity": "run"}}  # which only the daemon's queue enforces
    instance.dispose()
    return dg.DagsterInstance.from_ref(
        ref._replace(settings={**ref.settings, "concurrency": concurrency})
    )


def prepare_dagster_home(settings: Settings) -> None:
    """Make sure DAGSTER_HOME is set, and holds the project's configuration where it is ours."""
    if "DAGSTER_HOME" in os.environ:
        return
    home = dagster_home(settings)
    home.mkdir(parents=True, exist_ok=True)
    ours = configuration()
    if ours.exists() and not (home / "dagster.yaml").exists():  # edits stay
        (home / "dagster.yaml").write_text(ours.read_text(encoding="utf-8"), encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)


def dagster_home(settings: Settings) -> Path:
    """DAGSTER_HOME, or `home`/dagster when that is not set."""
    return Path(os.environ.get("DAGSTER_HOME") or settings.root / "dagster")


def configuration() -> Path:
    """The project's own dagster.yaml; not there where the package was installed without it."""
    return Path(__file__).parents[2] / "dagster.yaml"
