"""A simulated city: it writes files shaped like TLC's and knows how foreseeable they are."""

from taxi_assets.simulator.noise import NoiseFloor, noise_floor
from taxi_assets.simulator.scenario import Scenario
from taxi_assets.simulator.simulate import simulate

__all__ = ["NoiseFloor", "Scenario", "noise_floor", "simulate"]
