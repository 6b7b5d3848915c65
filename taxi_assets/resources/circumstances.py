"""Where and with what a model is made: code, libraries and machine."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from taxi_assets.resources.model_files import git_sha

LIBRARIES = ("holidays", "lightgbm", "numpy", "pandas", "pyarrow")
CPU_FILE = Path("/proc/cpuinfo")  # only Linux has it, and only there does Python know no better


def circumstances() -> dict[str, Any]:
    """What may change a model though data and parameters are the same.

    Returns:
        `git_sha`; `libraries` with Python's version among them; `machine`.
    """
    return {
        "git_sha": git_sha(),
        "libraries": {
            "python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES},
        },
        "machine": {
            "system": f"{platform.system()} {platform.machine()}",
            "cpu": cpu_model(),
            "cores": os.cpu_count(),
        },
    }


def cpu_model() -> str:
    """The processor's name; LightGBM's sums may differ in the last bit between two kinds."""
    lines = CPU_FILE.read_text(encoding="utf-8").splitlines() if CPU_FILE.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown"
