"""`taxi-assets alert`: where alerts go, and whether a test arrives at every sink."""

import json
from pathlib import Path

import pytest

from taxi_assets_tests.homes import invoke
from taxi_assets_tests.resources.alert_receivers import (
    PASSWORD,
    SECRET,
    USER,
    free_port,
    hooked,
    posted,
)

pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")


@pytest.fixture
def empty(tmp_path: Path) -> dict[str, str]:
    return {"TAXI_HOME": str(tmp_path / "taxi"), "DAGSTER_HOME": str(tmp_path)}


def test_without_sinks_alerts_are_logged(empty: dict[str, str]) -> None:
    result = invoke(empty, "alert", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout) == [
        {"sink": "log", "place": "taxi_assets.alerts", "arrived": None, "reason": ""}
    ]


def test_a_test_arrives_at_every_sink(empty: dict[str, str]) -> None:
    with hooked() as hook, posted(login=True) as post:
        sinks = {
            "TAXI_ALERT_WEBHOOK": hook.url,
            "TAXI_ALERT_SMTP": f"smtp://{USER}:{PASSWORD}@127.0.0.1:{post.port}",
            "TAXI_ALERT_FROM": "taxi@example.org",
            "TAXI_ALERT_TO": "ada@example.org,bob@example.org",
            "TAXI_UI_URL": "https://dagster.example/",
        }
        result = invoke({**empty, **sinks}, "alert", "--test")

    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines() if " yes" in line] == [
        "log",
        "webhook",
        "mail",
    ]
    assert hook.posted[0]["text"].endswith("https://dagster.example")
    assert post.mails[0]["Subject"] == "[taxi-assets info] A test of the alerts of taxi-assets"
    assert SECRET not in result.output
    assert PASSWORD not in result.output


def test_one_sink_that_is_down_stops_no_other_and_is_an_error(empty: dict[str, str]) -> None:
    with posted() as post:
        sinks = {
            "TAXI_ALERT_WEBHOOK": f"http://127.0.0.1:{free_port()}/{SECRET}",
            "TAXI_ALERT_SMTP": f"smtp://127.0.0.1:{post.port}",
            "TAXI_ALERT_TO": "ada@example.org",
        }
        result = invoke({**empty, **sinks}, "alert", "--test", "--json")

    told = {row["sink"]: row for row in json.loads(result.stdout)}
    assert result.exit_code == 1
    assert {name: row["arrived"] for name, row in told.items()} == {
        "log": True,
        "webhook": False,
        "mail": True,
    }
    assert told["webhook"]["reason"].startswith("The webhook at 127.0.0.1 did not answer")
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        (
            "TAXI_ALERT_WEBHOOK",
            f"hooks/{SECRET}",
            "Error: TAXI_ALERT_WEBHOOK: it is not a web address: write the whole URL, from "
            "https:// on.\n",
        ),
        (
            "TAXI_ALERT_TO",
            "ada@example.org",
            "Error: TAXI_ALERT_TO needs a mail server: set TAXI_ALERT_SMTP too.\n",
        ),
    ],
)
def test_a_sink_that_makes_no_sense_is_refused_in_one_sentence(
    empty: dict[str, str], name: str, value: str, sentence: str
) -> None:
    result = invoke({**empty, name: value}, "alert", "--test")

    assert result.exit_code == 1
    assert result.output == sentence
