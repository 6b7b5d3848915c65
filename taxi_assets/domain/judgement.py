"""The sentence that answers whether the champion is still good, and why it is not."""

from collections.abc import Sequence
from dataclasses import dataclass

from taxi_assets.domain.departures import Departure, departures, rest_ratio
from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.gates import LEVEL_BAND, MIN_TRIPS
from taxi_assets.domain.groups import PAIR, rides_of
from taxi_assets.domain.months import month_name
from taxi_assets.domain.performance import (
    EVERYTHING,
    LENGTH,
    LEVEL_MARGIN,
    Change,
    Limits,
    Parts,
    Record,
    change,
    fare_ratio,
    limits,
    relative_error,
)

METERED = ("rate", "metered")
MOST_NAMED = 3
METERED_MARGIN = 1.05  # metered errors over fares differ by so much from month to month
LEVEL, PARTS, ERRORS, RIDES = "level", "parts", "errors", "rides"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was.

    Attributes:
        kind: `LEVEL` (fares changed everywhere), `PARTS` (fares of some rides changed), `ERRORS`
            (errors grew on the same rides): concept drift; or `RIDES` (other rides): data drift.
        observed: the number that tells.
        threshold: what it was held against.
        said: a sentence.
    """

    kind: str
    observed: float
    threshold: float
    said: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a month says of the champion.

    Attributes:
        verdict: a sentence.
        findings: none where all is well, the most telling first.
        departed: parts of the month whose fares left the quotes behind.
        change: of the error by length of ride, since the test.
        relative_error: mean absolute error over mean fare.
        limits: what its test allows.
        record: of its own months.
    """

    verdict: str
    findings: Sequence[Finding]
    departed: Sequence[Departure]
    change: Change
    relative_error: float
    limits: Limits
    record: Record

    @property
    def still_good(self) -> bool:
        """Whether its fares are about as right as they were: dearer rides are not its fault."""
        as_right = self.relative_error <= self.limits.relative_error
        return as_right and all(finding.kind == RIDES for finding in self.findings)


def judge(now: Parts, record: Record, version: str, drifted: Sequence[str] | None) -> Judgement:
    """Compare a month with the champion's record.

    Args:
        now: the month's rows.
        record: of at least one month.
        version: the champion's.
        drifted: model inputs that drifted this month; None where nobody has looked.
    """
    departed = departures(now, record)
    allowed = limits(record.months[0][EVERYTHING], now[EVERYTHING])
    grown = change(LENGTH, record.months[0], now)
    places = [each for each in departed if each.part[0] == PAIR]
    found = [
        _level(now, record, allowed, places, version, drifted),
        _parts(departed, version),
        _errors(now, record.months[0], allowed, grown),
    ]
    # parts that are no pair of boroughs explain an error better than they stand alone
    findings = sorted(
        (each for each in found if each), key=lambda each: each.kind == PARTS and not places
    )
    verdict = findings[0].said if findings else _all_well(now, record, version)
    error = relative_error(now[EVERYTHING])
    return Judgement(verdict, findings, departed, grown, error, allowed, record)


def unjudged(whole: Row) -> str:
    """What is left to say of a month where the champion's test is not known."""
    return (
        f"MAE is ${whole['mae_usd']:.2f}, with nothing to compare it with: the evaluation of "
        f"{month_name(whole['tested_on'])} does not tell of version {whole['model_version']}."
    )


def _all_well(now: Parts, record: Record, version: str) -> str:
    whole, tested = now[EVERYTHING], record.months[0][EVERYTHING]
    return (
        f"The champion (version {version}) is still good: MAE ${whole['mae_usd']:.2f} against "
        f"${tested['mae_usd']:.2f} when tested in {month_name(record.tested_on)}."
    )


def _level(
    now: Parts,
    record: Record,
    allowed: Limits,
    places: Sequence[Departure],
    version: str,
    drifted: Sequence[str] | None,
) -> Finding | None:
    """Fares that rose or fell everywhere since the test."""
    ratio, tested = rest_ratio(now, places), fare_ratio(record.months[0][EVERYTHING])
    low, high = allowed.low_ratio, allowed.high_ratio
    if low <= ratio <= high or abs(ratio - 1.0) <= LEVEL_MARGIN:
        return _never_learned(now, version) if not places else None
    where = f"but for {_named(places[:MOST_NAMED])}" if places else "everywhere"
    return Finding(
        LEVEL,
        round(ratio, 6),
        round(high if ratio > high else low, 6),
        f"Fares are {_above(ratio)} what the champion (version {version}) says, {where}, "
        f"{_above(tested)} when tested{_inputs(drifted)}: concept drift, as after a tariff "
        f"{'rise' if ratio > 1 else 'cut'}.",
    )


def _never_learned(now: Parts, version: str) -> Finding | None:
    """Fares that were no longer what the champion says when it was tested."""
    metered, (low, high) = now.get(METERED), LEVEL_BAND
    if metered is None or metered["trips"] < MIN_TRIPS or low <= fare_ratio(metered) <= high:
        return None
    ratio = fare_ratio(metered)
    return Finding(
        LEVEL,
        round(ratio, 6),
        high if ratio > high else low,
        f"Metered fares are {_above(ratio)} what the champion (version {version}) says, about as "
        "they were when it was tested: it learned from months of another tariff.",
    )


def _parts(departed: Sequence[Departure], version: str) -> Finding | None:
    """Fares that changed for some rides only."""
    if not departed:
        return None
    pairs = [each for each in departed if each.part[0] == PAIR]
    places = pairs or departed
    told = [f"{rides_of(*each.part)} cost {_more(each.ratio)}" for each in places[:MOST_NAMED]]
    more = f" ({len(places) - MOST_NAMED} more in the table)" if len(places) > MOST_NAMED else ""
    return Finding(
        PARTS,
        round(abs(places[0].size), 6),
        round(places[0].limit, 6),
        f"{_sentence(_and(told))} than the champion (version {version}) says{more}"
        f"{', elsewhere nothing changed' if pairs else ''}: concept drift there.",
    )


def _errors(now: Parts, tested: Parts, allowed: Limits, grown: Change) -> Finding | None:
    """Errors that grew, and because of what."""
    whole, error = now[EVERYTHING], relative_error(now[EVERYTHING])
    if error <= allowed.relative_error and whole["mae_usd"] <= allowed.mae_usd:
        return None
    held_against = (round(error, 6), round(allowed.relative_error, 6))
    if grown.total_usd <= 0:
        before = relative_error(tested[EVERYTHING])
        said = f"Error is {error:.1%} of the fare, {before:.1%} when tested: only fares fell."
        return Finding(ERRORS, *held_against, said)
    rise = f"Error is up by ${grown.total_usd:.2f} to ${whole['mae_usd']:.2f}"
    if 2 * grown.mix_usd >= grown.total_usd:
        how = "longer" if grown.longer else "others"
        said = f"{rise}, of which ${grown.mix_usd:.2f} because rides became {how}: data drift."
        return Finding(RIDES, *held_against, said)
    if grown.mix_usd >= 0:
        part = f"of which ${grown.within_usd:.2f} on rides as long as before"
    else:
        part = f"although the change of rides alone would have made it ${-grown.mix_usd:.2f} less"
    said = f"{rise}, {part}: concept drift{_metered(now, tested)}."
    return Finding(ERRORS, *held_against, said)


def _metered(now: Parts, tested: Parts) -> str:
    """Whether rides by the meter are priced as well as ever, so that it must be the others."""
    if METERED not in now or METERED not in tested:
        return ""
    error, before = relative_error(now[METERED]), relative_error(tested[METERED])
    if error > METERED_MARGIN * before:
        return ""
    return f", though not of metered rides ({error:.1%} of the fare, {before:.1%} when tested)"


def _named(departed: Sequence[Departure]) -> str:
    return _and([rides_of(*each.part) for each in departed])


def _inputs(drifted: Sequence[str] | None) -> str:
    """What the drift report says of the month."""
    if drifted is None:
        return ""
    if not drifted:
        return ", while inputs look as before"
    inputs = "1 input" if len(drifted) == 1 else f"{len(drifted)} inputs"
    return f", and {inputs} drifted too ({', '.join(drifted[:MOST_NAMED])})"


def _above(ratio: float) -> str:
    return f"{abs(ratio - 1.0):.0%} {'above' if ratio >= 1 else 'below'}"


def _more(ratio: float) -> str:
    return f"{abs(ratio - 1.0):.0%} {'more' if ratio >= 1 else 'less'}"


def _and(texts: Sequence[str]) -> str:
    """`A, b and c`."""
    *others, last = texts
    return f"{', '.join(others)} and {last}" if others else last


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
