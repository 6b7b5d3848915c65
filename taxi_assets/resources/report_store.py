"""Where reports are kept: a folder or a bucket that people can open without a server."""

import json
from collections.abc import Sequence
from typing import Any

import dagster as dg
from pydantic import PrivateAttr

from taxi_assets.reports.page import Report
from taxi_assets.resources.storage import Storage, open_storage

INDEX = "index.html"


class ReportStore(dg.ConfigurableResource[None]):
    """Reports below `root`: `green/2025-03/drift_report.html` and the same as `.json`."""

    root: str
    s3_endpoint: str | None = None

    _storage: Storage | None = PrivateAttr(default=None)

    def write(self, report: Report) -> str:
        """Keep a report, in place of an earlier one of the month; returns where it is."""
        name = f"{report.fleet}/{report.month}/{report.name}"
        self.storage.write(f"{name}.html", report.html().encode())
        self.storage.write(f"{name}.json", as_bytes(report.summary()))
        return self.storage.locate(f"{name}.html")

    def summary(self, fleet: str, month: str, name: str) -> dict[str, Any] | None:
        """What a report said, None where there is none."""
        content = self.storage.read(f"{fleet}/{month}/{name}.json")
        found: dict[str, Any] | None = None if content is None else json.loads(content)
        return found

    @property
    def storage(self) -> Storage:
        """The folder or bucket, opened when it is first needed."""
        if self._storage is None:
            self._storage = open_storage(self.root, self.s3_endpoint)
        return self._storage


def as_bytes(value: dict[str, Any] | Sequence[Any]) -> bytes:
    """JSON that people can read too."""
    return json.dumps(value, indent=1, ensure_ascii=False).encode()
