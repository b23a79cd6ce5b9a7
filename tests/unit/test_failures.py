"""What of an error enters a history? Our own words, bounded and masked, and of others type and code only."""

from datetime import timedelta

import psycopg
import pytest
from pydantic import BaseModel, ValidationError
from structlog.testing import capture_logs
from temporalio.api.failure.v1 import Failure
from temporalio.converter import DataConverter
from temporalio.exceptions import ActivityError, ApplicationError, RetryState
from trino.exceptions import TrinoQueryError

from temporaletl.errors import (
    BlockLostError,
    ConfigurationError,
    CredentialsError,
    PermanentError,
    QueryError,
    TemporalETLError,
    TransientError,
)
from temporaletl.failures import MAX_MESSAGE_CHARS, BoundedFailureConverter, safe_message

RECORD = "the launch is on Friday"
ROW = f"Failing row contains (7, {RECORD}, ana@example.com)."


class Record(BaseModel):
    number: int


def write_failure(error: BaseException) -> Failure:
    """What a history would keep of *error*."""
    failure = Failure()
    BoundedFailureConverter().to_failure(error, DataConverter.default.payload_converter, failure)
    return failure


def throw(error: Exception, cause: Exception | None = None) -> None:
    raise error from cause


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    """*error* as it is after being raised, from *cause* where there is one."""
    with pytest.raises(type(error)) as caught:
        throw(error, cause)
    return caught.value


def validation_error() -> ValidationError:
    """An error that quotes the input it is about."""
    with pytest.raises(ValidationError) as caught:
        Record.model_validate({"number": RECORD})
    return caught.value


FOREIGN = {
    "psycopg": (psycopg.errors.UniqueViolation(ROW), "UniqueViolation sqlstate=23505"),
    "pydantic": (validation_error(), "ValidationError"),
    "trino": (
        TrinoQueryError({"message": ROW, "errorName": "INVALID_CAST_ARGUMENT"}),
        "TrinoQueryError error_name=INVALID_CAST_ARGUMENT",
    ),
    "os": (FileNotFoundError(2, "No such file", f"/srv/{RECORD}"), "FileNotFoundError errno=2"),
    "key": (KeyError(RECORD), "KeyError"),
    "chained": (raised(ValueError(ROW), KeyError(RECORD)), "ValueError"),
}


@pytest.mark.parametrize(("error", "told"), FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_error_is_told_by_type_and_code(error: Exception, told: str) -> None:
    failure = write_failure(raised(error))

    assert failure.message == told
    assert failure.application_failure_info.type == type(error).__name__
    assert not failure.application_failure_info.non_retryable


@pytest.mark.parametrize(("error", "told"), FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("wrap", ["ours", "temporal's", "theirs"])
def test_nothing_of_a_foreign_errors_text_enters_a_failure_as_a_cause(
    wrap: str, error: Exception, told: str
) -> None:
    outer = {
        "ours": TransientError("the warehouse could not be written; it is tried again"),
        "temporal's": ApplicationError("the job failed"),
        "theirs": RuntimeError(ROW),
    }[wrap]
    failure = write_failure(raised(outer, error))

    assert failure.cause.message == told
    for secret in (RECORD, "example.com", "/srv", "No such file", __file__):
        assert secret not in str(failure)


def test_nothing_of_an_error_that_was_being_handled_enters_a_failure() -> None:
    error = ApplicationError("the job failed")
    error.__context__ = raised(KeyError(RECORD))

    assert RECORD not in str(write_failure(error))


def test_our_message_is_kept_with_its_type() -> None:
    error = QueryError("job jira-1: wrong arguments: date_start: Field required")
    failure = write_failure(raised(error))

    assert failure.message == "job jira-1: wrong arguments: date_start: Field required"
    assert failure.application_failure_info.type == "QueryError"


def test_no_stack_trace_enters_a_failure() -> None:
    failure = write_failure(raised(QueryError("wrong"), raised(ValueError("wrong"))))

    assert (failure.stack_trace, failure.cause.stack_trace) == ("", "")


@pytest.mark.parametrize("make", [QueryError, TransientError, ApplicationError])
def test_an_address_in_our_message_is_masked(make: type[Exception]) -> None:
    failure = write_failure(raised(make("nobody is ana.b+jira@example.com, nor Eva%40example.org")))

    assert failure.message == "nobody is <address>, nor <address>"


@pytest.mark.parametrize("make", [QueryError, ApplicationError])
def test_a_message_is_bounded_and_shows_that_it_was_cut(make: type[Exception]) -> None:
    failure = write_failure(raised(make("é" * 10_000)))

    assert len(failure.message) == MAX_MESSAGE_CHARS
    assert failure.message.endswith("é…")


def test_an_address_across_the_cut_is_masked_first() -> None:
    text = "x " * (MAX_MESSAGE_CHARS // 2 - 4) + "ana@example.com"

    assert "ana@" not in write_failure(raised(QueryError(text))).message


@pytest.mark.parametrize(
    "make", [PermanentError, ConfigurationError, CredentialsError, QueryError, BlockLostError]
)
def test_permanent_errors_are_not_tried_again(make: type[PermanentError]) -> None:
    info = write_failure(raised(make("wrong"))).application_failure_info

    assert (info.type, info.non_retryable) == (make.__name__, True)


@pytest.mark.parametrize("make", [TransientError, TemporalETLError])
def test_other_errors_of_ours_are_tried_again(make: type[TemporalETLError]) -> None:
    info = write_failure(raised(make("later"))).application_failure_info

    assert not info.non_retryable
    assert not info.HasField("next_retry_delay")


def test_what_the_upstream_asked_us_to_wait_is_the_next_delay() -> None:
    info = write_failure(raised(TransientError("429", retry_after_s=90))).application_failure_info

    assert info.next_retry_delay.ToTimedelta() == timedelta(seconds=90)


def test_a_failure_that_temporal_made_keeps_what_it_says() -> None:
    activity_failed = ActivityError(
        "Activity task failed",
        scheduled_event_id=5,
        started_event_id=6,
        identity="worker",
        activity_type="load_data",
        activity_id="1",
        retry_state=RetryState.NON_RETRYABLE_FAILURE,
    )
    failure = write_failure(raised(activity_failed, QueryError("Trino refused the query")))

    assert failure.activity_failure_info.activity_type.name == "load_data"
    assert failure.cause.message == "Trino refused the query"
    assert failure.cause.application_failure_info.non_retryable


def test_only_an_error_that_nobody_expected_is_logged_and_without_its_text() -> None:
    with capture_logs() as logged:
        write_failure(raised(TransientError("Trino could not be asked"), ConnectionError(ROW)))
        write_failure(raised(KeyError(RECORD)))

    assert [(entry["event"], entry["error"]) for entry in logged] == [("unexpected error", "KeyError")]
    assert RECORD not in str(logged)


def test_what_may_be_said_of_an_error_is_never_empty() -> None:
    assert safe_message(Exception()) == "Exception"
    assert safe_message(QueryError("wrong")) == "wrong"
