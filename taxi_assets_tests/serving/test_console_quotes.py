"""What the console asks the service, against a real one, a wrong one and none."""

from datetime import date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from serving.console import read_quotes
from serving.console.errors import ApiAway, Refused
from serving.console.read_api import Api
from taxi_assets_tests.mlflow_server import ill_server
from taxi_assets_tests.serving.console_home import console
from taxi_assets_tests.serving.services import running, settings_of

AT = datetime(2025, 3, 14, 8, 30)
ALL_HOURS = 24


def api_of(client: httpx.Client, **told: Any) -> Api:
    return Api(console(Path("."), api_url=str(client.base_url), **told))


def trip(**told: Any) -> dict[str, Any]:
    return {**read_quotes.trip_of(74, 75, AT, 2, "green"), **told}


def test_zones_are_told_by_name_in_the_order_of_names(client: httpx.Client) -> None:
    zones = api_of(client).zones()

    assert zones[74].endswith("(74)")
    assert list(zones.values()) == sorted(zones.values())


def test_reasons_begin_with_the_base_and_add_up_to_the_fare(client: httpx.Client) -> None:
    explanation = api_of(client).explain(trip())

    reasons = read_quotes.reasons(explanation)

    assert reasons["usd"].sum() == pytest.approx(explanation.quote.fare_usd, abs=0.005)
    assert reasons["effect"][0] == "start"
    sizes = reasons["usd"][1:].abs()
    assert sizes.is_monotonic_decreasing
    assert ((reasons["usd"] < 0) == (reasons["effect"] == "cheaper")).all()


def test_the_bill_adds_up_to_its_last_line(client: httpx.Client) -> None:
    bill = read_quotes.bill(api_of(client).quote(trip()))

    assert bill["usd"][:-1].sum() == pytest.approx(bill["usd"].iloc[-1])


def test_each_hour_of_a_day_has_the_quote_of_that_hour(client: httpx.Client) -> None:
    api = api_of(client)
    hours = read_quotes.through_the_day(trip(), AT.date())

    answered = api.quotes(hours)
    table = read_quotes.by_hour(answered)

    assert table["hour"].tolist() == list(range(ALL_HOURS))
    assert table["fare_usd"][17] == api.quote(hours[17]).fare_usd
    assert read_quotes.refusals(answered) == {}


def test_an_hour_that_the_clock_skips_tells_why_and_keeps_the_others(client: httpx.Client) -> None:
    hours = read_quotes.through_the_day(trip(), date(2025, 3, 9))

    answered = api_of(client).quotes(hours)

    assert list(read_quotes.refusals(answered)) == [2]
    assert len(read_quotes.by_hour(answered)) == ALL_HOURS - 1


def test_what_the_service_will_not_do_is_told_in_its_words(one_fleet: httpx.Client) -> None:
    with pytest.raises(Refused, match=r"yellow.*\.$"):
        api_of(one_fleet).quote(trip(fleet="yellow"))


def test_a_key_is_sent_where_the_service_asks_for_one(root: Path, cache: Path) -> None:
    guarded = settings_of(root, cache, api_keys=(f"console:{sha256(b'letmein').hexdigest()}",))
    with running(guarded) as client:
        assert api_of(client, api_key="letmein").quote(trip()).fare_usd > 0
        with pytest.raises(Refused, match=r"wants a key.*CONSOLE_API_KEY"):
            api_of(client).quote(trip())
        with pytest.raises(Refused, match=r"not known.*CONSOLE_API_KEY"):
            api_of(client, api_key="another").quote(trip())


def test_a_service_that_is_down_is_said_to_be(unused_port: int) -> None:
    down = Api(console(Path("."), api_url=f"http://127.0.0.1:{unused_port}"))

    with pytest.raises(ApiAway, match=r"does not answer \(ConnectError\): start it"):
        down.zones()


def test_what_is_not_the_service_is_said_not_to_be() -> None:
    with ill_server() as url, pytest.raises(ApiAway, match="is not this service"):
        Api(console(Path("."), api_url=url)).zones()
