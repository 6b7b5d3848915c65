"""Where reports are kept: a folder or a bucket that people can open without a server."""

import json
from collections.abc import Mapping
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from taxi_assets.domain.errors import DataError
from taxi_assets.reports.index import Validated, index_html
from taxi_assets.reports.page import Report
from taxi_assets.resources.storage import Storage, open_storage
from taxi_assets.resources.streams import pooled

INDEX, QUALITY = "index.html", "quality"
HTML, JSON = "text/html; charset=utf-8", "application/json"
MONTH_DEPTH = 2  # slashes in the name of a report: fleet, month, report
READERS = 8  # a bucket answers each in its time


class ReportStore(dg.ConfigurableResource[None]):
    """Reports below `root`: `green/2025-03/drift_report.html` and the same as `.json`."""

    root: str
    s3_endpoint: str | None = None

    _storage: Storage | None = PrivateAttr(default=None)

    def write(self, report: Report) -> str:
        """Keep a report, in place of an earlier one of the month; returns where it is."""
        name = f"{report.fleet}/{report.month}/{report.name}"
        self.storage.write(f"{name}.html", report.html().encode(), HTML)
        self.storage.write(f"{name}.json", as_bytes(report.summary()), JSON)
        self.write_index(report.fleet)
        return self.storage.locate(f"{name}.html")

    def write_index(self, fleet: str) -> str:
        """Make a fleet's index anew from the reports that are there; returns where it is."""
        page = index_html(fleet, self.summaries(fleet), self.quality(fleet))
        self.storage.write(f"{fleet}/{INDEX}", page.encode(), HTML)
        return self.storage.locate(f"{fleet}/{INDEX}")

    def summaries(self, fleet: str) -> list[dict[str, Any]]:
        """What every report of a fleet says, in the order of months."""
        names = [name for name in self._names(fleet) if name.count("/") == MONTH_DEPTH]
        found = zip(names, pooled(self.storage.read, names, READERS), strict=True)
        return [self._parsed(name, content) for name, content in found if content]

    def quality(self, fleet: str) -> dict[str, list[Validated]]:
        """What validation found in each month's tables, by month."""
        names = [name for name in self._names(fleet) if f"/{QUALITY}/" in name]
        found: dict[str, list[Validated]] = {}
        for name, content in zip(names, pooled(self.storage.read, names, READERS), strict=True):
            if content:
                record = self._parsed(name, content)
                path = name.removeprefix(f"{fleet}/")
                validated = Validated(record["table"], path, record["passed"])
                found.setdefault(record["month"], []).append(validated)
        return found

    def _parsed(self, name: str, content: bytes) -> dict[str, Any]:
        """A file of ours.

        Raises:
            DataError: somebody wrote something else there.
        """
        try:
            told = json.loads(content)
            if not isinstance(told["month"], str):
                raise TypeError("its month is no text")
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"{self.storage.locate(name)} is not a report's JSON ({error!r}): remove it, and "
                "make the month's reports again."
            ) from error
        return dict(told)

    def _names(self, fleet: str) -> list[str]:
        """Every JSON file below a fleet's folder."""
        return [name for name in self.storage.names(fleet, deep=True) if name.endswith(".json")]

    def summary(self, fleet: str, month: str, name: str) -> dict[str, Any] | None:
        """What a report said, None where there is none."""
        content = self.storage.read(f"{fleet}/{month}/{name}.json")
        found: dict[str, Any] | None = None if content is None else json.loads(content)
        return found

    def write_quality(self, record: Mapping[str, Any]) -> str:
        """Keep what validation found in one version of a month's table; returns where it is.

        Args:
            record: `fleet`, `month`, `table`, `data_version` and what was found.
        """
        version = str(record["data_version"])[:12]
        name = f"{record['fleet']}/{record['month']}/{QUALITY}/{record['table']}-{version}.json"
        self.storage.write(name, as_bytes(record), JSON)
        return self.storage.locate(name)

    @property
    def storage(self) -> Storage:
        """The folder or bucket, opened when it is first needed."""
        if self._storage is None:
            self._storage = open_storage(self.root, self.s3_endpoint)
        return self._storage


def as_bytes(value: Mapping[str, Any]) -> bytes:
    """JSON that people can read too."""
    return json.dumps(value, indent=1, ensure_ascii=False).encode()
