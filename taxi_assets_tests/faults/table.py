"""Disturb a run in every way we know and print what became of it.

    python taxi_assets_tests/faults/table.py --seeds 50

A row is a fault; `tried` counts runs that it met, `ended` those that it ended; each is then run
again undisturbed. `converged` counts those that end with the tables, models and aliases of a run
that nothing disturbed, `lost` those where something of earlier months is gone after the fault, and
`half-visible` those where a reader sees, after the fault, a month that is neither old nor new.

The last rows kill what a daemon has started and has to mend by itself; nobody looks at what is left
before it has.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from taxi_assets_tests.faults import daemons
from taxi_assets_tests.faults.conftest import LAST, Prepared, prepare
from taxi_assets_tests.faults.processes import call, start
from taxi_assets_tests.faults.seen import Seen, look
from taxi_assets_tests.faults.troubles import EVERY, ONCE, RANDOM

STEPS_OF = 5  # one seed in so many kills a step, whose processes cost more
LINE = "{:<42}{:>7}{:>7}{:>11}{:>7}{:>14}"


@dataclass(frozen=True)
class Trial:
    """What became of one disturbed run.

    Attributes:
        converged: the next run led to what an undisturbed one gives.
        lost: something of earlier months was gone.
        half: something was neither as before nor as after.
        said: what the disturbed run printed.
        exit_code: how the disturbed run ended, negative where a signal ended it.
    """

    converged: bool
    lost: bool
    half: bool
    said: str
    exit_code: int

    @property
    def ended(self) -> bool:
        """The fault ended the run."""
        return self.exit_code != 0


def disturb(prepared: Prepared, name: str, folder: Path, seed: int = 0) -> Trial:
    """Disturb one run of the last month, look, run it again, and look again."""
    home = prepared.restore()
    prepared.cdn.asked.clear()
    command = EVERY[name](prepared, folder / "disturbed.log", random.Random(seed))
    left = call(home, look)
    again = start(home, folder / "again.log", "run", "--only", "models", "--months", LAST)
    ran = again.wait() == 0
    found = call(home, look)
    return Trial(
        converged=ran and found.results() == prepared.after.results() and not found.unfinished,
        lost=left.before(LAST) != prepared.before.before(LAST),
        half=half_visible(left, prepared),
        said=command.said(),
        exit_code=command.wait(),
    )


def half_visible(left: Seen, prepared: Prepared) -> bool:
    """Whether a table, model or alias is neither that of before nor that of after."""
    before, after = prepared.before, prepared.after
    parts = {
        part: found
        for part, found in left.results().tables.items()
        if found not in (before.results().tables[part], after.results().tables[part])
    }
    aliases = left.champion in (before.champion, after.champion) and left.candidate in (
        before.candidate,
        after.candidate,
    )
    return bool(parts) or not aliases or not set(left.models) <= set(after.models)


def line(name: str, trials: Iterable[Trial]) -> str:
    """One row of the table."""
    found = list(trials)
    counts = [
        sum(getattr(trial, column) for trial in found)
        for column in ("ended", "converged", "lost", "half")
    ]
    return LINE.format(name, len(found), *counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=50, help="random kills, of runs and of steps")
    parser.add_argument("--daemons", type=int, default=10, help="random kills below a daemon, each")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    told = parser.parse_args()
    sys.stdout.write(
        LINE.format("fault", "tried", "ended", "converged", "lost", "half-visible") + "\n"
    )
    disturb_commands(told.seeds, told.only)
    with tempfile.TemporaryDirectory() as folder:
        for kind, tried, ended, converged in daemons.rows(Path(folder), told.daemons):
            name = f"daemon's {kind} killed"
            sys.stdout.write(LINE.format(name, tried, ended, converged, "-", "-") + "\n")
            sys.stdout.flush()


def disturb_commands(seeds_of_kills: int, only: str) -> None:
    """Print the rows of commands, those whose names hold a word."""
    steps = seeds_of_kills // STEPS_OF
    run, step = RANDOM
    seeds = {
        run: range(seeds_of_kills - steps),
        step: range(steps),
        **{name: range(1) for name in ONCE},
    }
    with tempfile.TemporaryDirectory() as folder, prepare(Path(folder)) as prepared:
        for name in [name for name in EVERY if only in name and seeds[name]]:
            trials = [
                disturb(prepared, name, Path(tempfile.mkdtemp(dir=folder)), seed)
                for seed in seeds[name]
            ]
            sys.stdout.write(line(name, trials) + "\n")
            for said in {why(trial) for trial in trials if trial.exit_code > 0}:
                sys.stdout.write(f"    {said}\n")
            sys.stdout.flush()


def why(trial: Trial) -> str:
    """The first error that the run ended with, to see that the fault was met and no other."""
    errors = [said for said in trial.said.splitlines() if said.startswith("Error: ")]
    return errors[0] if errors else trial.said[-300:]


if __name__ == "__main__":
    main()
