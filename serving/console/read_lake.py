"""The report tables of the lake, read from Iceberg."""

import os
from pathlib import Path
from typing import Any

import pandas as pd

from serving.console.errors import NothingYet
from serving.console.settings import ConsoleSettings
from taxi_assets.domain.errors import LakeUnreachable
from taxi_assets.domain.report_schemas import REPORT_TABLES
from taxi_assets.domain.table import MONTH

SQLITE = "sqlite:///"
TABLES = {table.name: table for table in REPORT_TABLES}


def report(settings: ConsoleSettings, fleet: str, name: str, where: str = "") -> pd.DataFrame:
    """A report table over all months.

    Args:
        settings: where the lake is.
        fleet: whose trips.
        name: `performance_report`, `drift_report` or another of `report_schemas`.
        where: an Iceberg row filter such as `slice = 'all'`; empty: every row.

    Returns:
        The table's columns and `month`, by month.

    Raises:
        NothingYet: no month has been reported on.
        LakeUnreachable: catalog or warehouse do not answer, or are damaged.
    """
    from pyiceberg.exceptions import NoSuchTableError, ValidationError  # half a second to import
    from sqlalchemy.exc import SQLAlchemyError

    columns = (*(column.name for column in TABLES[name].columns), MONTH.name)
    try:
        table = _catalog(settings).load_table(f"{fleet}.{name}")
        present = tuple(c for c in columns if c in table.schema().column_names)
        rows: pd.DataFrame = table.scan(
            row_filter=where or "true", selected_fields=present
        ).to_pandas()
    except NoSuchTableError as error:
        raise _nothing(fleet) from error
    # what Arrow and pydantic raise are ValueErrors
    except (SQLAlchemyError, OSError, ImportError, ValueError, ValidationError) as error:
        cause = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise LakeUnreachable(
            f"The lake at {settings.lake_uri} cannot be read ({cause}): check TAXI_LAKE, "
            "TAXI_CATALOG_URI and that both are running."
        ) from error
    if rows.empty:
        raise _nothing(fleet)
    return rows.sort_values(MONTH.name, kind="stable", ignore_index=True)


def _catalog(settings: ConsoleSettings) -> Any:
    """The catalog, opened so that looking changes nothing: no file and no table is made."""
    from pyiceberg.catalog import load_catalog

    return load_catalog(
        "taxi",
        type="sql",
        uri=_read_only(settings.catalog),
        warehouse=f"{settings.lake_uri}/tables",
        init_catalog_tables="false",
        **_s3_options(settings.s3_endpoint),
    )


def _read_only(uri: str) -> str:
    """A SQLite catalog as one that is only read; any other as it is."""
    if not uri.startswith(SQLITE):
        return uri
    file = Path(uri.removeprefix(SQLITE).partition("?")[0])
    if not file.exists():
        raise NothingYet(
            f"There is no lake at {file.parent} yet: run `make demo`, or correct TAXI_HOME."
        )
    return f"{SQLITE}file:{file.as_posix()}?mode=ro&uri=true&timeout=60"


def _s3_options(endpoint: str | None) -> dict[str, str]:
    """How to reach an S3 service that is not AWS."""
    if endpoint is None:
        return {}
    # without a region pyiceberg would ask AWS for the bucket's; other services take any
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return {"s3.endpoint": endpoint, "s3.region": region}


def _nothing(fleet: str) -> NothingYet:
    return NothingYet(
        f"No month of {fleet} cabs has this report yet: take one through the graph with "
        "`make demo` or `taxi-assets run`."
    )
