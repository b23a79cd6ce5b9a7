"""A server that speaks the REST interface of Jira Cloud (versions 2 and 3) or of a Data Center."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal
from zoneinfo import ZoneInfo

from scripts.sandbox.exchange import Request, Response
from scripts.sandbox.faults import Matches
from scripts.sandbox.http_server import LoopbackServer
from scripts.sandbox.issues import FIRST_ID
from scripts.sandbox.jira.access import Access
from scripts.sandbox.jira.catalogue import Catalogue, Reshape
from scripts.sandbox.jira.limits import Limits
from scripts.sandbox.jira.reading import Asked, Refusal
from scripts.sandbox.jira.routes import Interface
from scripts.sandbox.jira.tricks import ListName, State, Tricks
from scripts.sandbox.people import JIRA
from scripts.sandbox.world import World

type Deployment = Literal["Cloud", "Server"]

GATEWAY = "https://api.atlassian.com"
"""Where links point that were asked for at the scoped address."""
CLOUD_ID = "11223344-a1b2-3b33-c444-def123456789"
DATA_CENTER_STEP_MS = 1_000
"""A Data Center's index knows times by the second."""
ACCOUNT_ZONE = "America/New_York"


class JiraServer(LoopbackServer):
    """The issues of *world*, undamaged, as Jira Cloud or (``deployment="Server"``) a Data Center shows them.

    Bare dates in JQL are read in *timezone*, the account's. A Cloud answers below ``url`` and, for
    scoped tokens, below ``scoped_url``. Who may ask: access.py. Oddities: the methods here.
    """

    def __init__(
        self,
        world: World,
        *,
        deployment: Deployment = "Cloud",
        timezone: str = ACCOUNT_ZONE,
        limits: Limits | None = None,
        cloud_id: str = CLOUD_ID,
        port: int = 0,
    ) -> None:
        self.access = Access(is_cloud=deployment == "Cloud")
        self._tricks = Tricks()
        self._prefix = f"/ex/jira/{cloud_id}"
        self._is_cloud = deployment == "Cloud"
        self._catalogue = Catalogue(world, step_ms=1 if self._is_cloud else DATA_CENTER_STEP_MS)
        self._interface = Interface(
            world, self._catalogue, limits or Limits(), ZoneInfo(timezone), self._is_cloud
        )
        super().__init__(self._answer, port)
        self.scoped_url = self.url + self._prefix

    def forbid(self, issue_id: str) -> None:
        """The account may not see the issue any more: no search shows it, reading it is a 404."""
        self._change(lambda state: replace(state, forbidden=state.forbidden | {_number(issue_id)}))

    def delete(self, issue_id: str, *, listed: bool = False) -> None:
        """The issue is gone: reading it is a 404. With *listed*, searches still show it."""

        def change(state: State) -> State:
            number = frozenset({_number(issue_id)})
            shown = state.listed | number if listed else state.listed - number
            return replace(state, deleted=state.deleted | number, listed=shown)

        self._change(change)

    def shorten(self, issue_id: str, name: ListName, by: int = 1) -> None:
        """The total of that list counts *by* entries (the newest) that no answer ever holds."""
        self._change(lambda state: replace(state, short=(*state.short, (_number(issue_id), name, by))))

    def hide(self, issue_id: str, field: Literal["comment", "worklog"], *, null: bool = False) -> None:
        """The issue lacks that field (*null*: it is null); the list's own end point still has it."""
        entry = frozenset({(_number(issue_id), field)})
        if null:
            self._change(lambda state: replace(state, nulled=state.nulled | entry))
        else:
            self._change(lambda state: replace(state, hidden=state.hidden | entry))

    def repeat_token(self, on: bool = True) -> None:
        """From the second page on, each page of a search gives the token that led to it."""
        self._change(lambda state: replace(state, repeat_token=on))

    def send_empty_pages(self, on: bool = True) -> None:
        """Searches answer empty pages, each with a new token, without end."""
        self._change(lambda state: replace(state, empty_pages=on))

    def forgive_unknown_ids(self, on: bool = True) -> None:
        """A search by ids or keys leaves out what is not there, in place of a 400."""
        self._change(lambda state: replace(state, strict_ids=not on))

    def hide_users(self, on: bool = True) -> None:
        """The account lacks the permission to browse users: listing them is a 403."""
        self._change(lambda state: replace(state, may_browse_users=not on))

    def withdraw_bulk(self, on: bool = True) -> None:
        """The bulk end points are a 404."""
        self._change(lambda state: replace(state, bulk=not on))

    def track_no_time(self, on: bool = True) -> None:
        """Time tracking is off: issues show no worklogs, and asking for them is a 404."""
        self._change(lambda state: replace(state, tracks_time=not on))

    def expire_page_tokens(self) -> None:
        """Every nextPageToken of a search handed out so far is a 400."""
        self._change(lambda state: replace(state, token_age=state.token_age + 1))

    def hold_index(self, on: bool = True) -> None:
        """Searches lag behind: they find issues as they are now, while reading shows later changes."""
        self._catalogue.hold(on)

    def reshape(self, issue_id: str, reshape: Reshape) -> None:
        """Show the issue as *reshape*, which is given id, key, fields and changelog, leaves it."""
        self._catalogue.reshape(_number(issue_id), reshape)

    def behave(self) -> None:
        """Forget every oddity; expired page tokens stay so."""
        self._catalogue.restore()
        self._change(lambda state: State(token_age=state.token_age))

    def after(self, call: Callable[[], object], matching: Matches | None = None) -> None:
        """Run *call* once, between the next request that matches (a search) and whatever comes after it."""
        self._tricks.plan(call, matching or (lambda request: "/search" in request.path))

    def _change(self, change: Callable[[State], State]) -> None:
        self._tricks.change(change)

    def _answer(self, request: Request) -> Response:
        try:
            response = self._route(request)
        except Refusal as refusal:
            response = refusal.response
        self._tricks.run_planned(request)
        return response

    def _route(self, request: Request) -> Response:
        path, scoped = request.path, False
        if self._is_cloud and path.startswith(self._prefix + "/"):
            path, scoped = path.removeprefix(self._prefix), True
        parts = path.strip("/").split("/")
        if parts[:2] != ["rest", "api"] or len(parts) < 4 or (request.path.startswith("/ex/") and not scoped):
            raise Refusal(404, "null for uri: " + request.path)
        visitor = self.access.check(request, scoped=scoped, anonymous=parts[3:] == ["serverInfo"])
        if isinstance(visitor, Response):
            return visitor
        version = "2" if parts[2] == "latest" and not self._is_cloud else parts[2].replace("latest", "3")
        state = self._tricks.state
        site = GATEWAY + self._prefix if scoped else JIRA
        asked = Asked(request)
        try:
            response = self._interface.answer(request.method, version, parts[3:], asked, state, visitor, site)
        except Refusal as refusal:
            response = refusal.response
        return replace(response, headers={**response.headers, **visitor.headers})


def _number(issue_id: str) -> int:
    return int(issue_id) - FIRST_ID
