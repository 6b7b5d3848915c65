"""Is everything in order? Checks that change nothing, side by side, each within its time."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Thread
from typing import Literal

from taxi_assets.commands.ports import Port
from taxi_assets.domain.errors import TaxiError, UsageError
from taxi_assets.settings import Settings

TIMEOUT_S = 20.0
Level = Literal["ok", "warning", "failure", "skipped"]


class Unsettled(UsageError):
    """A check needs the settings, and they make no sense, which is told by itself."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found.

    Attributes:
        level: how bad it is.
        text: one sentence; unless all is well, with the setting or command that mends it.
    """

    level: Level
    text: str


@dataclass(frozen=True)
class Situation:
    """What is checked.

    Attributes:
        environment: variables and their values.
        ports: those that the programs of this project want.
        told: the settings; None where they make no sense.
        faults: why they make none, each with its variable.
    """

    environment: Mapping[str, str]
    ports: list[Port] = field(default_factory=list)
    told: Settings | None = None
    faults: tuple[str, ...] = ()

    @property
    def settings(self) -> Settings:
        """The settings.

        Raises:
            Unsettled: they make no sense.
        """
        if self.told is None:
            raise Unsettled("A setting makes no sense.")
        return self.told


Check = Callable[[Situation], list[Finding]]


def ok(text: str) -> Finding:
    """All is well."""
    return Finding("ok", text)


def warning(text: str) -> Finding:
    """Something to look at."""
    return Finding("warning", text)


def failure(text: str) -> Finding:
    """Something that does not work."""
    return Finding("failure", text)


def examine(
    situation: Situation, checks: Mapping[str, Check], timeout_s: float = TIMEOUT_S
) -> dict[str, list[Finding]]:
    """What each check finds; one that fails or takes too long says so, and hides no other.

    Args:
        situation: what to check.
        checks: by name.
        timeout_s: for all of them, side by side.
    """
    deadline = time.monotonic() + timeout_s
    asked = {name: _ask(check, situation) for name, check in checks.items()}
    return {name: _answer(answer, deadline, timeout_s) for name, answer in asked.items()}


def _ask(check: Check, situation: Situation) -> "Future[list[Finding]]":
    """Begin a check; its thread is a daemon, so that one that hangs does not hold up the end."""
    answer: Future[list[Finding]] = Future()

    def run() -> None:
        try:
            answer.set_result(check(situation))
        except Exception as error:  # whatever a check stumbles over is what it has to tell
            answer.set_exception(error)

    Thread(target=run, daemon=True).start()
    return answer


def _answer(answer: "Future[list[Finding]]", deadline: float, timeout_s: float) -> list[Finding]:
    try:
        return answer.result(max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        return [failure(f"This could not be checked: it took longer than {timeout_s:g} s.")]
    except Unsettled:
        return [Finding("skipped", "Not checked: mend the settings first.")]
    except TaxiError as error:
        return [failure(f"This could not be checked: {str(error).rstrip('.')}.")]
    except Exception as error:
        lines = str(error).splitlines() or [""]
        return [failure(f"This could not be checked: {type(error).__name__} {lines[0]}".strip())]


def failed(found: Mapping[str, list[Finding]]) -> bool:
    """Whether anything does not work."""
    return any(finding.level == "failure" for findings in found.values() for finding in findings)
