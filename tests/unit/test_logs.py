"""What do the processes say of an error? Where it came from, and no word of a record."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from trino.exceptions import TrinoQueryError

from temporaletl.errors import TransientError
from temporaletl.logs import set_up_logs

RECORD = "Cannot cast 'the launch is on Friday' to bigint"


@pytest.fixture
def output() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines; the loggers are as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    set_up_logs("INFO", "json")
    [handler] = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    handler.setStream(written)
    yield written
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


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
        logging.getLogger("temporalio.activity").warning("Completing activity as failed", exc_info=True)

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
