"""The model as MLflow serves it.

A bundle behind MLflow's pyfunc interface, kept as code and never pickled.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd

from taxi_assets.domain import bundle


class FareModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """Quotes trips given as a frame."""

    def load_context(self, context: Any) -> None:
        """Read and verify the bundle that was logged beside this code."""
        self.bundle = bundle.load(Path(context.artifacts["bundle"]))

    def predict(
        self,
        context: Any,  # noqa: ARG002 - MLflow's interface
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002 - MLflow's interface
    ) -> pd.DataFrame:
        """Fares, their bounds and ride times.

        Args:
            context: MLflow's, unused.
            model_input: (n, 4) `pickup_at` New York local time, `pickup_zone`,
                `dropoff_zone` TLC ids, `passengers`.
            params: MLflow's, unused.

        Returns:
            (n, 4) `fare_usd`, `low_usd`, `high_usd` US dollars, `ride_min` minutes.
        """
        quotes = self.bundle.quote(
            model_input["pickup_zone"].to_numpy(np.int64),
            model_input["dropoff_zone"].to_numpy(np.int64),
            model_input["pickup_at"].to_numpy("datetime64[us]"),
            model_input["passengers"].to_numpy(np.float32),
        )
        return pd.DataFrame(asdict(quotes))


mlflow.models.set_model(FareModel())
