"""What do the processes say of an error? Where it came from, and no word of a record."""

import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from temporalio import activity
from temporalio.testing import ActivityEnvironment
from trino.exceptions import TrinoQueryError

from temporaletl.errors import QueryError, TransientError
from temporaletl.logs import set_up_logs

RECORD = "Cannot cast 'the launch is on Friday' to bigint"


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines; the loggers are as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield listen("INFO")
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    activity.logger.base_logger.filters.clear()
    structlog.reset_defaults()


def listen(level: str) -> io.StringIO:
    """What is logged at *level* from now on."""
    structlog.reset_defaults()
    set_up_logs(level, "json")
    [handler] = logging.getLogger().handlers
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    handler.setStream(written)
    return written


def answer() -> None:
    raise TrinoQueryError({"message": RECORD, "errorName": "INVALID_CAST_ARGUMENT"})


def ask() -> None:
    try:
        answer()
    except TrinoQueryError as error:
        raise TransientError("Trino at lake:443 ended the query; it is asked again later") from error


def test_a_foreign_cause_is_told_by_type_and_code_alone(output: io.StringIO) -> None:
    try:
        ask()
    except TransientError:
        logging.getLogger("temporalio.worker").warning("Failed", exc_info=True)

    said = json.loads(output.getvalue())
    assert "launch" not in output.getvalue()
    assert "TrinoQueryError error_name=INVALID_CAST_ARGUMENT" in said["exception"]
    assert said["exception"].endswith(
        "TransientError: Trino at lake:443 ended the query; it is asked again later"
    )
    assert " answer\n" in said["exception"]


def test_an_address_in_a_message_is_masked(output: io.StringIO) -> None:
    structlog.get_logger("test").warning("odd", text="ask ana@example.com")

    assert json.loads(output.getvalue())["text"] == "ask <address>"


def fail(error: Exception, *, cancelled: bool = False) -> None:
    """Let an activity fail by *error*, as Temporal's worker tells it."""
    cause = ConnectionError(RECORD) if isinstance(error, TransientError) else None

    def do() -> None:
        raise error from cause

    def tell() -> None:
        try:
            do()
        except type(error):
            activity.logger.warning(
                "Completing activity as failed",
                exc_info=True,
                extra={"__temporal_error_identifier": "ActivityFailure"},
            )

    environment = ActivityEnvironment()
    if cancelled:
        environment.cancel()
    environment.run(tell)


def lines(output: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_failed_activity_is_one_line_with_our_sentence_first(output: io.StringIO) -> None:
    fail(TransientError("Trino at lake:443 could not be asked; it is asked again later"))
    fail(QueryError("job jira-1: wrong arguments: upto: nobody knows this name"))

    transient, permanent = lines(output)
    assert transient["event"] == "Trino at lake:443 could not be asked; it is asked again later"
    assert (transient["retried"], transient["cause"]) == (True, "ConnectionError")
    assert {"activity", "workflow", "attempt"} <= transient.keys()
    assert permanent["event"].startswith("job jira-1: wrong arguments")
    assert permanent["retried"] is False
    assert [line for line in (transient, permanent) if "exception" in line] == []
    assert "launch" not in output.getvalue()


def test_a_cancelled_activity_is_one_line_at_info(output: io.StringIO) -> None:
    fail(TransientError("Trino at lake:443 could not be asked"), cancelled=True)

    [line] = lines(output)
    assert (line["event"], line["level"]) == ("activity cancelled", "info")
    assert line["error"] == "Trino at lake:443 could not be asked"
    assert "exception" not in line


def test_at_debug_a_failed_activity_tells_where_it_came_from(output: io.StringIO) -> None:
    output = listen("DEBUG")
    fail(TransientError("Trino at lake:443 could not be asked"))

    [line] = [line for line in lines(output) if line["level"] == "warning"]
    assert line["event"] == "Trino at lake:443 could not be asked"
    assert " tell\n" in line["exception"]


def test_a_defect_in_an_activity_is_told_once_with_its_place_and_without_its_text(
    output: io.StringIO,
) -> None:
    fail(KeyError(RECORD))

    [line] = lines(output)
    assert (line["event"], line["error"], line["level"]) == ("unexpected error", "KeyError", "error")
    assert " tell\n" in line["exception"]
    assert "launch" not in output.getvalue()


def test_other_words_of_an_activity_come_as_they_are(output: io.StringIO) -> None:
    activity.logger.warning("a plug-in's own word")

    assert [line["event"] for line in lines(output)] == ["a plug-in's own word"]


@pytest.mark.parametrize("library", ["psycopg.pool", "py.warnings"])
def test_what_a_library_says_in_place_of_our_sentence_is_for_debugging(
    output: io.StringIO, library: str
) -> None:
    logging.getLogger(library).warning("discarding closed connection: <psycopg.Connection [BAD] at 0x7f>")
    assert output.getvalue() == ""

    debugging = listen("DEBUG")
    logging.getLogger(library).warning("discarding closed connection: <psycopg.Connection [BAD] at 0x7f>")
    assert "discarding" in debugging.getvalue()


def test_a_warning_of_python_reaches_nobody(
    output: io.StringIO, capsys: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    # pytest's own catching stands in front of what set_up_logs arranged.
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("Connection to http://lake is not secure", UserWarning, stacklevel=1)

    assert (output.getvalue(), capsys.readouterr().err, len(recwarn)) == ("", "", 0)
