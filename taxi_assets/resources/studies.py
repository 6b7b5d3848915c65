"""Studies: what tuning has tried, in a file that outlives the process.

Each trial's sampler is seeded by how many trials were finished before it, and sees only these. So
a study that was interrupted goes on to the trials that an undisturbed one would have made.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from taxi_assets.domain.heads import Parameters
from taxi_assets.domain.trees import SEED
from taxi_assets.domain.tuning import DEFAULTS, SPACE, Watch, parameters_of

if TYPE_CHECKING:  # Optuna takes a second to import, and only tuning needs it
    import optuna

Judge = Callable[[Parameters, Watch], Iterator[float]]
LOSSES = "fold_mae_usd"
STARTUP = 5  # finished trials before the first one may be pruned


@dataclass(frozen=True, slots=True)
class Tried:
    """One finished trial.

    Attributes:
        number: from 0, which is the defaults'.
        values: what LightGBM was told of the parameters that are tuned.
        losses: the fare's mean absolute error by fold, US dollars; of those it got to.
        pruned: whether it was given up.
    """

    number: int
    values: dict[str, float]
    losses: tuple[float, ...]
    pruned: bool

    @property
    def mae_usd(self) -> float:
        """Mean over the folds it got to; infinite when it got to none."""
        return sum(self.losses) / len(self.losses) if self.losses else float("inf")


@dataclass(frozen=True)
class Study:
    """The trials of one month of one fleet; `open_study` opens it.

    Attributes:
        name: fleet, month, and a hash of all that the trials depend on.
    """

    name: str
    _study: "optuna.Study" = field(repr=False)

    def tried(self, most: int) -> list[Tried]:
        """The first finished trials, in order."""
        return [_tried(n, trial) for n, trial in enumerate(self._finished()[:most])]

    def advance(self, judge: Judge) -> Tried:
        """One more trial; the first has the defaults.

        Args:
            judge: yields the loss of parameters fold by fold, and tells the watch it is given how
                it goes.
        """
        from optuna import TrialPruned
        from optuna.trial import TrialState

        trial, found = self._ask(), []

        def watch(step: int, loss: float) -> None:
            trial.report(loss, step)
            if trial.should_prune():
                raise TrialPruned

        try:
            for loss in judge(parameters_of(_values(trial.params)), watch):
                found.append(loss)
                trial.set_user_attr(LOSSES, found)
        except TrialPruned:
            self._study.tell(trial, state=TrialState.PRUNED)
        except BaseException:  # an interrupt as well: the next run tries the same again
            self._study.tell(trial, state=TrialState.FAIL)
            raise
        else:
            self._study.tell(trial, sum(found) / len(found))
        done = self._finished()
        return _tried(len(done) - 1, done[-1])

    def _ask(self) -> "optuna.Trial":
        """The next trial."""
        from optuna.samplers import TPESampler
        from optuna.trial import TrialState

        done = len(self._finished())
        self._study.sampler = TPESampler(seed=SEED + done)
        if not done and not self._study.get_trials(states=(TrialState.WAITING,)):
            self._study.enqueue_trial({n: SPACE[n].searched(v) for n, v in DEFAULTS.items()})
        return self._study.ask(_distributions())

    def _finished(self) -> "list[optuna.trial.FrozenTrial]":
        from optuna.trial import TrialState

        return self._study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))


def best(tried: list[Tried]) -> Tried:
    """The trial with the least error of those that saw all folds; the earliest of equals."""
    return min((trial for trial in tried if not trial.pruned), key=lambda trial: trial.mae_usd)


@contextmanager
def open_study(folder: Path, fleet: str, month: str, fingerprint: str) -> Iterator[Study]:
    """A study, for one process at a time; another one waits.

    Args:
        folder: where studies are kept; created where it does not exist.
        fleet: whose.
        month: of the model that will use the outcome.
        fingerprint: of all that the trials depend on.
    """
    import optuna

    folder.mkdir(parents=True, exist_ok=True)
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # we say more of a trial, and elsewhere
    name = f"{fleet}-{month}-{fingerprint}"
    with FileLock(folder / f"{fleet}-{month}.lock"):
        storage = optuna.storages.RDBStorage(
            f"sqlite:///{(folder / f'{fleet}-{month}.db').as_posix()}"
        )
        try:
            study = optuna.create_study(
                storage=storage,
                study_name=name,
                load_if_exists=True,
                pruner=optuna.pruners.MedianPruner(STARTUP),
            )
            _bury_the_killed(study)
            yield Study(name, study)
        finally:
            storage.remove_session()
            storage.engine.dispose()


def _bury_the_killed(study: "optuna.Study") -> None:
    """Mark what a kill left running: we hold the lock, so no such trial is alive."""
    from optuna.trial import TrialState

    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def _distributions() -> dict[str, Any]:
    """The search space in Optuna's words."""
    from optuna.distributions import FloatDistribution, IntDistribution

    return {
        name: IntDistribution(int(found.low), int(found.high), log=found.log)
        if found.whole
        else FloatDistribution(found.low, found.high, log=found.log)
        for name, found in SPACE.items()
    }


def _values(searched: dict[str, Any]) -> dict[str, float]:
    """What LightGBM is told for values of the search, in the order of `SPACE`."""
    return {name: found.value(searched[name]) for name, found in SPACE.items()}


def _tried(number: int, trial: "optuna.trial.FrozenTrial") -> Tried:
    pruned = trial.state.name == "PRUNED"
    return Tried(number, _values(trial.params), tuple(trial.user_attrs.get(LOSSES, ())), pruned)
