"""The same issue through the lake and over REST: the same rows, byte for byte."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from scripts.sandbox.jira.big_issue import add_big_issue
from scripts.sandbox.jira.server import CLOUD_ID, JiraServer
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
from worker.models.raw import StagedDocument
from worker.models.rows import encode_batch
from worker.models.shaping import shape_documents
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
def cloud(world: World) -> Iterator[JiraServer]:
    with JiraServer(world) as server:
        yield server


@pytest.fixture(scope="module")
def from_lake(world: World) -> dict[str, Document]:
    """Every issue whose row is not damaged."""
    sound = [issue_id for issue_id in world.issue_ids if world.damage(issue_id) is None]
    with TrinoServer(world) as server, lake.connect(server) as connections:
        return documents_of(pages_of(query(connections, ids=sound)))


@pytest.fixture(scope="module")
def over_rest(cloud: JiraServer) -> dict[str, Document]:
    with connect(cloud) as connections:
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
    with connect(cloud, token=token, cloud_id=CLOUD_ID, gateway_url=cloud.url) as connections:
        read = documents_of(pages_of(query(connections)))
    assert {entry.path.startswith(f"/ex/jira/{CLOUD_ID}/") for entry in cloud.log.entries} == {True}
    assert read.keys() == over_rest.keys()
    assert all(rows_of(read[name], BARE) == rows_of(over_rest[name], BARE) for name in read)
