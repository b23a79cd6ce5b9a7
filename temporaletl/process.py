"""How does a process of ours begin and end? Settings from .env, logs set up, and an exit that is clean."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import Any, NoReturn

import structlog
from dotenv import load_dotenv

from temporaletl.errors import TemporalETLError, TransientError
from temporaletl.logs import set_up_logs
from temporaletl.settings import LogSettings, read_settings

log = structlog.get_logger(__name__)


def run_process(name: str, process: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Run *process* until it ends or SIGTERM or SIGINT comes.

    0 when it was asked to stop; 1, with one clear sentence in the log, when it cannot go on.
    """
    load_dotenv(".env")
    read, problems = read_settings([LogSettings])
    logs = read[0] if read else LogSettings.model_construct(level="INFO", format="auto")
    set_up_logs(logs.level, logs.format)
    if problems:
        log.warning("log settings ignored", problems=problems)
    try:
        asyncio.run(_run_until_stopped(name, process))
    except TemporalETLError as error:
        log.error(f"{name} cannot run", reason=str(error))  # noqa: TRY400 - the sentence is the message
        return 1
    return 0


async def _run_until_stopped(name: str, process: Callable[[], Coroutine[Any, Any, None]]) -> None:
    running = asyncio.create_task(process())
    loop = asyncio.get_running_loop()

    def stop(signal_name: str) -> None:
        log.info(f"{name} stops", signal=signal_name)
        running.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number.name)
    try:
        await running
    except asyncio.CancelledError:
        log.info(f"{name} left")


async def retry_until_up[T](what: str, attempt: Callable[[], T]) -> T:
    """What *attempt*, a blocking call, answers once *what* is up; a TransientError is logged and tried again."""
    delay_s = 0.5
    while True:
        try:
            return await asyncio.to_thread(attempt)
        except TransientError as error:
            log.warning(f"{what} is not ready yet", reason=str(error), retry_in_s=delay_s)
        await asyncio.sleep(delay_s)
        delay_s = min(delay_s * 2, 15.0)


def leave(code: int) -> NoReturn:
    """End the process now, with everything said.

    At interpreter exit the threads of Temporal's core may still drop Python references, which crashed
    4 to 10 % of short processes; so nothing is torn down. For a command's entry point only.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
