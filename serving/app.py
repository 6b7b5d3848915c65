"""The application: its parts put together, nothing else."""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from serving import problems
from serving.answers import Answers
from serving.champion import Champions, NotReady
from serving.openapi import describe
from serving.ports import Choices, Log, Models, Observer, Served
from serving.prediction_log import PredictionLog
from serving.routes import explanations, health, models, outcomes, quotes, zones
from serving.security import Gate
from serving.settings import Settings
from serving.strategy import Strategies
from serving.telemetry import Telemetry

OFF: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False}  # we have our own
PAGE = Path(__file__).with_name("page")
ABOUT = """\
What a New York taxi ride will cost on the meter, before it begins: fare, interval, ride time,
surcharges and total. Times are New York's, money is US dollars. What goes wrong is told as problem
JSON (RFC 9457) with a request id; send your own as `X-Request-ID`.
"""


class PageFiles(StaticFiles):
    """What the page is made of, and not the package that it lies in."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """See `StaticFiles`."""
        return super().lookup_path(path) if ".py" not in Path(path).suffix else ("", None)


def create_app(
    settings: Settings,
    champions: Models | None = None,
    log: Log | None = None,
    telemetry: Observer | None = None,
    choices: Choices | None = None,
) -> FastAPI:
    """The service.

    There is no `/docs`: Swagger UI would be loaded from elsewhere, which the page's policy forbids
    and an offline city cannot do. `/openapi.json` reads in any viewer.

    Args:
        settings: of the service; they say what the other parts are where those are not given.
        champions: who answers for each fleet; started and stopped with the application.
        log: of predictions; started and stopped with the application.
        telemetry: metrics and traces; stopped with the application.
        choices: which model answers whom.

    Raises:
        UsageError: a setting makes no sense.
    """
    champions = champions or Champions(settings)
    choices = choices or Strategies(settings.strategy, settings.fleets, champions.challenger)
    log = log or PredictionLog(settings)
    telemetry = telemetry or Telemetry(settings)
    if isinstance(telemetry, Telemetry):
        _watch(telemetry, settings.fleets, champions, log)
    answers = Answers(champions, choices, log, telemetry, default=settings.fleets[0])

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        log.start()
        await champions.start()
        try:
            yield
        finally:
            await champions.stop()
            answers.close()
            log.stop()
            telemetry.stop()

    app = FastAPI(
        title="New York taxi fares",
        version=version("taxi-assets"),
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry=OFF,
    )
    for router in (
        quotes.router(answers),
        explanations.router(answers),
        outcomes.router(log),
        zones.router(champions, settings.fleets[0]),
        models.router(champions, settings.fleets),
        health.router(champions, choices, telemetry, settings.fleets),
    ):
        _add(app, router)
    problems.install(app)
    describe(app, keys=bool(settings.api_keys))
    known = [route for route in app.routes if isinstance(route, Route)]
    if settings.page and PAGE.is_dir():  # an install without the page answers all the same
        app.mount("/", PageFiles(directory=PAGE, html=True), name="page")
    app.add_middleware(Gate, settings=settings, telemetry=telemetry, routes=known)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "X-Model-Arm", "Retry-After"],
        )
    return app


def _watch(telemetry: Telemetry, fleets: Sequence[str], champions: Models, log: Log) -> None:
    """Let metrics tell of models and the log."""

    def models() -> Iterator[Served]:
        for fleet in fleets:
            with suppress(NotReady):
                yield champions.current(fleet)
            if (challenger := champions.challenger(fleet)) is not None:
                yield challenger

    def ready() -> bool:
        return sum(served.alias == "champion" for served in models()) == len(fleets)

    counts = log if isinstance(log, PredictionLog) else None
    telemetry.watch(models=models, ready=ready, log=counts)


def _add(app: FastAPI, router: APIRouter) -> None:
    """Add routes as they are: `include_router` would wrap each, and be asked at each request."""
    app.router.routes.extend(router.routes)
