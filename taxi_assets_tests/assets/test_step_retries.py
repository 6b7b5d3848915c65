"""What a step is tried again for and what not, and how many steps of a kind run at once."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from taxi_assets.assets.options import DOWNLOADS, asset
from taxi_assets.commands.instance import without_pools
from taxi_assets.commands.outcome import root_cause
from taxi_assets.definitions import build_definitions
from taxi_assets.domain.errors import (
    BadFile,
    DataError,
    LakeUnreachable,
    NotPublished,
    RegistryUnreachable,
    SourceUnreachable,
    UsageError,
)
from taxi_assets.resources import step_retries
from taxi_assets.resources.lake import Lake
from taxi_assets.resources.step_retries import POLICY, STARTED_BY, retrying
from taxi_assets.resources.tables import Rows, TableIOManager
from taxi_assets.settings import Settings
from taxi_assets_tests.homes import NO_MODELS, Home

LASTING = (BadFile, DataError, NotPublished, UsageError, ValueError)
OF_A_NETWORK = (SourceUnreachable, LakeUnreachable, RegistryUnreachable)
TRIES = 1 + POLICY.max_retries


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tries without the wait before them."""
    policy = dg.RetryPolicy(max_retries=POLICY.max_retries, delay=0)
    monkeypatch.setattr(step_retries, "POLICY", policy)


def failures(
    definition: dg.AssetsDefinition, tags: dict[str, str], **resources: object
) -> tuple[int, str]:
    """How often a step is tried, and what people read of its end."""
    result = dg.materialize([definition], resources=resources, tags=tags, raise_on_error=False)
    (failed,) = result.get_step_failure_events()
    again = [e for e in result.all_events if e.event_type_value == "STEP_RESTARTED"]
    return 1 + len(again), root_cause(failed.step_failure_data.error)


def failing(fault: Exception, *, in_parts: bool) -> dg.AssetsDefinition:
    """An asset that always fails, at once or while it yields events."""
    if in_parts:

        @asset(name="fails")
        def events() -> Iterator[dg.MaterializeResult[None]]:
            raise fault
            yield

        return events

    @asset(name="fails")
    def value() -> None:
        raise fault

    return value


@pytest.mark.usefixtures("_at_once")
@pytest.mark.parametrize("in_parts", [False, True])
@pytest.mark.parametrize(
    ("kind", "times"),
    [*((kind, 1) for kind in LASTING), *((kind, TRIES) for kind in OF_A_NETWORK)],
)
def test_only_a_fault_of_a_network_is_tried_again(
    kind: type[Exception], times: int, in_parts: bool
) -> None:
    tried, reason = failures(failing(kind("It did not work."), in_parts=in_parts), {})

    assert tried == times
    assert reason.endswith("It did not work.")


@pytest.mark.parametrize("kind", OF_A_NETWORK)
def test_who_waits_at_a_terminal_is_told_at_once(kind: type[Exception]) -> None:
    fault = failing(kind("It did not work."), in_parts=False)

    assert failures(fault, {STARTED_BY: "taxi-assets run"}) == (1, "It did not work.")


@pytest.mark.usefixtures("_at_once")
def test_a_lake_that_cannot_be_written_to_is_tried_again(unused_port: int, tmp_path: Path) -> None:
    catalog = f"postgresql+psycopg2://taxi@127.0.0.1:{unused_port}/taxi"
    lake = Lake(warehouse=str(tmp_path), catalog_uri=catalog)

    @asset(key=["city", "zones"], io_manager_key="tables")
    def made() -> Rows:
        return Rows([])

    tried, _ = failures(made, {}, tables=TableIOManager(lake=lake))

    assert tried == TRIES


@pytest.mark.parametrize(("attempt", "least", "most"), [(0, 0, 40), (1, 40, 80), (2, 120, 160)])
def test_each_further_try_waits_longer(attempt: int, least: float, most: float) -> None:
    with pytest.raises(dg.RetryRequested) as asked, retrying(attempt, {}):
        raise SourceUnreachable("It did not work.")

    assert asked.value.max_retries == POLICY.max_retries
    assert asked.value.seconds_to_wait is not None
    assert least <= asked.value.seconds_to_wait <= most


def test_every_asset_and_check_goes_through_here(tmp_path: Path) -> None:
    graph = build_definitions(Settings(home=tmp_path, fleets=("green", "yellow")))

    steps = [definition.op for definition in [*(graph.assets or []), *(graph.asset_checks or [])]]

    assert len(steps) > 60
    for op in steps:
        assert hasattr(op.compute_fn.decorated_fn, "__wrapped__"), op.name


def test_the_pools_of_the_steps(tmp_path: Path) -> None:
    graph = build_definitions(Settings(home=tmp_path, fleets=("green",)))

    found = {definition.op.name: definition.op.pool for definition in graph.assets or []}

    assert {name: pool for name, pool in found.items() if pool} == {
        "zones": "downloads",
        "green__raw_trips": "downloads",
        "green__clean_and_rejected_trips": "memory",
        "green__route_and_hour_history": "memory",
        "green__trip_features": "memory",
        "green__fare_model": "training",
        "green__tuned_parameters": "training",
    }


def test_a_command_does_not_wait_for_a_pool_that_a_killed_run_still_holds(tmp_path: Path) -> None:
    home = Home.at(tmp_path, min_train_months=NO_MODELS)
    home.simulate(["2025-01"], rows=1_000)
    with home.instance() as instance:
        storage = instance.event_log_storage
        storage.initialize_concurrency_limit_to_default(DOWNLOADS)
        held = storage.claim_concurrency_slot(DOWNLOADS, "killed", "zones")
        waiting = storage.claim_concurrency_slot(DOWNLOADS, "another", "zones")
        storage.free_concurrency_slot_for_step("another", "zones")

    stage = home.run("2025-01")

    assert (held.is_claimed, waiting.is_claimed) == (True, False)  # one place, as configured
    assert not stage.outcomes["2025-01"].failed


def test_only_the_commands_own_view_of_the_instance_has_no_pools(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    with home.instance() as instance:
        theirs = instance.get_concurrency_config()

    with home.instance() as opened, without_pools(opened) as instance:
        ours = instance.get_concurrency_config()

    assert (theirs.pool_config.pool_granularity.value, theirs.pool_config.default_pool_limit) == (
        "op",
        1,
    )
    assert ours.pool_config.pool_granularity.value == "run"
