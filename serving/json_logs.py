"""The service's own log: one JSON object a line, uvicorn's too, tied to requests and traces.

Callers' secrets stay out: headers are never logged, and addresses only without their query.
"""

import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
FORMAT = "%(message)s"
Ids = Callable[[], tuple[str, str]]


class Tie(logging.Filter):
    """Adds request, trace and span to each record, and takes queries out of the access log's."""

    def __init__(self, ids: Ids) -> None:
        """Ask `ids` for trace and span."""
        super().__init__()
        self._ids = ids

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; keep it in any case."""
        record.request_id = REQUEST_ID.get()
        record.trace_id, record.span_id = self._ids()
        if record.name == "uvicorn.access" and isinstance(record.args, tuple):
            record.args = tuple(_without_query(part) for part in record.args)
        return True


def _without_query(part: Any) -> Any:
    return part.partition("?")[0] if isinstance(part, str) and part.startswith("/") else part


def logging_config(level: str, ids: Ids) -> dict[str, Any]:
    """What `logging.config.dictConfig` and uvicorn's `log_config` take.

    Args:
        level: of everything that is logged.
        ids: the trace and span that is being worked on.
    """
    own: dict[str, Any] = {"handlers": ["stderr"], "level": level.upper(), "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"tie": {"()": Tie, "ids": ids}},
        "formatters": {
            "json": {
                "()": "pythonjsonlogger.json.JsonFormatter",
                "fmt": ["levelname", "name", "message", "request_id", "trace_id", "span_id"],
                "rename_fields": {"levelname": "level", "name": "logger"},
                "timestamp": "time",
                # uvicorn says the same again in colours
                "reserved_attrs": [*_standard(), "color_message"],
            }
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json",
                "filters": ["tie"],
                "stream": "ext://sys.stderr",
            }
        },
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            **dict.fromkeys(("uvicorn", "uvicorn.error", "uvicorn.access"), own),
            # it would write each URL that it asks, with the password of MLflow's in it
            **{name: {"level": "WARNING"} for name in ("httpx", "httpcore")},
        },
    }


def _standard() -> list[str]:
    from pythonjsonlogger.core import RESERVED_ATTRS

    return list(RESERVED_ATTRS)
