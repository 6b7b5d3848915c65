"""The sensor `alerts` on a real Dagster instance: what it tells, once, and what it keeps."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import dagster as dg
import pytest

from taxi_assets.automation import alerts as sensors
from taxi_assets.automation.alerts import alert_sensor
from taxi_assets.definitions import build_definitions
from taxi_assets.domain.alerts import Alert
from taxi_assets.domain.errors import RegistryUnreachable, Undelivered
from taxi_assets.resources.alert_sinks import AlertSinks, Webhook
from taxi_assets.resources.model_versions import ModelVersion
from taxi_assets.resources.promotions import BY_GATES, ROLLED_BACK, Promotion, Succession
from taxi_assets.resources.registry import Registry
from taxi_assets.settings import Settings
from taxi_assets_tests.resources.alert_receivers import SECRET, free_port, hooked

MONTH, UI = "2025-03", "http://ui"
MONTHS = dg.MonthlyPartitionsDefinition(start_date="2025-01", fmt="%Y-%m")
WARN, ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR
DAY = timedelta(days=1)
QUIET = {"telemetry": {"enabled": False}}


@dataclass
class Collector:
    """A sink that a test can take down."""

    name: str = "webhook"
    place: str = "here"
    down: bool = False
    chokes_on: str = ""
    told: list[Alert] = field(default_factory=list)

    def send(self, alert: Alert) -> None:
        if self.down or (self.chokes_on and self.chokes_on in alert.key):
            raise Undelivered("The webhook at here answered 500.")
        self.told.append(alert)


class Champions(Registry):
    """A registry of which only the succession is asked."""

    tracking_uri: str = ""
    local_root: str = ""
    log: ClassVar[list[Promotion]] = []  # of the class: Dagster copies a resource's fields
    unreachable: ClassVar[bool] = False

    @property
    def exists(self) -> bool:
        return True

    def succession(self, _fleet: str) -> Succession:
        if self.unreachable:
            raise RegistryUnreachable("MLflow does not answer.")
        return Succession(tuple(self.log), self.log[-1].version if self.log else None)

    def versions(self, _fleet: str) -> list[ModelVersion]:
        return [ModelVersion("taxi-fare-green", n, f"2025-0{n}", "", "", "") for n in (1, 2, 3)]


@dataclass
class Desk:
    """A sensor that remembers, on an instance of its own."""

    instance: dg.DagsterInstance
    sink: Collector
    registry: Champions
    cursor: str | None = None

    def tick(self) -> list[str]:
        """One tick; returns the titles of what the sink was told in it."""
        before = len(self.sink.told)
        result = self.evaluate(AlertSinks((self.sink,), UI))
        self.cursor = result.cursor
        assert result.skip_reason
        return [alert.title for alert in self.sink.told[before:]]

    def evaluate(self, sinks: AlertSinks) -> dg.SensorResult:
        resources = {"alert_sinks": sinks, "registry": self.registry}
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources=resources
        ) as context:
            result = alert_sensor(["green"])(context)
        assert isinstance(result, dg.SensorResult)
        return result

    def run(self, *parts: Any, month: str = MONTH, fleet: str = "green") -> str:
        """Run assets and checks as one job; returns its run."""
        job = dg.define_asset_job("tiny_job", tags={"taxi/fleet": fleet} if fleet else {})
        assets = [part for part in parts if not isinstance(part, dg.AssetChecksDefinition)]
        checks = [part for part in parts if isinstance(part, dg.AssetChecksDefinition)]
        graph = dg.Definitions(assets=assets, asset_checks=checks, jobs=[job])
        result = graph.resolve_job_def("tiny_job").execute_in_process(
            partition_key=month, instance=self.instance, raise_on_error=False
        )
        return result.run_id

    def waiting(self) -> list[str]:
        assert self.cursor is not None
        return [waiting["alert"]["key"] for waiting in json.loads(self.cursor)["waiting"]]

    def sooner(self, by: timedelta) -> None:
        """Let time pass: everything told so far was told earlier."""
        assert self.cursor is not None
        told = json.loads(self.cursor)
        told["quiet"] = {
            key: (datetime.fromisoformat(until) - by).isoformat()
            for key, until in told["quiet"].items()
        }
        self.cursor = json.dumps(told)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk at which the first tick has passed: what came before it is not told."""
    monkeypatch.setattr(Champions, "log", [])
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=QUIET) as instance:
        desk = Desk(instance, Collector(), Champions())
        assert desk.tick() == []
        yield desk


def asset(name: str = "clean_trips", fails: str = "", **metadata: Any) -> dg.AssetsDefinition:
    @dg.asset(key=["green", name], partitions_def=MONTHS)
    def made() -> dg.MaterializeResult[None]:
        if fails:
            raise RuntimeError(fails)
        return dg.MaterializeResult(metadata=metadata)

    return made


def check(
    name: str, passed: bool, severity: dg.AssetCheckSeverity, of: str = "clean_trips"
) -> dg.AssetChecksDefinition:
    spec = dg.AssetCheckSpec(name, asset=["green", of], blocking=severity == ERROR)

    @dg.multi_asset_check(name=f"green__{of}__{name}", specs=[spec], can_subset=True)
    def checked() -> Iterator[dg.AssetCheckResult]:
        yield dg.AssetCheckResult(passed=passed, severity=severity, metadata={"rows": 3})

    return checked


def promotion(number: int, version: int, previous: int | None, **more: Any) -> Promotion:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    told = {"action": BY_GATES, "who": "Ada", "when": when, "why": "better", **more}
    return Promotion(number=number, version=version, previous=previous, **told)


def test_a_failed_run_is_told_with_its_month_reason_and_run(desk: Desk) -> None:
    run = desk.run(asset(fails="no room on the disk"))

    assert desk.tick() == ["green 2025-03: clean_trips failed"]
    (alert,) = desk.sink.told
    assert (alert.fleet, alert.month, alert.severity) == ("green", MONTH, "error")
    assert alert.reason == "RuntimeError: no room on the disk."
    assert alert.link == f"{UI}/runs/{run}"


def test_a_run_that_went_well_is_not_told(desk: Desk) -> None:
    desk.run(asset(), check("is_whole", True, ERROR))

    assert desk.tick() == []


def test_what_was_told_is_not_told_again(desk: Desk) -> None:
    desk.run(asset(fails="x"))

    assert [len(desk.tick()), len(desk.tick()), len(desk.tick())] == [1, 0, 0]


def test_what_failed_before_the_alerts_were_switched_on_is_not_told(tmp_path: Path) -> None:
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=QUIET) as instance:
        desk = Desk(instance, Collector(), Champions())
        desk.run(asset(fails="x"))

        assert desk.tick() + desk.tick() == []


@pytest.mark.parametrize(
    ("severity", "title", "told"),
    [
        (WARN, "green 2025-03: the check clean_trips.is_whole warns", "warning"),
        (ERROR, "green 2025-03: the check clean_trips.is_whole failed", "error"),
    ],
)
def test_a_check_that_fails_is_told_once_by_its_severity(
    desk: Desk, severity: dg.AssetCheckSeverity, title: str, told: str
) -> None:
    desk.run(asset(), check("is_whole", False, severity))

    assert desk.tick() == [title]  # and not that the run failed of it
    assert desk.sink.told[0].severity == told
    assert desk.sink.told[0].reason == "It saw rows 3."


def test_a_rejected_model_is_told_in_place_of_its_gates(desk: Desk) -> None:
    told = {"rejected": "beats_champion: it is worse", "model_version": 7}
    gates = [check(name, False, ERROR, "evaluation") for name in ("beats_champion", "is_fair")]

    desk.run(asset("evaluation", **told), *gates)

    assert desk.tick() == ["green 2025-03: the gates rejected the new model, version 7"]
    assert desk.sink.told[0].reason == "beats_champion: it is worse."


def test_the_same_failure_of_a_month_is_told_once_a_day(desk: Desk) -> None:
    failing = asset(fails="x")
    desk.run(failing)
    assert len(desk.tick()) == 1

    desk.run(failing)
    assert desk.tick() == []

    desk.sooner(DAY)
    desk.run(failing)
    assert len(desk.tick()) == 1


def test_another_month_is_another_failure(desk: Desk) -> None:
    failing = asset(fails="x")
    desk.run(failing)
    desk.run(failing, month="2025-04")

    assert len(desk.tick()) == 2


@pytest.mark.parametrize(
    ("bad", "good"),
    [
        ([asset(fails="x")], [asset()]),
        (
            [asset(), check("is_whole", False, ERROR)],
            [asset(), check("is_whole", True, ERROR)],
        ),
    ],
    ids=["run", "check"],
)
def test_a_failure_after_a_success_is_news(desk: Desk, bad: list[Any], good: list[Any]) -> None:
    desk.run(*bad)
    assert len(desk.tick()) == 1

    desk.run(*good)
    desk.run(*bad)
    assert len(desk.tick()) == 1


def test_runs_of_other_projects_are_none_of_ours(desk: Desk) -> None:
    @dg.asset(partitions_def=MONTHS)
    def theirs() -> None:
        raise RuntimeError("x")

    desk.run(theirs, fleet="")

    assert desk.tick() == []


def test_a_killed_run_is_told(desk: Desk) -> None:
    tags = {"taxi/fleet": "green", "dagster/partition": MONTH}
    run = dg.DagsterRun("green_month_job", tags=tags, status=dg.DagsterRunStatus.STARTED)
    desk.instance.add_run(run)
    desk.instance.report_run_failed(run, "The process of this run was killed.")

    assert desk.tick() == ["green 2025-03: the run failed"]
    assert desk.sink.told[0].reason == "The process of this run was killed."


def test_a_backfill_is_read_over_some_ticks(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors, "RUNS_A_TICK", 2)
    failing = asset(fails="x")
    for month in ("2025-01", "2025-02", "2025-03"):
        desk.run(failing, month=month)

    assert [len(desk.tick()), len(desk.tick()), len(desk.tick())] == [2, 1, 0]


def test_a_run_that_is_tagged_later_is_not_told_again(desk: Desk) -> None:
    run = desk.run(asset(fails="x"))
    desk.tick()
    desk.sooner(2 * DAY)

    desk.instance.add_run_tags(run, {"seen": "by Ada"})

    assert desk.tick() == []


def test_new_champions_are_told_once(desk: Desk) -> None:
    desk.registry.log.append(promotion(1, 2, None))
    assert desk.tick() == ["green 2025-02: version 2 is champion"]

    desk.registry.log.append(promotion(2, 3, 2))
    desk.registry.log.append(promotion(3, 2, 3, action=ROLLED_BACK, why="too dear"))
    assert desk.tick() == [
        "green 2025-03: version 3 is champion in place of version 2",
        "green 2025-02: version 3 is withdrawn and version 2 is champion again",
    ]
    assert desk.sink.told[-1].reason == "Decided by Ada: too dear."
    assert desk.sink.told[-1].link.startswith(f"{UI}/assets/green/champion?")
    assert desk.tick() == []


def test_champions_of_before_are_not_told(desk: Desk) -> None:
    desk.registry.log.append(promotion(1, 2, None, when="2025-01-01T00:00:00+00:00"))
    desk.cursor = None

    assert desk.tick() + desk.tick() == []


def test_a_promotion_leads_to_its_run(desk: Desk) -> None:
    run = desk.run(asset("champion"))
    desk.registry.log.append(promotion(1, 3, None, who=f"dagster run {run[:8]}"))

    desk.tick()

    assert desk.sink.told[0].link == f"{UI}/runs/{run}"


def test_a_promotion_that_took_no_effect_is_not_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut_short = Succession((promotion(1, 2, None),), None)
    monkeypatch.setattr(Champions, "succession", lambda *_: cut_short)
    assert desk.tick() == []

    monkeypatch.setattr(Champions, "succession", lambda *_: replace(cut_short, champion=2))
    assert desk.tick() == ["green 2025-02: version 2 is champion"]


def test_a_registry_that_is_down_stops_no_other_alert(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.registry.log.append(promotion(1, 2, None))
    monkeypatch.setattr(Champions, "unreachable", True)
    desk.run(asset(fails="x"))

    assert desk.tick() == ["green 2025-03: clean_trips failed"]

    monkeypatch.setattr(Champions, "unreachable", False)
    assert desk.tick() == ["green 2025-02: version 2 is champion"]


def test_late_months_are_told_once_a_week(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensors, "late_months", lambda landed, _: sorted(landed))
    desk.run(asset("raw_trips"), month="2025-01")
    desk.run(asset("raw_trips"), month="2025-02")

    assert desk.tick() == ["green 2025-01..2025-02 (2 months) have not been landed"]
    monkeypatch.setattr(sensors, "late_months", lambda landed, _: [max(landed)])
    assert desk.tick() == []  # one of them was landed meanwhile

    desk.sooner(7 * DAY)
    assert len(desk.tick()) == 1


def test_a_sink_that_is_down_gets_its_alert_at_a_later_tick(desk: Desk) -> None:
    desk.sink.down = True
    desk.run(asset(fails="x"))
    assert desk.tick() + desk.tick() == []
    assert desk.waiting() == ["run_failed/green/2025-03/clean_trips"]

    desk.sink.down = False
    assert desk.tick() == ["green 2025-03: clean_trips failed"]
    assert desk.waiting() == []
    assert desk.tick() == []


def test_an_alert_that_is_never_taken_holds_up_none(desk: Desk) -> None:
    desk.sink.chokes_on = "2025-01"
    failing = asset(fails="x")
    desk.run(failing, month="2025-01")
    desk.tick()

    desk.run(failing, month="2025-02")

    assert desk.tick() == ["green 2025-02: clean_trips failed"]
    assert desk.waiting() == ["run_failed/green/2025-01/clean_trips"]


def test_what_was_dropped_meanwhile_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("taxi_assets.domain.alert_cursor.MAX_WAITING", 2)
    desk.sink.down = True
    failing = asset(fails="x")
    for month in ("2025-01", "2025-02", "2025-03"):
        desk.run(failing, month=month)
    desk.tick()

    desk.sink.down = False

    assert sorted(desk.tick()) == [f"green 2025-0{n}: clean_trips failed" for n in (2, 3)]
    assert desk.tick() == ["1 alert was dropped before it could be delivered"]
    assert desk.tick() == []


def test_a_sink_that_is_no_longer_set_is_not_waited_for(desk: Desk) -> None:
    desk.sink.down = True
    desk.run(asset(fails="x"))
    desk.tick()

    desk.cursor = desk.evaluate(AlertSinks((), UI)).cursor

    assert desk.waiting() == []


@pytest.mark.parametrize("cursor", ["gibberish", '{"version": 0, "since": 17}', "[]"])
def test_a_cursor_that_cannot_be_read_costs_no_alert(desk: Desk, cursor: str) -> None:
    desk.run(asset(fails="x"))
    desk.cursor = cursor

    assert desk.tick() == ["green 2025-03: clean_trips failed"]
    assert desk.tick() == []


def test_no_secret_is_in_cursor_or_log(
    desk: Desk, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    desk.run(asset(fails=f"postgresql://ada:{SECRET}@db is down"))
    caplog.clear()  # the run's own log holds what the asset raised
    capfd.readouterr()

    result = desk.evaluate(AlertSinks((Webhook(f"http://127.0.0.1:{free_port()}/{SECRET}"),), UI))

    assert result.cursor
    assert "run_failed/green" in result.cursor
    shown = capfd.readouterr()
    assert SECRET not in "".join((result.cursor, caplog.text, shown.out, shown.err))


def test_a_real_webhook_is_told_by_the_sensor(desk: Desk) -> None:
    desk.run(asset(fails="x"))

    with hooked() as hook:
        desk.evaluate(AlertSinks((Webhook(hook.url),), UI))

    assert hook.posted[0]["text"].startswith("green 2025-03: clean_trips failed")


def test_the_sensor_is_off_until_switched_on(tmp_path: Path) -> None:
    sensor = alert_sensor(["green"])

    assert sensor.default_status == dg.DefaultSensorStatus.STOPPED
    assert "Off until switched on" in str(sensor.description)


def test_the_graph_has_the_sensor_and_its_sinks(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, fleets=("green",), alert_webhook=f"http://h/{SECRET}")
    graph = build_definitions(settings)

    assert graph.resolve_sensor_def("alerts")
    assert SECRET not in repr(graph.resources)
