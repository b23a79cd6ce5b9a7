"""Which end point answers which address? All that the sandbox's Jira has, by method and path."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from scripts.sandbox.exchange import Response, answer_json
from scripts.sandbox.jira.access import Visitor
from scripts.sandbox.jira.catalogue import Catalogue, Entry, Json
from scripts.sandbox.jira.fields import FIELDS
from scripts.sandbox.jira.issues import INVISIBLE, Issues
from scripts.sandbox.jira.limits import Limits
from scripts.sandbox.jira.reading import Asked, Refusal
from scripts.sandbox.jira.search import Found, Search
from scripts.sandbox.jira.shape import Style, user_name
from scripts.sandbox.jira.site import describe_account, describe_server, list_person
from scripts.sandbox.jira.tricks import State
from scripts.sandbox.people import Person
from scripts.sandbox.world import World

REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. A full migration "
    "guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)


class Interface:
    """The end points over one catalogue."""

    def __init__(
        self, world: World, catalogue: Catalogue, limits: Limits, zone: ZoneInfo, is_cloud: bool
    ) -> None:
        self._world = world
        self._catalogue = catalogue
        self._limits = limits
        self._zone = zone
        self._search = Search(catalogue, zone)
        self._people = None if is_cloud else {who.account_id: who for who in (*world.people, *world.apps)}
        self._versions = {"2", "3"} if is_cloud else {"2"}

    def answer(
        self,
        method: str,
        version: str,
        parts: Sequence[str],
        asked: Asked,
        state: State,
        visitor: Visitor,
        site: str,
    ) -> Response:
        """The answer of one end point, with links below *site*. Raises Refusal for what is not there."""
        if version not in self._versions:
            raise Refusal(404, "null for uri: /rest/api/" + "/".join((version, *parts)))
        style = Style(version, self._people, site)
        if not visitor.is_known and list(parts) != ["serverInfo"]:
            return self._answer_stranger(parts)
        if parts[0] == "search":
            return self._answer_search(method, tuple(parts[1:]), style, asked, state)
        if parts[0] in {"issue", "changelog"}:
            return self._answer_issue(method, tuple(parts), style, asked, state)
        match (method, *parts):
            case ("GET", "serverInfo"):
                return answer_json(describe_server(self._zone, is_cloud=style.is_cloud))
            case ("GET", "configuration"):
                return answer_json({"timeTrackingEnabled": state.tracks_time})
            case ("GET", "field"):
                return answer_json(FIELDS)
            case ("GET", "myself"):
                return answer_json(describe_account(self._zone, style))
            case ("GET", "users") | ("GET", "users", "search") if style.is_cloud:
                return self._answer_users([*self._world.people, *self._world.apps], style, asked, state)
            case ("GET", "user", "search") if not style.is_cloud:
                return self._answer_users(self._find_users(asked), style, asked, state)
        raise Refusal(404, "null for uri: /rest/api/" + "/".join((version, *parts)))

    def _answer_search(
        self, method: str, rest: tuple[str, ...], style: Style, asked: Asked, state: State
    ) -> Response:
        match (method, style.is_cloud, *rest):
            case ("GET" | "POST", True):
                raise Refusal(410, REMOVED)
            case ("GET" | "POST", True, "jql"):
                return self._answer_token_search(style, asked, state)
            case ("POST", True, "approximate-count"):
                return answer_json({"count": len(self._find(asked, state, bounded=True).entries)})
            case ("GET" | "POST", False):
                return self._answer_offset_search(style, asked, state)
        raise Refusal(404, "null for uri: /rest/api/search")

    def _answer_token_search(self, style: Style, asked: Asked, state: State) -> Response:
        found = self._find(asked, state, bounded=True)
        size = max(1, asked.number("maxResults", 50, self._limits.issues))
        jql, token = asked.text("jql") or "", asked.text("nextPageToken")
        entries, following = self._search.page(found, jql, token, size, state)
        body: Json = {"issues": self._show(entries, style, asked, state, "id")}
        if following is not None:
            body["nextPageToken"] = following
        return answer_json({**body, "isLast": following is None})

    def _answer_offset_search(self, style: Style, asked: Asked, state: State) -> Response:
        strict = (asked.text("validateQuery") or "true").casefold() in {"true", "strict"}
        found = self._find(asked, state, bounded=False, strict=strict)
        start = asked.number("startAt", 0)
        size = asked.number("maxResults", 50, self._limits.issues)
        entries = found.entries[start : start + size]
        shown = self._show(entries, style, asked, state, "*navigable")
        counts = {"startAt": start, "maxResults": size, "total": len(found.entries)}
        return answer_json({"expand": "schema,names", **counts, "issues": shown})

    def _find(self, asked: Asked, state: State, *, bounded: bool, strict: bool = True) -> Found:
        strict = strict and state.strict_ids
        return self._search.find(asked.text("jql") or "", state, bounded=bounded, strict=strict)

    def _show(
        self, entries: Sequence[Entry], style: Style, asked: Asked, state: State, default: str
    ) -> list[Json]:
        wanted = asked.texts("fields")
        if set(wanted or [default]) <= {"id"}:
            return [{"id": str(entry.id)} for entry in entries]
        issues = Issues(self._catalogue, self._limits, style, state)
        most = self._limits.embedded_histories_in_search
        return [issues.show(entry, wanted, asked, most, default) for entry in entries]

    def _answer_issue(
        self, method: str, parts: tuple[str, ...], style: Style, asked: Asked, state: State
    ) -> Response:
        issues = Issues(self._catalogue, self._limits, style, state)
        bulk = style.is_cloud and state.bulk
        match (method, *parts):
            case ("POST", "issue", "bulkfetch") if bulk:
                return issues.answer_many(asked)
            case ("POST", "changelog", "bulkfetch") if bulk:
                return issues.answer_changelogs(asked)
            case ("GET", "issue", name):
                return issues.answer_issue(name, asked)
            case ("GET", "issue", name, "comment"):
                return issues.answer_parts(name, "comments", asked)
            case ("GET", "issue", name, "worklog") if state.tracks_time:
                return issues.answer_parts(name, "worklogs", asked)
            case ("GET", "issue", name, "changelog") if style.is_cloud:
                return issues.answer_changelog(name, asked)
        raise Refusal(404, "null for uri: /rest/api/" + "/".join(parts))

    def _find_users(self, asked: Asked) -> list[Person]:
        wanted = asked.text("username")
        former = (asked.text("includeInactive") or "").casefold() == "true"
        if wanted is None:
            raise Refusal(400, "The username query parameter was not provided")
        people = [person for person in (*self._world.people, *self._world.apps) if person.active or former]
        # A dot stands for everybody, as clients found out.
        return people if wanted == "." else [person for person in people if wanted in user_name(person)]

    def _answer_users(self, people: list[Person], style: Style, asked: Asked, state: State) -> Response:
        if not state.may_browse_users:
            raise Refusal(403, "You are not authorized to perform this operation.")
        start, size = asked.number("startAt", 0), asked.number("maxResults", 50, self._limits.users)
        return answer_json([list_person(person, style) for person in people[start : start + size]])

    def _answer_stranger(self, parts: Sequence[str]) -> Response:
        match tuple(parts):
            case ("search", "jql"):
                return answer_json({"issues": [], "isLast": True})
            case ("search", "approximate-count"):
                return answer_json({"count": 0})
            case ("search",):
                return answer_json({"startAt": 0, "maxResults": 50, "total": 0, "issues": []})
            case ("field",):
                return answer_json(FIELDS)
            case ("users",) | ("users", "search"):
                return answer_json([])
            case ("issue", *_):
                raise Refusal(404, INVISIBLE)
        raise Refusal(401, "You are not authenticated. Authentication required to perform this operation.")
