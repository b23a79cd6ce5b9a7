"""Which accounts does Jira have, and which addresses do they give?"""

from collections.abc import Iterator
from typing import Final

from temporaletl.connections import Connections
from temporaletl.jira.connect import Jira, Json, connect_jira

PAGE_USERS: Final = 1000


def read_jira_users(connections: Connections) -> Iterator[tuple[str, str | None]]:
    """Every account's id and its e-mail address, where Jira shows it to us; former people's too.

    The id is what documents call a person: account id and key, and the name where it is no other
    account's id or key. Needs the permission "Browse users and groups". Raises as Jira does.
    """
    jira = connect_jira(connections, connections.pacer("jira"))
    told: set[str] = set()
    names: dict[str, str | None] = {}
    for user in _walk_users(jira):
        email = user.get("emailAddress")
        address = email.strip() or None if isinstance(email, str) else None
        for account in (user.get("accountId"), user.get("key")):
            if isinstance(account, str) and account.strip() and account not in told:
                told.add(account)
                yield account, address
        name = user.get("name")
        if isinstance(name, str) and name.strip():
            names.setdefault(name, address)
    yield from ((name, address) for name, address in names.items() if name not in told)


def _walk_users(jira: Jira) -> Iterator[Json]:
    start, former = 0, None
    while True:
        if jira.is_cloud:
            path = "users/search"
            page = jira.get(path, startAt=start, maxResults=PAGE_USERS)
        else:
            path = "user/search"
            page = jira.get(path, username=".", includeInactive="true", startAt=start, maxResults=PAGE_USERS)
        if not isinstance(page, list) or not all(isinstance(user, dict) for user in page):
            raise jira.unreadable(path)
        if not page or page == former:
            return
        former = page
        yield from page
        # A page may lack users that we may not see, wherever its end is: some come twice, none is lost.
        start += len(page)
