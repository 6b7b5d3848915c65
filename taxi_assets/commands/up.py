"""All programs of a home on one machine, under one supervisor.

They share the home's stores, as `make ui`, `make mlflow` and `make serve` do. Runs and the service
use MLflow's database directly, also beside its server: an experiment that is made through a server
has its files where only that server finds them, and `taxi-assets quote` could not read them.
"""

import importlib.util
import os
import sysconfig
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from taxi_assets.commands.ports import LOCAL, Port, answer
from taxi_assets.commands.program import Service
from taxi_assets.domain.errors import UsageError
from taxi_assets.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

DAEMON = "daemon"
NAMES = ("ui", DAEMON, "mlflow", "api", "console")
CODE = "taxi_assets.definitions"
STREAMLIT = {
    "STREAMLIT_SERVER_HEADLESS": "true",
    "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "STREAMLIT_CLIENT_TOOLBAR_MODE": "minimal",
    "STREAMLIT_CLIENT_SHOW_ERROR_DETAILS": "none",
}


def chosen_names(without: str, settings: Settings, mlflow_port: int) -> list[str]:
    """The programs to run.

    Args:
        without: comma-separated names of those to leave out.
        settings: where a server of MLflow's elsewhere is named; then none is started here.
        mlflow_port: of the server to start here.

    Raises:
        UsageError: a name is unknown, or none is left.
    """
    out = {part.strip() for part in without.split(",") if part.strip()}
    if unknown := sorted(out - set(NAMES)):
        raise UsageError(f"There is no '{unknown[0]}' to leave out: choose of {', '.join(NAMES)}.")
    if server_elsewhere(settings.tracking_uri, mlflow_port):
        out.add("mlflow")
    if out == set(NAMES):
        raise UsageError("Nothing is left to start: leave less out with --without.")
    return [name for name in NAMES if name not in out]


def server_elsewhere(tracking_uri: str, mlflow_port: int) -> bool:
    """Whether MLflow is a server that runs already, not a database or the one to start here."""
    parts = urlsplit(tracking_uri)
    here = parts.hostname in (LOCAL, "localhost") and parts.port == mlflow_port
    return parts.scheme in ("http", "https") and not here


def services(
    settings: Settings,
    names: Sequence[str],
    ports: Mapping[str, Port],
    instance: "dg.DagsterInstance",
) -> list[Service]:
    """What to run.

    Args:
        settings: where everything is.
        names: the programs, of `NAMES`.
        ports: by program.
        instance: where the daemon's heartbeat is seen.
    """
    told = environment(settings, ports)
    commands = {
        "ui": ["dagster-webserver", "-h", LOCAL, "-p", str(ports["ui"].number), "-m", CODE],
        DAEMON: ["dagster-daemon", "run", "-m", CODE],
        "mlflow": ["mlflow", "server", "--host", LOCAL, "--port", str(ports["mlflow"].number)],
        "api": ["taxi-assets", "serve", "--port", str(ports["api"].number)],
        "console": ["streamlit", "run", console_script()],
    }
    more = {"mlflow": mlflow_environment(settings), "api": api_environment(settings, names, ports)}
    scripts = Path(sysconfig.get_path("scripts"))
    return [
        Service(
            name=name,
            command=[str(scripts / commands[name][0]), *commands[name][1:]],
            environment={**told, **more.get(name, {})},
            is_healthy=partial(beats, instance) if name == DAEMON else answers(ports[name]),
        )
        for name in names
    ]


def environment(settings: Settings, ports: Mapping[str, Port]) -> dict[str, str]:
    """What all programs are told, so that all use this home; what the user has said stays."""
    return {
        **STREAMLIT,
        **os.environ,
        "TAXI_HOME": str(settings.root),
        "TAXI_SERVING_LOG": settings.serving_log_uri,
        "CONSOLE_API_URL": os.environ.get("CONSOLE_API_URL", ports["api"].url),
        "STREAMLIT_SERVER_ADDRESS": LOCAL,
        "STREAMLIT_SERVER_PORT": str(ports["console"].number),
        "PYTHONUNBUFFERED": "1",  # lines come when they are printed
    }


def mlflow_environment(settings: Settings) -> dict[str, str]:
    """What MLflow's server is told; not as arguments, which every user of the machine sees."""
    home = settings.root / "mlflow"
    database = settings.tracking_uri
    if database.startswith("http"):  # the server to start, named as where to track
        database = f"sqlite:///{(home / 'mlflow.db').as_posix()}"
    return {
        "MLFLOW_BACKEND_STORE_URI": database,
        "MLFLOW_ARTIFACTS_DESTINATION": str(home / "artifacts"),
        "MLFLOW_WORKERS": os.environ.get("MLFLOW_WORKERS", "1"),  # 400 MB each
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # consumers of jobs that nobody here sends
    }


def api_environment(
    settings: Settings, names: Sequence[str], ports: Mapping[str, Port]
) -> dict[str, str]:
    """The service reads a SQLite database of MLflow's by itself, others only through a server."""
    if settings.tracking_uri.startswith("postgresql") and "mlflow" in names:
        return {"MLFLOW_TRACKING_URI": ports["mlflow"].url}
    return {}


def console_script() -> str:
    """The console's script, which Streamlit runs.

    Raises:
        UsageError: it is not installed.
    """
    found = importlib.util.find_spec("serving")
    if found is None or not found.submodule_search_locations:
        raise UsageError("The package `serving` is not installed: reinstall taxi-assets.")
    return str(Path(found.submodule_search_locations[0]) / "console" / "app.py")


@contextmanager
def only_daemon(home: Path, instance: "dg.DagsterInstance") -> Iterator[None]:
    """Be the only supervisor of a daemon over an instance, and let it be known when it has ended.

    Args:
        home: the instance's folder.
        instance: where a daemon leaves its signs of life, which are believed for a while.

    Raises:
        UsageError: there is another.
    """
    lock = FileLock(home / "daemon.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(
            f"Another `taxi-assets up` runs Dagster's daemon over {home}: stop it, or leave the "
            "daemon out with --without daemon."
        ) from None
    try:
        yield
    finally:
        instance.wipe_daemon_heartbeats()
        lock.release()


def answers(port: Port) -> Callable[[float], bool]:
    """A check of health: it answers where it should."""
    return lambda _: answer(f"{port.url}{port.health}") is not None


def beats(instance: "dg.DagsterInstance", since: float) -> bool:
    """Whether each part of the daemon has shown a sign of life since then."""
    seen = instance.get_daemon_heartbeats()
    return all(
        (beat := seen.get(part)) is not None and beat.timestamp >= since
        for part in instance.get_required_daemon_types()
    )


def addresses(names: Sequence[str], ports: Mapping[str, Port]) -> list[dict[str, str]]:
    """What to open, for people."""
    shown = {
        "ui": "graph, runs, checks",
        "mlflow": "experiments and models",
        "api": "the page with the map; /openapi.json for programs",
        "console": "for analysts",
    }
    return [
        {"what": name, "address": ports[name].url, "for": shown[name]}
        for name in names
        if name != DAEMON
    ]
