"""How is a member's list walked? Search page by search page, several items at once, resumable anywhere."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

from pydantic import JsonValue

from temporaletl.contract import Document, DocumentReject, Page
from temporaletl.errors import QueryError, TransientError
from worker.external.launchpad.client import JsonObject, LaunchpadClient, Unavailable, counts_in, entries_of
from worker.external.launchpad.connect import LaunchpadConnection, connect_launchpad
from worker.sources.launchpad.extract.selection import Cursor, read_cursor
from worker.sources.launchpad.links import NAME, is_safe_path
from worker.sources.launchpad.query import LaunchpadQuery
from worker.sources.launchpad.settings import LaunchpadSourceSettings

PAGE_ITEMS: Final = 20
"""Items between two cursors: what a crash costs, at some four requests an item."""

UNKNOWN_MEMBER: Final = "members unknown to Launchpad"
HIDDEN_MEMBER: Final = "members out of our sight on Launchpad"

_HIDING: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

type Fetched = Document | DocumentReject | None
"""None: read, and not meant by the window."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to be fetched: its upstream id, and what the search told of it (None: it was named)."""

    upstream_id: str
    entry: JsonObject | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """The window of a job, how long a closed document is still looked at, and how large one may be."""

    cursor: Cursor
    grace: timedelta
    max_document_bytes: int


@dataclass(frozen=True, slots=True)
class Kind:
    """What is particular about one event type.

    search: the person's operation that finds them, and its arguments for a window. read_id: the upstream
    id that an entry of the search leads to, None where Launchpad hides it. is_meant: whether an entry
    alone lets it be fetched. may_be_named: whether a text is an upstream id. fetch: the whole document.
    trusts_search: fetch takes an item from the search's answer, so it is as old as that answer, and has
    to leave in the page whose time was read before the search.
    noun: what they are called in counts ("bugs private or gone": Launchpad answers alike for both).
    """

    event_type: str
    noun: str
    operation: str
    arguments: Callable[[Cursor], Mapping[str, object]]
    read_id: Callable[[JsonObject], str | None]
    is_meant: Callable[[JsonObject, Selection], bool]
    may_be_named: Callable[[str], bool]
    fetch: Callable[[LaunchpadClient, Item, Selection], Fetched]
    trusts_search: bool


def walk(query: LaunchpadQuery, cursor: JsonValue, kind: Kind) -> Iterator[Page]:
    """The documents of *query*, in pages of PAGE_ITEMS items, or of a search's page where that is trusted."""
    settings = query.connections.settings(LaunchpadSourceSettings)
    launchpad = connect_launchpad(query.connections, query.source_kind_id)
    place = read_cursor(query, cursor)
    walker = _Walker(
        launchpad,
        kind,
        settings.items_at_once,
        timedelta(days=settings.grace_days),
        query.max_document_bytes,
    )
    if query.ids is not None:
        yield from walker.walk_named(query.ids, place)
    elif not place.finished:
        yield from walker.walk_member(query.member or "", place)


@dataclass(frozen=True, slots=True)
class _Walker:
    launchpad: LaunchpadConnection
    kind: Kind
    at_once: int
    grace: timedelta
    max_document_bytes: int

    def walk_named(self, ids: Sequence[str], place: Cursor) -> Iterator[Page]:
        """The documents with these upstream ids, whatever the window."""
        for at in range(place.named, len(ids), PAGE_ITEMS):
            chunk = ids[at : at + PAGE_ITEMS]
            strange = [name for name in chunk if not (is_safe_path(name) and self.kind.may_be_named(name))]
            rejects = [
                DocumentReject(f"{self.kind.event_type}:{name}", "not an id of this type") for name in strange
            ]
            items = [Item(name) for name in chunk if name not in strange]
            yield self._fetch(items, Cursor(), Cursor(named=at + len(chunk)), rejects=rejects)

    def walk_member(self, member: str, place: Cursor) -> Iterator[Page]:
        """What the member has to do with and the window means."""
        finished = Cursor(finished=True)
        seen, links = set(place.done), {place.page}
        while True:
            try:
                found = self._search(member, place)
            except Unavailable as error:
                if place.page is not None or place.done:
                    # Not unknown: it was found a page ago. The job that is asked for again begins anew.
                    raise QueryError("Launchpad does not go on with a search that it began") from error
                reason = HIDDEN_MEMBER if error.status in _HIDING else UNKNOWN_MEMBER
                yield Page((), finished.dump(), skipped={reason: 1})
                return
            items, hidden = self._choose(entries_of(found), place, seen)
            following = found.get("next_collection_link")
            if following is None:
                self._prove_end(found)
            if following is not None and (not isinstance(following, str) or following in links):
                raise TransientError("the pages of a Launchpad search lead in a circle: it is asked anew")
            links.add(following)
            after = finished
            if following is not None:
                # A bug's tasks may lie on both sides of the turn.
                done = (*place.done, *(_short(item.upstream_id) for item in items))
                after = place.model_copy(update={"page": following, "done": done[-1:]})
            size = max(len(items), 1) if self.kind.trusts_search else PAGE_ITEMS
            for at in range(0, len(items), size)[:-1]:
                chunk = items[at : at + size]
                done = (*place.done, *(_short(item.upstream_id) for item in items[: at + size]))
                yield self._fetch(chunk, place, place.model_copy(update={"done": done}))
            rest = items[(len(items) - 1) // size * size :] if items else []
            # Counted with the last items of a search's page: what is resumed is not counted twice.
            if rest or hidden or following is not None:
                yield self._fetch(rest, place, after, skipped=hidden)
            if following is None:
                return
            place = after

    def _search(self, member: str, place: Cursor) -> JsonObject:
        if NAME.fullmatch(member) is None:
            raise Unavailable(HTTPStatus.NOT_FOUND)
        with self.launchpad.client() as client:
            if place.page is not None:
                return client.read_page(place.page)
            return client.search(member, self.kind.operation, **self.kind.arguments(place))

    def _prove_end(self, page: JsonObject) -> None:
        """Raise TransientError where a search's last page ends before as many as Launchpad counts."""
        counted = counts_in(page.get("total_size"))
        link = page.get("total_size_link")
        if isinstance(link, str):
            try:
                with self.launchpad.client() as client:
                    counted += counts_in(client.count(link))
            except Unavailable as error:
                raise TransientError(
                    "Launchpad does not count what a search found: it is asked anew"
                ) from error
        reached = sum(counts_in(page.get("start"))) + len(entries_of(page))
        told = max(counted, default=0)
        if told > reached:
            raise TransientError(
                f"a Launchpad search of {self.kind.noun} ends at {reached} of {told}: it is asked anew"
            )

    def _select(self, place: Cursor) -> Selection:
        return Selection(place, self.grace, self.max_document_bytes)

    def _choose(self, entries: Iterable[JsonObject], place: Cursor, seen: set[str]) -> tuple[list[Item], int]:
        """The entries that are to be fetched, each item once, and how many are hidden from us."""
        items, hidden = list[Item](), 0
        for entry in entries:
            upstream_id = self.kind.read_id(entry)
            if upstream_id is None:
                hidden += 1
            elif _short(upstream_id) not in seen:
                seen.add(_short(upstream_id))
                if self.kind.is_meant(entry, self._select(place)):
                    items.append(Item(upstream_id, entry))
        return items, hidden

    def _fetch(
        self,
        items: Sequence[Item],
        place: Cursor,
        after: Cursor,
        *,
        rejects: Iterable[DocumentReject] = (),
        skipped: int = 0,
    ) -> Page:
        """A page of the whole documents of *items*, several fetched at once; *after* resumes behind it."""
        selection = self._select(place)

        def fetch(client: LaunchpadClient, item: Item) -> Fetched | Unavailable:
            try:
                return self.kind.fetch(client, item, selection)
            except Unavailable as error:
                return error

        fetched = self.launchpad.fetch_all(items, fetch, self.at_once)
        skipped += sum(isinstance(part, Unavailable) for part in fetched)
        return Page(
            tuple(part for part in fetched if isinstance(part, Document)),
            after.dump(),
            (*rejects, *(part for part in fetched if isinstance(part, DocumentReject))),
            {f"{self.kind.noun} private or gone": skipped} if skipped else {},
        )


def _short(upstream_id: str) -> str:
    """The number that an item has among all of its type."""
    return upstream_id.rpartition("/")[2]
