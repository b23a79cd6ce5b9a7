"""A Launchpad for the tests of it, and clients of it that are closed at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from launchpadlib.credentials import AccessToken, Credentials
from launchpadlib.launchpad import Launchpad

from scripts.sandbox.launchpad import server as sandbox
from scripts.sandbox.launchpad.records import PUBLIC, Bug, Proposal
from scripts.sandbox.launchpad.server import LaunchpadServer
from scripts.sandbox.launchpad.tracker import Tracker
from scripts.sandbox.world import World

PAGE = 7
HUGE = 9991

type Connect = Callable[..., Any]


def make_world() -> World:
    """The people of every Launchpad here."""
    return World(10, people=60, anchor=date(2026, 3, 10))


def start_launchpad() -> LaunchpadServer:
    """A Launchpad with seven entries a page."""
    return LaunchpadServer(Tracker(make_world()), page_rows=PAGE)


def refuse_to_log_in(*args: object) -> None:
    """Asks nobody, where launchpadlib would open a browser."""
    raise PermissionError("the access token is no good")


@contextmanager
def open_clients(folder: Path) -> Iterator[Connect]:
    """Connects anonymously, or with a token; every client is closed at the end."""
    opened: list[Any] = []

    def connect(to: LaunchpadServer, token: str | None = None, consumer: str = sandbox.CONSUMER_KEY) -> Any:
        where = str(folder / str(len(opened)))
        if token is None:
            client = Launchpad.login_anonymously(
                "test", service_root=to.url, version="devel", launchpadlib_dir=where, timeout=5
            )
        else:
            access = AccessToken(token, sandbox.ACCESS_TOKEN_SECRET)
            client = Launchpad(
                Credentials(consumer, sandbox.CONSUMER_SECRET, access),
                refuse_to_log_in, None, service_root=to.url, version="devel", cache=where, timeout=5,
            )  # fmt: skip
        opened.append(client)
        return client

    yield connect
    for client in opened:
        client._browser._connection.close()


def tasks_of(tracker: Tracker, number: int) -> set[int]:
    """The public bugs that a search for that account finds, told from the records."""
    return {
        bug.id
        for bug in tracker.bugs
        if bug.information_type == PUBLIC
        and (
            number == bug.owner
            or any(task.assignee == number for task in bug.tasks)
            or any(message.owner == number for message in bug.messages[1:])
        )
    }


def find_bug(tracker: Tracker, **fields: object) -> Bug:
    """The first bug that has all those fields."""
    return next(b for b in tracker.bugs if all(getattr(b, name) == value for name, value in fields.items()))


def load_proposal(client: Any, tracker: Tracker, proposal: Proposal) -> Any:
    """A proposal, by its link."""
    owner = tracker.account(proposal.owner).name
    kind = "+git/" if proposal.git else ""
    return client.load(f"/~{owner}/{proposal.project}/{kind}{proposal.source}/+merge/{proposal.id}")
