"""Ticks of sensors over a home, as the daemon has them."""

from typing import Any

import dagster as dg

from taxi_assets.definitions import build_definitions
from taxi_assets_tests.homes import Home


def dependents_tick(home: Home) -> Any:
    """What the sensor of dependents answers now."""
    repository = build_definitions(home.settings).get_repository_def()
    with (
        home.instance() as instance,
        dg.build_sensor_context(instance=instance, repository_def=repository) as context,
    ):
        return repository.get_sensor_def("green_dependents_sensor").evaluate_tick(context)
