"""The OpenAPI is true: whatever is asked is answered as it says, and nothing makes it fail."""

from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS

OPERATIONS = (
    ("POST", "/predict"),
    ("POST", "/v1/quotes"),
    ("POST", "/v1/quotes/batch"),
    ("POST", "/v1/explanations"),
    ("POST", "/v1/outcomes"),
    ("GET", "/v1/zones"),
    ("GET", "/v1/models"),
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("GET", "/metrics"),
)
HELD = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)

# the service runs in a thread of this process, and may draw the number of a trace meanwhile
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")


@pytest.fixture(scope="module")
def told(client: httpx.Client) -> dict[str, Any]:
    description: dict[str, Any] = client.get("/openapi.json").json()
    return description


def explore(client: httpx.Client, told: dict[str, Any], method: str, path: str, most: int) -> None:
    """Ask whatever the description allows, and what it does not."""
    schema = schemathesis.openapi.from_dict(told)
    schema.config.update(base_url=str(client.base_url).rstrip("/"))
    operation = schema[path][method]
    checks = CHECKS.get_by_names(list(HELD))
    seen = []
    # what takes neither body nor query cannot be asked wrongly
    takes_any = operation.body or operation.query
    modes = list(GenerationMode) if takes_any else [GenerationMode.POSITIVE]

    for mode in modes:

        @given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis_settings(
            max_examples=most,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            answer = case.call()
            seen.append(answer.status_code)
            case.validate_response(answer, checks=checks)

        ask()
    assert seen


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_is_asked_is_answered_as_described(
    client: httpx.Client, told: dict[str, Any], method: str, path: str
) -> None:
    explore(client, told, method, path, most=30)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_whatever_is_asked_is_answered_as_described_five_hundred_times(
    client: httpx.Client, told: dict[str, Any], method: str, path: str
) -> None:
    explore(client, told, method, path, most=500)


def test_every_route_is_described(told: dict[str, Any]) -> None:
    described = {(m.upper(), path) for path, each in told["paths"].items() for m in each}

    assert described == set(OPERATIONS)


def test_every_example_is_answered_well(client: httpx.Client, told: dict[str, Any]) -> None:
    asked = 0
    for path, methods in told["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        for example in content.get("application/json", {}).get("examples", {}).values():
            answer = client.post(path, json=example["value"])
            assert answer.status_code in {200, 202}, answer.text
            asked += 1

    assert asked >= 5


def test_every_reference_leads_somewhere(told: dict[str, Any]) -> None:
    names = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                names.add(node["$ref"].rpartition("/")[2])
            for each in node.values():
                walk(each)
        elif isinstance(node, list):
            for each in node:
                walk(each)

    walk(told)

    assert names <= set(told["components"]["schemas"])
    assert "Problem" in names
