"""The page that says whether the city has changed since the champion learned it."""

from collections.abc import Mapping

import numpy as np

from taxi_assets.domain.drift import Drift, sentence
from taxi_assets.domain.drift_inputs import BY_NAME, Counts
from taxi_assets.domain.months import month_name
from taxi_assets.reports.drift_pictures import (
    LARGE,
    MODEST,
    Seen,
    changes,
    course,
    scores,
    share,
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

NAME = "drift_report"
SCORED = (
    "An input drifts when its score reaches its threshold. For numbers the score is the Wasserstein"
    " distance in standard deviations of the training trips: 0.2 is a fifth of one. For names"
    " it is the Jensen-Shannon distance, from 0 (the same shares) to 0.83 (nothing in common)."
    " Expected fare, expected duration and hour pace are what the champion's own history says of"
    " a trip, on both sides: they move when routes and hours do, not when history grows."
)
STABILITY = (
    "The population stability index (PSI) is exact over all trips. 0 means the same shares in every"
    f" bin; {MODEST} is usually called a modest and {LARGE} a large change. Missing values are a"
    " bin of their own, and bins are the same in every month. What the champion's history says is"
    " left out: each champion sees other values."
)
LEFT_OUT = (
    "Month and holidays, which the calendar decides.",
    "Trips seen on a route, and medians of routes and zones: they settle as history grows."
    " Expected fare and duration are made from them and are watched.",
    "The fare trend: it is there to follow fares, and moves every month. Whether fares themselves"
    " have moved is told by the check fares_are_level.",
    "Single zones: 263 small shares vary by chance. Boroughs and miles east and north tell where"
    " rides start.",
)


def drift_page(fleet: str, seen: Seen) -> Report:
    """The report of a month."""
    drifted = [drift for drift in seen.drifts if drift.drifted]
    cover = scores(seen.drifts)
    return Report(
        NAME,
        fleet,
        seen.month,
        sentence(seen.month, seen.drifts),
        NOTABLE if drifted else GOOD,
        numbers(seen),
        (
            Section("Which inputs moved, and how far?", (SCORED,), (cover,), (table(seen),)),
            Section(
                "What changed in them?" if drifted else "What changed in those that moved most?",
                (against(seen),),
                (changes(seen),),
            ),
            Section("How did it come about?", (STABILITY, *blanks(seen)), (course(seen),)),
            Section("What is not watched?", LEFT_OUT),
        ),
        basis(seen),
        cover,
        (Attachment("Evidently's own page, input by input", seen.evidently),),
    )


def numbers(seen: Seen) -> list[Number]:
    """What the index follows."""
    found = [drift for drift in seen.drifts if drift.psi is not None]
    most = max(found, key=lambda drift: drift.psi or 0.0, default=None)
    trained_on = len(seen.reference_sample)
    return [
        Number("drifted", "Inputs drifted", sum(d.drifted for d in seen.drifts)),
        Number(
            "largest_psi",
            "Largest PSI",
            most.psi if most else None,
            digits=3,
        ),
        Number("sampled_trips", "Trips sampled", len(seen.sample), followed=False),
        Number("reference_trips", "Training trips sampled", trained_on, followed=False),
    ]


def against(seen: Seen) -> str:
    """How many trips the bins hold."""
    return f"{trips(seen.current):,} trips against {trips(seen.reference):,} training trips."


def trips(counts: Mapping[str, Counts]) -> int:
    """How many trips were counted."""
    return int(next(iter(counts.values())).sum())


def table(seen: Seen) -> Listing:
    """Every input in numbers."""
    header = ("input", "training → month", "score", "threshold", "PSI", "")
    rows = [
        (
            drift.label,
            moved(seen, drift),
            "-" if drift.score is None else f"{drift.score:.3f}",
            f"{drift.threshold:g}",
            "-" if drift.psi is None else f"{drift.psi:.3f}",
            "drifted" if drift.drifted else "no values" if drift.score is None else "",
        )
        for drift in seen.drifts
    ]
    return Listing(
        header,
        rows,
        "Scores are of the samples.",
    )


def moved(seen: Seen, drift: Drift) -> str:
    """The means of a number, or the bin whose share moved most."""
    watched = BY_NAME[drift.feature]
    if drift.score is None:
        return "not compared"
    if watched.is_number:
        before, after = (
            float(sample[drift.feature].mean()) for sample in (seen.reference_sample, seen.sample)
        )
        return f"mean {before:.2f} → {after:.2f} {watched.unit}".rstrip()
    old, new = (share(counts[drift.feature]) for counts in (seen.reference, seen.current))
    most = int(np.argmax(np.abs(new - old)))
    return f"{watched.all_bins[most]}: {old[most]:.1%} → {new[most]:.1%}"


def blanks(seen: Seen) -> list[str]:
    """Which months are blank, and why."""
    blank = [month for month in sorted(seen.course) if seen.course[month] is None]
    if not blank:
        return []
    return [f"There are no histograms in these bins of {', '.join(blank)}: those months are blank."]


def basis(seen: Seen) -> list[str]:
    """What it was made from."""
    first, last = min(seen.training), max(seen.training)
    months = first if first == last else f"{first} to {last} ({len(seen.training)} months)"
    gone = f" Its training months {', '.join(seen.gone)} are gone." if seen.gone else ""
    return [
        f"Champion before {month_name(seen.month)}: version {seen.version}, trained on {months}."
        + gone,
        f"Samples of {len(seen.sample):,} trips of the month and {len(seen.reference_sample):,} of"
        " the training months, stratified by month and pick-up borough; the same in every rerun.",
        "PSI and bins: all clean trips; of what history says of them, the samples.",
    ]
