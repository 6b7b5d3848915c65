"""What the service answers: zones, quotes, explanations and metrics over HTTP."""

from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from serving.console.errors import ApiAway, Refused
from serving.console.settings import ConsoleSettings
from serving.schemas import BatchQuote, Explanation, Problem, Quote

CONNECT_S, READ_S = 2.0, 10.0
Answer = TypeVar("Answer", bound=BaseModel)


class Api:
    """The service at `CONSOLE_API_URL`."""

    def __init__(self, settings: ConsoleSettings) -> None:
        """Ask the service that the settings name."""
        self._url = settings.api_url
        key = settings.api_key
        self._headers = {"X-API-Key": key.get_secret_value()} if key else {}

    def zones(self) -> dict[int, str]:
        """Label by zone id, like `East Harlem North, Manhattan (74)`, sorted by label.

        Raises:
            ApiAway: it does not answer.
            Refused: it has no zones to tell, for example because it has no model.
        """
        found = self._ask("GET", "/v1/zones")
        try:
            told = [feature["properties"] for feature in found.json()["features"]]
            labels = {int(p["zone"]): f"{p['name']}, {p['borough']} ({p['zone']})" for p in told}
        except (KeyError, TypeError, ValueError) as error:
            raise self._not_ours() from error
        return dict(sorted(labels.items(), key=lambda item: item[1]))

    def quote(self, trip: dict[str, Any]) -> Quote:
        """The quote of one ride, as `serving.schemas.Trip` describes it.

        Raises:
            ApiAway: it does not answer.
            Refused: it will not quote this ride.
        """
        return self._read(Quote, self._ask("POST", "/v1/quotes", json=trip))

    def explain(self, trip: dict[str, Any]) -> Explanation:
        """The quote of one ride, and why.

        Raises:
            ApiAway: it does not answer.
            Refused: it will not explain this ride.
        """
        return self._read(Explanation, self._ask("POST", "/v1/explanations", json=trip))

    def quotes(self, trips: list[dict[str, Any]]) -> BatchQuote:
        """The quotes of many rides in one request; a ride that has none tells why.

        Raises:
            ApiAway: it does not answer.
            Refused: it will not answer for any of them.
        """
        return self._read(BatchQuote, self._ask("POST", "/v1/quotes/batch", json={"trips": trips}))

    def metrics(self) -> str:
        """Its metrics in Prometheus's text format.

        Raises:
            ApiAway: it does not answer.
            Refused: it will not tell.
        """
        return self._ask("GET", "/metrics").text

    def _ask(self, method: str, path: str, **told: Any) -> httpx.Response:
        patience = httpx.Timeout(READ_S, connect=CONNECT_S)
        try:
            answer = httpx.request(
                method, f"{self._url}{path}", headers=self._headers, timeout=patience, **told
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ApiAway(
                f"The service at {self._url} does not answer ({type(error).__name__}): start it "
                "with `make serve`, or correct CONSOLE_API_URL."
            ) from error
        if answer.is_success:
            return answer
        detail = self._read(Problem, answer).detail
        if answer.status_code in (401, 403):
            detail += " The console sends the one in CONSOLE_API_KEY."
        raise Refused(detail)

    def _read(self, kind: type[Answer], answer: httpx.Response) -> Answer:
        try:
            return kind.model_validate_json(answer.content)
        except ValidationError as error:
            raise self._not_ours() from error

    def _not_ours(self) -> ApiAway:
        return ApiAway(f"What answers at {self._url} is not this service: correct CONSOLE_API_URL.")
