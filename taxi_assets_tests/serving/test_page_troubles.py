"""What the page says when there is no answer, and how it comes back."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from taxi_assets_tests.browser import chromium
from taxi_assets_tests.serving.page_eyes import fare, opened
from taxi_assets_tests.serving.page_stub import (
    Json,
    Reply,
    Service,
    cards,
    explained,
    problem,
    zone_shapes,
)

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

RIDE = "?from=74&to=138&at=2025-03-09T02:30&passengers=1"
SKIPPED = "New York's clocks skipped 02:30 on 9 March 2025."
UNKNOWN = "The service's answer cannot be understood."


@pytest.fixture(scope="module")
def browser() -> Iterator["Browser"]:
    with chromium() as started:
        yield started


@pytest.fixture
def service(real_tlc: "Path") -> Iterator[Service]:
    with Service(zone_shapes(real_tlc / "misc")).running() as running:
        yield running


def trouble(page: "Page") -> list[str]:
    """What the page says is wrong, line by line."""
    page.wait_for_selector("#answer[data-state=trouble]")
    return [line for line in page.inner_text("#trouble").splitlines() if line]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (problem(422, SKIPPED), ["That ride has no fare", SKIPPED]),
        (problem(422, "<b>no</b>"), ["That ride has no fare", "<b>no</b>"]),
        (problem(503, "No model."), ["No model yet", "No model.", "Try again"]),
        (
            problem(429, "Too many.", Retry_After="9"),
            ["Too many questions", "Too many. Asking again in 9 seconds.", "Try again"],
        ),
        (
            Reply(502, "<h1>Bad gateway</h1>"),
            ["The service failed", "The service answered with status 502.", "Try again"],
        ),
        (Reply(200, "<h1>hello"), ["The service failed", UNKNOWN, "Try again"]),
        (Reply(200, {"quote": {}}), ["The service failed", UNKNOWN, "Try again"]),
    ],
)
def test_a_refusal_is_said_as_it_is(
    browser: "Browser", service: Service, reply: Reply, said: list[str]
) -> None:
    service.reply = lambda _: reply
    with opened(browser, service.url + RIDE) as visit:
        assert trouble(visit.page) == said
        assert visit.page.get_attribute("#trouble", "role") == "alert"


def test_trouble_takes_the_old_fare_away_and_goes_with_the_next(
    browser: "Browser", service: Service
) -> None:
    service.reply = lambda trip: (
        problem(422, SKIPPED) if trip["passengers"] == 2 else Reply(body=explained(trip))
    )
    with opened(browser, service.url + RIDE) as visit:
        page = visit.page
        fare(page)
        page.select_option("#passengers", "2")
        assert SKIPPED in trouble(page)
        assert page.locator("#fare").count() == 0
        assert "$" not in page.title()
        page.select_option("#passengers", "3")

        assert fare(page) == "$14.12"
        assert page.inner_text("#trouble") == ""


def test_too_many_questions_are_asked_again_in_time(browser: "Browser", service: Service) -> None:
    service.reply = lambda trip: (
        problem(429, "Too many.", Retry_After="1")
        if len(service.trips) == 1
        else Reply(body=explained(trip))
    )
    with opened(browser, service.url + RIDE) as visit:
        assert "Too many. Asking again in 1 second." in trouble(visit.page)

        assert fare(visit.page) == "$12.12"


def test_offline_is_said_and_asked_again_when_it_is_over(
    browser: "Browser", service: Service
) -> None:
    with opened(browser, service.url + RIDE) as visit:
        page = visit.page
        fare(page)
        page.context.set_offline(True)
        page.select_option("#passengers", "2")
        assert trouble(page) == ["No connection", "You are offline.", "Try again"]
        page.context.set_offline(False)

        assert fare(page) == "$13.12"


def test_a_trouble_that_stays_is_announced_once(browser: "Browser", service: Service) -> None:
    service.reply = lambda _: problem(503, "No model.", Retry_After="1")
    with opened(browser, service.url + RIDE) as visit:
        page = visit.page
        assert "No model." in trouble(page)
        page.evaluate("() => { document.querySelector('#trouble p').dataset.first = '' }")
        for _ in range(2):  # when it asks once more, it has dealt with the answer before
            with page.expect_request("**/v1/explanations"):
                pass

        assert page.locator("#trouble [data-first]").count() == 1
        service.reply = lambda trip: Reply(body=explained(trip))
        assert fare(page) == "$12.12"


def test_a_key_is_asked_for_and_kept_for_the_tab(browser: "Browser", service: Service) -> None:
    service.key = "s3cret"
    with opened(browser, service.url + RIDE) as visit:
        page = visit.page
        assert trouble(page)[:2] == [
            "The service wants a key",
            "Whoever runs the service can give you one.",
        ]
        page.get_by_label("Key").fill("s3cret")
        page.keyboard.press("Enter")
        assert fare(page) == "$12.12"
        assert page.evaluate("document.activeElement.id") == "answer"
        page.reload()

        assert fare(page) == "$12.12"
        assert "s3cret" not in page.url
        assert page.evaluate("[document.cookie, localStorage.length].join()") == ",0"


def test_a_key_that_cannot_be_sent_is_refused_at_once(browser: "Browser", service: Service) -> None:
    service.key = "s3cret"
    with opened(browser, service.url + RIDE) as visit:
        page = visit.page
        page.get_by_label("Key").fill("ключ")
        page.keyboard.press("Enter")
        assert page.evaluate("document.getElementById('key').validity.patternMismatch")
        assert page.evaluate("sessionStorage.length") == 0
        page.get_by_label("Key").fill("s3cret")
        page.keyboard.press("Enter")

        assert fare(page) == "$12.12"


def test_the_map_can_be_asked_for_again(browser: "Browser", service: Service) -> None:
    drawn, service.zones = service.zones, problem(503, "There is no model yet.")
    with opened(browser, service.url + RIDE) as visit:
        assert trouble(visit.page)[:2] == ["No model yet", "There is no model yet."]
        service.zones = drawn
        visit.page.click("#trouble button")

        assert fare(visit.page) == "$12.12"


def test_it_answers_without_knowing_the_models(browser: "Browser", service: Service) -> None:
    service.models = problem(503, "There is no model yet.")
    with opened(browser, service.url + RIDE) as visit:
        assert fare(visit.page) == "$12.12"
        visit.page.wait_for_selector("#model:has-text('Model taxi-fare-green, version 7.')")


def test_a_new_champion_is_named(browser: "Browser", service: Service) -> None:
    with opened(browser, service.url + RIDE) as visit:
        page = visit.page
        page.wait_for_selector("#model:has-text('February 2025')")
        newer = cards("green")
        newer["models"][0].update(version="8", month="2025-03")
        service.models = Reply(body=newer)

        def answer(trip: Json) -> Reply:
            body = explained(trip)
            body["quote"]["model_version"] = "8"
            return Reply(body=body)

        service.reply = answer
        page.select_option("#passengers", "2")

        page.wait_for_selector("#model:has-text('version 8, tested on March 2025')")


def test_what_the_service_says_is_text_and_never_markup(
    browser: "Browser", service: Service
) -> None:
    def answer(trip: Json) -> Reply:
        body = explained(trip)
        body["groups"][0] |= {"words": "<img src=x onerror=alert(1)>", "usd": 2.0}
        body["quote"]["surcharges"][0]["name"] = "<script>alert(1)</script>"
        return Reply(body=body)

    service.reply = answer
    with opened(browser, service.url + RIDE) as visit:
        fare(visit.page)

        assert visit.page.locator("#quote img, #quote script").count() == 0
        assert "<img src=x" in visit.page.inner_text("#reasons")
