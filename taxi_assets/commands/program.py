"""One program that a supervisor runs, with its lines and its health."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO

from taxi_assets.commands import guard

Hear = Callable[[str, str], None]
LAST_LINE_S = 1.0  # for the last line of a program that has ended


@dataclass(frozen=True, slots=True)
class Service:
    """What to run.

    Attributes:
        name: for people, short.
        command: the program and its arguments.
        environment: all of it.
        is_healthy: takes when it was started, seconds since the epoch; does not raise.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    is_healthy: Callable[[float], bool]


class Program:
    """A service's process, and the group of processes that it leads.

    Attributes:
        group: of the process that runs; None when none does.
        due: when to start it again, on the monotonic clock; None while it runs.
        failures: how often it ended without being told to.
        last_words: the last line it printed.
        ran_s: how long it ran, once it has ended.
    """

    def __init__(self, service: Service, hear: Hear) -> None:
        """Take a service, and what hears each line it prints."""
        self.name = service.name
        self.group: int | None = None
        self.due: float | None = None
        self.failures, self.last_words, self.ran_s = 0, "none", 0.0
        self._service, self._hear, self._healthy = service, hear, False
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._started = self._started_at = 0.0

    def start(self, told: Callable[[str], None]) -> None:
        """Start it as the leader of a group of its own.

        Args:
            told: takes `+group`, for the guard.
        """
        self.due, self._healthy = None, False
        self._started, self._started_at = time.monotonic(), time.time()
        process = subprocess.Popen(
            self._service.command,
            env=self._service.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the supervisor, which then ends the group
        )
        self.group = process.pid
        told(f"+{self.group}")
        self._process = process
        self._reader = threading.Thread(target=self._read, args=(process.stdout,), daemon=True)
        self._reader.start()

    def look(self) -> bool:
        """Whether it has been healthy since it was started; asks until it was once."""
        if not self._healthy and self.due is None:
            self._healthy = self._service.is_healthy(self._started_at)
        return self._healthy

    def ended(self) -> str | None:
        """How it has ended, in words; None while it runs."""
        code = self._process.poll() if self._process else None
        if code is None:
            return None
        self.ran_s = time.monotonic() - self._started
        if self._reader:
            self._reader.join(LAST_LINE_S)
        return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"

    def alive(self) -> bool:
        """Whether it, or a process that it started, is there."""
        if self._process:
            self._process.poll()  # takes it off the list of processes once it has ended
        return self.group is not None and guard.alive(self.group)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and all that it has started."""
        if self.group is not None:
            guard.send([self.group], number)

    def sweep(self, told: Callable[[str], None]) -> None:
        """Kill what is left of its group.

        Args:
            told: takes `-group`, for the guard.
        """
        self.send(signal.SIGKILL)
        if self._process:
            self._process.wait()
        told(f"-{self.group}")
        self.group = None

    def _read(self, lines: IO[str]) -> None:
        with lines:
            for line in lines:
                if text := line.rstrip():
                    self.last_words = text
                    with suppress(OSError):  # nobody reads ours any more; it has to go on
                        self._hear(self.name, text)
