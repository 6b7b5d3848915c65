"""Versions, their metrics and gates, and who was champion when, as tables to draw."""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from serving.console.read_registry import Model, Registered
from taxi_assets.domain.errors import RegistryError

KEY = re.compile(r"promotion\.(\d+)")
GATES = re.compile(r"(passed|failed|could not judge) ([^;]+)")
PREDICTORS = {
    "model": "this version",
    "champion": "champion then",
    "route_median": "route's median",
    "tariff": "tariff",
}
MEASURES = {
    "mae_usd": "Mean absolute error, US dollars",
    "rmse_usd": "Root mean squared error, US dollars",
    "bias_usd": "Mean of quote minus fare, US dollars",
    "ride_mae_min": "Mean absolute error of the ride time, minutes",
    "coverage": "Share of fares inside the interval",
}


@dataclass(frozen=True, slots=True)
class Promotion:
    """One entry of the log of promotions.

    Attributes:
        number: place in the log, counting from 1.
        version: the version that was to become champion.
        previous: the champion before it, None for the first.
        action: `promoted by gates`, `promoted` or `rolled back`.
        who: a person or a run.
        when: with its time zone.
        why: in their words.
    """

    number: int
    version: int
    previous: int | None
    action: str
    who: str
    when: datetime
    why: str


def versions(model: Model) -> pd.DataFrame:
    """One row a version, the newest first.

    Returns:
        (n_versions, 8) `version`, `month` it was tested on, `standing`, `mae_usd`, `rmse_usd` in
        US dollars and `coverage` (NaN where not measured), `trained_on`, `gates`.
    """
    rows = [
        {
            "version": version.number,
            "month": version.tags.get("month", ""),
            "standing": _standing(model, version),
            "mae_usd": version.metrics.get("model_mae_usd"),
            "rmse_usd": version.metrics.get("model_rmse_usd"),
            "coverage": version.metrics.get("model_coverage"),
            "trained_on": version.tags.get("training_months", "").replace(",", ", "),
            "gates": version.tags.get("rejected") or version.tags.get("gates") or "not judged yet",
        }
        for version in reversed(model.versions)
    ]
    return pd.DataFrame(rows)


def metrics(model: Model, measure: str) -> pd.DataFrame:
    """A measure of each version and of what it was held against, on the month it was tested on.

    Returns:
        (n, 4) `month`, `version`, `predictor`, `value`; a version without the measure has no row.
    """
    rows = [
        (version.tags.get("month", ""), version.number, label, version.metrics[name])
        for version in model.versions
        for predictor, label in PREDICTORS.items()
        if (name := f"{predictor}_{measure}") in version.metrics
    ]
    return pd.DataFrame(rows, columns=["month", "version", "predictor", "value"])


def gates(model: Model) -> pd.DataFrame:
    """(n, 4) `version`, `month`, `gate`, `verdict`: one row a gate that was asked."""
    rows = [
        (version.number, version.tags.get("month", ""), gate.strip(), verdict)
        for version in model.versions
        for verdict, names in GATES.findall(version.tags.get("gates", ""))
        for gate in names.split(",")
    ]
    return pd.DataFrame(rows, columns=["version", "month", "gate", "verdict"])


def promotions(model: Model) -> list[Promotion]:
    """The log of promotions, oldest first, those that took no effect included.

    Raises:
        RegistryError: an entry was changed to something unreadable.
    """
    found = [
        _read(int(key[1]), model.tags[key[0]]) for key in map(KEY.fullmatch, model.tags) if key
    ]
    return sorted(found, key=lambda entry: entry.number)


def reigns(model: Model, now: datetime) -> pd.DataFrame:
    """Who was champion when.

    An alias moves after its entry is written: where the next entry met the same champion as this
    one, it never moved; where it met a third, somebody moved the alias in MLflow, at an unknown
    time after this entry.

    Args:
        model: from the registry.
        now: until when the present champion has reigned, with a time zone.

    Returns:
        (n, 6) `version`, `since`, `until` UTC, `action`, `who`, `why`; oldest first.

    Raises:
        RegistryError: an entry was changed to something unreadable.
    """
    log = promotions(model)
    met = [*(entry.previous for entry in log[1:]), model.aliases.get("champion")]
    rows: list[dict[str, Any]] = []
    for entry, after in zip(log, met, strict=False):  # without a log there is nothing to follow
        if after == entry.previous:
            continue  # the alias never moved
        told = {"action": entry.action, "who": entry.who, "why": entry.why}
        rows.append({"version": entry.version, "since": entry.when, **told})
        if after != entry.version and after is not None:
            told = {"action": "moved in MLflow, later", "who": "unknown", "why": "not in the log"}
            rows.append({"version": after, "since": entry.when, **told})
    table = pd.DataFrame(rows, columns=["version", "since", "action", "who", "why"])
    table["since"] = pd.to_datetime(table["since"], utc=True)
    table["until"] = table["since"].shift(-1).fillna(pd.Timestamp(now).tz_convert("UTC"))
    return table


def _standing(model: Model, version: Registered) -> str:
    """What a version is now, in a word or two."""
    if model.aliases.get("champion") == version.number:
        return "champion"
    for tag in ("withdrawn", "rejected"):
        if tag in version.tags:
            return tag
    return "candidate" if model.aliases.get("candidate") == version.number else "earlier"


def _read(number: int, text: str) -> Promotion:
    try:
        told = json.loads(text)
        when = datetime.fromisoformat(told.pop("when"))
        return Promotion(number=number, previous=told.pop("from"), when=when, **told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RegistryError(
            f"The tag promotion.{number:04} is not an entry of the log of promotions ({error!r}): "
            "put it right in MLflow."
        ) from error
