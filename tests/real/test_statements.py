"""The product's questions to the lake, each asked of a real Trino and of the sandbox's over the same rows."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from scripts.sandbox.world import World
from scripts.trino.server import RealTrino
from temporaletl.contract import BEGINNING, Page, Window
from tests.real.pair import ANCHOR, NEVER, WEEK, Pair, Side, show_on_both

DAYS = {"date_start": WEEK.date_start, "date_end": WEEK.date_end}
PAST = {"date_start": date(2001, 1, 1), "date_end": date(2001, 1, 2)}


@pytest.fixture(scope="module")
def world() -> World:
    seeded = World(350, anchor=ANCHOR, detail=0.2)
    moved = next(issue_id for issue_id in seeded.issue_ids if seeded.damage(issue_id) is None)
    seeded.migrate(moved, datetime(2026, 5, 1, 9, tzinfo=UTC))
    return seeded


@pytest.fixture(scope="module")
def both(real_trino: RealTrino, world: World) -> Iterator[Pair]:
    with show_on_both(real_trino, world) as pair:
        yield pair


def ids_of(pages: list[Page]) -> list[str]:
    ids = [document.id for page in pages for document in page.documents]
    return ids + [str(reject.document_id) for page in pages for reject in page.rejects]


def test_both_hold_the_same_rows(both: Pair, world: World) -> None:
    rows = both.same(
        lambda side: sorted(side.ask("SELECT id, key, self, fields, changelog FROM jira.issues"), key=repr)
    )
    assert len(rows) == len(world)


def test_the_backlog_is_cut_into_the_same_slices(both: Pair) -> None:
    pages = both.same(lambda side: side.walk_backlog(WEEK, 20, 4))
    assert len(pages) > 3
    assert pages[0].notes == {"rows without id": 2}


@pytest.mark.parametrize(
    "window",
    [
        Window(date_start=BEGINNING, date_end=date(2026, 3, 7)),
        Window(date_start=date(2026, 3, 7), date_end=date(2026, 3, 8)),
        Window(date_start=date(2026, 3, 8), date_end=date(2100, 1, 1)),
        Window(date_start=date(2026, 5, 1), date_end=date(2026, 5, 2)),
        NEVER,
    ],
    ids=str,
)
def test_a_window_selects_the_same_issues(both: Pair, window: Window) -> None:
    pages = both.same(lambda side: side.walk_backlog(window, 7, 50))
    assert any(page.params for page in pages)


def test_a_backlog_of_exactly_one_page_ends_on_both(both: Pair) -> None:
    [page] = both.same(lambda side: side.walk_backlog(WEEK, 1000, 1))
    documents = int(str(page.params[0]["count"]))
    pages = both.same(lambda side: side.walk_backlog(WEEK, documents, 1))
    assert [len(each.params) for each in pages] == [1, 0]


def test_the_jobs_of_a_backlog_read_the_same_documents(both: Pair) -> None:
    def read(side: Side) -> list[list[Page]]:
        return side.read_jobs(side.walk_backlog(WEEK, 60, 2))

    jobs = both.same(read)
    read_ids = [document_id for pages in jobs for document_id in ids_of(pages)]
    assert len(set(read_ids)) == len(read_ids) > 300
    assert any(page.rejects for pages in jobs for page in pages)


def test_a_range_is_paged_to_its_end_and_resumed_alike(both: Pair) -> None:
    pages = both.same(lambda side: side.read(**DAYS))
    rest = both.same(lambda side: side.read(pages[1].cursor, **DAYS))
    assert len(pages) > 3
    assert rest == pages[2:]


def test_a_range_is_cut_at_the_same_ids(both: Pair, world: World) -> None:
    ids = sorted(world.issue_ids)
    pages = both.same(lambda side: side.read(after=ids[40], upto=ids[70], **DAYS))
    read = sorted(ids_of(pages))
    assert read[0] > f"issues:{ids[40]}"
    assert read[-1] <= f"issues:{ids[70]}"


def test_issues_are_read_by_name_alike(both: Pair, world: World) -> None:
    wanted = [*world.issue_ids[:150], "0", "9502 ", "x'y", "é"]
    pages = both.same(lambda side: side.read(ids=wanted, **PAST))
    assert {f"issues:{issue_id}" for issue_id in world.issue_ids[:5]} <= set(ids_of(pages))
    assert sum(len(page.documents) for page in pages) > 140


def test_the_accounts_are_the_same(both: Pair, world: World) -> None:
    accounts = both.same(Side.read_accounts)
    assert {account for account, _ in accounts} == {
        person.account_id for person in (*world.people, *world.apps)
    }
    assert any(address is None for _, address in accounts)
