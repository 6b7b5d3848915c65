"""Alerts: their words, their forms, what is late, and what the sensor remembers."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from taxi_assets.domain import alert_words
from taxi_assets.domain.addresses import MailServer, http_url, mail_addresses, mail_server
from taxi_assets.domain.alert_cursor import (
    MAX_WAITING,
    Cursor,
    Waiting,
    after_loss,
    read_cursor,
)
from taxi_assets.domain.alert_forms import as_log_line, as_mail, as_slack
from taxi_assets.domain.alert_words import Change
from taxi_assets.domain.alerts import LONGEST, Alert, Kind, Severity, Where, one_line, recalled
from taxi_assets.domain.errors import UsageError
from taxi_assets.domain.lateness import due, late_months, sentence

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
WHERE = Where("green", "2025-03", "http://127.0.0.1:3000/runs/abc", NOW)
FAILED = alert_words.run_failed(WHERE, "clean_trips", "the catalog did not answer")
SINKS = ("log", "webhook")
EVERY = {
    Kind.RUN_FAILED: FAILED,
    Kind.CHECK_FAILED: alert_words.check_failed(WHERE, "raw_trips.matches_schema", "", stops=True),
    Kind.MONTH_LATE: alert_words.month_late(WHERE, 1, "it ended long ago"),
    Kind.PROMOTED: alert_words.promoted(WHERE, Change(2, 7, 6, "Decided by Ada: better")),
    Kind.REJECTED: alert_words.rejected(WHERE, 7, "beats_champion_or_ties: it is worse"),
    Kind.ROLLED_BACK: alert_words.rolled_back(WHERE, Change(3, 6, 7, "Decided by Ada: dear")),
    Kind.DROPPED: alert_words.dropped(WHERE, 3, MAX_WAITING),
    Kind.TEST: alert_words.trial(WHERE),
}


def kept(cursor: Cursor) -> list[str]:
    return [waiting.alert.key for waiting in cursor.waiting]


@pytest.fixture
def fresh() -> Cursor:
    return read_cursor(None, NOW)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_says_what_why_and_what_to_do(kind: Kind) -> None:
    alert = EVERY[kind]

    assert alert.kind is kind
    assert alert.link == WHERE.link
    assert not alert.title.endswith(".")
    assert alert.reason.endswith(".")
    assert alert.remedy.endswith(".")
    assert recalled(json.loads(json.dumps(alert.told()))) == alert


def test_no_two_kinds_are_taken_for_each_other() -> None:
    assert len({alert.key for alert in EVERY.values()}) == len(EVERY)


def test_a_failed_run_names_its_step_and_the_command_that_runs_it_again() -> None:
    assert FAILED.title == "green 2025-03: clean_trips failed"
    assert FAILED.reason == "The catalog did not answer."
    assert "`taxi-assets run --fleet green --months 2025-03`" in FAILED.remedy
    assert FAILED.severity is Severity.ERROR
    assert FAILED.key == "run_failed/green/2025-03/clean_trips"


def test_a_reason_that_begins_with_a_files_name_keeps_it() -> None:
    alert = alert_words.run_failed(WHERE, "raw_trips", "trip-data/a.parquet is not published")

    assert alert.reason == "trip-data/a.parquet is not published."


def test_what_has_no_month_is_run_again_without_one() -> None:
    alert = alert_words.run_failed(replace(WHERE, fleet="city", month=""), "run", "no room")

    assert alert.title == "city: the run failed"
    assert "--months" not in alert.remedy


@pytest.mark.parametrize(("stops", "severity"), [(True, "error"), (False, "warning")])
def test_a_check_is_as_severe_as_dagster_says(stops: bool, severity: str) -> None:
    alert = alert_words.check_failed(WHERE, "raw_trips.volume_is_usual", "rows 3", stops=stops)

    assert alert.severity == severity
    assert alert.reason == "It saw rows 3."
    assert ("Nothing was stopped" in alert.remedy) is not stops


@pytest.mark.parametrize(
    ("previous", "promoted", "rolled_back"),
    [
        (
            6,
            "green 2025-03: version 7 is champion in place of version 6",
            "green 2025-03: version 6 is withdrawn and version 7 is champion again",
        ),
        (
            None,
            "green 2025-03: version 7 is champion",
            "green 2025-03: version 7 is champion again",
        ),
    ],
)
def test_a_champion_is_told_with_the_one_before(
    previous: int | None, promoted: str, rolled_back: str
) -> None:
    change = Change(2, 7, previous, "Decided by Ada: better")

    assert alert_words.promoted(WHERE, change).title == promoted
    assert alert_words.rolled_back(WHERE, change).title == rolled_back


def test_several_late_months_are_one_alert() -> None:
    alert = alert_words.month_late(replace(WHERE, month="2025-01..2025-03"), 3, "x")

    assert alert.title == "green 2025-01..2025-03 (3 months) have not been landed"
    assert alert.key == "month_late/green/2025-03/landed"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n b\t c", "a b c"),
        ("postgresql://ada:secret@db/taxi is down", "postgresql://db/taxi is down"),
        ("x" * (LONGEST + 1), "x" * (LONGEST - 1) + "…"),
    ],
)
def test_what_others_wrote_becomes_one_line_without_passwords(text: str, line: str) -> None:
    assert one_line(text) == line


def test_slack_gets_a_text_and_blocks_and_no_markup_of_others() -> None:
    alert = alert_words.run_failed(WHERE, "run", "<!channel> a & b")

    told = as_slack(alert)

    said = told["blocks"][0]["text"]["text"]
    assert told["text"] == f"green 2025-03: the run failed: {WHERE.link}"
    assert "&lt;!channel&gt; a &amp; b." in said
    assert f"<{WHERE.link}|Open it in Dagster>" in said
    assert told["blocks"][1]["elements"][0]["text"].startswith("error · run failed · 2025-06-01")


def test_slack_takes_the_longest_alert() -> None:
    alert = alert_words.run_failed(WHERE, "&" * 5_000, "&" * 5_000)

    assert len(as_slack(alert)["blocks"][0]["text"]["text"]) <= 3_000


def test_a_mail_has_a_subject_of_one_line_and_says_it_all() -> None:
    subject, text = as_mail(FAILED)

    assert subject == "[taxi-assets error] green 2025-03: clean_trips failed"
    assert [line for line in text.splitlines() if line] == [
        "green 2025-03: clean_trips failed.",
        FAILED.reason,
        FAILED.remedy,
        FAILED.link,
        "2025-06-01 12:00:00+00:00",
    ]


def test_a_log_has_it_all_in_one_line() -> None:
    line = as_log_line(FAILED)

    assert "\n" not in line
    assert all(part in line for part in (FAILED.title, FAILED.reason, FAILED.remedy, FAILED.link))


def test_a_month_is_late_the_day_after_it_was_due() -> None:
    assert due("2025-01") == date(2025, 4, 17)
    assert late_months(["2024-12", "2024-11"], date(2025, 4, 17)) == []
    assert late_months(["2024-12", "2024-11"], date(2025, 4, 18)) == ["2025-01"]


def test_what_has_not_begun_cannot_be_late() -> None:
    assert late_months([], date(2025, 4, 18)) == []


def test_gaps_in_the_past_are_not_late() -> None:
    assert late_months(["2023-01", "2025-01"], date(2025, 4, 18)) == []


def test_lateness_is_said_in_days() -> None:
    assert sentence(["2025-01"], date(2025, 4, 18)).endswith("2025-01 ended 76 days ago")


def test_a_first_look_tells_nothing_of_the_past(fresh: Cursor) -> None:
    assert fresh == Cursor(begun=NOW, since=NOW)


def test_what_is_remembered_can_be_read_again(fresh: Cursor) -> None:
    full = fresh.with_alerts(EVERY.values(), SINKS, NOW).having_read("run", NOW)
    full = replace(full, promotions={"green": 4}, dropped=2)

    text = full.written()

    assert read_cursor(text, NOW) == full
    assert '"green": 4' in text  # for people


@pytest.mark.parametrize(
    "text",
    [
        "17",
        "null",
        "[]",
        "{}",
        "gibberish",
        '{"version": 0}',
        '{"version": 1}',
        '{"version": 1, "begun": "noon"}',
        '{"version": 1, "begun": "2025-06-01"}',
    ],
)
def test_a_cursor_of_another_making_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of many kinds
        read_cursor(text, NOW)


def test_an_alert_that_is_none_is_refused(fresh: Cursor) -> None:
    text = fresh.with_alerts([FAILED], SINKS, NOW).written().replace("run failed", "nonsense")

    with pytest.raises(ValueError, match="nonsense"):
        read_cursor(text, NOW)


def test_after_a_loss_the_last_day_is_told_again() -> None:
    assert after_loss(NOW).since == NOW - timedelta(days=1)


def test_the_same_is_told_once(fresh: Cursor) -> None:
    twice = fresh.with_alerts([FAILED, FAILED], SINKS, NOW).with_alerts([FAILED], SINKS, NOW)

    assert kept(twice) == [FAILED.key]


def test_the_same_is_told_again_after_a_day(fresh: Cursor) -> None:
    day = timedelta(days=1)
    told = replace(fresh.with_alerts([FAILED], SINKS, NOW), waiting=())

    assert not kept(told.with_alerts([FAILED], SINKS, NOW + day - timedelta(seconds=1)))
    assert kept(told.with_alerts([FAILED], SINKS, NOW + day))


def test_a_late_month_is_told_again_after_a_week(fresh: Cursor) -> None:
    late, week = EVERY[Kind.MONTH_LATE], timedelta(days=7)
    told = replace(fresh.with_alerts([late], SINKS, NOW), waiting=())

    assert not kept(told.with_alerts([late], SINKS, NOW + week - timedelta(seconds=1)))
    assert kept(told.with_alerts([late], SINKS, NOW + week))


def test_the_same_is_told_again_once_it_had_gone_well(fresh: Cursor) -> None:
    told = replace(fresh.with_alerts([FAILED], SINKS, NOW), waiting=())

    again = told.recovered([FAILED.key, "another"]).with_alerts([FAILED], SINKS, NOW)

    assert kept(again) == [FAILED.key]


def test_what_waits_is_bounded_and_what_was_dropped_is_counted(fresh: Cursor) -> None:
    many: list[Alert] = [replace(FAILED, key=str(number)) for number in range(MAX_WAITING + 3)]

    full = fresh.with_alerts(many, SINKS, NOW)

    assert kept(full) == [alert.key for alert in many[3:]]
    assert full.dropped == 3
    assert full.with_alerts([FAILED], SINKS, NOW).dropped == 4


def test_runs_are_remembered_only_as_long_as_they_may_come_again(fresh: Cursor) -> None:
    read = fresh.having_read("first", NOW).having_read("second", NOW + timedelta(minutes=4))

    assert set(read.read) == {"first", "second"}
    assert set(read.having_read("third", NOW + timedelta(minutes=6)).read) == {"second", "third"}


def test_a_run_that_comes_late_does_not_turn_back_time(fresh: Cursor) -> None:
    assert fresh.having_read("late", NOW - timedelta(minutes=1)).since == NOW


def test_an_alert_waits_for_each_sink() -> None:
    assert Waiting(FAILED, SINKS).sinks == SINKS


@pytest.mark.parametrize(
    ("url", "means"),
    [
        ("smtp://mail", MailServer("mail", 587, False)),
        ("smtp://mail:25/", MailServer("mail", 25, False)),
        ("smtps://mail", MailServer("mail", 465, True)),
        ("smtps://ada@mail:99", MailServer("mail", 99, True, "ada")),
        ("smtp://a%40b:p%2F%40w@mail", MailServer("mail", 587, False, "a@b", "p/@w")),
    ],
)
def test_a_mail_server_is_read(url: str, means: MailServer) -> None:
    assert mail_server(url) == means


def test_a_mail_server_does_not_show_its_password() -> None:
    assert "hunter2" not in repr(mail_server("smtp://ada:hunter2@mail"))


@pytest.mark.parametrize(
    "url", ["mail", "http://mail", "smtp://", "smtp://mail:x", "smtp://mail/x", "smtp://:pw@mail"]
)
def test_what_is_no_mail_server_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(UsageError, match="it is not a mail server: write smtp://host:587"):
        mail_server(url)


@pytest.mark.parametrize("url", ["hooks", "ftp://host/x", "https://", "https://[::1", "http://a b"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="it is not a web address"):
        http_url(url)


def test_mail_addresses_are_separated_by_commas() -> None:
    assert mail_addresses(" a@b , c@d,") == ("a@b", "c@d")
    assert mail_addresses("") == ()


def test_what_is_no_mail_address_is_refused() -> None:
    with pytest.raises(UsageError, match="'ada' is not a mail address: write name@host"):
        mail_addresses("a@b,ada")
