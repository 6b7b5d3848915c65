"""The page that says whether the champion is still good."""

from taxi_assets.domain.departures import (
    MIN_PART_TRIPS,
    PART_MARGIN,
    STRANGE_MARGIN,
)
from taxi_assets.domain.groups import rides_of
from taxi_assets.domain.judgement import Judgement, unjudged
from taxi_assets.domain.months import month_name
from taxi_assets.domain.performance import (
    ERROR_MARGIN,
    EVERYTHING,
    LEVEL_MARGIN,
    change,
    fare_ratio,
    relative_error,
)
from taxi_assets.reports.page import (
    GOOD,
    NOTABLE,
    Attachment,
    Listing,
    Number,
    Report,
    Section,
)
from taxi_assets.reports.performance_pictures import course, parts
from taxi_assets.reports.performance_story import PARTED_BY, Story

NAME = "performance_report"


def performance_report(story: Story, evidently: Attachment, sampled: int) -> Report:
    """The page of one month.

    Args:
        story: what it tells.
        evidently: another tool's view of the same errors.
        sampled: trips in it.
    """
    whole, found = story.whole, story.judgement
    picture = course(story)
    return Report(
        NAME,
        story.fleet,
        story.month,
        found.verdict if found else unjudged(whole),
        NOTABLE if found and found.findings else GOOD,
        numbers=(
            Number("mae_usd", "Mean absolute error", whole["mae_usd"], "USD", 2),
            Number("fare_ratio", "Fares over quotes", whole["fare_ratio"], "", 3),
            Number("coverage", "Fares inside the interval", whole["coverage"], "%", 1),
            Number("trips", "Trips", whole["trips"], "trips", followed=False),
        ),
        sections=[
            *([_findings(found)] if found else []),
            Section("How has it done over the months?", pictures=[picture]),
            *([_why(story, found)] if found else []),
            _parts_of(story),
        ],
        basis=_basis(story, sampled),
        cover=picture,
        attachments=[evidently],
    )


def _findings(found: Judgement) -> Section:
    """What was looked for and what was found."""
    limits = found.limits
    told = [each.said for each in found.findings[1:]]
    rule = (
        f"Allowed are an error of {limits.relative_error:.1%} of the fare ({ERROR_MARGIN:g} times "
        f"that of the champion's test; now {found.relative_error:.1%}) and fares of "
        f"{limits.low_ratio:.3f} to {limits.high_ratio:.3f} times the quotes "
        f"({LEVEL_MARGIN * 100:.0f} points and three standard errors on both sides of its test)."
    )
    return Section("What has changed?", text=[*told, rule], listings=[_departed(found)])


def _departed(found: Judgement) -> Listing:
    """Parts of the month whose fares left the quotes behind."""
    rows = [
        [
            rides_of(*each.part),
            f"{each.trips:,}",
            f"{each.ratio:.3f}",
            f"{each.expected:.3f}",
            f"{each.limit:.1%}",
        ]
        for each in found.departed
    ]
    caption = (
        f"Rides whose fares over quotes left those of the others by more than {PART_MARGIN:.0%} "
        f"({STRANGE_MARGIN:.0%} for a part never seen before) and three standard errors; parts "
        f"under {MIN_PART_TRIPS} trips are not judged."
    )
    header = ["rides", "trips", "fares over quotes", "usual beside the others", "allowed"]
    return Listing(header, rows or [["none", "", "", "", ""]], caption)


def _why(story: Story, found: Judgement) -> Section:
    """Other rides, or other errors on the same rides."""
    tested = story.tested
    kinds = [kind for kind in PARTED_BY if any(name == kind for name, _ in tested)]
    rows = []
    for kind in kinds:
        part = change(kind, tested, story.now)
        amounts = (part.total_usd, part.mix_usd, part.within_usd)
        rows.append([PARTED_BY[kind], *(f"{round(amount, 2) + 0.0:+.2f}" for amount in amounts)])
    return Section(
        "Other rides, or other errors on the same rides?",
        text=[
            f"The mean absolute error was ${found.change.before_usd:.2f} in "
            f"{month_name(found.record.tested_on)}, when the champion was tested, and is "
            f"${found.change.now_usd:.2f} now. Part of a change comes from other rides (data "
            "drift), part from other errors on rides of the same kind (concept drift). The two add "
            "up to the change, whatever rides are told apart by."
        ],
        listings=[
            Listing(
                ["rides told apart by", "change, USD", "other rides, USD", "other errors, USD"],
                rows,
                "Kitagawa's decomposition of the change of the mean absolute error since the test",
            )
        ],
    )


def _parts_of(story: Story) -> Section:
    """Every part of the month."""
    picture = parts(story)
    header = ["rides", "trips", "mean fare, USD", "MAE, USD", "MAE over fare", "bias, USD"]
    header += ["fares over quotes", "coverage", "ride time MAE, min"]
    rows = [
        [
            "all" if part == EVERYTHING else f"{PARTED_BY[part[0]]}: {part[1]}",
            f"{row['trips']:,}",
            f"{row['mean_fare_usd']:.2f}",
            f"{row['mae_usd']:.2f}",
            f"{relative_error(row):.1%}",
            f"{row['bias_usd']:+.2f}",
            f"{fare_ratio(row):.3f}",
            f"{row['coverage']:.1%}",
            f"{row['ride_mae_min']:.2f}",
        ]
        for part, row in story.now.items()
    ]
    return Section("Which rides?", pictures=[picture], listings=[Listing(header, rows)])


def _basis(story: Story, sampled: int) -> list[str]:
    """What it was made from."""
    whole, found = story.whole, story.judgement
    own = len(found.record.months) if found else 0
    return [
        f"All {whole['trips']:,} clean trips of {month_name(story.month)}, as version "
        f"{whole['model_version']}, tested on {month_name(whole['tested_on'])}, quotes them with "
        "what it knew when it was made.",
        f"Compared with {own} month{'s' * (own != 1)} of its own that it had not learned from, and "
        f"with {len(story.past)} earlier performance report{'s' * (len(story.past) != 1)}.",
        f"Evidently's page is about {sampled:,} of the trips, always the same; all other numbers "
        "are about all trips.",
    ]
