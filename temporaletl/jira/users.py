"""Which accounts does Jira have, and which addresses do they give?"""

from collections.abc import Iterator
from typing import Final

from temporaletl.connections import Connections
from temporaletl.jira.connect import Jira, Json, connect_jira

PAGE_USERS: Final = 1000


def read_jira_users(connections: Connections) -> Iterator[tuple[str, str | None]]:
    """Every account's id and its e-mail address, where Jira shows it to us; former people's too.

    The id is what documents call a person: accountId in the Cloud, key and (once more, for mentions) name
    elsewhere. Needs the permission "Browse users and groups". Raises as Jira does.
    """
    jira = connect_jira(connections, connections.pacer("jira"))
    told: set[str] = set()
    for user in _walk_users(jira):
        address = user.get("emailAddress")
        names = (user.get("accountId"),) if jira.is_cloud else (user.get("key"), user.get("name"))
        for name in names:
            if isinstance(name, str) and name.strip() and name not in told:
                told.add(name)
                yield name, address.strip() or None if isinstance(address, str) else None


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
