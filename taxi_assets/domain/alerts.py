"""What of a month is worth telling people, and in which words.

Each alert says what happened, why, and what to do about it, in a sentence each, with a link to
where it can be seen.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from taxi_assets.domain.secrets import without_password

LONGEST, LONGEST_TITLE = 400, 120  # characters: Slack takes 3,000 of a block, escaped ones as five


class Kind(StrEnum):
    """What an alert is about."""

    RUN_FAILED = "run failed"
    CHECK_FAILED = "check failed"
    MONTH_LATE = "month late"
    PROMOTED = "champion promoted"
    REJECTED = "model rejected"
    ROLLED_BACK = "champion rolled back"
    DROPPED = "alerts dropped"
    TEST = "test"


class Severity(StrEnum):
    """How much an alert matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that people should know.

    Attributes:
        kind: what it is about.
        fleet: fleet name; empty where it is about none.
        month: `YYYY-MM`, or the months `YYYY-MM..YYYY-MM`; empty where it is about none.
        severity: how much it matters.
        title: what happened.
        reason: why.
        remedy: what to do about it.
        link: page of the Dagster UI that shows it.
        key: the same for the same thing, which is not told twice in a row.
        at: when it happened, with a time zone.
    """

    kind: Kind
    fleet: str
    month: str
    severity: Severity
    title: str
    reason: str
    remedy: str
    link: str
    key: str
    at: datetime

    def told(self) -> dict[str, str]:
        """The alert as JSON can hold it; `recalled` reads it."""
        return {**asdict(self), "at": self.at.isoformat(timespec="seconds")}


@dataclass(frozen=True, slots=True)
class Where:
    """Whose alert it is.

    Attributes:
        fleet: fleet name.
        month: `YYYY-MM`, or months; empty for what has none, such as the zones.
        link: page of the Dagster UI that shows it.
        at: when it happened, with a time zone.
    """

    fleet: str
    month: str
    link: str
    at: datetime

    @property
    def name(self) -> str:
        """For people: `green 2025-03`."""
        return f"{self.fleet} {self.month}".strip()

    def key(self, kind: Kind, what: str) -> str:
        """What tells one alert from another."""
        return "/".join((kind.replace(" ", "_"), self.fleet, self.month, what))


def recalled(told: Mapping[str, str]) -> Alert:
    """The alert that `Alert.told` wrote.

    Raises:
        ValueError, TypeError or KeyError: it is none.
    """
    read = {"kind": Kind(told["kind"]), "severity": Severity(told["severity"])}
    return Alert(**{**told, **read, "at": datetime.fromisoformat(told["at"])})  # type: ignore[arg-type]


def one_line(text: str, longest: int = LONGEST) -> str:
    """A text of anybody's as one line, without passwords, and not too long to read."""
    line = without_password(" ".join(text.split()))
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def worded(
    where: Where,
    kind: Kind,
    severity: Severity,
    *,
    what: str,
    title: str,
    reason: str,
    remedy: str,
) -> Alert:
    """An alert in these words; what others wrote, such as an error's message, is tidied."""
    sentence = one_line(reason).rstrip(".")
    return Alert(
        kind=kind,
        fleet=where.fleet,
        month=where.month,
        severity=severity,
        title=one_line(title, LONGEST_TITLE),
        reason=f"{_capital(sentence)}.",
        remedy=remedy,
        link=where.link,
        key=where.key(kind, what),
        at=where.at,
    )


def _capital(sentence: str) -> str:
    """The sentence with a capital first letter, unless it begins with a name like a file's."""
    first = sentence.partition(" ")[0]
    return sentence[:1].upper() + sentence[1:] if first.isalpha() else sentence
