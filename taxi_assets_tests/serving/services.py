"""The service on small real models, with a log that can be looked into."""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import uvicorn
from fastapi import FastAPI

from serving.app import create_app
from serving.schemas import Problem
from serving.settings import Settings
from taxi_assets_tests.models import save_model

TRIP = {"pickup_zone": 74, "dropoff_zone": 75, "pickup_at": "2025-03-14T08:30", "passengers": 1}
CHAMPION, CHALLENGER = 1, 2  # seeds


class ListLog:
    """Keeps what it is given."""

    def __init__(self) -> None:
        self.records: list[Mapping[str, Any]] = []

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to write."""

    def put(self, record: Mapping[str, Any]) -> None:
        self.records.append(record)

    def put_rows(self, rows: pa.RecordBatch) -> None:
        self.records.extend({"kind": "quote", **row} for row in rows.to_pylist())


def bundles(root: Path) -> Path:
    """A folder of bundles as the service reads it: green and yellow champions, one challenger."""
    for folder, seed in (
        ("green", CHAMPION),
        ("yellow", CHAMPION),
        ("green-candidate", CHALLENGER),
    ):
        save_model(root / folder, seed)
    return root


def settings_of(root: Path, cache: Path, **told: Any) -> Settings:
    """Settings that depend on nothing outside of a test."""
    defaults = {
        "fleets": ("green", "yellow"),
        "model": str(root),
        "cache": cache,
        "log": "",
        "log_stdout": False,
        "otlp_endpoint": "",
        "s3_endpoint": None,
        "page": False,
    }
    return Settings(**{**defaults, **told})


@contextmanager
def running(settings: Settings, log: ListLog | None = None) -> Iterator[httpx.Client]:
    """A client of the service on a real uvicorn, started and stopped with it."""
    with serving(create_app(settings, log=log or ListLog())) as client:
        yield client


@contextmanager
def serving(app: FastAPI) -> Iterator[httpx.Client]:
    """A client of an application on a real uvicorn in a thread, configured as `serving.main` does.

    A lone application in this process could be asked without a server, but not by clients that are
    slow, large or gone.
    """
    config = uvicorn.Config(
        app, port=0, loop="uvloop", http="httptools", ws="none", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            # the socket listens already: a request waits until it is accepted
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()


def problem_of(answer: httpx.Response, status: int) -> Problem:
    """The problem, which has to be whole."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate_json(answer.content)
    assert problem.status == status
    assert problem.request_id == answer.headers["x-request-id"]
    assert problem.detail.endswith((".", "!"))
    return problem
