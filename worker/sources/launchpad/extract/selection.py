"""Which documents are meant? What a job keeps of its window from its first batch to its last."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from pydantic import JsonValue, ValidationError

from temporaletl.contract import BEGINNING, Model
from temporaletl.errors import QueryError
from worker.sources.launchpad.query import LaunchpadQuery


class Cursor(Model):
    """Where a walk goes on, small enough for a history.

    start, end: the window as it was when the job began (the engine may move the query's between
    batches; whether the window reaches to now depends on when that is); None: no bound. page: the link
    of the search's page at hand, None the first. done: what was dealt with of it. finished: nothing is left.
    named: how many of the named documents are done.
    """

    start: date | None = None
    end: date | None = None
    page: str | None = None
    done: tuple[str, ...] = ()
    finished: bool = False
    named: int = 0

    @property
    def begin(self) -> datetime | None:
        """The first moment inside."""
        return _midnight(self.start)

    def is_before_end(self, moments: Iterable[datetime | None]) -> bool:
        """Whether the latest of *moments* lies before the end of a window in the past.

        A window that reaches to now has none: what it finds is kept, whatever happened meanwhile.
        """
        end, known = _midnight(self.end), [moment for moment in moments if moment is not None]
        return end is None or not known or max(known) < end

    def is_after_start(self, moments: Iterable[datetime | None], grace: timedelta = timedelta()) -> bool:
        """Whether one of *moments* lies in the window, or less than *grace* before it."""
        begin = self.begin
        # A moment may be the last one that there is: nothing can be added to it.
        return begin is None or any(moment is not None and moment >= begin - grace for moment in moments)

    def dump(self) -> JsonValue:
        """As the engine keeps it."""
        return self.model_dump(mode="json", exclude_defaults=True)


def read_cursor(query: LaunchpadQuery, cursor: JsonValue) -> Cursor:
    """The cursor that a page came with, or the one to begin with. Raises QueryError for any other."""
    if cursor is None:
        window = query.window
        is_past = window.end <= datetime.now(UTC)
        return Cursor(
            start=None if window.date_start <= BEGINNING else window.date_start,
            end=window.date_end if is_past else None,
        )
    try:
        return Cursor.model_validate(cursor)
    except ValidationError as error:
        raise QueryError("the cursor of a Launchpad job cannot be read: run the job anew") from error


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)
