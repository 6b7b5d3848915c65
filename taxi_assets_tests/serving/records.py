"""Records of the prediction log, and what a log has written."""

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from serving.settings import Settings
from taxi_assets.domain.served import LOGS

AT = datetime(2025, 3, 14, 12, 30, tzinfo=UTC)


class Takes(Protocol):
    """What records are put into."""

    def put(self, record: Any) -> None: ...


def quote(number: int = 0, **values: Any) -> dict[str, Any]:
    """An ordinary quote."""
    return {
        "kind": "quote",
        "request_id": f"request-{number}",
        "at": AT,
        "fleet": "green",
        "arm": "champion",
        "shadow": False,
        "model": "taxi-fare-green",
        "model_version": "7",
        "identity": "ab" * 32,
        "pickup_zone": 74,
        "dropoff_zone": 138,
        "pickup_at": datetime(2025, 3, 14, 8, 30),
        "passengers": 1,
        "fare_usd": 21.5,
        "low_usd": 17.25,
        "high_usd": 27.0,
        "ride_min": 19.5,
        "total_usd": 25.0,
        "latency_ms": 0.8,
        "key_id": None,
        **values,
    }


def outcome(number: int = 0, **values: Any) -> dict[str, Any]:
    """What became of it."""
    told = {"request_id": f"request-{number}", "at": AT, "fare_usd": 22.0}
    return {"kind": "outcome", **told, **values}


def put_all(log: Takes, records: Iterable[Mapping[str, Any]]) -> None:
    """Put one record after another."""
    for record in records:
        log.put(record)


def log_settings(root: object, **values: Any) -> Settings:
    """A log that writes soon."""
    told = {"log_flush_s": 0.1, "log_stdout": False}
    return Settings.model_validate({"log": str(root), **told, **values})


def files(root: Path) -> list[Path]:
    """All Parquet files that anybody would find in a log."""
    return sorted(root.glob("*/month=*/*.parquet"))


def logged(root: Path, kind: str = "quote") -> pa.Table:
    """All rows of a log, from files that must be whole."""
    tables = [pq.ParquetFile(path).read() for path in files(root) if path.parts[-3] == kind]
    return pa.concat_tables([LOGS[kind].arrow.empty_table(), *tables])


def numbers(rows: pa.Table) -> list[int]:
    """The numbers of quotes or outcomes, sorted."""
    return sorted(int(name.partition("-")[2]) for name in rows["request_id"].to_pylist())


def until(happened: Callable[[], object]) -> None:
    """Wait for it; the test's own time limit ends what never happens."""
    while not happened():
        time.sleep(0.01)
