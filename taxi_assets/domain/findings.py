"""What a month may show that is not as it was, each as a sentence."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from taxi_assets.domain.departures import FAR, Departure, rest_ratio, unlearned, usual_ratio
from taxi_assets.domain.gates import LEVEL_BAND, MIN_TRIPS
from taxi_assets.domain.groups import PAIR, rides_of
from taxi_assets.domain.performance import (
    EVERYTHING,
    LEVEL_MARGIN,
    Change,
    Limits,
    Part,
    Parts,
    Record,
    fare_ratio,
    relative_error,
    told_apart,
)

METERED = ("rate", "metered")
MOST_NAMED = 3
METERED_MARGIN = 1.05  # metered errors over fares differ by so much from month to month
VENDORS, LEVEL, PARTS, UNLEARNED = "vendors", "level", "parts", "unlearned"
ERRORS, RIDES = "errors", "rides"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was.

    Attributes:
        kind: `VENDORS` (somebody's records may be broken); `LEVEL` (fares changed everywhere),
            `PARTS` (fares of some rides changed), `UNLEARNED` (they had when the champion was
            tested), `ERRORS` (errors grew on the same rides): concept drift; or `RIDES` (other
            rides): data drift.
        observed: the number that tells.
        threshold: what it was held against.
        said: a sentence.
    """

    kind: str
    observed: float
    threshold: float
    said: str


def vendor_said(vendor: str, ratio: float, trips: int) -> str:
    """What makes one think that a vendor's records are broken, as a clause."""
    return f"vendor {vendor} bills {_more(ratio)} than the champion says on {trips:,} trips"


def vendors_finding(broken: Sequence[Departure], now: Parts) -> Finding | None:
    """Vendors whose trips say nothing of the champion."""
    if not broken:
        return None
    first, whole, rest = broken[0], now[EVERYTHING]["mae_usd"], told_apart(now)[EVERYTHING]
    told = [vendor_said(each.part[1], each.ratio, each.trips) for each in broken]
    return Finding(
        VENDORS,
        round(abs(first.size), 6),
        round(first.limit, 6),
        f"{_sentence(_and(told))}: {'its' if len(broken) == 1 else 'their'} records may be broken. "
        f"MAE is ${whole:.2f} with them and ${rest['mae_usd']:.2f} without.",
    )


def level_finding(
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


def parts_finding(departed: Sequence[Departure], version: str) -> Finding | None:
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


def unlearned_finding(
    now: Parts, record: Record, named: Collection[Part], version: str
) -> Finding | None:
    """Parts that had changed already when the champion was tested, so that nothing departs now."""
    places = [part for part in unlearned(now) if part not in named]
    if not places:
        return None
    city, first = fare_ratio(now[EVERYTHING]), fare_ratio(now[places[0]])
    shown = places[:MOST_NAMED]
    told = [f"{rides_of(*part)} cost {_more(fare_ratio(now[part]))}" for part in shown]
    more = f" ({len(places) - MOST_NAMED} more in the table)" if len(places) > MOST_NAMED else ""
    return Finding(
        UNLEARNED,
        round(abs(first / city - 1.0), 6),
        FAR,
        f"The champion (version {version}) has not learned of a change yet: {_and(told)} than it "
        f"says{more}{_since(shown, record)}.",
    )


def _since(parts: Sequence[Part], record: Record) -> str:
    """Since when some parts have been far from the city, where anybody knows."""
    if not all(abs(usual_ratio(part, record)[0] - 1.0) >= FAR for part in parts):
        return ""
    tested = all(part in record.months[0] for part in parts)
    return ", as when it was tested" if tested else ", as in months before"


def errors_finding(now: Parts, tested: Parts, allowed: Limits, grown: Change) -> Finding | None:
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
