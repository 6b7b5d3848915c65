"""What was seen at the source, as JSON that a person can read and a later look goes on from.

The landing and Dagster's runs are the truth; this only saves asking twice and tells people what
happened. So a record that cannot be read is no loss.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from taxi_assets.domain.months import check_month
from taxi_assets.domain.publication import Order, Publication

VERSION = 1


@dataclass(frozen=True, slots=True)
class Sighting:
    """A month as it was seen last.

    Attributes:
        seen_at: when, UTC, ISO 8601.
        publication: None where the source did not have the month.
        run_key: of the last run that was asked for, None where there was none.
        trigger: why it was asked for.
        asked_at: when.
    """

    seen_at: str
    publication: Publication | None
    run_key: str | None = None
    trigger: str | None = None
    asked_at: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """What is known after a look.

    Attributes:
        months: sightings by month.
        last_in_turn: the older landed month that was looked at last.
        looked_at: when the source answered last, UTC, ISO 8601.
        fault: what is wrong with the source since, None while it answers.
    """

    months: Mapping[str, Sighting] = field(default_factory=dict)
    last_in_turn: str = ""
    looked_at: str | None = None
    fault: str | None = None

    @property
    def asked(self) -> frozenset[str]:
        """Run keys of the runs that were asked for."""
        return frozenset(s.run_key for s in self.months.values() if s.run_key is not None)

    def after(
        self,
        seen: Mapping[str, Publication | None],
        asked: Iterable[Order],
        last_in_turn: str,
        now: datetime,
    ) -> "Record":
        """What is known once a look has gone well."""
        when, runs = now.isoformat(timespec="seconds"), {order.month: order for order in asked}
        months = dict(self.months)
        for month, publication in seen.items():
            known = months.get(month, Sighting(when, None))
            months[month] = replace(known, seen_at=when, publication=publication)
        for month, order in runs.items():
            months[month] = replace(
                months[month], run_key=order.run_key, trigger=order.trigger, asked_at=when
            )
        return Record(dict(sorted(months.items())), last_in_turn, when)

    def with_fault(self, fault: str) -> "Record":
        """What is known once the source could not be asked: all that was, and why."""
        return replace(self, fault=fault)


def write(record: Record) -> str:
    """The record as JSON."""
    return json.dumps(
        {
            "version": VERSION,
            "looked_at": record.looked_at,
            "fault": record.fault,
            "last_in_turn": record.last_in_turn,
            "months": {month: _as_json(s) for month, s in record.months.items()},
        },
        indent=1,
    )


def read(text: str | None) -> tuple[Record, str | None]:
    """The record that was written, and a sentence where it cannot be used and a new one begins."""
    if not text:
        return Record(), None
    try:
        told = json.loads(text)
        version = told["version"]
        if version != VERSION:
            return Record(), _anew(f"is of version {version!r}, not {VERSION}")
        return _record(told), None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Record(), _anew("cannot be read")


def _anew(what: str) -> str:
    return f"What earlier looks at the source noted {what}, so this one begins anew."


def _record(told: dict[str, Any]) -> Record:
    months = {check_month(month): _sighting(about) for month, about in told["months"].items()}
    texts = told["last_in_turn"], told["looked_at"], told["fault"]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise TypeError("texts are missing")
    return Record(months, *(texts[0] or "", *texts[1:]))


def _as_json(seen: Sighting) -> dict[str, Any]:
    published = seen.publication
    time = published.last_modified if published else None
    return {
        "seen_at": seen.seen_at,
        "published": published
        and {
            "etag": published.etag,
            "last_modified": time.isoformat() if time else None,
            "bytes": published.bytes,
        },
        "run": seen.run_key
        and {"key": seen.run_key, "trigger": seen.trigger, "asked_at": seen.asked_at},
    }


def _sighting(told: dict[str, Any]) -> Sighting:
    published, run = told["published"], told["run"] or {}
    return Sighting(
        seen_at=told["seen_at"],
        publication=_publication(published) if published else None,
        run_key=run.get("key"),
        trigger=run.get("trigger"),
        asked_at=run.get("asked_at"),
    )


def _publication(told: dict[str, Any]) -> Publication:
    time = told["last_modified"]
    return Publication(told["etag"], datetime.fromisoformat(time) if time else None, told["bytes"])
