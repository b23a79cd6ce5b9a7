"""How do the processes speak? structlog to standard error: for people on a terminal, JSON elsewhere."""

import logging
import sys
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, ExcInfo, Processor

from temporaletl.addresses import mask_addresses
from temporaletl.errors import TemporalETLError
from temporaletl.failures import safe_message

_MAX_ERRORS = 10


def set_up_logs(level: str, style: str) -> None:
    """Log at *level* and above; *style* is console, json, or auto (console on a terminal).

    Every text passes the address mask; of an error there is what tell_error tells.
    """
    console = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(tell_error),
        _mask_addresses,
    ]
    last: Processor = structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("temporalio", "urllib3", "trino", "asyncio", "google"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))


def tell_error(exc_info: ExcInfo) -> str:
    """Where an error came from and its causes, the first one first; without local values.

    Foreign errors are told by type and code: their words may quote a record, as Trino's and
    PostgreSQL's do.
    """
    told: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None and len(told) < _MAX_ERRORS:
        frames = traceback.walk_tb(error.__traceback__)
        lines = [f"  {frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in frames]
        named = f"{type(error).__name__}: " if isinstance(error, TemporalETLError) else ""
        told.append("\n".join([*lines, named + safe_message(error)]))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(reversed(told))


def _mask_addresses(_logger: Any, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = mask_addresses(value)
    return event
