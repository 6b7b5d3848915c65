"""How long the code location takes to import: what every Dagster process pays before it works.

Prints the median of five warm imports, and `import dagster` alone beside it.
"""

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from machine import describe, median_seconds


def seconds(module: str) -> float:
    """Median wall time of a fresh interpreter that imports a module."""
    return median_seconds(
        lambda: subprocess.run(
            [sys.executable, "-W", "ignore", "-c", f"import {module}"], check=True
        ),
        5,
    )


if __name__ == "__main__":
    print(describe())
    seconds("dagster")  # warms the file cache
    ours, dagster = seconds("taxi_assets.definitions"), seconds("dagster")
    print(
        f"import: taxi_assets.definitions {ours:.2f} s (goal 3.0), dagster alone {dagster:.2f} s: "
        f"{ours / dagster:.2f}x"
    )
