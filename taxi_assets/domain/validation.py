"""Validation with pandera: whether rows are what their table, or the published file, promises."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from taxi_assets.domain.fleets import Fleet, SourceColumn
from taxi_assets.domain.table import Column, Table
from taxi_assets.domain.trips import usable_as

if TYPE_CHECKING:  # pandera takes a second to import, and only validation needs it
    import pandera.pandas as pandera

MIN_FILLED = 0.5  # TLC leaves counts of dispatched trips empty, 6 % of rows; half is a broken file
MOST_EXAMPLES = 3
WHOLE_TABLE = "(table)"


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


@dataclass(frozen=True, slots=True)
class Failure:
    """What broke one check.

    Attributes:
        values: how many values did.
        examples: the first of them, as text.
    """

    values: int
    examples: tuple[str, ...]


Place = tuple[str, str]  # column, or `(table)`, and check
Failures = Mapping[Place, Failure]


def findings(schema: "pandera.DataFrameSchema", rows: pa.RecordBatch | pa.Table) -> Failures:
    """What pandera finds wrong in some rows; empty when all is well.

    Args:
        schema: `pandera_schema` of a table, or `published_schema` of a fleet.
        rows: (n, columns of the schema) any number of rows.
    """
    from pandera.errors import SchemaErrors

    try:
        schema.validate(rows.to_pandas(types_mapper=pd.ArrowDtype), lazy=True)
    except SchemaErrors as error:
        cases = error.failure_cases.astype({"column": "string", "check": "string"}).fillna(
            {"column": WHOLE_TABLE}
        )
        return {
            (column, check): Failure(
                len(group), tuple(map(str, group["failure_case"].iloc[:MOST_EXAMPLES]))
            )
            for (column, check), group in cases.groupby(["column", "check"])
        }
    return {}


def together(batches: Iterable[Failures]) -> Failures:
    """The findings in all batches of a table, in the order of columns and checks."""
    found: dict[Place, Failure] = {}
    for batch in batches:
        for place, more in batch.items():
            so_far = found.get(place, Failure(0, ()))
            examples = (*so_far.examples, *more.examples)[:MOST_EXAMPLES]
            found[place] = Failure(so_far.values + more.values, examples)
    return dict(sorted(found.items()))


def sentences(found: Failures) -> list[str]:
    """One sentence a failed check, with how many values failed and an example."""
    return [f"{column}: {check} {_how(failure)}" for (column, check), failure in found.items()]


def _how(failure: Failure) -> str:
    """A check of a whole column has no values to show: it holds or does not."""
    if failure.examples == ("False",):
        return "does not hold"
    return f"failed for {failure.values} value(s), for example {failure.examples[0]}"


def failures(schema: "pandera.DataFrameSchema", rows: pa.RecordBatch | pa.Table) -> list[str]:
    """`findings` in words."""
    return sentences(findings(schema, rows))


def checked(schema: "pandera.DataFrameSchema") -> list[Place]:
    """Every check of a schema that can fail for a value: type, nulls, bounds."""
    return [
        (str(name), check)
        for name, column in schema.columns.items()
        for check in (
            *([f"dtype('{column.dtype}')"] if column.dtype is not None else []),
            *([] if column.nullable else ["not_nullable"]),
            *(str(check.error or check.name) for check in column.checks),
        )
    ]


def quality_record(schema: "pandera.DataFrameSchema", found: Failures) -> list[dict[str, Any]]:
    """Every check of a schema with what broke it, for those who audit the data later."""
    none = Failure(0, ())
    places = dict.fromkeys([*checked(schema), *found])
    return [
        {
            "column": column,
            "check": check,
            "failures": found.get((column, check), none).values,
            "examples": list(found.get((column, check), none).examples),
        }
        for column, check in places
    ]
