"""How do we ask Salesforce? Signed in by OAuth (or SOAP, as earlier), pages as they come.

We fetch the token ourselves, because the client can only sign in at salesforce.com over https.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final, override
from urllib.parse import urlsplit

import jwt
import requests
from simple_salesforce.api import Salesforce as Client
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceError,
    SalesforceExpiredSession,
)
from simple_salesforce.login import SalesforceLogin

from temporaletl.connections import Connections
from temporaletl.errors import (
    ConfigurationError,
    CredentialsError,
    QueryError,
    TemporalETLError,
    TransientError,
)
from temporaletl.http import InterruptibleAdapter, Pacer, open_session
from temporaletl.settings import SalesforceSettings

type Record = Mapping[str, Any]

_JWT_LIFE_S: Final = 180
_LIMIT_WAIT_S: Final = 900.0
"""How long to wait when the day's requests are used up: the limit rolls over the last 24 hours."""

_TIMEOUTS: Final = frozenset({"QUERY_TIMEOUT", "INVALID_QUERY_LOCATOR", "UNABLE_TO_LOCK_ROW"})
"""Refusals of a question that another try may not meet."""


_LOGIN_OUT_OF_ORDER: Final = frozenset(
    {"SERVER_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "UNKNOWN_EXCEPTION", "UNKNOWN_EXCEPTION_CODE"}
)


class Salesforce:
    """A signed-in session. It signs in again, once a page, when Salesforce has ended it.

    *login_session* makes no error of an answer 500, which is how a SOAP login says no.
    """

    def __init__(
        self,
        settings: SalesforceSettings,
        session: requests.Session,
        login_session: requests.Session,
        pacer: Pacer | None = None,
    ) -> None:
        self._settings = settings
        self._session = session
        self._login_session = login_session
        self._pacer = pacer
        self._client: Client | None = None

    def ask(self, question: str) -> Iterator[Record]:
        """The records of a SOQL *question*, page by page as they are asked for.

        Raises CredentialsError or QueryError when Salesforce refuses us or the question, TransientError
        when it may work later; none carries a record.
        """
        page = self._call(lambda client: client.query(question))
        while True:
            yield from page["records"]
            if page["done"]:
                return
            page = self._call_next(page["nextRecordsUrl"])

    def _call_next(self, url: str) -> Any:
        return self._call(lambda client: client.query_more(url, identifier_is_url=True))

    def _call(self, send: Callable[[Client], Any]) -> Any:
        try:
            try:
                return send(self._signed_in())
            except SalesforceExpiredSession:
                self._client = None
                return send(self._signed_in())
        except SalesforceError as error:
            raise _classify(error) from error
        except requests.RequestException as error:
            raise TransientError(
                f"Salesforce could not be asked ({type(error).__name__}); it is asked again later"
            ) from error
        except (ValueError, LookupError, TypeError) as error:
            raise TransientError(
                f"Salesforce gave an answer that cannot be read ({type(error).__name__});"
                " it is asked again later"
            ) from error

    def _signed_in(self) -> Client:
        if self._client is None:
            token, instance_url = self._sign_in()
            self._allow_plain_http(instance_url)
            self._client = Client(
                session_id=token,
                instance_url=instance_url,
                session=self._session,
                version=self._settings.api_version,
            )
        return self._client

    def _sign_in(self) -> tuple[str, str]:
        if self._settings.sign_in == "soap":
            return sign_in_by_soap(self._settings, self._login_session)
        return sign_in_by_oauth(self._settings, self._session)

    def _allow_plain_http(self, instance_url: str) -> None:
        """Let the client, which knows https only, reach an http instance where the operator uses http."""
        parts = urlsplit(instance_url)
        if parts.scheme == "https":
            return
        if urlsplit(self._settings.login_url).scheme == "https":
            raise ConfigurationError("Salesforce named an instance without https: check SF_LOGIN_URL")
        timeout_s = (self._settings.connect_timeout_s, self._settings.read_timeout_s)
        self._session.mount(f"https://{parts.netloc}/", _PlainHttpAdapter(timeout_s, self._pacer))


def connect_salesforce(connections: Connections, pacer: Pacer | None = None) -> Salesforce:
    """A Salesforce as SF_* say, which closes with *connections*; it signs in at the first question."""
    settings = connections.settings(SalesforceSettings)
    timeout_s = (settings.connect_timeout_s, settings.read_timeout_s)
    session = connections.keep(open_session(timeout_s, pacer, system="Salesforce"))
    return Salesforce(settings, session, connections.keep(open_session(timeout_s, pacer)), pacer)


def sign_in_by_oauth(settings: SalesforceSettings, session: requests.Session) -> tuple[str, str]:
    """An access token and the address of our instance.

    Raises CredentialsError when Salesforce refuses us, naming its error code, and requests' errors.
    """
    address = f"{settings.login_url.rstrip('/')}/services/oauth2/token"
    response = session.post(address, data=_grant(settings))
    answer = _read_object(response)
    if response.status_code != HTTPStatus.OK:
        raise CredentialsError(
            f"Salesforce refused to sign us in ({answer.get('error', response.status_code)}):"
            f" check SF_AUTH={settings.sign_in}, SF_LOGIN_URL and the connected app"
        )
    return str(answer["access_token"]), str(answer["instance_url"])


def sign_in_by_soap(settings: SalesforceSettings, session: requests.Session) -> tuple[str, str]:
    """A session id and the address of our instance, by user name, password and security token.

    The earlier way, gone from API version 65 on. Raises as sign_in_by_oauth does, and TransientError
    when the login is out of order.
    """
    try:
        session_id, host = SalesforceLogin(
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else "",
            security_token=settings.token.get_secret_value() if settings.token else "",
            scratch_url=settings.login_url.rstrip("/"),
            sf_version=settings.api_version,
            session=session,
        )
    except SalesforceAuthenticationFailed as error:
        if error.code in _LOGIN_OUT_OF_ORDER or isinstance(error.code, int | None):
            raise TransientError(
                f"Salesforce's login answered {error.code}; it is asked again later"
            ) from error
        raise CredentialsError(
            f"Salesforce refused to sign us in ({error.code}):"
            " check SF_USERNAME, SF_PASSWORD and SF_TOKEN, or use OAuth (SF_AUTH)"
        ) from error
    return session_id, f"{urlsplit(settings.login_url).scheme}://{host}"


class _PlainHttpAdapter(InterruptibleAdapter):
    """Carries what was meant for https over http."""

    @override
    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        request.url = (request.url or "").replace("https://", "http://", 1)
        return super().send(request, stream, timeout, verify, cert, proxies)


def _grant(settings: SalesforceSettings) -> dict[str, str]:
    client_id = settings.client_id or ""
    if settings.sign_in == "client_credentials":
        secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
        return {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    key = settings.private_key.get_secret_value() if settings.private_key else ""
    claims = {
        "iss": client_id,
        "sub": settings.username or "",
        "aud": settings.login_url.rstrip("/"),
        "exp": int(time.time()) + _JWT_LIFE_S,
    }
    try:
        assertion = jwt.encode(claims, key.replace("\\n", "\n"), algorithm="RS256")
    except (ValueError, jwt.PyJWTError) as error:
        raise ConfigurationError("SF_PRIVATE_KEY cannot be read: give an RSA key in PEM") from error
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}


def _read_object(response: requests.Response) -> dict[str, Any]:
    answer = response.json()
    if not isinstance(answer, dict):
        raise TypeError("not an object")
    return answer


def _classify(error: SalesforceError) -> TemporalETLError:
    code = _read_code(error.content)
    told = f"Salesforce answered {error.status} ({code})"
    if code == "REQUEST_LIMIT_EXCEEDED":
        return TransientError(f"{told}; it is asked again later", retry_after_s=_LIMIT_WAIT_S)
    if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return CredentialsError(f"{told}: check SF_AUTH, its secrets and the user's permissions")
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _TIMEOUTS:
        return TransientError(f"{told}; it is asked again later")
    return QueryError(f"{told}: check that the objects and fields we ask for exist and are visible")


def _read_code(content: object) -> str:
    """The error code of an answer; its message may quote records."""
    if isinstance(content, list) and content and isinstance(content[0], dict):
        return str(content[0].get("errorCode", "no code"))
    return "no code"
