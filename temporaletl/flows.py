"""What do both flows have in common? How they ask, and how they end when cancelled at the edges."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Final

from pydantic import ValidationError
from temporalio import workflow
from temporalio.common import Priority, RetryPolicy

from temporaletl.contract import Model
from temporaletl.errors import InputError
from temporaletl.failures import name_wrong_parts

HEARTBEAT: Final = timedelta(seconds=15)
"""So soon a task is given to another worker when the one that it was handed to is gone."""

GIVE_UP: Final = timedelta(hours=24)
RETRY: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=2))

WORDS_S: Final = 3.0
"""How long a cancelled flow may still take to open its run, or to write that it had completed."""


def read_input[M: Model](model: type[M], given: object) -> M:
    """What a flow was started with, which says what is wrong where it is none. For workflow code.

    Started with one argument alone, the SDK applies no type hints and hands over plain JSON. Raises
    InputError: of pydantic's own, histories have the name alone.
    """
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise InputError(f"this is no {model.__name__}: {name_wrong_parts(error)}") from error


async def ask[T](
    name: str,
    argument: Model,
    answer: type[T],
    *,
    source: str,
    summary: str,
    within: timedelta,
    patience: timedelta = GIVE_UP,
    task_queue: str | None = None,
) -> T:
    """What the activity *name* answers, bounded as every one of ours is. For workflow code.

    One try may take *within*, all of them *patience*. Sources that wait for one another's activities get
    their turns by *source*, the fairness key.
    """
    found: T = await workflow.execute_activity(
        name,
        argument,
        result_type=answer,
        task_queue=task_queue,
        start_to_close_timeout=within,
        schedule_to_close_timeout=patience,
        heartbeat_timeout=HEARTBEAT,
        retry_policy=RETRY,
        summary=summary,
        priority=Priority(fairness_key=source),
    )
    return found


async def finish_opening[T](opening: Coroutine[Any, Any, T]) -> tuple[T, bool]:
    """What *opening* answers, and whether a cancel came meanwhile: the run that it opened must be closed.

    For workflow code. Raises asyncio.CancelledError when WORDS_S after a cancel were not enough.
    """
    task = asyncio.create_task(opening)
    try:
        return await asyncio.shield(task), False
    except asyncio.CancelledError:
        try:
            return await asyncio.wait_for(task, WORDS_S), True
        except TimeoutError:
            raise asyncio.CancelledError from None


async def finish_writing[T](writing: Coroutine[Any, Any, T]) -> T:
    """What *writing* answers. A cancel gives it WORDS_S more: what is done should be written so.

    For workflow code. Raises asyncio.CancelledError when that was not enough.
    """
    written, _ = await finish_opening(writing)
    return written


def stop_if(cancelled: bool) -> None:
    """Raise asyncio.CancelledError where a cancel came while the run was opened."""
    if cancelled:
        raise asyncio.CancelledError
