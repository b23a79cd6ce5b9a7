"""The feeds of accounts: the one that is meant is read, page by page, at the pace of its source."""

from datetime import date

from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.trino import CATALOG, TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.http import Pacer
from temporaletl.jira.settings import JiraBackendSettings
from temporaletl.settings import TrinoSettings
from tests.integration import cases, jira_over_rest
from tests.integration.pacing import keeps_pace
from worker.external.accounts import ACCOUNT_FEEDS, Account, choose_feeds

PER_SECOND = 20


def read_feed(connections: Connections, system: str) -> list[Account]:
    [feed] = [feed for feed in choose_feeds(ACCOUNT_FEEDS, connections) if feed.system == system]
    return list(feed.read(connections))


def test_the_users_of_the_lake_are_read_at_the_pace_of_jira() -> None:
    with TrinoServer(World(5, anchor=date(2026, 3, 10), detail=0), page_rows=5) as trino:
        reach = TrinoSettings(
            _env_file=None, host=trino.host, port=trino.port, http_scheme="http", catalog=CATALOG
        )
        with (
            Connections([reach], {"jira": Pacer(PER_SECOND)}) as connections,
            keeps_pace(trino, PER_SECOND, at_least=6),
        ):
            assert len(read_feed(connections, "jira")) > 20


def test_the_users_of_salesforce_are_read_page_by_page_at_its_pace() -> None:
    world = World(5, anchor=date(2026, 3, 10), detail=0)
    with (
        SalesforceServer(world, page_rows=5) as server,
        cases.connect(server, per_second=PER_SECOND) as connections,
        keeps_pace(server, PER_SECOND, at_least=6),
    ):
        accounts = read_feed(connections, "salesforce")

    assert {(str(user["Id"]), user["Email"]) for user in server.cases.tables()["User"]} == {
        (one.account, one.address) for one in accounts
    }


def test_the_backend_of_jira_decides_where_its_accounts_are_read_whatever_else_is_configured() -> None:
    elsewhere = TrinoSettings(_env_file=None, host="127.0.0.1", port=1, http_scheme="http", catalog=CATALOG)
    backend = JiraBackendSettings(_env_file=None, backend="rest")
    with JiraServer(World(5, anchor=date(2026, 3, 10), detail=0)) as jira:
        reach = jira_over_rest.settings_for(jira)
        with Connections([elsewhere, backend, reach]) as connections:
            assert read_feed(connections, "jira")
