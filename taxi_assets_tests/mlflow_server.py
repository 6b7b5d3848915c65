"""A real MLflow server, and one that is ill."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx

START_S = 180  # 17 on a quiet machine


@contextmanager
def running_server(root: Path, database: Path | None = None) -> Iterator[str]:
    """`mlflow server` on a free local port with its data below `root`, until the block ends.

    Args:
        root: where it is.
        database: an SQLite file to use instead of one of its own.

    Yields:
        Its URL, once it has answered.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    stores = [
        f"--backend-store-uri=sqlite:///{database or root / 'server.db'}",
        f"--artifacts-destination={root / 'artifacts'}",
        "--workers=1",
    ]
    with (root / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [*command, *stores], stdout=log, stderr=log, cwd=root, start_new_session=True
        )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(url, server, root / "server.log")
        yield url
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # the server and its workers, nobody else
        server.wait(60)


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Ask until it answers; give up when it has ended or takes too long."""
    deadline = time.monotonic() + START_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(f"{url}/health").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError(f"mlflow server did not start:\n{log.read_text()[-2_000:]}")


@contextmanager
def ill_server() -> Iterator[str]:
    """A server that answers everything with 500."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(500)

        def log_message(self, format: str, *args: object) -> None:
            """Keep quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
