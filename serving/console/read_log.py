"""The latest quotes in the prediction log, where the console can read it."""

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import fs

from serving.console.errors import NothingYet
from serving.console.settings import ConsoleSettings
from serving.files import open_filesystem
from taxi_assets.domain.errors import LakeUnreachable
from taxi_assets.domain.served import QUOTE_LOG

MOST_FILES, MOST_ROWS = 30, 2_000
COLUMNS = [
    "at", "fleet", "arm", "shadow", "model_version", "pickup_zone", "dropoff_zone", "pickup_at",
    "passengers", "fare_usd", "low_usd", "high_usd", "total_usd", "latency_ms", "request_id",
]  # fmt: skip


def recent(settings: ConsoleSettings) -> pd.DataFrame:
    """The quotes answered last, a batch that was written twice counted once.

    Returns:
        (at most `MOST_ROWS`, 15) `COLUMNS`, whose units `taxi_assets.domain.served` tells; the
        latest first. Quotes that the service still holds in memory are not among them.

    Raises:
        NothingYet: there is no log, or nothing in it.
        LakeUnreachable: it cannot be read.
    """
    try:
        filesystem, base = open_filesystem(settings.log_uri, settings.s3_endpoint)
        files = _latest(filesystem, f"{base}/{QUOTE_LOG.name}")
        if not files:
            raise NothingYet(
                f"The prediction log at {settings.log_uri} holds no quotes yet: the service "
                "writes it there when SERVING_LOG says so."
            )
        found = ds.dataset(files, QUOTE_LOG.arrow, format="parquet", filesystem=filesystem)
        rows: pd.DataFrame = found.to_table(columns=COLUMNS).to_pandas()
    except (OSError, pa.ArrowException) as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise LakeUnreachable(
            f"The prediction log at {settings.log_uri} cannot be read ({cause}): check "
            "SERVING_LOG and TAXI_S3_ENDPOINT."
        ) from error
    once: pd.DataFrame = rows.drop_duplicates(["request_id", "arm", "shadow"])
    latest = once.sort_values("at", ascending=False, ignore_index=True)
    return latest.head(MOST_ROWS)


def _latest(filesystem: fs.FileSystem, folder: str) -> list[str]:
    """The files written last; their names begin with the time."""
    selector = fs.FileSelector(folder, recursive=True, allow_not_found=True)
    files = [info for info in filesystem.get_file_info(selector) if info.extension == "parquet"]
    return [f.path for f in sorted(files, key=lambda f: f.base_name, reverse=True)[:MOST_FILES]]
