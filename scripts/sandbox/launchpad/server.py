"""A server that speaks Launchpad's web service (devel) over the seeded tracker."""

import hashlib
import re
import threading
from urllib.parse import unquote, urlencode

import orjson

from scripts.sandbox.exchange import Request, Response, answer_json
from scripts.sandbox.http_server import LoopbackServer
from scripts.sandbox.launchpad.routes import Listing, find
from scripts.sandbox.launchpad.tracker import Tracker
from scripts.sandbox.launchpad.view import Entry, RefusedError, View
from scripts.sandbox.launchpad.wadl import TOPS, WADL_TYPE, write_wadl

CONSUMER_KEY = "sandbox-consumer"
CONSUMER_SECRET = "consumer-secret"  # noqa: S105  guards invented data on loopback
ACCESS_TOKEN_KEY = "sandbox-token"  # noqa: S105  as above
ACCESS_TOKEN_SECRET = "token-secret"  # noqa: S105  as above

PREFIX = "/devel/"
LARGEST_PAGE = 300
OAUTH_FIELD = re.compile(r'(oauth_\w+)="([^"]*)"')


class LaunchpadServer(LoopbackServer):
    """The tracker at ``url``, version devel, *page_rows* entries a page unless asked for by ws.size.

    Without a token, or with an empty one, a client is anonymous and sees what is public. The access
    token sees what is private too, until ``revoke_token()``.
    """

    def __init__(self, tracker: Tracker, page_rows: int = 10, port: int = 0) -> None:
        self.tracker = tracker
        self._page_rows = page_rows
        self._token_valid = threading.Event()
        self._token_valid.set()
        super().__init__(self._answer, port)

    def revoke_token(self) -> None:
        """The access token answers 401 from now on."""
        self._token_valid.clear()

    def restore_token(self) -> None:
        """The access token is good again."""
        self._token_valid.set()

    def _answer(self, request: Request) -> Response:
        try:
            logged_in = self._authenticate(request.headers.get("authorization", ""))
            if not f"{request.path}/".startswith(PREFIX):
                raise RefusedError(404, f"Object: <the API>, name: {request.path!r}")  # noqa: TRY301
            view = View(self.tracker, request.origin + PREFIX, logged_in)
            return self._respond(view, unquote(request.path.removeprefix(PREFIX)).strip("/"), request)
        except RefusedError as refused:
            headers = {"Content-Type": "text/plain; charset=utf-8"}
            return Response(refused.status, refused.text.encode(), headers)

    def _respond(self, view: View, path: str, request: Request) -> Response:
        if path in ("", "devel"):
            if WADL_TYPE in request.headers.get("accept", ""):
                return Response(200, write_wadl(view.root), {"Content-Type": WADL_TYPE})
            return answer_json(_show_root(view))
        found = find(view, path, request.query)
        if isinstance(found, Listing):
            return answer_json(self._page(view, found, path, request))
        etag = hashlib.sha256(orjson.dumps(found)).hexdigest()
        headers = {"ETag": f'"{etag}"', "Vary": "Accept"}
        if etag in request.headers.get("if-none-match", ""):
            return Response(304, b"", headers)
        return answer_json({**found, "http_etag": f'"{etag}"'}, headers=headers)

    def _page(self, view: View, listing: Listing, path: str, request: Request) -> object:
        query, total = dict(request.query), len(listing.entries)
        if query.get("ws.show") == "total_size":
            return total
        start = _read_number(query, "ws.start", 0)
        size = _read_number(query, "ws.size", self._page_rows)
        if not 0 < size <= LARGEST_PAGE:
            raise RefusedError(400, f"Maximum for ws.size is {LARGEST_PAGE}.")
        end = min(start + size, total)
        page: Entry = {
            "resource_type_link": f"{view.root}#{listing.kind}-page-resource",
            "start": start,
            "entries": [show() for show in listing.entries[start:end]],
        }

        def link(**changed: object) -> str:
            return f"{view.link(path)}?{urlencode({**query, **changed})}"

        if end < total:
            page["next_collection_link"] = link(**{"ws.start": end, "ws.size": size})
        if start > 0:
            page["prev_collection_link"] = link(**{"ws.start": max(0, start - size), "ws.size": size})
        if total <= size:
            return {**page, "total_size": total}
        return {**page, "total_size_link": link(**{"ws.show": "total_size"})}

    def _authenticate(self, header: str) -> bool:
        """Whether the request has a good access token; one without a token is anonymous."""
        fields = {name: unquote(value) for name, value in OAUTH_FIELD.findall(header)}
        if not header:
            return False
        consumer, token = fields.get("oauth_consumer_key"), fields.get("oauth_token")
        if not consumer:
            raise RefusedError(401, "No consumer key specified.")
        if not token:
            return False
        if consumer != CONSUMER_KEY:
            raise RefusedError(401, f"Unknown consumer ({consumer}).")
        if token != ACCESS_TOKEN_KEY:
            raise RefusedError(401, f"Unknown access token ({token}).")
        if fields.get("oauth_signature") != f"{CONSUMER_SECRET}&{ACCESS_TOKEN_SECRET}":
            raise RefusedError(401, "Invalid signature.")
        if not self._token_valid.is_set():
            raise RefusedError(401, f"Expired token ({token}).")
        return True


def _show_root(view: View) -> Entry:
    tops = {f"{name}_collection_link": view.link(name) for name in TOPS}
    return {**tops, "me_link": view.link("people/+me"), "resource_type_link": f"{view.root}#service-root"}


def _read_number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit():
        raise RefusedError(400, f"{name} must be a number.")
    return int(text)
