"""How large is a document that is being gathered? Measured part by part, so that none fills the memory."""

from typing import Final

from worker.models.raw import dump_json

DEFAULT_MAX_DOCUMENT_BYTES: Final = 32_000_000

TOO_LARGE: Final = "larger than MAX_DOCUMENT_BYTES"
"""Why a document is rejected that is."""


class TooLargeError(Exception):
    """What is being gathered is larger than it may be; a source answers it with a reject, TOO_LARGE."""


class Budget:
    """How much of a document may still be gathered."""

    def __init__(self, max_bytes: int) -> None:
        self.left = max_bytes

    def take(self, *parts: object) -> None:
        """Count *parts* as gathered. Raises TooLargeError where they are more than was left."""
        self.take_bytes(sum(map(measure, parts)))

    def take_bytes(self, size: int) -> None:
        """Count so many bytes. Raises TooLargeError where they are more than was left."""
        self.left -= size
        if self.left < 0:
            raise TooLargeError


def measure(part: object) -> int:
    """The bytes that *part* takes as JSON; 0 where it is nested too deep to be written."""
    try:
        return len(dump_json(part))
    except RecursionError:
        return 0
