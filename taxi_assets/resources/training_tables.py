"""The tables that a model is made from, as they stand or as they stood."""

from collections.abc import Sequence
from dataclasses import dataclass

from taxi_assets.domain.bundle import Knowledge
from taxi_assets.domain.heads import LEVEL, Parameters
from taxi_assets.domain.model import PARAMETERS, Say, Trained, train
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
