"""A backfill that a real daemon runs: interrupted, followed again, and as good as one without."""

import json
import signal
from pathlib import Path

import pytest

from taxi_assets.commands import daemon
from taxi_assets_tests.daemons import log_of, started, switched_on, until
from taxi_assets_tests.homes import NO_MODELS, Home

MONTHS = ("2025-01", "2025-02", "2025-03")
ASKED = ("backfill", "--months", "2025-01..2025-03", "--only", "models")
PATIENCE_S = 100


@pytest.mark.slow
def test_it_goes_on_without_the_command_and_runs_each_month_once(tmp_path: Path) -> None:
    home, other = (
        Home.at(tmp_path / name, min_train_months=NO_MODELS) for name in ("home", "other")
    )
    for one in (home, other):
        one.simulate(MONTHS, rows=1_000)
    good = home.published("2025-02")
    home.file("2025-02").write_bytes(b"no Parquet")  # this month fails until it is published
    environment = switched_on(home, [])

    with home.instance() as instance, started(home, environment):
        until(lambda: daemon.is_alive(instance), PATIENCE_S, log_of(home))
        with home.begun(*ASKED, until=("2025-01", "clean_trips")) as process:
            process.send_signal(signal.SIGINT)
            _, said = process.communicate()
        (backfill,) = instance.get_backfills()
        followed = home.invoke(*ASKED, "--json")
        home.publish("2025-02", good)
        detached = home.invoke(*ASKED, "--detach", "--json")
        joined = home.invoke(*ASKED, "--json")
        last = home.invoke(*ASKED)
        runs = instance.get_runs()

    assert process.returncode == 1
    assert backfill.backfill_id in said
    first = json.loads(followed.stdout)
    assert first["backfill_ids"] == [backfill.backfill_id]
    assert [len(month["failures"]) for month in first["months"]] == [0, 1, 0]
    assert followed.exit_code == 1
    (asked,) = json.loads(detached.stdout)["backfill_ids"]
    then = json.loads(joined.stdout)
    assert then["backfill_ids"][0] == asked  # and then of the month that was made without that one
    assert [(one["month"], one["reasons"]) for one in then["ran"][:1]] == [
        ("2025-02", [f"backfill {asked} was at it"])
    ]
    assert [month["month"] for month in then["months"]] == ["2025-02", "2025-03"]
    assert (detached.exit_code, joined.exit_code, last.exit_code) == (0, 0, 0)
    assert "nothing to run" in last.stdout
    assert len(runs) == 5
    assert home.stage().data_versions() == other.run(*MONTHS).data_versions()
    assert {run.tags["taxi/trigger"] for run in runs} == {"backfill"}
