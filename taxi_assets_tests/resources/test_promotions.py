"""Who is champion, the log of it, and the way back, in a real MLflow on SQLite."""

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxi_assets.domain.errors import BundleError, RegistryError
from taxi_assets.resources.promotions import (
    BY_GATES,
    BY_HAND,
    ROLLED_BACK,
    Decision,
    Promotion,
    Succession,
    promote,
    read_succession,
    roll_back,
)
from taxi_assets.resources.registry import CHAMPION, ModelVersion, Registry, model_name
from taxi_assets_tests.models import (
    DECISION,
    change_a_byte,
    copy_version,
    kept_file,
    register,
    save_model,
)

MONTHS = ("2025-03", "2025-04", "2025-05", "2025-06")
Fleet = tuple[str, list[ModelVersion]]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    root = tmp_path_factory.mktemp("mlflow")
    return Registry(tracking_uri=f"sqlite:///{root / 'mlflow.db'}", local_root=str(root))


@pytest.fixture(scope="module")
def made(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> ModelVersion:
    folder = save_model(tmp_path_factory.mktemp("made") / "bundle", 1)
    return register(registry, "green", "2025-03", folder)


@pytest.fixture
def fleet(registry: Registry, made: ModelVersion) -> str:
    """A fleet of its own, with versions 1 to 4 of four months."""
    name = f"fleet-{uuid4().hex}"
    for month in MONTHS:
        copy_version(registry, made, name, month)
    return name


def put(registry: Registry, fleet: str, number: int, action: str = BY_HAND) -> Promotion | None:
    return promote(registry, fleet, registry.version(fleet, number), DECISION, action)


def champion(registry: Registry, fleet: str) -> int | None:
    return registry.succession(fleet).champion


def tags(registry: Registry, fleet: str) -> dict[str, str]:
    return dict(registry.client.get_registered_model(model_name(fleet)).tags)


def cut_short(registry: Registry, fleet: str, number: int, action: str = BY_HAND) -> None:
    """What is left of a promotion that was killed before the alias moved."""
    entry = registry.succession(fleet).entry(registry.version(fleet, number), action, DECISION)
    before = champion(registry, fleet)
    promote(registry, fleet, registry.version(fleet, number), DECISION, action)
    assert registry.succession(fleet).log[-1] == entry
    if before is None:
        registry.client.delete_registered_model_alias(model_name(fleet), CHAMPION)
    else:
        registry.client.set_registered_model_alias(model_name(fleet), CHAMPION, str(before))


def test_a_promotion_is_a_tag_of_the_registered_model(registry: Registry, fleet: str) -> None:
    put(registry, fleet, 1, BY_GATES)
    put(registry, fleet, 3)

    assert tags(registry, fleet) == {
        "promotion.0001": '{"version": 1, "from": null, "action": "promoted by gates", '
        '"who": "Ada", "when": "2025-05-01T12:00:00+00:00", "why": "it is better"}',
        "promotion.0002": '{"version": 3, "from": 1, "action": "promoted", '
        '"who": "Ada", "when": "2025-05-01T12:00:00+00:00", "why": "it is better"}',
    }
    assert champion(registry, fleet) == 3


def test_the_log_reads_as_it_was_written_in_any_language(registry: Registry, fleet: str) -> None:
    east = timezone(timedelta(hours=9))
    said = Decision(
        "Søren 🚕", 'より良い "モデル" [/b]', datetime(2025, 5, 1, 3, 4, 5, tzinfo=east)
    )

    promote(registry, fleet, registry.version(fleet, 1), said)

    (entry,) = registry.succession(fleet).log
    assert (entry.who, entry.why) == (said.who, said.why)
    assert entry.when == "2025-04-30T18:04:05+00:00"


def test_a_model_that_was_never_registered_has_no_log(registry: Registry) -> None:
    assert registry.succession(f"fleet-{uuid4().hex}") == Succession()


def test_promoting_the_champion_again_records_nothing(registry: Registry, fleet: str) -> None:
    put(registry, fleet, 2)
    before = tags(registry, fleet)

    assert put(registry, fleet, 2) is None
    assert tags(registry, fleet) == before


def test_a_version_that_does_not_exist_is_named_with_those_that_do(
    registry: Registry, fleet: str
) -> None:
    with pytest.raises(RegistryError, match=r"has no version 9: .* there are \(1, 2, 3, 4\)\."):
        registry.version(fleet, 9)


@pytest.mark.parametrize("force", [False, True])
def test_a_rejected_version_needs_force(registry: Registry, fleet: str, force: bool) -> None:
    registry.reject(registry.version(fleet, 2), "worse than the route median.")
    rejected = registry.version(fleet, 2)

    if force:
        promote(registry, fleet, rejected, DECISION, force=True)
    else:
        with pytest.raises(RegistryError, match=r"rejected \(worse than the route median\)"):
            promote(registry, fleet, rejected, DECISION)

    assert champion(registry, fleet) == (2 if force else None)
    assert len(tags(registry, fleet)) == force


def test_a_version_that_is_accepted_again_is_as_it_was(registry: Registry, fleet: str) -> None:
    before = registry.version(fleet, 2)

    registry.accept(before)
    registry.reject(before, "worse")
    registry.accept(before)

    assert registry.version(fleet, 2) == before


def test_a_damaged_version_is_named_and_changes_nothing(
    registry: Registry, fleet: str, tmp_path: Path
) -> None:
    damaged = register(registry, fleet, "2025-07", save_model(tmp_path / "bundle", 3))
    put(registry, fleet, 1)
    before = tags(registry, fleet)
    change_a_byte(kept_file(registry, damaged, "fare.txt"))

    with pytest.raises(BundleError, match=f"{damaged.name} version 5 cannot be used: fare.txt"):
        put(registry, fleet, 5)

    assert champion(registry, fleet) == 1
    assert tags(registry, fleet) == before


def test_a_rollback_returns_to_the_champion_before_and_withdraws_the_one_it_leaves(
    registry: Registry, fleet: str
) -> None:
    for number in (1, 3):
        put(registry, fleet, number)

    entry = roll_back(registry, fleet, replace(DECISION, why="too dear"))

    assert (entry.version, entry.previous, entry.action) == (1, 3, ROLLED_BACK)
    assert champion(registry, fleet) == 1
    withdrawn = {v.version: v.withdrawn for v in registry.versions(fleet) if v.withdrawn}
    assert withdrawn == {3: "Ada: too dear"}


def test_rollbacks_go_back_one_champion_after_the_other(registry: Registry, fleet: str) -> None:
    for number in (2, 1, 4, 3):
        put(registry, fleet, number)

    went = [roll_back(registry, fleet, DECISION).version for _ in range(3)]

    assert went == [4, 1, 2]
    with pytest.raises(RegistryError, match=f"{fleet} has no earlier champion to go back to"):
        roll_back(registry, fleet, DECISION)
    assert champion(registry, fleet) == 2


@pytest.mark.parametrize("number", [None, 1])
def test_without_an_earlier_champion_a_rollback_changes_nothing(
    registry: Registry, fleet: str, number: int | None
) -> None:
    if number:
        put(registry, fleet, number)
    before = tags(registry, fleet)

    with pytest.raises(RegistryError, match=f"taxi-assets promote {fleet} VERSION"):
        roll_back(registry, fleet, DECISION)

    assert (champion(registry, fleet), tags(registry, fleet)) == (number, before)
    assert not [version for version in registry.versions(fleet) if version.withdrawn]


def test_a_rollback_to_a_damaged_version_changes_nothing(
    registry: Registry, fleet: str, tmp_path: Path
) -> None:
    damaged = register(registry, fleet, "2025-07", save_model(tmp_path / "bundle", 3))
    put(registry, fleet, 5)
    put(registry, fleet, 1)
    before = tags(registry, fleet)
    change_a_byte(kept_file(registry, damaged, "zones.parquet"))

    with pytest.raises(BundleError, match="version 5 cannot be used: zones"):
        roll_back(registry, fleet, DECISION)

    assert (champion(registry, fleet), tags(registry, fleet)) == (1, before)
    assert registry.version(fleet, 1).withdrawn is None


def test_a_person_brings_a_withdrawn_version_back(registry: Registry, fleet: str) -> None:
    for number in (1, 2):
        put(registry, fleet, number)
    roll_back(registry, fleet, DECISION)

    put(registry, fleet, 2)

    assert champion(registry, fleet) == 2
    assert registry.version(fleet, 2).withdrawn is None
    assert roll_back(registry, fleet, DECISION).version == 1


def test_a_promotion_cut_short_leaves_the_old_champion_and_no_trace_in_a_rollback(
    registry: Registry, fleet: str
) -> None:
    for number in (1, 2):
        put(registry, fleet, number)

    cut_short(registry, fleet, 3)
    between = champion(registry, fleet)
    back = roll_back(registry, fleet, DECISION)

    assert between == 2
    assert (back.number, back.version, back.previous) == (4, 1, 2)
    assert [moved for _, moved in registry.succession(fleet).effects()] == [True, True, False, True]


def test_a_promotion_cut_short_is_made_good_by_the_next(registry: Registry, fleet: str) -> None:
    put(registry, fleet, 1)
    cut_short(registry, fleet, 2)

    put(registry, fleet, 2)

    assert champion(registry, fleet) == 2
    assert [entry.previous for entry in registry.succession(fleet).log] == [None, 1, 1]
    assert roll_back(registry, fleet, DECISION).version == 1


def test_a_first_promotion_cut_short_was_no_champion(registry: Registry, fleet: str) -> None:
    cut_short(registry, fleet, 1)
    put(registry, fleet, 2)

    assert registry.succession(fleet).ever() == {2}
    with pytest.raises(RegistryError, match="no earlier champion"):
        roll_back(registry, fleet, DECISION)


def test_a_rollback_cut_short_is_made_good_by_the_next(registry: Registry, fleet: str) -> None:
    for number in (1, 2, 3):
        put(registry, fleet, number)
    roll_back(registry, fleet, DECISION)
    registry.client.set_registered_model_alias(model_name(fleet), CHAMPION, "3")

    back = roll_back(registry, fleet, DECISION)

    assert (back.version, back.previous) == (2, 3)
    assert champion(registry, fleet) == 2
    assert roll_back(registry, fleet, DECISION).version == 1


def test_a_person_keeps_the_champion_that_a_rollback_cut_short_has_withdrawn(
    registry: Registry, fleet: str
) -> None:
    for number in (1, 2):
        put(registry, fleet, number)
    roll_back(registry, fleet, DECISION)
    registry.client.set_registered_model_alias(model_name(fleet), CHAMPION, "2")

    assert put(registry, fleet, 2) is None
    assert registry.version(fleet, 2).withdrawn is None


def test_an_alias_moved_in_mlflow_counts_as_a_champion(registry: Registry, fleet: str) -> None:
    put(registry, fleet, 1)
    registry.client.set_registered_model_alias(model_name(fleet), CHAMPION, "4")
    put(registry, fleet, 2)

    assert registry.succession(fleet).ever() == {1, 2, 4}
    assert [roll_back(registry, fleet, DECISION).version for _ in range(2)] == [4, 1]


def test_a_champion_from_before_the_log_is_one_to_go_back_to(
    registry: Registry, fleet: str
) -> None:
    registry.client.set_registered_model_alias(model_name(fleet), CHAMPION, "1")
    put(registry, fleet, 2)

    assert roll_back(registry, fleet, DECISION).version == 1


def test_an_entry_changed_by_hand_is_named(registry: Registry, fleet: str) -> None:
    registry.client.set_registered_model_tag(model_name(fleet), "promotion.0003", "oops")

    with pytest.raises(RegistryError, match=r"promotion\.0003 is not an entry of the log"):
        registry.succession(fleet)


@pytest.mark.parametrize("text", ["[]", "1", "null", "{}", '{"from": 1, "version": 2}'])
def test_an_entry_of_another_shape_is_named(text: str) -> None:
    with pytest.raises(RegistryError, match=r"promotion\.0003"):
        read_succession({"promotion.0003": text}, {})


def test_entries_are_read_in_the_order_of_their_numbers() -> None:
    text = '{"version": 1, "from": null, "action": "", "who": "", "when": "", "why": ""}'
    numbers = (10_000, 2, 9_999)

    found = read_succession({f"promotion.{n:04}": text for n in numbers} | {"other": ""}, {})

    assert [entry.number for entry in found.log] == [2, 9_999, 10_000]


@given(st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.booleans()), max_size=12))
def test_the_way_back_passes_all_that_came_and_nothing_that_did_not(
    steps: list[tuple[int, bool, bool]],
) -> None:
    """Promotions, cut short or not, and rollbacks, against a plain stack."""
    log: list[Promotion] = []
    stack: list[int] = []
    for version, back, cut in steps:
        now = stack[-1] if stack else None
        found = Succession(tuple(log), now)
        assert found.earlier() == [n for n in reversed(stack) if n != now]
        target = next(iter(found.earlier()), None) if back else version
        if target is None or target == now:
            continue
        action = ROLLED_BACK if back else BY_HAND
        log.append(Promotion(len(log) + 1, target, now, action, "", "", ""))
        if not cut and back:
            while stack[-1] != target:
                stack.pop()
        elif not cut:
            stack.append(target)


def promote_in_a_process(root: str, fleet: str, number: int) -> None:
    registry = Registry(tracking_uri=f"sqlite:///{root}/mlflow.db", local_root=root)
    promote(registry, fleet, registry.version(fleet, number), DECISION)


@pytest.mark.slow
def test_promotions_at_once_are_all_in_the_log(registry: Registry, fleet: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(3) as pool:
        told = [(registry.local_root, fleet, number) for number in (1, 2, 3)]
        pool.starmap(promote_in_a_process, told, chunksize=1)

    found = registry.succession(fleet)
    assert [entry.number for entry in found.log] == [1, 2, 3]
    assert {entry.version for entry in found.log} == {1, 2, 3}
    assert all(moved for _, moved in found.effects())
    assert found.champion == found.log[-1].version


def test_the_first_contender_has_no_rival(registry: Registry, fleet: str) -> None:
    assert registry.rival(fleet, "2025-03", registry.version(fleet, 1)) is None


def test_a_contender_faces_the_champion_before_it_also_once_it_is_champion(
    registry: Registry, fleet: str
) -> None:
    put(registry, fleet, 1)
    first, second = registry.version(fleet, 1), registry.version(fleet, 2)

    before = registry.rival(fleet, "2025-04", second)
    put(registry, fleet, 2)
    after = registry.rival(fleet, "2025-04", second)

    assert before == after == first


def test_a_backfilled_month_faces_the_champion_of_its_time(
    registry: Registry, fleet: str, made: ModelVersion
) -> None:
    for number in (1, 4):
        put(registry, fleet, number)
    late = copy_version(registry, made, fleet, "2025-04")

    assert registry.rival(fleet, "2025-04", late) == registry.version(fleet, 1)
    earliest = copy_version(registry, made, fleet, "2025-02")
    assert registry.rival(fleet, "2025-02", earliest) is None


def test_a_corrected_month_faces_the_version_it_would_replace(
    registry: Registry, fleet: str, made: ModelVersion
) -> None:
    for number in (1, 2):
        put(registry, fleet, number)
    corrected = copy_version(registry, made, fleet, "2025-04")

    assert registry.rival(fleet, "2025-04", corrected) == registry.version(fleet, 2)


Undo = Callable[[Registry, str], object]


@pytest.mark.parametrize(
    "undo",
    [
        pytest.param(lambda registry, fleet: roll_back(registry, fleet, DECISION), id="withdrawn"),
        pytest.param(lambda registry, fleet: cut_short(registry, fleet, 3), id="cut short"),
    ],
)
def test_what_was_withdrawn_or_never_champion_is_no_rival(
    registry: Registry, fleet: str, undo: Undo
) -> None:
    for number in (1, 2):
        put(registry, fleet, number)

    undo(registry, fleet)

    expected = 1 if registry.version(fleet, 2).withdrawn else 2
    found = registry.rival(fleet, "2025-06", registry.version(fleet, 4))
    assert found == registry.version(fleet, expected)
