"""A server that speaks Trino's protocol over the seeded world, for the real client library."""

import base64
import secrets
import threading
from dataclasses import dataclass
from typing import Literal, override

from scripts.sandbox.dialect import StatementError, translate
from scripts.sandbox.exchange import Request, Response, answer_json
from scripts.sandbox.http_server import LoopbackServer
from scripts.sandbox.lake import Lake
from scripts.sandbox.queries import CANCELED, RunningQuery, refuse
from scripts.sandbox.world import World

CATALOG = "lake"
USER = "temporaletl"
PASSWORD = "sandbox"  # noqa: S105  guards invented data on loopback
STATEMENT = "/v1/statement"

type Auth = Literal["none", "basic", "jwt"]


@dataclass(frozen=True, slots=True)
class _RefusedError(Exception):
    reason: str


class TrinoServer(LoopbackServer):
    """jira.issues and jira.users of *world*, in catalogue CATALOG, as they are when a query starts.

    With ``basic`` user USER needs ``password``; with ``jwt`` the token must be one of ``tokens``
    (``expire_tokens()`` forgets them, ``issue_token()`` makes one). Rows come *page_rows* at a time.
    """

    def __init__(self, world: World, auth: Auth = "none", page_rows: int = 50, port: int = 0) -> None:
        self.auth = auth
        self.password = PASSWORD
        self.tokens: set[str] = set()
        self._lake = Lake(world)
        self._page_rows = page_rows
        self._queries: dict[str, RunningQuery] = {}
        self._cancelled: set[str] = set()
        self._lock = threading.Lock()
        super().__init__(self._answer, port)

    @property
    def running(self) -> int:
        """How many queries were neither read to their end nor cancelled."""
        with self._lock:
            return len(self._queries)

    def issue_token(self) -> str:
        """A JWT-like token that is accepted until ``expire_tokens()``."""
        token = secrets.token_urlsafe(24)
        self.tokens.add(token)
        return token

    def expire_tokens(self) -> None:
        """Refuse every token issued so far."""
        self.tokens.clear()

    @override
    def stop(self) -> None:
        with self._lock:
            queries = list(self._queries.values())
        for query in queries:
            query.cancel()
        super().stop()
        self._lake.close()

    def _answer(self, request: Request) -> Response:
        if request.path == "/v1/info":
            return answer_json(
                {"nodeVersion": {"version": "483-sandbox"}, "starting": False, "coordinator": True}
            )
        try:
            self._authenticate(request)
        except _RefusedError as refusal:
            realm = 'Basic realm="Trino"' if self.auth == "basic" else 'Bearer realm="Trino"'
            return Response(401, refusal.reason.encode(), {"WWW-Authenticate": realm})
        if request.path == STATEMENT and request.method == "POST":
            return answer_json(self._start(request))
        _, found, rest = request.path.partition(f"{STATEMENT}/executing/")
        query_id, _, token = rest.partition("/")
        with self._lock:
            query = self._queries.get(query_id)
        if found and request.method == "DELETE":
            if query is not None:
                self._cancelled.add(query_id)
            self._forget(query_id)
            return Response(204)
        if query_id in self._cancelled:
            return answer_json(refuse(CANCELED, request.origin))
        if query is None or not token.isdigit():
            return Response(404, b"Query not found")
        body = query.answer(int(token), request.origin)
        if "nextUri" not in body:
            self._forget(query_id)
        return answer_json(body)

    def _start(self, request: Request) -> dict[str, object]:
        try:
            translated = translate(request.text, request.headers.get("x-trino-catalog"), CATALOG)
        except StatementError as error:
            return refuse(error, request.origin)
        query = RunningQuery(self._lake.cursor, translated, self._page_rows)
        with self._lock:
            self._queries[query.id] = query
        return query.queued(request.origin)

    def _forget(self, query_id: str) -> None:
        with self._lock:
            query = self._queries.pop(query_id, None)
        if query is not None:
            query.cancel()

    def _authenticate(self, request: Request) -> None:
        header = request.headers.get("authorization", "")
        if self.auth == "none":
            if not request.headers.get("x-trino-user"):
                raise _RefusedError("User must be set")
        elif self.auth == "basic":
            expected = base64.b64encode(f"{USER}:{self.password}".encode()).decode()
            if header != f"Basic {expected}":
                raise _RefusedError("Invalid credentials")
        elif header.removeprefix("Bearer ") not in self.tokens:
            raise _RefusedError("Invalid or expired token")
