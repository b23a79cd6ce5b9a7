"""Who may ask? Tokens by basic or bearer authentication, until they expire."""

import base64
import binascii
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from scripts.sandbox.exchange import Request, Response, answer_json

EMAIL = "etl@example.com"
TOKEN = "sandbox-api-token"  # noqa: S105  guards invented data on loopback
SCOPED_TOKEN = "sandbox-scoped-token"  # noqa: S105  as above
PERSONAL_TOKEN = "sandbox-personal-token"  # noqa: S105  as above

FAILED = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
CHALLENGE = {"WWW-Authenticate": 'OAuth realm="https%3A%2F%2Fjira.example.com"', **FAILED}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose request it is, and what the answer's headers tell about that."""

    is_known: bool
    headers: Mapping[str, str] = field(default_factory=dict)


class Access:
    """The tokens of one server: an API token and a scoped one in the Cloud, else a personal one.

    Scoped tokens open the scoped address alone, basic or bearer; API tokens the site's alone.
    """

    def __init__(self, is_cloud: bool) -> None:
        self._is_cloud = is_cloud
        self._token = TOKEN if is_cloud else PERSONAL_TOKEN
        self._scoped_token = SCOPED_TOKEN
        self._lets_strangers_in = False
        self._lock = threading.Lock()

    @property
    def token(self) -> str:
        """The token that opens the site now."""
        with self._lock:
            return self._token

    @property
    def scoped_token(self) -> str:
        """The token that opens the scoped address now."""
        with self._lock:
            return self._scoped_token

    def expire(self, *, quietly: bool = False) -> None:
        """The tokens of now are refused from now on; ``token`` gives a new one.

        *quietly*, as sites do that anybody may visit: strangers get 200, and see nothing.
        """
        with self._lock:
            self._token, self._scoped_token = secrets.token_hex(8), secrets.token_hex(8)
            self._lets_strangers_in = quietly

    def check(self, request: Request, *, scoped: bool, anonymous: bool) -> Visitor | Response:
        """Who asks, or the refusal. Anybody may ask for what is *anonymous*."""
        offered = _offered_token(request.headers.get("authorization", ""))
        with self._lock:
            expected = self._scoped_token if scoped else self._token
            lets_in = self._lets_strangers_in and not scoped
        if offered is not None and secrets.compare_digest(offered.encode(), expected.encode()):
            return Visitor(is_known=True)
        if anonymous and not scoped:
            return Visitor(is_known=False)
        if scoped:
            return answer_json({"code": 401, "message": "Unauthorized"}, 401)
        if lets_in:
            return Visitor(is_known=False, headers=FAILED)
        message = "Client must be authenticated to access this resource."
        return answer_json({"message": message, "status-code": 401}, 401, CHALLENGE)


def _offered_token(header: str) -> str | None:
    """The token of a bearer, or the password of a basic header for EMAIL."""
    kind, _, value = header.partition(" ")
    if kind.casefold() == "bearer":
        return value.strip()
    if kind.casefold() != "basic":
        return None
    try:
        name, _, token = base64.b64decode(value).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return token if name.casefold() == EMAIL else None
