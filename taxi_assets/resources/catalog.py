"""The Iceberg catalog: opened, and tables made in it, by as many processes at once as there are.

The first runs of a backfill meet in an empty catalog. Whatever one of them finds missing, another
may have made before it comes to it; then it looks again.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tenacity import retry, retry_if_exception, stop_after_attempt, wait_random

from taxi_assets.domain.errors import LakeUnreachable
from taxi_assets.domain.table import MONTH, Table
from taxi_assets.resources.table_slice import stored_schema

TRIES = 8
SQLITE = "sqlite:///"
LASTING = {"pool_pre_ping": "true"}  # a connection may be older than the database's last restart


def _made_meanwhile(error: BaseException) -> bool:
    """Whether it failed because another process had just made the same thing."""
    from pyiceberg.exceptions import CommitFailedException, TableAlreadyExistsError
    from sqlalchemy.exc import DBAPIError, IntegrityError

    if isinstance(error, CommitFailedException | TableAlreadyExistsError | IntegrityError):
        return True
    return isinstance(error, DBAPIError) and "already exists" in str(error)


looking_again = retry(
    retry=retry_if_exception(_made_meanwhile),
    stop=stop_after_attempt(TRIES),
    wait=wait_random(0, 0.2),
    reraise=True,
)


@contextmanager
def reaching(warehouse: str) -> Iterator[None]:
    """Name the lake when it does not answer.

    Args:
        warehouse: as in `open_catalog`.

    Raises:
        LakeUnreachable: catalog or warehouse do not answer.
    """
    from sqlalchemy.exc import DBAPIError, OperationalError

    try:
        yield
    except (DBAPIError, OSError) as error:
        gone = getattr(error, "connection_invalidated", False)  # cut amid a statement
        if not gone and not isinstance(error, OperationalError | OSError):
            raise
        lost = re.search(r"[^\s']+(?=/metadata/[^/]+\.metadata\.json)", str(error))
        if lost and isinstance(error, FileNotFoundError):
            raise LakeUnreachable(
                f"The catalog has a table whose files at {lost[0]} cannot be found: put them back, "
                "or take it out with `pyiceberg --catalog taxi --uri <TAXI_CATALOG_URI> drop table "
                "<fleet>.<table>` and run `taxi-assets backfill`."
            ) from error
        raise LakeUnreachable(
            f"The lake at {warehouse} does not answer ({str(error).splitlines()[0]}): "
            "check TAXI_LAKE, TAXI_CATALOG_URI, that both are running and that there is room."
        ) from error


@looking_again
def open_catalog(uri: str, warehouse: str, s3_endpoint: str | None) -> Any:
    """The catalog, its own tables made where the database is new.

    Args:
        uri: SQLAlchemy URI of its database.
        warehouse: where tables lie: a local folder, `gs://` or `s3://`.
        s3_endpoint: URL of an S3 service that is not AWS.
    """
    from pyiceberg.catalog.sql import SqlCatalog  # slow to import

    if uri.startswith(SQLITE):  # SQLite makes no folders
        file = Path(uri.removeprefix(SQLITE).partition("?")[0])
        file.parent.mkdir(parents=True, exist_ok=True)
    told = {"uri": uri, "warehouse": warehouse, **LASTING}
    return SqlCatalog("taxi", **told, **_s3_options(s3_endpoint))


def look_into_catalog(uri: str, warehouse: str, s3_endpoint: str | None) -> Any:
    """The catalog for reading; nothing is made, and None says that nobody has made it yet.

    Args:
        uri: as in `open_catalog`.
        warehouse: as in `open_catalog`.
        s3_endpoint: as in `open_catalog`.

    Raises:
        LakeUnreachable: the database does not answer, or is none.
    """
    from pyiceberg.catalog.sql import SqlCatalog  # slow to import
    from sqlalchemy import create_engine, inspect
    from sqlalchemy.exc import SQLAlchemyError

    if uri.startswith(SQLITE):
        file = Path(uri.removeprefix(SQLITE).partition("?")[0])
        if not file.exists():
            return None
        uri = f"{SQLITE}file:{quote(str(file.absolute()))}?mode=ro&uri=true"
    try:
        if not inspect(create_engine(uri)).has_table("iceberg_tables"):
            return None
    except SQLAlchemyError as error:
        raise LakeUnreachable(
            f"The Iceberg catalog cannot be read ({str(error).splitlines()[0]}): start its "
            "database, correct TAXI_CATALOG_URI, or restore the file."
        ) from error
    told = {"uri": uri, "warehouse": warehouse, "init_catalog_tables": "false", **LASTING}
    return SqlCatalog("taxi", **told, **_s3_options(s3_endpoint))


@looking_again
def ensure_table(catalog: Any, name: str, table: Table) -> Any:
    """The Iceberg table, created or widened where the code has grown a column.

    Args:
        catalog: from `open_catalog`.
        name: `fleet.table`.
        table: its shape.
    """
    from pyiceberg.transforms import IdentityTransform

    schema = stored_schema(table)
    catalog.create_namespace_if_not_exists(name.split(".")[0])
    if not catalog.table_exists(name):
        with catalog.create_table_transaction(name, schema) as creation:
            if table.monthly:
                creation.update_spec().add_field(
                    MONTH.name, IdentityTransform(), MONTH.name
                ).commit()
    iceberg = catalog.load_table(name)
    if set(schema.names) - {field.name for field in iceberg.schema().fields}:
        iceberg.update_schema().union_by_name(schema).commit()
    return iceberg


def _s3_options(endpoint: str | None) -> dict[str, str]:
    """How to reach an S3 service that is not AWS."""
    if endpoint is None:
        return {}
    # without a region pyiceberg would ask AWS for the bucket's; other services take any
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return {"s3.endpoint": endpoint, "s3.region": region}
