"""Several programs under one: started together, watched, started again, ended together."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from taxi_assets.commands import guard
from taxi_assets.commands.program import Hear, Program, Service
from taxi_assets.domain.errors import ServiceFailed

LOOK_S = 0.1
STOPPED_BY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, seconds.

    Attributes:
        healthy_s: for all to be healthy after the start.
        pauses_s: before each new start of one that ended; after the last, it is given up.
        steady_s: running that long, a program has earned all its new starts back.
        grace_s: for all to end when told to.
    """

    healthy_s: float = 240.0
    pauses_s: Sequence[float] = (1.0, 3.0, 10.0)
    steady_s: float = 120.0
    grace_s: float = 20.0


class Supervisor:
    """Runs services until it is told to stop, or one of them cannot be kept running."""

    def __init__(
        self,
        services: Sequence[Service],
        say: Callable[[str], None],
        hear: Hear,
        patience: Patience | None = None,
    ) -> None:
        """Take services.

        Args:
            services: in the order in which to start them.
            say: takes a line of the supervisor's own.
            hear: takes each line that a service prints, with the service's name.
            patience: how long to wait.
        """
        self._programs = [Program(service, hear) for service in services]
        self._say, self._patience = say, patience or Patience()
        self._signals = 0

    def run(self, ready: Callable[[], None]) -> None:
        """Keep all running until SIGINT, SIGTERM or SIGHUP; whatever happens, none is left behind.

        Args:
            ready: called once, when all are healthy.

        Raises:
            ServiceFailed: one kept ending, or did not become healthy.
        """
        with ExitStack() as stack:
            stack.enter_context(self._hearing_signals())
            told = stack.enter_context(guarding())
            stack.callback(self._end, told)
            for program in self._programs:
                program.start(told)
            self._watch(ready, told)

    def _watch(self, ready: Callable[[], None], told: Callable[[str], None]) -> None:
        deadline: float | None = time.monotonic() + self._patience.healthy_s
        while not self._signals:
            for program in self._programs:
                self._tend(program, told)
            if deadline is not None and self._all_healthy(deadline):
                deadline = None
                ready()
            time.sleep(LOOK_S)

    def _all_healthy(self, deadline: float) -> bool:
        waiting = [p for p in self._programs if not (self._signals or p.look())]
        if waiting and time.monotonic() > deadline:
            raise ServiceFailed(
                f"{waiting[0].name} was not healthy after {self._patience.healthy_s:g} s (its last "
                f"words: {waiting[0].last_words}): see its lines above, or leave it out with "
                f"--without {waiting[0].name}."
            )
        return not waiting

    def _tend(self, program: Program, told: Callable[[str], None]) -> None:
        """Start a program again that has ended, when its pause is over."""
        if program.due is not None:
            if time.monotonic() >= program.due:
                program.start(told)
            return
        ended = program.ended()
        if ended is None:
            return
        program.sweep(told)
        if program.ran_s > self._patience.steady_s:
            program.failures = 0
        program.failures += 1
        if program.failures > len(self._patience.pauses_s):
            raise ServiceFailed(
                f"{program.name} ended {program.failures} times, now with {ended} (its last words: "
                f"{program.last_words}): mend that, or leave it out with --without {program.name}."
            )
        pause = self._patience.pauses_s[program.failures - 1]
        self._say(f"{program.name} ended with {ended}; it is started again in {pause:g} s.")
        program.due = time.monotonic() + pause

    def _end(self, told: Callable[[str], None]) -> None:
        """Ask all to end, and kill those that do not in time, or when asked a second time."""
        running = [program for program in self._programs if program.group is not None]
        for program in running:
            program.send(signal.SIGTERM)
        deadline, asked = time.monotonic() + self._patience.grace_s, self._signals
        while any(p.alive() for p in running) and time.monotonic() < deadline:
            if self._signals > max(asked, 1):
                break
            time.sleep(LOOK_S)
        for program in running:
            program.sweep(told)

    @contextmanager
    def _hearing_signals(self) -> Iterator[None]:
        """Count signals to stop instead of dying of them."""

        def heard(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's interface
            self._signals += 1

        before = {number: signal.signal(number, heard) for number in STOPPED_BY}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def guarding() -> Iterator[Callable[[str], None]]:
    """A guard that ends all groups of processes if we are killed; yields what tells it of them."""
    watcher = subprocess.Popen(
        [sys.executable, "-I", str(Path(guard.__file__))],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # Ctrl-C is for us
    )
    assert watcher.stdin is not None
    pipe = watcher.stdin

    def tell(line: str) -> None:
        with suppress(BrokenPipeError):  # somebody ended the guard: all else still works
            pipe.write(f"{line}\n")
            pipe.flush()

    try:
        yield tell
    finally:
        with suppress(BrokenPipeError):
            pipe.close()
        watcher.wait()
