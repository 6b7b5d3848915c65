"""The ports of this project's programs on one machine, and who listens there."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass

from taxi_assets.domain.errors import UsageError

LOCAL = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Port:
    """A port that a program wants.

    Attributes:
        name: of the program, as `--without` takes it.
        title: of the program, for people.
        number: the port.
        remedy: option and setting with which to choose another.
        host: address it listens on.
        health: path that answers 200 when the program is well.
        mark: what the answer holds when it is ours.
    """

    name: str
    title: str
    number: int
    remedy: str
    health: str
    mark: str
    host: str = LOCAL

    @property
    def url(self) -> str:
        """Where this machine reaches it."""
        return f"http://{LOCAL if self.host in ('0.0.0.0', '::') else self.host}:{self.number}"


@dataclass(frozen=True, slots=True)
class Ports:
    """Which ports to use; None for a program's usual one."""

    ui: int | None = None
    mlflow: int | None = None
    api: int | None = None
    console: int | None = None

    def listed(self, api_port: int = 8000, api_host: str = LOCAL) -> list[Port]:
        """All four.

        Args:
            api_port: the service's, from its settings.
            api_host: address that the service listens on, from its settings.
        """
        return [
            Port(
                "ui", "Dagster", self.ui or 3000, "--ui-port", "/server_info", "dagster_webserver"
            ),
            Port("mlflow", "MLflow", self.mlflow or 5000, "--mlflow-port", "/health", "OK"),
            Port(
                "api",
                "the API",
                self.api or api_port,
                "--api-port or SERVING_PORT",
                "/health/live",
                '"live"',
                api_host,
            ),
            Port(
                "console",
                "the console",
                self.console or 8501,
                "--console-port",
                "/_stcore/health",
                "ok",
            ),
        ]


def require_free(ports: Sequence[Port]) -> None:
    """Refuse ports that something listens on, or that two programs want.

    Raises:
        UsageError: which port, who wanted it, and how to choose another.
    """
    wanted: dict[int, Port] = {}
    for port in ports:
        if other := wanted.get(port.number):
            raise UsageError(
                f"Port {port.number} is wanted by {other.title} and by {port.title}: give one of "
                f"them another with {other.remedy}, or {port.remedy}."
            )
        wanted[port.number] = port
        if not is_free(port):
            raise UsageError(
                f"Port {port.number}, which {port.title} wants, is taken: stop what listens there, "
                f"choose another with {port.remedy}, or leave it out with --without {port.name}."
            )


def is_free(port: Port) -> bool:
    """Whether a program could listen there now."""
    try:
        with socket.create_server((port.host, port.number)):
            return True
    except OSError:
        return False


def answer(url: str, timeout_s: float = 2.0) -> str | None:
    """What a program of this machine answers; None when it does not, or not with 200."""
    import httpx

    try:
        found = httpx.get(url, timeout=timeout_s, trust_env=False)  # no proxy stands in between
    except httpx.HTTPError:
        return None
    return found.text if found.is_success else None
