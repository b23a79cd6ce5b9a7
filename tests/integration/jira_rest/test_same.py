"""The same issue through the lake and over REST: the same rows, byte for byte."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from scripts.sandbox.issues import FIRST_ID
from scripts.sandbox.jira.big_issue import add_big_issue
from scripts.sandbox.jira.server import CLOUD_ID, JiraServer
from scripts.sandbox.people import JIRA
from scripts.sandbox.trino import TrinoServer
from scripts.sandbox.world import World
from temporaletl.contract import Document
from tests.integration import lake
from tests.integration.jira_over_rest import (
    ANCHOR,
    Everyone,
    at,
    connect,
    documents_of,
    pages_of,
    part,
    query,
)
from worker.models.context import Context
from worker.models.event import Reject
from worker.models.raw import StagedDocument
from worker.models.rows import encode_batch
from worker.models.shaping import shape_documents
from worker.sources.jira.document import read_issue
from worker.sources.jira.query import JiraQuery
from worker.sources.jira.settings import JiraOptions
from worker.sources.jira.transform import transform

READ_AT = datetime(2026, 3, 11, tzinfo=UTC)
BARE, WITH_SITE = JiraOptions(), JiraOptions(base_url="https://jira.example.com")


@pytest.fixture(scope="module")
def world() -> World:
    made = World(160, anchor=ANCHOR, detail=0.6)
    add_big_issue(made, at(9))
    return made


@pytest.fixture(scope="module")
def from_lake(world: World) -> dict[str, Document]:
    """Every issue whose row is not damaged."""
    sound = [issue_id for issue_id in world.issue_ids if world.damage(issue_id) is None]
    with TrinoServer(world) as server, lake.connect(server) as connections:
        return documents_of(pages_of(query(connections, ids=sound)))


@pytest.fixture(scope="module")
def over_rest(running_cloud: JiraServer) -> dict[str, Document]:
    with connect(running_cloud) as connections:
        return documents_of(pages_of(query(connections)))


def rows_of(document: Document, options: JiraOptions) -> bytes:
    """All that a load is given of a document."""
    staged = StagedDocument(document.id, document.updated, READ_AT, document.body)
    shaped = shape_documents([staged], transform, Everyone(), options, JiraQuery)
    return encode_batch(shaped, (), source_kind_id="jira")


@pytest.mark.parametrize("options", [BARE, WITH_SITE], ids=["REST addresses", "addresses for people"])
def test_every_sound_issue_gives_the_same_rows(
    from_lake: dict[str, Document], over_rest: dict[str, Document], options: JiraOptions
) -> None:
    assert len(from_lake) > 140
    assert from_lake.keys() <= over_rest.keys()
    different = [
        issue_id
        for issue_id, document in from_lake.items()
        if rows_of(document, options) != rows_of(over_rest[issue_id], options)
    ]
    assert different == []


def test_named_issues_give_the_same_rows_too(
    cloud: JiraServer, from_lake: dict[str, Document], over_rest: dict[str, Document]
) -> None:
    ids = list(from_lake)
    with connect(cloud) as connections:
        named = documents_of(pages_of(query(connections, ids=ids)))
    assert [rows_of(named[name], BARE) for name in ids] == [rows_of(over_rest[name], BARE) for name in ids]


def told(document: Document) -> list[tuple[str, str, str]]:
    """(kind, event id, type or reason) of all that a document tells, parts that cannot be read included."""
    return sorted(
        ("reject", entry.event_id or "", entry.reason)
        if isinstance(entry, Reject)
        else ("event", entry.event_id, entry.event_type)
        for entry in transform(document, Context(Everyone(), BARE))
    )


def spoil(issue: dict[str, Any]) -> None:
    """Some parts lose their id, and the oldest history, which no search shows, its author."""
    for comment in issue["fields"]["comment"]["comments"][3:25:7]:
        del comment["id"]
    del issue["changelog"]["histories"][1]["id"]
    del issue["changelog"]["histories"][-1]["author"]


def test_parts_that_cannot_be_read_are_told_alike(world: World, cloud: JiraServer) -> None:
    big = world.issue_ids[-1]
    row = world.sound_row(int(big) - FIRST_ID)
    issue = {"id": row.id, "key": row.key, "self": row.self}
    issue |= {"fields": json.loads(row.fields or ""), "changelog": json.loads(row.changelog or "")}
    spoil(issue)
    cloud.reshape(big, spoil)
    with connect(cloud) as connections:
        over_rest = documents_of(pages_of(query(connections)))[big]
    from_lake = read_issue(issue)
    assert isinstance(from_lake, Document)
    assert len([kind for kind, *_ in told(over_rest) if kind == "reject"]) == 6
    assert told(over_rest) == told(from_lake)


def test_an_issue_of_many_parts_is_complete_through_both(
    world: World, from_lake: dict[str, Document], over_rest: dict[str, Document]
) -> None:
    big = world.issue_ids[-1]
    for document in (from_lake[big], over_rest[big]):
        assert len(part(document, "changelog", "histories")) == 250
        assert len(part(document, "fields", "comment", "comments")) == 130
        assert len(part(document, "fields", "worklog", "worklogs")) == 60


def test_a_scoped_token_gives_the_same_rows(cloud: JiraServer, over_rest: dict[str, Document]) -> None:
    token = SecretStr(cloud.access.scoped_token)
    cloud.log.clear()
    gateway = {"url": JIRA, "cloud_id": CLOUD_ID, "gateway_url": cloud.url}
    with connect(cloud, token=token, **gateway) as connections:
        read = documents_of(pages_of(query(connections)))
    assert {entry.path.startswith(f"/ex/jira/{CLOUD_ID}/") for entry in cloud.log.entries} == {True}
    assert read.keys() == over_rest.keys()
    assert all(rows_of(read[name], BARE) == rows_of(over_rest[name], BARE) for name in read)
