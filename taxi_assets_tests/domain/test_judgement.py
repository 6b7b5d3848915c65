"""Whether the champion is still good, and the sentence that says so."""

import pytest

from taxi_assets.domain.departures import departures, rest_ratio, usual_ratio
from taxi_assets.domain.evaluation import Row
from taxi_assets.domain.judgement import ERRORS, LEVEL, PARTS, RIDES, Judgement, judge, unjudged
from taxi_assets.domain.performance import Part, Parts, Record, by_part
from taxi_assets_tests.quoted import month, row

QUEENS: Part = ("boroughs", "Manhattan - Queens")


def known(*later: Parts, earlier: tuple[Parts, ...] = (), tested: Parts | None = None) -> Record:
    """A champion tested in February, whose test does not tell of pairs of boroughs."""
    first = month() if tested is None else tested
    told = {part: each for part, each in first.items() if part[0] != "boroughs"}
    return Record("2025-02", [told, *later], earlier)


def judged(now: Parts, record: Record | None = None, drifted: list[str] | None = None) -> Judgement:
    return judge(now, record or known(earlier=(month(),)), "7", drifted)


def kinds(found: Judgement) -> list[str]:
    return [each.kind for each in found.findings]


def test_a_month_like_the_test_is_still_good() -> None:
    found = judged(month(1.03))

    assert found.verdict == (
        "The champion (version 7) is still good: MAE $2.90 against $2.90 when tested in "
        "February 2025."
    )
    assert found.still_good
    assert not found.departed


def test_fares_that_rose_everywhere_are_concept_drift() -> None:
    found = judged(month(1.13), drifted=[])

    assert found.verdict == (
        "Fares are 13% above what the champion (version 7) says, everywhere, 2% above when tested, "
        "while inputs look as before: concept drift, as after a tariff rise."
    )
    assert kinds(found) == [LEVEL]
    assert not found.still_good
    assert found.findings[0].observed > found.findings[0].threshold


def test_fares_that_fell_everywhere_are_too() -> None:
    found = judged(month(0.9))

    assert found.verdict == (
        "Fares are 10% below what the champion (version 7) says, everywhere, 2% above when tested: "
        "concept drift, as after a tariff cut."
    )
    assert found.findings[0].observed < found.findings[0].threshold


def test_fares_that_came_closer_to_the_quotes_are_no_drift() -> None:
    assert judged(month(1.01), known(tested=month(1.12), earlier=(month(1.12),))).still_good


@pytest.mark.parametrize(
    ("drifted", "said"),
    [
        (["hour"], "1 input drifted too (hour)"),
        (["a", "b", "c", "d"], "4 inputs drifted too (a, b, c)"),
    ],
)
def test_inputs_that_drifted_are_named_beside_the_fares(drifted: list[str], said: str) -> None:
    assert f", and {said}: concept drift" in judged(month(1.13), drifted=drifted).verdict


def test_a_level_that_was_wrong_from_the_start_is_not_called_good() -> None:
    risen = month(1.12, metered=1.12)

    found = judged(risen, known(tested=risen, earlier=(risen,)))

    assert found.verdict == (
        "Metered fares are 12% above what the champion (version 7) says, about as they were when "
        "it was tested: it learned from months of another tariff."
    )
    assert kinds(found) == [LEVEL]


@pytest.mark.parametrize("metered", [0.96, 1.06])
def test_metered_fares_within_the_usual_band_are_no_finding(metered: float) -> None:
    assert judged(month(metered=metered)).still_good


def test_rides_between_two_boroughs_that_became_dearer_are_named() -> None:
    found = judged(month(pairs={QUEENS[1]: 1.3}))

    assert found.verdict == (
        "Rides between Manhattan and Queens cost 30% more than the champion (version 7) says, "
        "elsewhere nothing changed: concept drift there."
    )
    assert [each.part for each in found.departed] == [QUEENS]
    assert found.departed[0].size == pytest.approx(1.3 / 1.02 - 1.0)


def test_only_three_of_many_pairs_are_named() -> None:
    parts: Parts = {
        **month(),
        **{("boroughs", f"Bronx - {n}"): row(0.7, trips=500) for n in range(2)},
        **{("boroughs", f"Queens - {n}"): row(1.4, trips=500) for n in range(2)},
        **{("boroughs", f"EWR - {n}"): row(1.02, trips=500) for n in range(4)},
    }

    found = judged(parts)

    assert "says (1 more in the table), elsewhere" in found.verdict
    assert len(found.departed) == 4


def test_a_tariff_rise_and_a_closed_bridge_are_told_apart() -> None:
    found = judged(month(1.13, pairs={QUEENS[1]: 1.45}))

    assert kinds(found) == [LEVEL, PARTS]
    assert found.verdict.startswith(
        "Fares are 13% above what the champion (version 7) says, but for rides between Manhattan "
        "and Queens, 2% above when tested"
    )
    assert "elsewhere nothing changed" not in found.verdict


def test_longer_rides_are_data_drift_and_not_the_champions_fault() -> None:
    found = judged(month(lengths=(1_500, 2_500, 1_000)))

    assert found.verdict == (
        "Error is up by $0.75 to $3.65, of which $0.75 because rides became longer: data drift."
    )
    assert kinds(found) == [RIDES]
    assert found.still_good


def test_larger_errors_on_the_same_rides_are_concept_drift() -> None:
    found = judged(month(worse=1.25))

    assert found.verdict == (
        "Error is up by $0.73 to $3.62, of which $0.73 on rides as long as before: concept drift."
    )
    assert kinds(found) == [ERRORS]
    assert not found.still_good


def test_rides_that_became_shorter_do_not_hide_larger_errors() -> None:
    found = judged(month(worse=1.4, lengths=(2_200, 2_500, 300)))

    assert found.verdict.startswith("Error is up by $")
    assert "although the change of rides alone would have made it $0." in found.verdict
    assert kinds(found) == [ERRORS]


def test_metered_rides_that_are_priced_as_before_are_excused() -> None:
    tested, now = month(metered=1.02), month(worse=1.25, metered=1.02)
    as_before = {**now, ("rate", "metered"): tested["rate", "metered"]}

    excused, worse = (judged(parts, known(tested=tested)) for parts in (as_before, now))

    assert "though not of metered rides (16.0% of the fare, 16.0% when tested)" in excused.verdict
    assert "metered" not in worse.verdict


def test_fares_that_fell_without_their_errors_are_said_to() -> None:
    now = month()
    cheap = {**now, ("all", "all"): {**now["all", "all"], "mean_fare_usd": 10.0, "bias_usd": -0.2}}

    found = judged(cheap)

    assert found.verdict == ("Error is 29.0% of the fare, 16.0% when tested: only fares fell.")
    assert not found.still_good


def hours(ratio: float, trips: int = 2_000) -> dict[Part, Row]:
    """Five bands of hours, the first of which is given."""
    names = ("0-5 h", "6-9 h", "10-15 h", "16-19 h", "20-23 h")
    return {
        ("hour_band", name): row(ratio if name == names[0] else 1.02, trips=trips) for name in names
    }


def test_other_parts_than_pairs_are_named_when_there_is_nothing_else_to_say() -> None:
    tested, now = {**month(), **hours(1.02)}, {**month(), **hours(1.25)}

    found = judged(now, known(tested=tested))

    assert found.verdict == (
        "Rides at 0-5 h cost 25% more than the champion (version 7) says: concept drift there."
    )
    assert judged({**now, **hours(1.25, trips=99)}, known(tested=tested)).still_good


def test_an_error_is_the_better_headline_than_such_a_part() -> None:
    tested, now = {**month(), **hours(1.02)}, {**month(worse=1.25), **hours(1.25)}

    assert kinds(judged(now, known(tested=tested))) == [ERRORS, PARTS]


@pytest.mark.parametrize(("ratio", "departs"), [(1.12, False), (1.3, True), (0.8, True)])
def test_a_pair_never_seen_before_needs_to_be_far_from_the_others(
    ratio: float, departs: bool
) -> None:
    found = departures(month(pairs={QUEENS[1]: ratio}), known())

    assert bool(found) is departs


def test_a_pair_that_was_always_dearer_is_as_usual() -> None:
    dear = month(pairs={QUEENS[1]: 1.3})

    assert departures(dear, known(earlier=(dear,))) == []
    assert departures(dear, known(dear)) == []


def test_a_pair_that_came_back_to_the_others_does_not_depart() -> None:
    assert departures(month(), known(earlier=(month(pairs={QUEENS[1]: 1.3}),))) == []


def test_one_strange_month_does_not_move_what_is_usual() -> None:
    strange = month(pairs={QUEENS[1]: 1.3})

    relation, _, _ = usual_ratio(QUEENS, known(earlier=(month(), strange)))

    assert relation == pytest.approx(1.02 / (month()["all", "all"]["fare_ratio"]))


def test_rates_do_not_depart_because_nobody_knows_them_before_the_ride() -> None:
    assert departures(month(metered=2.0), known()) == []


def test_the_rest_of_a_month_without_pairs_is_the_month() -> None:
    whole = by_part([row(1.07)])

    assert rest_ratio(whole, []) == pytest.approx(1.07)


def test_a_champion_whose_test_is_not_known_is_not_judged() -> None:
    assert unjudged(row()) == (
        "MAE is $2.50, with nothing to compare it with: the evaluation of February 2025 does not "
        "tell of version 7."
    )
