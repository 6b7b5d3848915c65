"""Which model answers whom: a file that can be changed while the service runs.

{"green": {"kind": "canary", "share": 0.1}, "yellow": {"kind": "shadow"}}
"""

import hashlib
import json
import logging
import time
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from serving.models import CHALLENGER, CHAMPION, Served

LOOK_S = 1.0
SPAN = float(1 << 64)
SPLIT = ("canary", "ab")
log = logging.getLogger(__name__)
Kind = Literal["champion", "shadow", "canary", "ab"]
Arm = Literal["champion", "challenger"]


class Strategy(BaseModel):
    """How one fleet's requests are answered.

    Attributes:
        kind: `champion` answers alone; in its `shadow` the challenger scores as well, for the log
            only; `canary` and `ab` let the challenger answer a share of the callers.
        share: of callers that the challenger answers; an `ab` test has half of them by default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: Kind = "champion"
    share: float | None = Field(None, ge=0.0, le=1.0, strict=True)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.kind == "canary" and self.share is None:
            raise ValueError("a canary needs its share, for example 0.1")
        if self.kind not in SPLIT and self.share is not None:
            raise ValueError(f"{self.kind} takes no share")
        return self

    @property
    def split(self) -> float:
        """Share of callers that the challenger answers."""
        if self.kind not in SPLIT:
            return 0.0
        return 0.5 if self.share is None else self.share


@dataclass(frozen=True, slots=True)
class Choice:
    """Who answers one request.

    Attributes:
        arm: `champion` or `challenger`.
        shadow: whether the challenger scores as well, for the log only.
    """

    arm: Arm
    shadow: bool


CHAMPION_ONLY = Strategy()
ALONE = Choice(CHAMPION, shadow=False)
FILE = TypeAdapter(dict[str, Strategy])
Stamp = tuple[int, int, int]


class Strategies:
    """The strategies of all fleets, as the file says now."""

    def __init__(
        self,
        file: Path | None,
        fleets: Sequence[str],
        challenger: Callable[[str], Served | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the file, if there is one; a fleet it does not name has its champion alone.

        Args:
            file: JSON, or TOML by its name; None without any.
            fleets: that it may name.
            challenger: finds a fleet's challenger; see `Champions.challenger`.
            clock: seconds.
        """
        self._file, self._fleets = file, tuple(fleets)
        self._challenger, self._clock = challenger, clock
        self._strategies: dict[str, Strategy] = {}
        self._problem: str | None = None
        self._stamp: Stamp | None = None
        self._next = -1.0
        self._look()

    def choose(self, fleet: str, caller: str) -> Choice:
        """Who answers a caller: the same as last time while the strategy stays.

        A larger share keeps all callers of a smaller one. A challenger that is not there, or is
        withheld from riders, answers nobody.

        Args:
            fleet: fleet name.
            caller: what tells callers apart, such as a key's id.
        """
        self._look()
        strategy = self._strategies.get(fleet, CHAMPION_ONLY)
        if strategy.kind == CHAMPION:
            return ALONE
        challenger = self._challenger(fleet)
        if challenger is None:
            return ALONE
        if strategy.kind == "shadow":
            return Choice(CHAMPION, shadow=True)
        chosen = not challenger.withheld and place(f"{fleet}:{caller}") < strategy.split
        return Choice(CHALLENGER, shadow=False) if chosen else ALONE

    def state(self) -> dict[str, Any]:
        """The strategies in force, and what is wrong with the file, if anything."""
        self._look()
        told = {fleet: self._strategies.get(fleet, CHAMPION_ONLY) for fleet in self._fleets}
        return {
            "strategies": {fleet: strategy.model_dump() for fleet, strategy in told.items()},
            "problem": self._problem,
        }

    def _look(self) -> None:
        """Read the file again if it changed, at most once a second; nonsense changes nothing."""
        if self._file is None or (now := self._clock()) < self._next:
            return
        self._next = now + LOOK_S
        before = self._problem
        try:
            found = self._file.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            if stamp == self._stamp:
                return
            self._stamp, self._problem = stamp, None
            self._strategies = self._read(self._file)
            log.info("strategies: %s", self.state()["strategies"])
        except (OSError, RecursionError, ValueError) as error:  # deep nesting is nonsense too
            self._stamp = None if isinstance(error, OSError) else self._stamp
            self._problem = f"The strategy file {self._file} is not followed: {_cause(error)}."
            if self._problem != before:
                log.warning(self._problem)

    def _read(self, file: Path) -> dict[str, Strategy]:
        """The file's strategies.

        Raises:
            ValueError: it is no strategy file.
        """
        text = file.read_text(encoding="utf-8")
        told = tomllib.loads(text) if file.suffix == ".toml" else json.loads(text)
        found = FILE.validate_python(told)
        unknown = sorted(set(found) - set(self._fleets))
        if unknown:
            raise ValueError(
                f"it names {', '.join(unknown)}, and the service answers for "
                f"{', '.join(self._fleets)}"
            )
        return found


def place(text: str) -> float:
    """Where a text falls between 0 and 1, for ever the same, evenly for many texts."""
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") / SPAN


def _cause(error: Exception) -> str:
    """What is wrong, in one line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        return f"{where}: {first['msg']}" if where else first["msg"]
    if isinstance(error, OSError):
        return error.strerror or repr(error)
    return str(error).partition("\n")[0].rstrip(".")
