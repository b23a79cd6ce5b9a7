"""Rows as nobody wants them: a real Trino and the sandbox's find, read and pass over the same ones."""

import json
from collections.abc import Iterable, Iterator
from datetime import date

import pytest

from scripts.sandbox.rows import Row
from scripts.trino.server import RealTrino
from temporaletl.contract import BEGINNING, Window
from tests.real.pair import NEVER, Listed, Pair, Side, show_on_both

DAY = Window(date_start=date(2026, 3, 9), date_end=date(2026, 3, 10))
EVER = Window(date_start=BEGINNING, date_end=date(9999, 12, 31))

INSIDE = (
    "2026-03-09T00:00:00.000+0000", "2026-03-09T23:59:59.999+0000", "2026-03-09 00:00:00.000 UTC",
    "2026-03-09 23:59:59.999 UTC", "2026-03-10T05:29:59.999+0530", "2026-03-08T21:30:00.000-0230",
    "2026-03-09T12:34:56Z", "2026-03-09T12:34:56.7Z", "2026-03-09T12:34Z", "2026-03-09T12:34:56.789+05:30",
    "2026-03-09T12:34:56.789+00", "2026-03-09T12:34:56.789", "2026-03-09 12:34:56", "2026-03-09",
    "2026-03-09 12:34:56.789123 UTC", "2026-03-09T12:34:56.123456789Z", "2026-03-09 12:34:56 GMT",
    "2026-03-09 12:34:56 Europe/Berlin", "2026-03-09 12:34:56 +02:00", "2026-03-09 12:34:56+0200",
    "2026-03-09 12:34:56 +02", "2026-03-09 12:34:56 Z", "2026-03-09 12:34:56Z", "2026-03-09 1:02:03 UTC",
    "2026-03-10T13:59:59.999+1400", "2026-03-09 12:34:56  UTC", "2026-03-09 UTC",
)  # fmt: skip
OUTSIDE = (
    "2026-03-08T23:59:59.999+0000", "2026-03-10T00:00:00.000+0000", "2026-03-10 00:00:00.000 UTC",
    "2026-03-10T05:30:00.000+0530", "2026-03-09 23:59:59.9996 UTC", "0001-01-01T00:00:00.000+0000",
    "0001-01-01T00:00:00.000+1200",
)  # fmt: skip
UNREADABLE = (
    "", " ", "soon", "now", "today", "epoch", "infinity", "2026-02-30T12:00:00Z", "2026-13-01", "2026-03",
    "2026-03-09T24:00:00Z", "2026-03-09 24:00:00 UTC", "2026-03-09T12:34:56.789+1500", "20260309",
    "2026-03-09T12:34:56.789+1401", "2026-03-09 12:34:56 +14:30", "2026-03-09T12:34:56-15", "2026-W11-1",
    "2026-03-09 12:34:56 utc", "2026-03-09 12:34:56 EST", "2026-03-09 12:34:56,789 UTC", "1773059696789",
    "2026-03-09  12:34:56 UTC", " 2026-03-09T12:34:56Z", "2026-03-09T12:34:56.789+9999",
    "9998-12-31T23:59:59.999+0000", "2998-03-09 12:34:56 UTC",
    "2026-03-09T23:59:60Z", "\uff12026-03-09", "2026-03-09T12:34:56.Z", "2026-03-09T12:34:56.789+0000[UTC]",
)  # fmt: skip
"""Whatever cannot be read, or lies far ahead, belongs to every window."""

UPDATED = '"updated": "2026-03-09T12:34:56.789+0000", "comment": {"comments": []}'
DEEP = "[" * 1200 + "]" * 1200
LONG = "v" * 300_000
FIELDS = (
    f'{{{UPDATED}, "summary": "it''s', f'{{"summary": "cut, {UPDATED}', f"{{{UPDATED}}} x",
    f"{{{UPDATED}}}}}", f'{{{UPDATED}, "a": oops}}', f'{{"a": oops, {UPDATED}}}',
    f'{{"updated": "2020-01-01", {UPDATED}}}',
    f'{{{UPDATED}, "updated": "2020-01-01"}}', f'{{"a": {{"updated": "2020-01-01"}}, {UPDATED}}}',
    '{"updated": null}', '{"updated": 1773059696789}', '{"updated": true}', '{"updated": {}}',
    '{"updated": ["2026-03-09"]}', '{"updated": "\\u0032026-03-09T12:34:56.789+0000"}', "{}", "", " ", "null",
    f'{{"a": "\\ud800", {UPDATED}}}', '{"updated": "\\ud800"}', f'{{"a": NaN, {UPDATED}}}',
    f'{{{UPDATED}, "a": NaN}}', f'{{"a": -Infinity, {UPDATED}}}', f'{{"a": "x\ny", {UPDATED}}}',
    f'{{{UPDATED}, "a": "x\ny"}}', f'{{"a": "\\u0000", {UPDATED}}}', f"\ufeff{{{UPDATED}}}", "[]", "12",
    '"x"', f"{{/* x */ {UPDATED}}}", f"{{{UPDATED},}}", f'{{"a": 01, {UPDATED}}}',
    f'{{"a": "\\x", {UPDATED}}}',
    f"[{{{UPDATED}}}]", f" {{{UPDATED}}} ", f"{{{UPDATED}}}{{{UPDATED}}}", f'{{"a": {DEEP}, {UPDATED}}}',
    f'{{"a": {"9" * 1200}, {UPDATED}}}', f'{{"a": "{LONG}", {UPDATED}}}', f'{{"a": "NaN 😀", {UPDATED}}}',
    '{"\\u0075pdated": "2026-03-09T12:34:56.789+0000"}', '{"Updated": "2026-03-09T12:34:56.789+0000"}',
    "{'updated': '2026-03-09'}", "oops", '{"updated": "2026-03-09T12:34:56.789+0000', '{"updated":',
)  # fmt: skip
IN, OUT = '{"created": "2026-03-09T12:34:56.789+0000"}', '{"created": "2020-03-09 12:34:56.789 UTC"}'
CHANGELOGS = (
    f'{{"histories": [{IN}]}}', f'{{"histories": [{OUT}, {IN}]}}', f'{{"histories": [{IN}, {OUT}]}}',
    f'{{"histories": [{OUT}, {IN}, {OUT}]}}', '{"histories": []}', "{}", "null", "", '{"histories": null}',
    f'{{"histories": {IN}}}', '{"histories": "x"}', '{"histories": 5}', '{"histories": [null]}',
    f'{{"histories": [{IN}, null]}}', '{"histories": ["x"]}', f'{{"histories": [[{IN}]]}}', f"[{IN}]",
    '{"histories": [{}]}', '{"histories": [{"created": null}]}', '{"histories": [{"created": 5}]}',
    f'{{"histories": [{IN}, {OUT}', f'{{"histories": [{IN}, {{"created":', f'{{"histories": [{OUT}, {IN}',
    f'{{"histories": [{OUT}, {IN}]}} x', f'{{"histories": [{OUT}, {IN}], "a": oops}}', "{histories: oops",
    f'{{"histories": [{OUT}, oops, {IN}]}}', f'{{"histories": [{OUT}], "histories": [{IN}]}}',
    '{"histories": [{"created": "2026-03-09", "created": "2020-01-01"}]}',
    f'{{"histories": [{{"items": {DEEP}, "created": "2026-03-09"}}]}}',
    f'{{"histories": [{OUT}, {{"items": "\\ud800", "created": "2026-03-09"}}]}}',
    '{"histories": [{"items": NaN, "created": "2026-03-09"}]}',
    '{"histories": [{"created": "2026-03-09T12:00:00+1500"}]}',
)  # fmt: skip
IDS = (
    "1", "10", "100", "2", "9", "09", "A-b_c.9", "a", "Z", "9" * 100, "9" * 101, None, "", " ", "9 ", "9\n",
    "é", "\uff11", "a\x00b", "ana@example.com", "x'y", "a\u2028", "%", "_", ".", "-",
)  # fmt: skip
NOTHING = '{"histories": []}'


def row(id: str | None, fields: str | None, changelog: str | None = NOTHING) -> Row:
    return Row(id, f"K-{id}", f"https://jira.example.com/{id}", fields, changelog)


def updated(text: str) -> str:
    return json.dumps({"updated": text}, ensure_ascii=False)


def named(rows: Iterable[tuple[str | None, str | None]], letter: str) -> list[Row]:
    """Rows with ids of their own: the letter and a place of three digits."""
    return [row(f"{letter}{place:03}", *parts) for place, parts in enumerate(rows)]


@pytest.fixture(scope="module")
def both(real_trino: RealTrino) -> Iterator[Pair]:
    rows = named([(updated(text), NOTHING) for text in INSIDE], "i")
    rows += named([(updated(text), NOTHING) for text in OUTSIDE], "o")
    rows += named([(updated(text), NOTHING) for text in UNREADABLE], "u")
    rows += named([(text, NOTHING) for text in (*FIELDS, None)], "f")
    old = updated("2019-01-01T00:00:00.000+0000")
    rows += named([(old, text) for text in (*CHANGELOGS, None)], "c")
    rows += [row(id, updated(INSIDE[0])) for id in IDS]
    rows += twins("t000", "2026-03-09", "2026-03-08") + twins("t001", "2026-03-08", "2026-03-09")
    rows += twins("t002", "2026-03-11", "2026-03-09") + twins("t003", "2026-03-09", "soon")
    with show_on_both(real_trino, Listed(rows)) as pair:
        yield pair


def twins(id: str, *days: str) -> list[Row]:
    """Several rows of one issue."""
    said = [{"updated": day, "summary": f"of {day}", "comment": {"comments": []}} for day in days]
    return [row(id, json.dumps(fields)) for fields in said]


def found(side: Side, window: Window, page: int = 40) -> list[str]:
    """The ids of the backlog, one slice each, found page by page."""
    return [str(params["upto"]) for each in side.walk_backlog(window, 1, page) for params in each.params]


@pytest.mark.parametrize("window", [DAY, EVER, NEVER], ids=["day", "ever", "never"])
def test_both_find_the_same_issues(both: Pair, window: Window) -> None:
    ids = both.same(lambda side: found(side, window))
    assert ids == sorted(set(ids))
    assert {f"u{place:03}" for place in range(len(UNREADABLE))} <= set(ids)
    # From the beginning on means from the first change on.
    assert window is not EVER or {f"o{place:03}" for place in range(len(OUTSIDE))} <= set(ids)


def test_the_edges_of_a_day_are_where_they_belong(both: Pair) -> None:
    ids = set(both.same(lambda side: found(side, DAY)))
    assert {id for id in ids if id.startswith("i")} == {f"i{place:03}" for place in range(len(INSIDE))}
    assert {id for id in ids if id.startswith("o")} == set()
    never = set(found(both.real, NEVER))
    assert {id for id in ids - never if id.startswith("u")} == set()


def test_ids_that_jira_cannot_have_are_counted_alike(both: Pair) -> None:
    [page, *_] = both.same(lambda side: side.walk_backlog(DAY, 1, 40))
    usable = {"1", "10", "100", "2", "9", "09", "A-b_c.9", "a", "Z", "9" * 100, "_", ".", "-"}
    assert page.notes == {"rows without id": len(IDS) - len(usable)}
    assert usable <= set(found(both.real, DAY))


def test_keyset_paging_finds_all_whatever_the_page(both: Pair) -> None:
    whole = both.same(lambda side: found(side, EVER, 1000))
    assert both.same(lambda side: found(side, EVER, 7)) == whole


def test_a_range_reads_the_same_documents_and_rejects(both: Pair) -> None:
    days = {"date_start": DAY.date_start, "date_end": DAY.date_end}
    pages = both.same(lambda side: side.read(**days))
    rejects = [reject for page in pages for reject in page.rejects]
    summaries = {
        document.id: document.body["fields"].get("summary")  # type: ignore[call-overload, index, union-attr]
        for page in pages
        for document in page.documents
    }
    assert len(rejects) > 10
    assert summaries["issues:t000"] == summaries["issues:t001"] == summaries["issues:t003"] == "of 2026-03-09"


def test_names_read_the_same_documents_and_rejects(both: Pair) -> None:
    wanted = [
        "t000",
        "t001",
        "t002",
        "t003",
        "1",
        "10",
        "9",
        "nobody",
        *(f"f{place:03}" for place in range(45)),
    ]
    past = {"date_start": date(2001, 1, 1), "date_end": date(2001, 1, 2)}
    pages = both.same(lambda side: side.read(ids=wanted, **past))
    assert sum(len(page.documents) for page in pages) > 10
