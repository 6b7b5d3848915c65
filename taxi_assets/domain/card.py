"""A model card: what people should know of a version before they rely on it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from taxi_assets.domain.evaluation import CHAMPION, MODEL, Row, by_slice, overall
from taxi_assets.domain.gates import MIN_TRIPS, Ruling, Unjudged, Verdicts
from taxi_assets.domain.slices import AFTERWARDS, WHOLE

LONGEST_DESCRIPTION = 5_000  # characters of a version that MLflow's database keeps
GROUPS = "zones and their geometry, time and holidays, passengers, and what earlier rides taught"
LIMITS = """\
- It predicts the metered fare alone: no surcharges, tolls, taxes or tips.
- Negotiated fares (rate code 5) are not known before the ride; on them it errs most.
- It knows TLC's zones 1 to 263, not addresses: rides inside one zone look alike to it.
- It was tested on one month. A change of tariff, roads or demand after it is unknown to it."""
USES = """\
- For: telling a passenger or planner what a ride between two zones will cost on the meter, with
  an interval and a ride time, in the months right after the one it was tested on.
- Not for: setting or disputing a fare, paying drivers, judging a driver, or any ride outside New
  York's taxi zones or of another fleet."""


def model_card(manifest: Mapping[str, Any], rows: Sequence[Row], verdicts: Verdicts) -> str:
    """The card of a version, Markdown.

    Args:
        manifest: its bundle's, and `version`, its number in the registry.
        rows: the evaluation on its month.
        verdicts: what the gates said, by name.
    """
    fleet, month, version = manifest["fleet"], manifest["month"], manifest["version"]
    level = overall(rows)[MODEL]["level"]
    sections = {
        "": (
            f"Predicts what a {fleet} taxi ride in New York will cost on the meter, in US dollars, "
            f"before it begins, with an interval to hold {level:.0%} of rides and the ride time. "
            f"Tested on {month}, which it has not seen; for people who plan or offer such rides."
        ),
        "Gates": _gates(verdicts),
        f"Errors on {month}": _predictors(rows),
        "Interval": _interval(rows),
        "Intended use": USES,
        "Limits": LIMITS,
        "Data": _data(manifest),
        "Features": f"{len(manifest['features'])} in all: {GROUPS}.",
        "Training": _training(manifest),
        "Reproduce": (
            f"`taxi-assets reproduce {fleet} {version}`, with the code of commit "
            f"{manifest['git_sha']} and "
            + ", ".join(f"{name} {number}" for name, number in manifest["libraries"].items())
            + f". Identity {manifest['identity']}."
        ),
        "Parts of the month": _parts(rows),
    }
    title = f"# Fare model of {fleet} taxis, version {version}\n"
    return title + "".join(
        f"\n{f'## {name}' + chr(10) * 2 if name else ''}{text}\n" for name, text in sections.items()
    )


def described(card: str, most: int = LONGEST_DESCRIPTION) -> str:
    """As many whole sections of a card as a description may hold, and where the rest is."""
    if len(card) <= most:
        return card
    rest = "\nThe whole card is `model_card.md` in the evaluation's run.\n"
    kept = ""
    for number, section in enumerate(card.split("\n## ")):
        longer = kept + ("\n## " if number else "") + section
        if len(longer) + len(rest) > most:
            break
        kept = longer
    return kept + rest


def _gates(verdicts: Verdicts) -> str:
    def line(name: str, verdict: Ruling | Unjudged) -> str:
        if isinstance(verdict, Unjudged):
            return f"- {name}: not judged, {verdict.reason}"
        return f"- {name}: {'passed' if verdict.passed else '**failed**'}, {verdict.said}"

    return "\n".join(line(name, verdict) for name, verdict in verdicts.items())


def _predictors(rows: Sequence[Row]) -> str:
    names = ("trips", "mae_usd", "rmse_usd", "median_error_usd", "bias_usd", "r2", "ride_mae_min")
    found = overall(rows)
    body = [
        [_named(name, row), *(_cell(row.get(key)) for key in names)] for name, row in found.items()
    ]
    return _table(["predictor", *names], body)


def _named(name: str, row: Row) -> str:
    return f"champion (version {row['model_version']})" if name == CHAMPION else name


def _interval(rows: Sequence[Row]) -> str:
    whole = overall(rows)[MODEL]
    parts = {
        key: row
        for key, row in by_slice(rows, MODEL).items()
        if key[0] not in (WHOLE, *AFTERWARDS) and row["trips"] >= MIN_TRIPS
    }
    text = (
        f"It is to hold {whole['level']:.0%} of rides and holds {whole['coverage']:.1%}; its mean "
        f"width is ${whole['width_usd']:.2f}, its mean quantile loss ${whole['pinball_usd']:.3f}."
    )
    if not parts:
        return text
    low = min(parts, key=lambda key: parts[key]["coverage"])
    high = max(parts, key=lambda key: parts[key]["coverage"])
    return (
        f"{text} Of the parts known before a ride, with {MIN_TRIPS:,} rides or more, it "
        f"holds fewest in {_part(low, parts)} and most in {_part(high, parts)}."
        f"{_afterwards(rows)}"
    )


def _afterwards(rows: Sequence[Row]) -> str:
    """How the interval fares where only the bill tells: a ride's rate is not known before."""
    found = {k: row for k, row in by_slice(rows, MODEL).items() if k[0] in AFTERWARDS}
    said = "; ".join(_part(key, found) for key in found)
    return f" By what only the bill tells: {said}." if said else ""


def _part(key: tuple[str, str], parts: Mapping[tuple[str, str], Row]) -> str:
    row = parts[key]
    return f"{key[0]} {key[1]} ({row['coverage']:.1%} of {row['trips']:,})"


def _data(manifest: Mapping[str, Any]) -> str:
    learned = manifest["training_rows"]
    lines = [
        f"Learned from {sum(learned.values()):,} clean trips: "
        + ", ".join(f"{month} {rows:,}" for month, rows in learned.items())
        + ". Iceberg snapshots:",
        "",
    ]
    for table, months in manifest["tables"].items():
        kept = ", ".join(f"{month} {about['snapshot_id']}" for month, about in months.items())
        lines.append(f"- {table}: {kept}")
    return "\n".join(lines)


def _training(manifest: Mapping[str, Any]) -> str:
    rehearsal, told = manifest["rehearsal"], manifest["parameters"]
    heads = ", ".join(f"{name} {count}" for name, count in manifest["trees"].items())
    tried = ", ".join(f"{name} {count}" for name, count in rehearsal["rounds"].items())
    shared = dict(set.intersection(*(set(parameters.items()) for parameters in told.values())))
    own = "; ".join(
        f"{name}: {_listed({key: v for key, v in parameters.items() if key not in shared})}"
        for name, parameters in told.items()
    )
    return (
        f"LightGBM, one set of trees for each answer: {heads}. A rehearsal tested on the "
        f"{rehearsal['rides']:,} rides of the last two weeks set their number (best there with "
        f"{tried}, on fewer rides; error there ${rehearsal['mae_usd']:.2f} and "
        f"{rehearsal['ride_mae_min']:.2f} min) and widened the interval by "
        f"{rehearsal['offset']:+.4f} log dollars. Parameters: {_listed(shared)}. Of its own, {own}."
    )


def _listed(parameters: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(parameters.items()))


def _parts(rows: Sequence[Row]) -> str:
    names = ("trips", "mean_fare_usd", "mae_usd", "bias_usd", "coverage", "width_usd")
    body = [
        [*key, *(_cell(row.get(name)) for name in names)]
        for key, row in by_slice(rows, MODEL).items()
        if key[0] != WHOLE
    ]
    return _table(["slice", "value", *names], body)


def _table(header: Sequence[str], body: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: float | int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
