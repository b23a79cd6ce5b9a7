"""How do the processes speak? structlog to standard error: for people on a terminal, JSON elsewhere."""

import logging
import sys
import time
import traceback
from typing import Any, override

import structlog
from structlog.typing import EventDict, ExcInfo, Processor
from temporalio import activity
from temporalio.exceptions import FailureError

from temporaletl.addresses import mask_addresses
from temporaletl.errors import PermanentError, TemporalETLError
from temporaletl.failures import safe_message
from temporaletl.temporal_refusals import explain_transport

log = structlog.get_logger(__name__)

CORE_LOGGER = "temporalio.core"
"""Where the threads of Temporal's library say what they meet."""

OUTAGE_TOLD_EVERY_S = 30.0
"""Each of its polls retries by itself, several times a second: an outage is told once in so long."""

_MAX_ERRORS = 10

_NOISY = ("temporalio", "urllib3", "trino", "asyncio", "google")
"""Libraries of which warnings alone are of use."""

_TOLD_BY_US = ("psycopg.pool", "py.warnings")
"""Libraries that warn of what we say in a sentence of ours, or of what only a programmer can change."""


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
    logging.captureWarnings(True)
    lowest = logging.getLevelNamesMapping()[level]
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, lowest))
    for name in _TOLD_BY_US:
        logging.getLogger(name).setLevel(lowest if level == "DEBUG" else logging.ERROR)
    logging.getLogger(CORE_LOGGER).filters[:] = [_Outages()]
    activity.logger.base_logger.filters[:] = [_FailedActivities(told_whole=level == "DEBUG")]


class _FailedActivities(logging.Filter):
    """Tells an activity's failure in one line of ours, in place of Temporal's with its traceback."""

    def __init__(self, *, told_whole: bool) -> None:
        super().__init__()
        self._told_whole = told_whole

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or getattr(record, "__temporal_error_identifier", None) != "ActivityFailure":
            return True
        tell_failed_activity(error, told_whole=self._told_whole)
        return False


class _Outages(logging.Filter):
    """Tells in our words that Temporal went away, and lets pass what else its library says."""

    def __init__(self) -> None:
        super().__init__()
        self._told_at: float | None = None

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        told = getattr(record, "temporal_log", None)
        refusal = explain_transport(f"{record.getMessage()} {getattr(told, 'fields', '')}")
        if refusal is None:
            return True
        now = time.monotonic()
        if self._told_at is None or now - self._told_at >= OUTAGE_TOLD_EVERY_S:
            self._told_at = now
            log.warning("Temporal cannot be reached", reason=refusal.reason, advice=refusal.advice)
        return False


def tell_failed_activity(error: BaseException, *, told_whole: bool) -> None:
    """Log that the running activity ends by *error*: its sentence first, and where it helps its origin.

    One that is cancelled, or handed back because the worker stops, is no failure: its error may be a
    connection that was cut off. *told_whole* adds the traceback to each.
    """
    fields: dict[str, Any] = {}
    ends = False
    if activity.in_activity():
        info = activity.info()
        fields = {"activity": info.activity_type, "workflow": info.workflow_id, "attempt": info.attempt}
        ends = activity.is_cancelled() or activity.is_worker_shutdown()
    cause = error.__cause__
    if cause is not None:
        fields["cause"] = safe_message(cause)
    if told_whole:
        fields["exc_info"] = error
    if ends:
        log.info("activity cancelled", error=safe_message(error), **fields)
    elif isinstance(error, TemporalETLError | FailureError):
        log.warning(safe_message(error), retried=not isinstance(error, PermanentError), **fields)
    else:
        log.error("unexpected error", error=safe_message(error), **{"exc_info": error, **fields})


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
