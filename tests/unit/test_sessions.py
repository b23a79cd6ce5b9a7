"""A pooler that gives each transaction another session is told from sessions of our own."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest

from worker.external.wpe_db.connect import Connection, share_sessions

type Choose = Callable[[list[int]], int]


class Pooler:
    """Gives one of *sessions* to each transaction, as *choose* says among the free ones."""

    def __init__(self, sessions: Iterable[int], choose: Choose = min) -> None:
        self.free = [*sessions]
        self._choose = choose

    def take(self) -> int:
        assert self.free, "it waits for ever"
        session = self._choose(self.free)
        self.free.remove(session)
        return session

    def give_back(self, session: int) -> None:
        self.free.append(session)


class Client:
    """A connection to a pooler, as far as it is asked for the number of its session."""

    def __init__(self, pooler: Pooler) -> None:
        self._pooler = pooler
        self._held: int | None = None

    def execute(self, _statement: str) -> Any:
        session = self._pooler.take() if self._held is None else self._held
        if self._held is None:
            self._pooler.give_back(session)
        return _Answer(session)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self._held = self._pooler.take()
        yield
        self._pooler.give_back(self._held)
        self._held = None


class _Answer:
    def __init__(self, session: int) -> None:
        self._session = session

    def fetchone(self) -> tuple[int]:
        return (self._session,)


@pytest.mark.parametrize("size", [2, 3, 20])
@pytest.mark.parametrize("choose", [lambda free: free[-1], lambda free: free[0], min, max])
def test_a_pooler_of_transactions_is_found_out(size: int, choose: Choose) -> None:
    pooler = Pooler(range(size), choose)
    first, second = Client(pooler), Client(pooler)

    assert share_sessions(cast(Connection, first), cast(Connection, second))


def test_one_session_for_two_connections_is_found_out_without_waiting() -> None:
    pooler = Pooler([1])

    assert share_sessions(cast(Connection, Client(pooler)), cast(Connection, Client(pooler)))


def test_sessions_of_our_own_are_not_taken_for_shared_ones() -> None:
    first, second = Client(Pooler([1])), Client(Pooler([2]))

    assert not share_sessions(cast(Connection, first), cast(Connection, second))
