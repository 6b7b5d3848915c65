"""Pure functions: no Dagster, MLflow, FastAPI, network, clock or environment in here."""
