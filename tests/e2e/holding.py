"""How do answers come later than all else? From a Trino that keeps them back until it is told."""

import threading
from typing import override

from scripts.sandbox.exchange import Request, Response
from scripts.sandbox.trino import TrinoServer
from scripts.sandbox.world import World


class HoldingTrino(TrinoServer):
    """A Trino that can keep rows back: what was asked before is answered after all else."""

    def __init__(self, world: World, port: int = 0) -> None:
        self._released = threading.Event()
        self._to_hold = 0
        self.held = 0
        super().__init__(world, port=port)

    def hold(self, times: int) -> None:
        """Let the next *times* who fetch rows wait until ``release()``; ``held`` tells how many do."""
        self._released.clear()
        self._to_hold, self.held = times, 0

    def hold_no_more(self) -> None:
        """Answer whoever asks from now on; those who wait go on waiting."""
        self._to_hold = 0

    def release(self) -> None:
        """Answer those who wait."""
        self.hold_no_more()
        self._released.set()

    @override
    def _answer(self, request: Request) -> Response:
        if request.method == "GET" and "/executing/" in request.path and self.held < self._to_hold:
            self.held += 1
            self._released.wait(30)
        return super()._answer(request)
