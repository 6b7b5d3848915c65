"""Validation with pandera: whether rows are what their table, or the published file, promises."""

from functools import cache
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa

from taxi_assets.domain.fleets import Fleet, SourceColumn
from taxi_assets.domain.table import Column, Table
from taxi_assets.domain.trips import usable_as

if TYPE_CHECKING:  # pandera takes a second to import, and only validation needs it
    import pandera.pandas as pandera

MIN_FILLED = 0.5  # TLC leaves counts of dispatched trips empty, 6 % of rows; half is a broken file


@cache
def pandera_schema(table: Table) -> "pandera.DataFrameSchema":
    """The pandera schema of a table held as a frame of Arrow-typed columns."""
    import pandera.pandas as pandera

    def checks(column: Column) -> list[pandera.Check]:
        found = []
        if column.low is not None:
            found.append(pandera.Check.ge(column.low))
        if column.high is not None:
            found.append(pandera.Check.le(column.high))
        if column.among is not None:
            found.append(pandera.Check.isin(column.among))
        return found

    columns = {
        c.name: pandera.Column(
            pd.ArrowDtype(c.type),
            checks(c),
            nullable=c.nullable,
            description=c.description,
            title=c.name,
        )
        for c in table.columns
    }
    return pandera.DataFrameSchema(
        columns, strict=True, ordered=True, name=table.name, description=table.grain
    )


@cache
def published_schema(fleet: Fleet) -> "pandera.DataFrameSchema":
    """What a landed file must hold before it is worth sorting.

    Needed columns, usable types, mostly filled. Names are lower case; other columns are allowed,
    single bad values are the cleaning rules' business.
    """
    import pandera.pandas as pandera

    def usable(column: SourceColumn) -> pandera.Check:
        return pandera.Check(
            lambda s: usable_as(s.dtype.pyarrow_dtype, column.type),
            name=f"readable_as_{column.type}",
            error=f"readable as {column.type}",
        )

    filled = pandera.Check(
        lambda s: bool(s.notna().mean() >= MIN_FILLED),
        name="filled",
        ignore_na=False,  # pandera would drop the very nulls that are to be counted
        error=f"filled in at least {MIN_FILLED:.0%} of rows",
    )
    columns = {
        c.source: pandera.Column(None, [usable(c), filled], nullable=True)
        for c in fleet.columns
        if c.needed
    }
    return pandera.DataFrameSchema(columns, name=f"{fleet.name} as published")


def failures(schema: "pandera.DataFrameSchema", rows: pa.RecordBatch | pa.Table) -> list[str]:
    """What pandera finds wrong in some rows.

    Args:
        schema: `pandera_schema` of a table, or `published_schema` of a fleet.
        rows: (n, columns of the schema) any number of rows.

    Returns:
        One sentence a failed check, with how many values failed and an
        example; empty when all is well.
    """
    from pandera.errors import SchemaErrors

    try:
        schema.validate(rows.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.astype({"column": "string", "check": "string"}).fillna(
            {"column": "(table)"}
        )
        return [
            f"{column}: {check} failed for {len(group)} value(s), "
            f"for example {group['failure_case'].iloc[0]}"
            for (column, check), group in cases.groupby(["column", "check"])
        ]
    return []
