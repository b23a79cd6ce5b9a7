"""What of an error may enter a workflow's history, and is it retried? The one place that decides both.

Histories are kept for long and read by many: no record, no address, no path and no foreign text goes
there. Our own errors keep their message, bounded and with e-mail addresses masked; of anybody else's
only type and code remain.
"""

import traceback
from datetime import timedelta
from typing import override

import structlog
from pydantic import ValidationError
from temporalio import activity
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DefaultFailureConverter, PayloadConverter
from temporalio.exceptions import ApplicationError, FailureError

from temporaletl.addresses import bound_text
from temporaletl.errors import PermanentError, TemporalETLError, TransientError
from temporaletl.wording import say

log = structlog.get_logger(__name__)

MAX_MESSAGE_CHARS = 2_000
BUGS = (TypeError, ValueError, LookupError, AttributeError, AssertionError)
"""Errors in a flow's own code that fail it. Never Exception: a replay error must suspend."""

_CODES = ("sqlstate", "status_code", "errno", "error_name")


def safe_message(error: BaseException) -> str:
    """What may be said of *error* outside the process: ours in words, foreign ones by type and code."""
    if isinstance(error, TemporalETLError | FailureError):
        text = error.message if isinstance(error, FailureError) else str(error)
        return bound_text(text, MAX_MESSAGE_CHARS)
    codes = [f"{name}={getattr(error, name)}" for name in _CODES if getattr(error, name, None)]
    return " ".join([type(error).__name__, *codes])


def told_by(error: BaseException) -> str:
    """What may be said of the failure that began the chain *error* ends: ours stands above foreign ones."""
    found = error
    while not isinstance(found, ApplicationError) and found.__cause__ is not None:
        found = found.__cause__
    return safe_message(found)


def name_wrong_parts(error: ValidationError) -> str:
    """Which parts of an input are wrong and why, without what they hold."""
    return "; ".join(
        f"{'.'.join(map(str, entry['loc'])) or 'input'}: {say(entry)}"
        for entry in error.errors(include_input=False, include_url=False)
    )


class BoundedFailureConverter(DefaultFailureConverter):
    """Writes failures with safe_message, without stack traces, and with our retry decision."""

    @override
    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        if not isinstance(exception, FailureError):
            exception = _as_application_error(exception)
        super().to_failure(exception, payload_converter, failure)
        _bound(failure)


def _as_application_error(error: BaseException, *, expected: bool = False) -> ApplicationError:
    if not isinstance(error, TemporalETLError) and not expected and not activity.in_activity():
        # Where it happened is for the process's log alone, and its text for nobody: it may hold records.
        # Of an activity's error temporaletl.logs tells.
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        log.error("unexpected error", error=safe_message(error), where=where)
    retry_after_s = error.retry_after_s if isinstance(error, TransientError) else None
    converted = ApplicationError(
        safe_message(error),
        type=type(error).__name__,
        non_retryable=isinstance(error, PermanentError),
        next_retry_delay=None if retry_after_s is None else timedelta(seconds=retry_after_s),
    )
    cause = error.__cause__
    if cause is not None and not isinstance(cause, FailureError):
        cause = _as_application_error(cause, expected=True)
    converted.__cause__ = cause
    converted.__suppress_context__ = True
    return converted


def _bound(failure: Failure) -> None:
    failure.stack_trace = ""
    failure.message = bound_text(failure.message, MAX_MESSAGE_CHARS)
    if failure.HasField("cause"):
        _bound(failure.cause)
