"""The sandbox's Trino through the real client library."""

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
import requests
import trino
from trino.auth import BasicAuthentication, JWTAuthentication

from scripts.sandbox.trino import USER, TrinoServer
from scripts.sandbox.world import World

ANCHOR = date(2026, 3, 10)
LAST_CHANGE = """greatest(
    coalesce(try(from_iso8601_timestamp(json_extract_scalar(fields, '$.updated'))),
        try_cast(json_extract_scalar(fields, '$.updated') as timestamp with time zone), from_unixtime(0)),
    coalesce(try(from_iso8601_timestamp(json_extract_scalar(changelog, '$.histories[0].created'))),
        from_unixtime(0)),
    coalesce(try(from_iso8601_timestamp(json_extract_scalar(
        element_at(try(cast(json_extract(changelog, '$.histories') as array(json))), -1), '$.created'))),
        from_unixtime(0)))"""


@pytest.fixture(scope="module")
def world() -> World:
    return World(500, anchor=ANCHOR, detail=0.3)


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[TrinoServer]:
    with TrinoServer(world) as running:
        yield running


@pytest.fixture
def ask(server: TrinoServer) -> Iterator[Callable[..., list[list[Any]]]]:
    connection = connect(server)

    def ask_it(statement: str, *values: object) -> list[list[Any]]:
        cursor = connection.cursor()
        cursor.execute(statement, list(values) or None)
        rows: list[list[Any]] = cursor.fetchall()
        return rows

    yield ask_it
    server.faults.clear()
    connection.close()


def connect(server: TrinoServer, **options: Any) -> Any:
    settings = {"user": USER, "catalog": "lake", "timezone": "UTC", "legacy_prepared_statements": False}
    settings |= {"host": server.host, "port": server.port, "http_scheme": "http", "max_attempts": 1}
    return trino.dbapi.connect(**settings | options)


type Ask = Callable[..., list[list[Any]]]


def test_every_row_arrives_over_many_pages(ask: Ask, server: TrinoServer, world: World) -> None:
    server.log.clear()
    rows = ask("SELECT id, key, self, fields, changelog FROM jira.issues")
    expected = {(row.id, row.key, row.self, row.fields, row.changelog) for row in world.rows()}
    assert {tuple(row) for row in rows} == expected
    assert server.log.count("/v1/statement", "GET") >= 10


@pytest.mark.parametrize(
    "value",
    [
        "it's ?",
        7,
        -7,
        2.5,
        True,
        None,
        date(2026, 1, 2),
        ["a", "b"],
        datetime(2026, 1, 2, 3, 4, 5, 678000, UTC),
    ],
    ids=repr,
)
def test_a_parameter_comes_back_as_it_was(ask: Ask, value: object) -> None:
    assert ask("SELECT ? AS value, ? AS other", value, "x") == [[value, "x"]]


def test_a_range_of_ids_is_selected_in_text_order(ask: Ask, world: World) -> None:
    ids = sorted(issue_id for issue_id in world.issue_ids if world.damage(issue_id) != "id NULL")
    question = "SELECT id FROM jira.issues WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
    assert ask(question, ids[10], ids[60], 20) == [[issue_id] for issue_id in ids[11:31]]


def test_ids_are_selected_by_list_and_by_row(ask: Ask) -> None:
    assert ask("SELECT id FROM jira.issues WHERE contains(?, id)", ["9502"]) == [["9502"]]
    assert ask("SELECT id FROM jira.issues WHERE id IN (?, ?) ORDER BY id", "9502", "9503") == [
        ["9502"],
        ["9503"],
    ]
    assert ask("SELECT min((id, key)) > (?, ?) AS more FROM jira.issues", "1", "a") == [[True]]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("json_extract_scalar('{\"a\": \"x\"}', '$.a')", "x"),
        ("json_extract_scalar('{\"a\": {\"b\": 1}}', '$.a')", None),
        ("json_extract_scalar('{\"a\": null}', '$.a')", None),
        ("json_extract_scalar('{oops', '$.a')", None),
        ("json_extract_scalar(NULL, '$.a')", None),
        ("json_size('{\"a\": [1, 2]}', '$.a')", 2),
        ("json_size('{\"a\": {\"b\": 1}}', '$.a')", 1),
        ("json_size('{\"a\": 7}', '$.a')", 0),
        ("json_size('{}', '$.a')", None),
        ("json_extract_scalar('{\"a\": [7, 8]}', '$.a[' || CAST(1 AS varchar) || ']')", "8"),
        ("json_extract_scalar('{\"a\": [{\"b\": 2}]}', '$.a[0].b')", "2"),
        (
            "from_iso8601_timestamp('2025-09-30T12:34:56.789+0530')",
            datetime(2025, 9, 30, 7, 4, 56, 789000, UTC),
        ),
        ("from_iso8601_timestamp('2025-09-30')", datetime(2025, 9, 30, tzinfo=UTC)),
        ("try(from_iso8601_timestamp('2025-09-30 12:34:56.789 UTC'))", None),
        ("try(from_iso8601_timestamp(''))", None),
        (
            "try_cast('2025-09-30 12:34:56.789 UTC' AS timestamp with time zone)",
            datetime(2025, 9, 30, 12, 34, 56, 789000, UTC),
        ),
        ("try_cast('2025-09-30T12:34:56.789+0000' AS timestamp with time zone)", None),
        (
            "try_cast('2025-09-30 12:34:56.7895+0530' AS timestamp with time zone)",
            datetime(2025, 9, 30, 7, 4, 56, 790000, UTC),
        ),
        (
            "try_cast('2025-09-30 12:34 UTC' AS timestamp with time zone)",
            datetime(2025, 9, 30, 12, 34, tzinfo=UTC),
        ),
        ("try_cast('2025-09-30 24:00:00 UTC' AS timestamp with time zone)", None),
        ("try_cast('2025-09-30 12:34:56 +14:01' AS timestamp with time zone)", None),
        ("try_cast('epoch' AS timestamp with time zone)", None),
        ("try(from_iso8601_timestamp('2025-09-30T24:00:00Z'))", None),
        ("greatest(1, NULL)", None),
        ("greatest(1, 3, 2)", 3),
        ("7 / 2", 3),
        ("7 / 2.0", 3.5),
        ("floor(7 / 2)", 3),
        ("element_at(ARRAY[1, 2, 3], -1)", 3),
    ],
)
def test_a_function_answers_as_trinos_does(ask: Ask, expression: str, value: object) -> None:
    [[found]] = ask(f"SELECT {expression} AS value")
    assert (float(found) if isinstance(value, float) else found) == value


def test_slices_by_row_number_span_the_backlog_exactly(ask: Ask, world: World) -> None:
    question = f"""
        SELECT min(id) AS first, max(id) AS last, count(*) AS documents
        FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) / 100 AS slice FROM jira.issues
              WHERE {LAST_CHANGE} >= ? AND id IS NOT NULL) AS numbered
        GROUP BY slice ORDER BY 1"""
    start = datetime(2026, 3, 3, tzinfo=UTC)
    rows = ask(question, start)
    unread = {"id NULL", "fields NULL", "fields not JSON"}
    ids = [issue_id for issue_id in world.issue_ids if world.damage(issue_id) not in unread]
    assert [row[2] for row in rows[:-1]] == [100] * (len(rows) - 1)
    # A row without readable fields may still have a history in the window.
    assert len(ids) - 5 <= sum(row[2] for row in rows) <= len(world.issue_ids)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(rows))


def test_column_names_are_trinos(server: TrinoServer) -> None:
    cursor = connect(server).cursor()
    cursor.execute(
        "SELECT accountId, count(*), max(emailAddress) AS address FROM jira.users GROUP BY 1 LIMIT 1"
    )
    cursor.fetchall()
    assert [entry[0] for entry in cursor.description] == ["accountId", "_col1", "address"]
    cursor.execute("SELECT * FROM jira.users LIMIT 1")
    cursor.fetchall()
    assert [entry[0] for entry in cursor.description] == ["accountid", "emailaddress"]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("SELEC 1", "SYNTAX_ERROR"),
        ("SELECT 1 FROM jira.nothing", "TABLE_NOT_FOUND"),
        ("SELECT nothing FROM jira.users", "COLUMN_NOT_FOUND"),
        ("SELECT nothing(1)", "FUNCTION_NOT_FOUND"),
        ("SELECT from_iso8601_timestamp('x')", "INVALID_FUNCTION_ARGUMENT"),
        ("SELECT try(from_iso8601_timestamp('2025-09-30T12:34:56+1500'))", "NOT_SUPPORTED"),
        ("SELECT cast('x' AS integer)", "INVALID_CAST_ARGUMENT"),
    ],
)
def test_an_error_has_trinos_name(ask: Ask, statement: str, name: str) -> None:
    with pytest.raises(trino.exceptions.TrinoUserError) as caught:
        ask(statement)
    assert caught.value.error_name == name


def test_a_change_of_the_world_is_seen_by_the_next_query(ask: Ask, world: World) -> None:
    question = "SELECT json_extract_scalar(fields, '$.summary') AS summary FROM jira.issues WHERE id = ?"
    world.edit_summary("9502", datetime(2026, 3, 10, tzinfo=UTC), "seen")
    assert ask(question, "9502") == [["seen"]]
    added = world.add_issue(datetime(2026, 3, 10, tzinfo=UTC)).issue_id
    assert len(ask(question, added)) == 1


def test_a_cancelled_query_ends_with_204(server: TrinoServer) -> None:
    cursor = connect(server).cursor()
    cursor.execute("SELECT fields FROM jira.issues")
    cursor.fetchone()
    assert server.running == 1
    server.log.clear()
    cursor.cancel()
    assert server.running == 0
    assert server.log.count(method="DELETE", status=204) == 1


def test_a_slow_query_is_interrupted_by_a_cancel(server: TrinoServer) -> None:
    cursor = connect(server).cursor()
    began = time.monotonic()
    pairs = "jira.issues a CROSS JOIN jira.issues b CROSS JOIN jira.issues c"
    slow = f"SELECT count(*) AS n FROM {pairs} WHERE a.fields < b.changelog || c.key"
    server.log.clear()
    started = threading.Thread(target=_run, args=(cursor, slow), daemon=True)
    started.start()
    while not server.log.count("/v1/statement/executing"):
        assert time.monotonic() - began < 10, "the client never asked for the first page"
    cursor.cancel()
    started.join(10)
    assert not started.is_alive()
    while _queries():
        assert time.monotonic() - began < 10, "it still runs"


def test_basic_authentication_is_checked() -> None:
    with TrinoServer(World(5, anchor=ANCHOR), auth="basic") as server:
        for password, status in ((server.password, 200), ("wrong", 401)):
            session = requests.Session()
            BasicAuthentication(USER, password).set_http_session(session)
            assert (
                session.post(f"{server.url}/v1/statement", data="SELECT 1", timeout=5).status_code == status
            )


def test_an_expired_token_is_refused_with_401() -> None:
    with TrinoServer(World(5, anchor=ANCHOR), auth="jwt") as server:
        token = server.issue_token()
        headers = requests.Session()
        JWTAuthentication(token).set_http_session(headers)
        assert headers.post(f"{server.url}/v1/statement", data="SELECT 1", timeout=5).status_code == 200
        server.expire_tokens()
        assert headers.post(f"{server.url}/v1/statement", data="SELECT 1", timeout=5).status_code == 401


def _run(cursor: Any, statement: str) -> None:
    # The client may have noticed its own cancel first, and then raises nothing.
    with contextlib.suppress(trino.exceptions.TrinoUserError):
        cursor.execute(statement).fetchall()


def _queries() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("query-")]
