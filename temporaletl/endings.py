"""How does a flow end that is cancelled when all is done but its last words?"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

LAST_WORDS_S: Final = 3.0
"""How long a cancelled flow may still take to write that it had completed."""


async def finish_writing[T](writing: Coroutine[Any, Any, T]) -> T:
    """What *writing* answers. A cancel gives it LAST_WORDS_S more: what is done should be written so.

    For workflow code. Raises asyncio.CancelledError when that was not enough.
    """
    task = asyncio.create_task(writing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            return await asyncio.wait_for(task, LAST_WORDS_S)
        except TimeoutError:
            raise asyncio.CancelledError from None
