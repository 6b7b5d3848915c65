"""The sentence that answers whether the champion is still good, and why it is not."""

from collections.abc import Sequence
from dataclasses import dataclass

from taxi_assets.domain.departures import Departure, departures, rest_ratio
from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.gates import LEVEL_BAND, MIN_TRIPS
from taxi_assets.domain.groups import JOINT, PAIR
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
        limits: what its record allows.
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
    allowed = limits(record.months, now[EVERYTHING])
    grown = change(LENGTH, record.months[0], now)
    places = [each for each in departed if each.part[0] == PAIR]
    found = [
        _level(now, record, allowed, places, version, drifted),
        _parts(departed, version),
        _errors(now[EVERYTHING], record, allowed, grown, departed),
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
    """Fares that rose or fell everywhere: since the test, or before it and never learned."""
    ratio, tested = rest_ratio(now, places), fare_ratio(record.months[0][EVERYTHING])
    low, high = allowed.low_ratio, allowed.high_ratio
    moved = not low <= ratio <= high and abs(ratio - 1.0) > LEVEL_MARGIN
    metered = now.get(METERED)
    if not moved and not places and metered and metered["trips"] >= MIN_TRIPS:
        ratio, (low, high) = fare_ratio(metered), LEVEL_BAND
        moved = not low <= ratio <= high
    if not moved:
        return None
    where = "elsewhere than " + _named(places[:MOST_NAMED]) if places else "everywhere"
    return Finding(
        LEVEL,
        round(ratio, 6),
        round(high if ratio > high else low, 6),
        f"Fares are {_above(ratio)} what the champion (version {version}) says, {where}, "
        f"{_then(tested)}{_inputs(drifted)}: concept drift, as after a tariff "
        f"{'rise' if ratio > 1 else 'cut'}.",
    )


def _parts(departed: Sequence[Departure], version: str) -> Finding | None:
    """Fares that changed for some rides only."""
    if not departed:
        return None
    places = [each for each in departed if each.part[0] == PAIR] or departed
    first = places[0]
    told = [f"{name_of(each)} cost {_more(each.ratio)}" for each in places[:MOST_NAMED]]
    more = f" (and {len(places) - MOST_NAMED} more)" if len(places) > MOST_NAMED else ""
    return Finding(
        PARTS,
        round(abs(first.size), 6),
        round(first.limit, 6),
        f"{_and(told)} than the champion (version {version}) says{more}, elsewhere nothing "
        "changed: concept drift there.",
    )


def _errors(
    whole: Row,
    record: Record,
    allowed: Limits,
    grown: Change,
    departed: Sequence[Departure],
) -> Finding | None:
    """Errors that grew, and because of what."""
    now, then = relative_error(whole), relative_error(record.months[0][EVERYTHING])
    worse, dearer = now > allowed.relative_error, whole["mae_usd"] > allowed.mae_usd
    if not worse and not dearer:
        return None
    rise = f"Error is up by ${grown.total_usd:.2f} to ${whole['mae_usd']:.2f}"
    if 2 * grown.mix_usd >= grown.total_usd > 0:
        how = "longer" if grown.longer else "others"
        said = f"{rise}, of which ${grown.mix_usd:.2f} because rides became {how}: data drift."
        return Finding(RIDES, round(now, 6), round(allowed.relative_error, 6), said)
    if grown.total_usd <= 0:
        rise = f"Error is ${whole['mae_usd']:.2f}"
    share = f"{now:.1%} of the fare, {then:.1%} when tested"
    where = f"; most at {_most(departed)}" if departed else ""
    said = (
        f"{rise} ({share}), ${grown.within_usd:.2f} of it on rides as long as before: concept "
        f"drift{where}."
    )
    return Finding(ERRORS, round(now, 6), round(allowed.relative_error, 6), said)


def name_of(departure: Departure) -> str:
    """A part of the month as people say it."""
    name, value = departure.part
    if name != PAIR:
        return f"Rides with {name.replace('_', ' ')} {value}"
    first, second = value.split(JOINT)
    return f"Rides within {first}" if first == second else f"Rides between {first} and {second}"


def _named(departed: Sequence[Departure]) -> str:
    return _and([_lower(name_of(each)) for each in departed])


def _most(departed: Sequence[Departure]) -> str:
    """The first departures with their sizes."""
    return _and(
        [
            f"{_lower(name_of(each))} (fares {_above(each.ratio)} the quotes)"
            for each in departed[:2]
        ]
    )


def _inputs(drifted: Sequence[str] | None) -> str:
    """What the drift report says of the month."""
    if drifted is None:
        return ""
    if not drifted:
        return ", while inputs look as before"
    return f", and {len(drifted)} inputs drifted too ({', '.join(drifted[:MOST_NAMED])})"


def _then(ratio: float) -> str:
    return f"{abs(ratio - 1.0):.0%} {'above' if ratio >= 1 else 'below'} when tested"


def _above(ratio: float) -> str:
    return f"{abs(ratio - 1.0):.0%} {'above' if ratio >= 1 else 'below'}"


def _more(ratio: float) -> str:
    return f"{abs(ratio - 1.0):.0%} {'more' if ratio >= 1 else 'less'}"


def _and(texts: Sequence[str]) -> str:
    """`A, b and c`."""
    *others, last = [texts[0], *map(_lower, texts[1:])]
    return f"{', '.join(others)} and {last}" if others else last


def _lower(text: str) -> str:
    return text[0].lower() + text[1:]
