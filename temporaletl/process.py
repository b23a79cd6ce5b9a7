"""How does a process of ours begin and end? Settings from .env, logs set up, and an exit that is clean."""

import asyncio
import ctypes
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

import structlog
from dotenv import find_dotenv, load_dotenv
from dotenv.parser import Binding, parse_stream

from temporaletl.environment import read_settings
from temporaletl.errors import ConfigurationError, TemporalETLError, TransientError
from temporaletl.findings import Finding, Findings
from temporaletl.logs import set_up_logs
from temporaletl.settings import LogSettings

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended, as shells have it."""

_M_ARENA_MAX = -8
"""The parameter's number in glibc's malloc.h."""

log = structlog.get_logger(__name__)


type Process = Callable[[Findings], Coroutine[Any, Any, None]]
"""The work of a process, which adds to the findings what it finds at its start."""


def run_process(name: str, process: Process) -> int:
    """Run *process* until it ends or SIGTERM or SIGINT comes.

    0 when it was asked to stop; 1, with one clear sentence in the log, when it cannot go on.
    """
    plain = LogSettings.model_construct(level="INFO", format="auto")
    set_up_logs(plain.level, plain.format)
    try:
        lines = read_env_file()
        read, problems = read_settings([LogSettings])
        logs = next((found for found in read if isinstance(found, LogSettings)), plain)
        set_up_logs(logs.level, logs.format)
        bound_arenas()
        findings = Findings(log)
        findings.add([*lines, *(_ignored(problem) for problem in problems)])
        asyncio.run(_run_until_stopped(name, process(findings)))
    except TemporalETLError as error:
        # The sentence is the message: a traceback would bury it.
        log.error("cannot run", process=name, reason=str(error))  # noqa: TRY400
        return 1
    except Exception:
        log.exception("ended unexpectedly", process=name)
        return 1
    return 0


def read_env_file() -> list[Finding]:
    """Add what .env says, in this folder or the nearest one above, to the environment.

    What is set already stays. Answers the lines that say nothing. Raises ConfigurationError where it is no
    text.
    """
    # It warns of such lines in its own words.
    logging.getLogger("dotenv").setLevel(logging.ERROR)
    path = find_dotenv(usecwd=True)
    try:
        if not load_dotenv(path):
            return []
        lines = [binding.original.line for binding in _parse(path) if binding.error]
    except ValueError:
        # Its text, which the error holds, may be a secret.
        raise ConfigurationError(f"{path} is not written in UTF-8, or holds a NUL: save it anew") from None
    return [
        Finding(
            None,
            f"line {number} of {path} is not read: it is not NAME=value",
            "write it so, with quotes around a value that has quotes or # in it, or take it out",
        )
        for number in lines
    ]


def names_in_env_file() -> frozenset[str]:
    """The names that .env holds, as far as read_env_file reads it."""
    path = find_dotenv(usecwd=True)
    return (
        frozenset(binding.key for binding in _parse(path) if binding.key)
        if load_dotenv(path)
        else frozenset()
    )


def _parse(path: str) -> list[Binding]:
    with Path(path).open(encoding="utf-8") as file:
        return [*parse_stream(file)]


def _ignored(problem: str) -> Finding:
    setting = problem.partition(" ")[0]
    return Finding(setting, f"{problem} is ignored", f"set {setting} right, or leave it out")


async def _run_until_stopped(name: str, process: Coroutine[Any, Any, None]) -> None:
    running = asyncio.create_task(process)
    loop = asyncio.get_running_loop()

    def stop(signal_name: str) -> None:
        # A supervisor may send it to the group and to the process: cancelled twice, it would leave its
        # activities no time to hand back.
        if not running.cancelling():
            log.info("stopping", process=name, signal=signal_name)
            running.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number.name)
    try:
        await running
    except asyncio.CancelledError:
        log.info("left", process=name)


async def retry_until_up[T](what: str, attempt: Callable[[], T]) -> T:
    """What *attempt*, a blocking call, answers once *what* is up; a TransientError is tried again."""
    delay_s = 0.5
    while True:
        try:
            return await _call_in_thread(attempt)
        except TransientError as error:
            log.warning("not ready yet", system=what, reason=str(error), retry_in_s=delay_s)
        await asyncio.sleep(delay_s)
        delay_s = min(delay_s * 2, 15.0)


async def _call_in_thread[T](call: Callable[[], T]) -> T:
    # A thread of its own: the loop would wait for one of its pool before it closes, though nobody
    # wants its answer any more.
    answer: Future[T] = Future()
    answer.set_running_or_notify_cancel()

    def run() -> None:
        try:
            answer.set_result(call())
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is awaited
            answer.set_exception(error)

    threading.Thread(target=run, name="start", daemon=True).start()
    return await asyncio.wrap_future(answer)


def bound_arenas() -> None:
    """Let glibc keep few memory arenas: with one a thread, a worker held 60 MB more than it used."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def leave(code: int) -> NoReturn:
    """End the process now, with everything said.

    At interpreter exit the threads of Temporal's core may still drop Python references, which crashed
    4 to 10 % of short processes; so nothing is torn down. For a command's entry point only.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
