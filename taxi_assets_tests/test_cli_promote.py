"""`taxi-assets promote`, `rollback` and `champions`, and the monthly asset after them."""

import getpass
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from taxi_assets_tests.homes import Home
from taxi_assets_tests.models import change_a_byte, copy_version, kept_file, register, save_model

WHY = ("--why", "fares are too high", "--by", "Ada")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home.at(tmp_path_factory.mktemp("place"))


@pytest.fixture(scope="module")
def model_file(place: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Versions 1 to 3 of three months; the file is version 3's, whose model is another."""
    folder = tmp_path_factory.mktemp("bundles")
    first = register(place.registry, "green", "2025-03", save_model(folder / "1", 1))
    copy_version(place.registry, first, "green", "2025-04")
    third = register(place.registry, "green", "2025-05", save_model(folder / "3", 3))
    return kept_file(place.registry, third, "fare.txt")


@pytest.fixture
def home(place: Home, model_file: Path) -> Iterator[Home]:
    """Three versions, none of which was ever champion; the file is mended afterwards."""
    content = model_file.read_bytes()
    yield place
    model_file.write_bytes(content)
    client = place.registry.client
    for key in client.get_registered_model("taxi-fare-green").tags:
        client.delete_registered_model_tag("taxi-fare-green", key)
    for version in place.registry.versions("green"):
        place.registry.untag(version, "withdrawn")
        place.registry.accept(version)
    client.delete_registered_model_alias("taxi-fare-green", "champion")


def promoted(home: Home, *numbers: int) -> None:
    for number in numbers:
        result = home.invoke("promote", "green", str(number), *WHY)
        assert result.exit_code == 0, result.output


def state(home: Home) -> tuple[int | None, int, list[int]]:
    """Champion, entries in the log, and the versions withdrawn."""
    succession = home.registry.succession("green")
    withdrawn = [v.version for v in home.registry.versions("green") if v.withdrawn]
    return succession.champion, len(succession.log), withdrawn


def month_end(home: Home, month: str) -> dg.ExecuteInProcessResult:
    """Run the asset `champion` of a month, as after its gates."""
    champion = dg.AssetSelection.assets(dg.AssetKey(["green", "champion"]))
    return home.run_selected(month, champion.without_checks())


def verdict(result: dg.ExecuteInProcessResult) -> str:
    (made,) = result.asset_materializations_for_node("green__champion")
    return str(made.metadata["verdict"].value)


def test_a_person_promotes_a_version_and_it_answers(home: Home) -> None:
    first = home.invoke("promote", "green", "2", *WHY)
    second = home.invoke("promote", "green", "1", *WHY)

    assert first.stdout == "taxi-fare-green version 2 (tested on 2025-04) is champion.\n"
    assert second.stdout == (
        "taxi-fare-green version 1 (tested on 2025-03) is champion in place of version 2.\n"
    )
    assert state(home) == (1, 2, [])


def test_a_promotion_for_programs_is_the_entry_of_the_log(home: Home) -> None:
    told = json.loads(home.invoke("promote", "green", "2", *WHY, "--json").stdout)

    assert told["promotion"].pop("when").endswith("+00:00")
    assert told == {
        "fleet": "green",
        "champion": 2,
        "month": "2025-04",
        "changed": True,
        "promotion": {
            "number": 1,
            "version": 2,
            "from": None,
            "action": "promoted",
            "who": "Ada",
            "why": "fares are too high",
        },
    }


def test_who_decides_is_by_default_who_is_logged_in(home: Home) -> None:
    home.invoke("promote", "green", "2", "--why", "a try")

    assert home.registry.succession("green").log[0].who == getpass.getuser()


def test_promoting_the_champion_says_so_and_records_nothing(home: Home) -> None:
    promoted(home, 2)

    again = home.invoke("promote", "green", "2", *WHY)
    told = json.loads(home.invoke("promote", "green", "2", *WHY, "--json").stdout)

    assert again.exit_code == 0
    assert again.stdout.endswith("version 2 (tested on 2025-04) is champion already.\n")
    assert (told["changed"], told["promotion"]) == (False, None)
    assert state(home) == (2, 1, [])


def test_a_rejected_version_is_refused_with_the_reason_unless_forced(home: Home) -> None:
    home.registry.reject(home.registry.version("green", 2), "it is worse on airport trips")

    refused = home.invoke("promote", "green", "2", *WHY)
    before = state(home)
    forced = home.invoke("promote", "green", "2", *WHY, "--force")

    assert refused.exit_code == 1
    assert refused.stderr == (
        "Error: Version 2 of taxi-fare-green was rejected (it is worse on airport trips): "
        "promote another, or insist with --force.\n"
    )
    assert before == (None, 0, [])
    assert (forced.exit_code, state(home)) == (0, (2, 1, []))


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_a_damaged_version_is_refused_even_by_force(
    home: Home, model_file: Path, force: tuple[str, ...]
) -> None:
    promoted(home, 1)
    change_a_byte(model_file)

    result = home.invoke("promote", "green", "3", *WHY, *force)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: taxi-fare-green version 3 cannot be used: fare.txt of")
    assert result.stderr.count("\n") == 1
    assert state(home) == (1, 1, [])


def test_a_champion_whose_files_were_damaged_is_not_confirmed(home: Home, model_file: Path) -> None:
    promoted(home, 3)
    change_a_byte(model_file)

    result = home.invoke("promote", "green", "3", *WHY)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: taxi-fare-green version 3 cannot be used: fare.txt of")


def test_a_rollback_says_what_answers_now_and_what_was_withdrawn(home: Home) -> None:
    promoted(home, 1, 3)

    result = home.invoke("rollback", "green", *WHY)

    assert result.stdout == (
        "taxi-fare-green version 1 (tested on 2025-03) is champion in place of version 3, "
        "which is withdrawn.\n"
    )
    assert state(home) == (1, 3, [3])


def test_a_rollback_for_programs_is_the_entry_of_the_log(home: Home) -> None:
    promoted(home, 1, 3)

    told = json.loads(home.invoke("rollback", "green", *WHY, "--json").stdout)

    assert (told["champion"], told["changed"]) == (1, True)
    assert told["promotion"]["action"] == "rolled back"
    assert (told["promotion"]["from"], told["promotion"]["version"]) == (3, 1)


@pytest.mark.parametrize("numbers", [(), (2,)])
def test_a_rollback_with_nothing_before_is_refused(home: Home, numbers: tuple[int, ...]) -> None:
    promoted(home, *numbers)
    before = state(home)

    result = home.invoke("rollback", "green", *WHY)

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: green has no earlier champion to go back to: "
        "choose a version with `taxi-assets promote green VERSION --why ...`.\n"
    )
    assert state(home) == before


def test_the_log_for_people_has_the_latest_first(home: Home) -> None:
    promoted(home, 1, 3)
    home.invoke("rollback", "green", "--why", "[b]too dear[/b] [/]", "--by", "Grace")

    result = home.invoke("champions", "green")

    lines = [line.split() for line in result.stdout.splitlines() if "+00:00" in line]
    assert result.exit_code == 0
    assert [line[1:] for line in lines] == [
        ["v1", "v3", "rolled", "back", "Grace", "[b]too", "dear[/b]", "[/]"],
        ["v3", "v1", "promoted", "Ada", "fares", "are", "too", "high"],
        ["v1", "promoted", "Ada", "fares", "are", "too", "high"],
    ]


def test_the_log_shows_a_promotion_that_was_cut_short(home: Home) -> None:
    promoted(home, 1, 3)
    home.registry.client.set_registered_model_alias("taxi-fare-green", "champion", "1")

    told: list[dict[str, Any]] = json.loads(home.invoke("champions", "green", "--json").stdout)
    shown = home.invoke("champions", "green").stdout

    assert [(entry["version"], entry["took_effect"]) for entry in told] == [(3, False), (1, True)]
    assert shown.count("promoted (cut short)") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("promote", "green", "9", *WHY),
            "taxi-fare-green has no version 9: choose one of those there are (1, 2, 3).",
        ),
        (("promote", "green", "-1", *WHY), "No such option: -1"),
        (("promote", "purple", "1", *WHY), "There is no fleet 'purple'"),
        (("promote", "green", "1", "--why", " \n"), "--why has 0 characters: write 1 to 1,000."),
        (("promote", "green", "1", "--why", "x" * 1_001), "--why has 1001 characters"),
        (("rollback", "green", "--why", "x", "--by", ""), "--by has 0 characters"),
        (("promote", "green", "1"), "Missing option '--why'"),
        (("promote", "green", "one", *WHY), "should be a valid integer"),
        (("promote", "yellow", "1", *WHY), "has no version 1: choose one of those there are (none"),
        (("rollback", "yellow", *WHY), "yellow has no earlier champion to go back to"),
    ],
)
def test_what_makes_no_sense_is_refused(
    home: Home, arguments: tuple[str, ...], sentence: str
) -> None:
    result = home.invoke(*arguments)

    assert result.exit_code != 0
    assert result.stdout == ""
    assert sentence in result.stderr
    assert state(home) == (None, 0, [])


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("promote", "green", "1", *WHY), 1, "There is no green model yet: run `taxi-assets run"),
        (("rollback", "green", *WHY), 1, "There is no green model yet: run `taxi-assets run"),
        (("champions", "green"), 0, "No promotion of a green model is on record yet."),
        (("champions", "green", "--json"), 0, "[]"),
    ],
)
def test_an_empty_home_says_so_and_gets_no_registry(
    tmp_path: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    empty = Home.at(tmp_path / "empty")

    result = empty.invoke(*arguments)

    assert result.exit_code == code
    assert sentence in result.output
    assert not (empty.settings.root / "mlflow").exists()


def test_someone_the_system_does_not_know_has_to_say_who(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2_000_000_001)  # as containers are run

    result = home.invoke("promote", "green", "1", "--why", "a try")

    assert result.stderr == "Error: The system does not know your name: add --by NAME.\n"


def test_the_months_end_promotes_once_and_says_which_run_and_that_no_gate_was_recorded(
    home: Home,
) -> None:
    first = month_end(home, "2025-03")
    again = month_end(home, "2025-03")

    (entry,) = home.registry.succession("green").log
    assert verdict(first) == verdict(again) == "version 1 of 2025-03 is champion"
    assert (entry.action, entry.previous) == ("promoted by gates", None)
    assert entry.who == f"dagster run {first.run_id[:8]}"
    assert entry.why == "its evaluation recorded no gates"


def test_the_months_end_never_goes_back_to_an_earlier_month(home: Home) -> None:
    month_end(home, "2025-04")

    said = verdict(month_end(home, "2025-03"))

    assert said == "version 2 stays champion: it was tested on 2025-04, later than 2025-03"
    assert state(home) == (2, 1, [])


def test_the_months_end_leaves_a_withdrawn_version_where_it_is(home: Home) -> None:
    for month in ("2025-03", "2025-04"):
        month_end(home, month)
    home.invoke("rollback", "green", *WHY)

    said = verdict(month_end(home, "2025-04"))

    assert said == ("version 1 stays champion: version 2 was withdrawn by Ada: fares are too high")
    assert state(home) == (1, 3, [2])
    assert verdict(month_end(home, "2025-05")) == "version 3 of 2025-05 is champion"


def test_the_months_end_leaves_a_rejected_version_where_it_is(home: Home) -> None:
    month_end(home, "2025-03")
    home.registry.reject(home.registry.version("green", 2), "worse than version 1.")

    said = verdict(month_end(home, "2025-04"))

    assert said == "version 1 stays champion: version 2 was rejected (worse than version 1)"
    assert state(home) == (1, 1, [])


def test_the_months_end_fails_where_nothing_may_answer(home: Home) -> None:
    home.registry.reject(home.registry.version("green", 1), "worse than a guess")

    result = month_end(home, "2025-03")

    assert not result.success
    assert state(home) == (None, 0, [])


def test_the_months_end_does_not_promote_a_damaged_version(home: Home, model_file: Path) -> None:
    month_end(home, "2025-03")
    change_a_byte(model_file)

    result = month_end(home, "2025-05")

    assert not result.success
    assert state(home) == (1, 1, [])
