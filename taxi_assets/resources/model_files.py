"""A model's files on their way to MLflow and back, and the commit of the code that made them."""

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from taxi_assets.domain import bundle
from taxi_assets.domain.heads import Quotes

if TYPE_CHECKING:
    from mlflow import MlflowClient

ANSWERS = tuple(field.name for field in fields(Quotes))
REQUIREMENTS = ("holidays", "lightgbm", "mlflow", "numpy", "pandas", "pyarrow")


def log_model(tracked: Any, folder: Path, name: str) -> Any:
    """Log a bundle as a pyfunc made from code, and register it.

    The feature code it was trained with goes along.

    Args:
        tracked: handle from `Registry.run`.
        folder: the bundle.
        name: registered model.

    Returns:
        MLflow's model version.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    inputs = Schema(
        [
            ColSpec("datetime", "pickup_at"),
            ColSpec("long", "pickup_zone"),
            ColSpec("long", "dropoff_zone"),
            ColSpec("double", "passengers"),
        ]
    )
    package = Path(bundle.__file__).parents[1]
    with tempfile.TemporaryDirectory() as scratch, warnings.catch_warnings():
        code = Path(scratch) / package.name
        shutil.copytree(
            package / "domain", code / "domain", ignore=shutil.ignore_patterns("__pycache__")
        )
        shutil.copy(package / "__init__.py", code)
        kept = shutil.copytree(folder, Path(scratch) / "bundle")  # MLflow keeps the folder's name
        # MLflow would like an example to try the model on, which takes longer than all the rest
        warnings.filterwarnings("ignore", message=".*input example was not provided")
        logged = tracked.pyfunc.log_model(
            name="model",
            python_model=str(Path(__file__).with_name("served_model.py")),
            artifacts={"bundle": str(kept)},
            code_paths=[str(code)],
            signature=ModelSignature(inputs, Schema([ColSpec("double", name) for name in ANSWERS])),
            pip_requirements=[f"{name}=={version(name)}" for name in REQUIREMENTS],
        )
    return tracked.register_model(logged.model_uri, name)


def fetch_bundle(client: "MlflowClient", name: str, version: int, folder: str) -> Path:
    """Download a version's bundle.

    Args:
        client: of a server that answers.
        name: registered model.
        version: its number.
        folder: where to.

    Returns:
        Where it is, if it is among the files at all.
    """
    import mlflow

    mlflow.set_tracking_uri(client.tracking_uri)  # given as an argument, it is used for some calls
    with quiet_progress():
        found = mlflow.artifacts.download_artifacts(f"models:/{name}/{version}", dst_path=folder)
    return Path(found) / "artifacts" / "bundle"


@contextmanager
def quiet_progress() -> Iterator[None]:
    """No progress bars of MLflow's for files of a megabyte."""
    before = os.environ.get("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR")
    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    try:
        yield
    finally:
        os.environ.pop("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR")
        if before is not None:
            os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = before


@lru_cache
def git_sha() -> str:
    """The commit of the code that runs, `-dirty` where files differ; `unknown` when installed."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists() or shutil.which("git") is None:
        return "unknown"
    ask = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    found = subprocess.run(ask, cwd=root, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
