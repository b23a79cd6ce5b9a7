"""The accounts of Jira over REST: every one, with the address that it shows."""

from datetime import date

import pytest
from pydantic import SecretStr

from scripts.sandbox.exchange import Request, Response, answer_json
from scripts.sandbox.faults import Fault
from scripts.sandbox.http_server import LoopbackServer
from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.lake import list_users
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.errors import CredentialsError, TransientError
from temporaletl.http import Pacer
from temporaletl.jira.settings import JiraBackendSettings, JiraRestSettings
from temporaletl.jira.users import read_jira_users
from tests.integration.jira_over_rest import connect, ends_with
from tests.integration.pacing import keeps_pace


def test_every_account_is_read_as_the_lake_has_it() -> None:
    world = World(300, anchor=date(2026, 3, 10), detail=0)
    with JiraServer(world) as server, connect(server) as connections:
        assert sorted(read_jira_users(connections), key=str) == sorted(list_users(world), key=str)
        assert server.log.count("/rest/api/3/users/search") > 2


def test_an_account_that_may_not_browse_users_is_told_so() -> None:
    with JiraServer(World(5, detail=0)) as server, connect(server) as connections:
        server.hide_users()
        with pytest.raises(CredentialsError, match="permissions"):
            list(read_jira_users(connections))


def test_an_answer_that_is_no_list_may_pass() -> None:
    with JiraServer(World(5, detail=0)) as server, connect(server) as connections:
        server.faults.plan(Fault(status=200, body=b"{}"), matching=ends_with("users/search"))
        with pytest.raises(TransientError):
            list(read_jira_users(connections))


def test_people_of_a_data_center_are_known_by_key_and_by_name() -> None:
    people = [
        {"key": "JIRAUSER1", "name": "ana", "emailAddress": "ana@example.com"},
        {"key": "JIRAUSER2", "name": "bob", "emailAddress": ""},
        # Renamed: a key is whose it is, whoever has that name today.
        {"key": "JIRAUSER3", "name": "cleo", "emailAddress": "new@example.com"},
        {"key": "cleo", "name": "cleo.old", "emailAddress": "old@example.com"},
    ]

    def answer(request: Request) -> Response:
        if request.path.endswith("serverInfo"):
            return answer_json({"deploymentType": "Server", "versionNumbers": [9, 12, 0]})
        start = int(request.query["startAt"])
        return answer_json(people[start : start + 1])

    with LoopbackServer(answer) as server:
        settings = JiraRestSettings(
            _env_file=None,
            url=server.url,
            token=SecretStr("t"),
            allow_insecure_auth=True,
        )
        backend = JiraBackendSettings(_env_file=None, backend="rest")
        with Connections([backend, settings]) as connections:
            assert list(read_jira_users(connections)) == [
                ("JIRAUSER1", "ana@example.com"),
                ("JIRAUSER2", None),
                ("JIRAUSER3", "new@example.com"),
                ("cleo", "old@example.com"),
                ("ana", "ana@example.com"),
                ("bob", None),
                ("cleo.old", "old@example.com"),
            ]


def test_accounts_are_read_at_the_pace_of_the_source() -> None:
    world = World(20, anchor=date(2026, 3, 10), detail=0, people=300)
    with (
        JiraServer(world) as server,
        connect(server, pacer=Pacer(20)) as connections,
        keeps_pace(server, 20, at_least=6),
    ):
        list(read_jira_users(connections))
