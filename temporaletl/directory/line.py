"""How does a call to PostgreSQL end when nobody answers? A session that can be cut off from outside."""

import os
import socket
import threading
from types import TracebackType
from typing import Self

import psycopg
from psycopg.rows import TupleRow


class Line:
    """A session that ``close`` cuts off from any thread, and that is cut off after *timeout_s* seconds.

    A thread that waits in it wakes up with psycopg.OperationalError. Leaving the block ends the session;
    the server rolls back what was open.
    """

    def __init__(self, connection: psycopg.Connection[TupleRow], timeout_s: float) -> None:
        self.connection = connection
        self._lock = threading.Lock()
        self._timer = threading.Timer(timeout_s, self.close)
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        """Cut the session off; its owner frees it."""
        # The lock keeps its owner from closing it meanwhile: the number of a closed socket may be
        # somebody else's already.
        with self._lock:
            if self.connection.closed:
                return
            copy = socket.socket(fileno=os.dup(self.connection.fileno()))
            try:
                copy.shutdown(socket.SHUT_RDWR)
            except OSError:
                # The server was faster.
                return
            finally:
                copy.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            self.connection.close()
