"""Which months a backfill has to run, and why: decided from what is recorded and what is there."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """One asset's month.

    Attributes:
        name: of the asset.
        recorded: data version that Dagster recorded last, None where it was never made.
        held: data version of what is really there; None where nothing is.
        can_be_held: whether there is a place to look: tables, landed files, models.
        whole: whether what was written is still there, and nothing else.
        outdated: what has changed since it was made, in words.
    """

    name: str
    recorded: str | None
    held: str | None = None
    can_be_held: bool = False
    whole: bool = True
    outdated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MonthFacts:
    """All that speaks for or against running a month.

    Attributes:
        month: `YYYY-MM`.
        parts: the assets of the job, in any order.
        trainable: whether enough months before it have features for a model.
        of_model: assets that do not exist without a model.
        rejected: whether the gates turned the month's model down.
        behind_gates: assets that do not come to be then.
    """

    month: str
    parts: tuple[Part, ...]
    trainable: bool
    of_model: frozenset[str] = frozenset()
    rejected: bool = False
    behind_gates: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Due:
    """A month to run.

    Attributes:
        month: `YYYY-MM`.
        reasons: why, at least one.
    """

    month: str
    reasons: tuple[str, ...]


def due(facts: MonthFacts) -> Due | None:
    """Whether a month has to run; None where all is there that can be, made with what is."""
    absent_by_right: set[str] = set()
    if not facts.trainable:
        absent_by_right |= facts.of_model
    if facts.rejected:
        absent_by_right |= facts.behind_gates
    expected = [part for part in facts.parts if part.name not in absent_by_right]
    if expected and all(part.recorded is None for part in expected):
        return Due(facts.month, ("it was never run",))
    reasons = tuple(reason for part in expected for reason in _reasons(part))
    return Due(facts.month, reasons) if reasons else None


def _reasons(part: Part) -> Iterable[str]:
    """What is wrong with one asset's month."""
    if part.recorded is None:
        return [f"{part.name} is missing"]
    if not part.can_be_held:
        return part.outdated
    if part.held is None:
        return [f"{part.name} was made, but is not there any more"]
    if not part.whole:
        return [f"{part.name} does not hold what was written: it was changed by hand"]
    if part.held != part.recorded:
        return [f"{part.name} is not what Dagster recorded: it was changed outside of Dagster"]
    return part.outdated


def counted(count: int) -> str:
    """A number of months, in words."""
    return "1 month" if count == 1 else f"{count} months"


def nothing_to_do(count: int) -> str:
    """What to say when no month is due."""
    what = "The month is" if count == 1 else f"All {count} months are"
    return f"{what} there and made with what is: nothing to run."
