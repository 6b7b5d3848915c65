"""The tables that a model is made from, as they stand or as they stood."""

from collections.abc import Sequence
from dataclasses import dataclass

from taxi_assets.domain.bundle import Knowledge
from taxi_assets.domain.heads import LEVEL, Parameters
from taxi_assets.domain.model import PARAMETERS, Say, Trained, train
from taxi_assets.domain.tuning import parameters_of
from taxi_assets.resources.feature_rows import read_window
from taxi_assets.resources.table_slice import TableSlice


@dataclass(frozen=True, slots=True)
class TrainingTables:
    """What training reads.

    Attributes:
        past: `trip_features` of the months before.
        routes: `route_history` of the test month.
        hours: `hour_history` of the test month.
        zones: the zones.
    """

    past: TableSlice
    routes: TableSlice
    hours: TableSlice
    zones: TableSlice

    @property
    def all(self) -> tuple[TableSlice, ...]:
        """Every table."""
        return self.past, self.routes, self.hours, self.zones

    def usable_months(self) -> list[str]:
        """Months of the past that have trips."""
        return [name for name, version in self.past.versions.items() if version.rows]

    def train(
        self,
        months: Sequence[str],
        *,
        threads: int,
        level: float = LEVEL,
        parameters: Parameters = PARAMETERS,
        say: Say = lambda _: None,
    ) -> Trained:
        """A model of the trips of these months; see `model.train`."""
        return train(
            read_window(self.past, months),
            self.zones.read().to_pandas(),
            threads=threads,
            level=level,
            parameters=parameters,
            say=say,
        )

    def knowledge(self) -> Knowledge:
        """What the model will look up."""
        return Knowledge(self.zones.read(), self.routes.read(), self.hours.read())


@dataclass(frozen=True, slots=True)
class Tuned:
    """Parameters that tuning found.

    Attributes:
        month: the month they were tuned for; they have seen no ride of it.
        data_version: of their rows.
        parameters: for `train`.
    """

    month: str
    data_version: str
    parameters: Parameters

    @property
    def origin(self) -> dict[str, str]:
        """Where they are from."""
        return {"month": self.month, "data_version": self.data_version}


def latest_tuned(tables: TableSlice) -> Tuned | None:
    """The parameters of the latest month of `tuned_parameters`; None where there are none."""
    versions = [version for version in tables.versions.values() if version.rows]
    if not versions:
        return None
    month = versions[-1].month
    rows = tables.month(month).read(["parameter", "value"]).to_pylist()
    values = {row["parameter"]: row["value"] for row in rows}
    return Tuned(month, versions[-1].data_version, parameters_of(values))
