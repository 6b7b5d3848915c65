"""`taxi-assets` in processes of its own, forked from one that has imported everything already.

Each is a whole process that runs the command from its first line and may be killed at any moment;
it only saves the seconds that the imports take.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from taxi_assets_tests.faults.doom import POINTS, REPORT_POINTS
from taxi_assets_tests.homes import Home

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(["taxi_assets_tests.faults.preloaded"])
OURS = ("TAXI_", "DAGSTER_", "MLFLOW_")


@dataclass(frozen=True)
class Command:
    """A command that was started.

    Attributes:
        process: it.
        log: what it prints.
    """

    process: BaseProcess
    log: Path

    def wait(self) -> int:
        """Its exit code once it has ended, negative where a signal ended it."""
        self.process.join()
        assert self.process.exitcode is not None
        return self.process.exitcode

    def said(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""


def start(
    home: Home, log: Path, *arguments: str, point: str | None = None, meet: Any = None
) -> Command:
    """Start `taxi-assets` in a home.

    Args:
        home: where.
        log: file for what it prints.
        arguments: of the command.
        point: where it dies, one of `doom.POINTS`.
        meet: `(function, *arguments)` to call in the process before the command.
    """
    return fork(log, _command, home.environment(), arguments, point, meet)


def fork(log: Path, function: Callable[..., Any], *arguments: Any) -> Command:
    """Start a function in a process whose output goes to a file."""
    process = CONTEXT.Process(target=_logged, args=(log, function, arguments))
    process.start()
    return Command(process, log)


def call(home: Home, function: Callable[[Home], Any]) -> Any:
    """What a function finds in a home, in a process that has never seen it before."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=_answer, args=(theirs, function, home))
    process.start()
    theirs.close()
    answer = ours.recv()
    process.join()
    return answer


def _command(
    environment: dict[str, str], arguments: tuple[str, ...], point: str | None, meet: Any
) -> None:
    for name in [name for name in os.environ if name.startswith(OURS)]:
        del os.environ[name]
    os.environ.update(environment)
    if point:
        (POINTS | REPORT_POINTS)[point]()
    if meet:
        meet[0](*meet[1:])
    from taxi_assets.cli import app

    app(list(arguments))


def _logged(log: Path, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    with log.open("ab", buffering=0) as sink:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
    function(*arguments)


def _answer(pipe: Any, function: Callable[[Home], Any], home: Home) -> None:
    pipe.send(function(home))
