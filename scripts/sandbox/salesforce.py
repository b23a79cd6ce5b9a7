"""A server that speaks Salesforce's login, token and query protocols over seeded people and cases."""

import base64
import binascii
import secrets
import threading
import time
from collections.abc import Sequence
from html import escape
from xml.etree import ElementTree

import orjson

from scripts.sandbox.cases import Cases
from scripts.sandbox.exchange import Request, Response, answer_json
from scripts.sandbox.http_server import LoopbackServer
from scripts.sandbox.people import show_in_directory
from scripts.sandbox.soql import IdOrder, Record, SoqlError, binary_order, select
from scripts.sandbox.world import World

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"  # noqa: S105  guards invented data on loopback
USERNAME = "etl@salesforce.example.com"
PASSWORD = "sandbox"  # noqa: S105  as above
SECURITY_TOKEN = "token"  # noqa: S105  as above

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_FAILED = "Invalid username, password, security token; or user locked out."


class SalesforceServer(LoopbackServer):
    """The Team_Member records of *world* and the rows of *cases*, *page_rows* at a time.

    *id_order* is how this organisation sorts and compares ids.
    Sessions come from the token end point (client_credentials, jwt-bearer: claims are checked, the
    signature is not) or the SOAP login, and end with ``expire_sessions()``.
    """

    def __init__(
        self,
        world: World,
        cases: Cases | None = None,
        page_rows: int = 50,
        port: int = 0,
        id_order: IdOrder = binary_order,
    ) -> None:
        self._world = world
        self.cases = Cases(world, 0) if cases is None else cases
        self._id_order = id_order
        self._page_rows = page_rows
        self._sessions: set[str] = set()
        self._results: dict[str, Sequence[Record]] = {}
        self._lock = threading.Lock()
        super().__init__(self._answer, port)

    def expire_sessions(self) -> None:
        """Every session handed out so far answers 401 INVALID_SESSION_ID from now on."""
        with self._lock:
            self._sessions.clear()

    def _answer(self, request: Request) -> Response:
        if request.path == "/services/oauth2/token" and request.method == "POST":
            return self._grant(request)
        if request.path.startswith("/services/Soap/u/") and request.method == "POST":
            return self._log_in(request)
        session = request.headers.get("authorization", "").removeprefix("Bearer ")
        with self._lock:
            known = session in self._sessions
        if not known:
            return _refuse("INVALID_SESSION_ID", "Session expired or invalid", 401)
        parts = request.path.strip("/").split("/")
        if parts[:2] != ["services", "data"] or len(parts) < 4 or parts[3] not in {"query", "queryAll"}:
            return _refuse("NOT_FOUND", "The requested resource does not exist", 404)
        base = "/" + "/".join(parts[:4])
        if len(parts) > 4:
            return self._continue(base, parts[4])
        return self._query(base, request, include_deleted=parts[3] == "queryAll")

    def _query(self, base: str, request: Request, *, include_deleted: bool) -> Response:
        members: list[Record] = [
            dict(show_in_directory(person)) for person in self._world.people if person.employee_id
        ]
        try:
            records = select(
                request.query.get("q", ""),
                {"Team_Member": members, **self.cases.tables()},
                include_deleted=include_deleted,
                id_order=self._id_order,
            )
        except SoqlError as error:
            return _refuse(error.code, error.message, 400)
        locator = f"01g{secrets.token_hex(8)}"
        with self._lock:
            self._results[locator] = records
        return self._page(base, locator, 0)

    def _continue(self, base: str, cursor: str) -> Response:
        locator, _, offset = cursor.partition("-")
        if locator not in self._results or not offset.isdigit():
            return _refuse("INVALID_QUERY_LOCATOR", "invalid query locator", 400)
        return self._page(base, locator, int(offset))

    def _page(self, base: str, locator: str, offset: int) -> Response:
        records, end = self._results[locator], offset + self._page_rows
        shown = records[offset:end]
        body: dict[str, object] = {"totalSize": len(records), "done": end >= len(records), "records": shown}
        if end < len(records):
            body["nextRecordsUrl"] = f"{base}/{locator}-{end}"
        return answer_json(body)

    def _grant(self, request: Request) -> Response:
        form = request.form
        match form.get("grant_type"):
            case "client_credentials":
                problem = _check_client(form, request.headers.get("authorization", ""))
            case grant if grant == JWT_BEARER:
                problem = _check_assertion(form.get("assertion", ""))
            case _:
                problem = ("unsupported_grant_type", "grant type not supported")
        if problem is not None:
            return answer_json({"error": problem[0], "error_description": problem[1]}, 400)
        scope = {"scope": "api", "token_type": "Bearer", "issued_at": str(int(time.time() * 1000))}
        return answer_json({"access_token": self._open_session(), "instance_url": request.origin, **scope})

    def _log_in(self, request: Request) -> Response:
        xml = {"Content-Type": "text/xml; charset=utf-8"}
        texts = _read_login(request.body)
        if texts is None or texts != (USERNAME, PASSWORD + SECURITY_TOKEN):
            fault = (
                "<soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode>"
                f"<faultstring>INVALID_LOGIN: {LOGIN_FAILED}</faultstring><detail>"
                f"<sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode><sf:exceptionMessage>{LOGIN_FAILED}"
                "</sf:exceptionMessage></detail></soapenv:Fault>"
            )
            return Response(500, _envelope(fault), xml)
        server_url = escape(f"{request.origin}{request.path}/00D000000000001")
        result = (
            f"<loginResponse><result><serverUrl>{server_url}</serverUrl><sessionId>{self._open_session()}</sessionId>"
            "<userInfo><sessionSecondsValid>7200</sessionSecondsValid></userInfo></result></loginResponse>"
        )
        return Response(200, _envelope(result), xml)

    def _open_session(self) -> str:
        session = f"00D{secrets.token_urlsafe(24)}"
        with self._lock:
            self._sessions.add(session)
        return session


def _refuse(code: str, message: str, status: int) -> Response:
    return answer_json([{"message": message, "errorCode": code}], status)


def _check_client(form: dict[str, str], header: str) -> tuple[str, str] | None:
    client = (form.get("client_id"), form.get("client_secret"))
    if header.startswith("Basic "):
        name, _, secret = base64.b64decode(header.removeprefix("Basic ")).decode().partition(":")
        client = (name, secret)
    if client[0] != CLIENT_ID:
        return "invalid_client_id", "client identifier invalid"
    return None if client[1] == CLIENT_SECRET else ("invalid_client", "invalid client credentials")


def _check_assertion(assertion: str) -> tuple[str, str] | None:
    parts = assertion.split(".")
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (IndexError, binascii.Error, orjson.JSONDecodeError):
        return "invalid_grant", "invalid assertion"
    if claims.get("iss") != CLIENT_ID:
        return "invalid_client_id", "client identifier invalid"
    if claims.get("sub") != USERNAME:
        return "invalid_grant", "user hasn't approved this consumer"
    # An organisation's own domain takes claims for the common login alone.
    if claims.get("aud") not in {"https://login.salesforce.com", "https://test.salesforce.com"}:
        return "invalid_grant", "audience is invalid"
    # Salesforce allows five minutes, and a little for clocks that differ.
    if not time.time() < float(claims.get("exp", 0)) < time.time() + 360:
        return "invalid_grant", "expired authorization code"
    return None


def _read_login(body: bytes) -> tuple[str, str] | None:
    try:
        root = ElementTree.fromstring(body)  # noqa: S314  our own client sent it
    except ElementTree.ParseError:
        return None
    found = [root.find(f".//{{urn:partner.soap.sforce.com}}{name}") for name in ("username", "password")]
    username, password = ((node.text or "") if node is not None else "" for node in found)
    return username, password


def _envelope(inner: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns="urn:partner.soap.sforce.com" xmlns:sf="urn:fault.partner.soap.sforce.com">'
        f"<soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    ).encode()
