"""Which accounts does a system have, and which addresses do they give? The feeds of the identities."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pydantic_settings import BaseSettings

from temporaletl.connections import Connections
from temporaletl.directory.members import read_address
from temporaletl.errors import ConfigurationError
from temporaletl.jira.settings import JiraRestSettings
from temporaletl.jira.users import read_jira_users
from temporaletl.salesforce import connect_salesforce
from temporaletl.settings import SalesforceSettings, TrinoSettings
from temporaletl.statements import read_statement
from temporaletl.trino import ask, connect_trino


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a system, and the e-mail address it gives where it gives one."""

    account: str
    address: str | None


@dataclass(frozen=True, slots=True)
class AccountFeed:
    """How the accounts of *system* are read, where the settings it *needs* are configured."""

    system: str
    needs: tuple[type[BaseSettings], ...]
    read: Callable[[Connections], Iterator[Account]]


def read_lake_accounts(connections: Connections) -> Iterator[Account]:
    """The accounts of jira.users with their addresses, which are often absent. Raises as ask does."""
    connection = connect_trino(connections, connections.pacer("jira"))
    for account, address in ask(connection, read_statement("worker.external", "sql/jira_users.sql")):
        yield Account(str(account), read_address(address))


def read_rest_accounts(connections: Connections) -> Iterator[Account]:
    """The accounts that Jira lists itself, with the addresses it shows us. Raises as read_jira_users does."""
    for account, address in read_jira_users(connections):
        yield Account(account, read_address(address))


def read_salesforce_accounts(connections: Connections) -> Iterator[Account]:
    """The users of Salesforce with their addresses. Raises as Salesforce.ask does.

    An address that is made unusable, as of leavers, must not make somebody unknown.
    """
    salesforce = connect_salesforce(connections, connections.pacer("salesforce"))
    for user in salesforce.ask(read_statement("worker.external", "sql/salesforce_users.soql")):
        yield Account(str(user["Id"]), read_address(user.get("Email")))


ACCOUNT_FEEDS: Final = (
    # Jira's own settings are there only where JIRA_BACKEND says so.
    AccountFeed("jira", (JiraRestSettings,), read_rest_accounts),
    AccountFeed("jira", (TrinoSettings,), read_lake_accounts),
    AccountFeed("salesforce", (SalesforceSettings,), read_salesforce_accounts),
)
"""In the order of preference: of several feeds of one system, the first that is configured is read."""


def choose_feeds(feeds: Iterable[AccountFeed], connections: Connections) -> tuple[AccountFeed, ...]:
    """The feed that is read for each system that has one: the first that is configured."""
    chosen: dict[str, AccountFeed] = {}
    for feed in feeds:
        if feed.system not in chosen and _is_configured(feed, connections):
            chosen[feed.system] = feed
    return tuple(chosen.values())


def _is_configured(feed: AccountFeed, connections: Connections) -> bool:
    try:
        for model in feed.needs:
            connections.settings(model)
    except ConfigurationError:
        return False
    return True
