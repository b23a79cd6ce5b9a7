"""How far a run came on a walk: a later run begins there, so that no job is forgotten."""

from collections import deque
from dataclasses import dataclass

from pydantic import JsonValue

from temporaletl.contract import Walk


@dataclass
class Page:
    """A page of the backlog.

    Attributes:
        begins: the cursor that it was asked for with.
        is_whole: whether all of its jobs were started.
        jobs: how many of those that were started are neither done nor remembered as unfinished.
    """

    begins: JsonValue
    is_whole: bool = False
    jobs: int = 0


class Position:
    """Pages of *walk* in their order; everything before the first that is not finished is finished."""

    def __init__(self, walk: Walk) -> None:
        self._walk = walk
        self._pages: deque[Page] = deque()
        self._next = walk.cursor
        self._kept = walk.cursor

    def begin_page(self, cursor: JsonValue) -> Page:
        """The page that begins at *cursor* is about to be asked for."""
        page = Page(cursor)
        self._pages.append(page)
        return page

    def end_page(self, page: Page, cursor: JsonValue) -> None:
        """All jobs of *page* were started; the next one begins at *cursor*."""
        page.is_whole, self._next = True, cursor

    def find(self) -> Walk:
        """The walk as a later run has to go on with it."""
        while self._pages and self._pages[0].is_whole and not self._pages[0].jobs:
            self._pages.popleft()
        cursor = self._pages[0].begins if self._pages else self._next
        return self._walk.model_copy(update={"cursor": cursor})

    def find_news(self) -> Walk | None:
        """The same, where it is further than it was when this was asked before; None where it is not."""
        walk = self.find()
        if walk.cursor == self._kept:
            return None
        self._kept = walk.cursor
        return walk
