"""Ask Salesforce: questions in SOQL with bound values, pages as they come, a session that renews.

The client knows https only and has no time-out of its own: the session below it has both.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, override
from urllib.parse import urljoin, urlsplit

import requests
from simple_salesforce.api import Salesforce as Client
from simple_salesforce.exceptions import SalesforceError
from simple_salesforce.format import format_soql

from temporaletl.connections import Connections
from temporaletl.errors import (
    ConfigurationError,
    CredentialsError,
    QueryError,
    TemporalETLError,
    TransientError,
)
from temporaletl.http import InterruptibleAdapter, Pacer, open_session
from temporaletl.origins import read_origin
from temporaletl.salesforce_login import Login, SharedLogin, sign_in
from temporaletl.settings import SalesforceSettings
from temporaletl.upstream import Upstream

type Record = Mapping[str, Any]

type Value = str | int | datetime | Sequence[str]

_LIMIT_WAIT_S: Final = 900.0
"""How long to wait when the day's requests are used up: the limit rolls over the last 24 hours."""

_MAY_PASS: Final = frozenset(
    {
        *("QUERY_TIMEOUT", "INVALID_QUERY_LOCATOR", "UNABLE_TO_LOCK_ROW"),
        *("TXN_SECURITY_METERING_ERROR", "SERVER_UNAVAILABLE"),
    }
)
"""Refusals of a question that another try may not meet."""

_SESSION_OVER: Final = frozenset({"INVALID_SESSION_ID", "URL_NOT_RESET"})
"""Our session has ended, or the organisation was moved to another instance: sign in again."""

_CREDENTIALS: Final = "SF_AUTH, its secrets and the user's permissions"

_ADVICE: Final[Mapping[str, str]] = {
    "URL_NOT_RESET": "check SF_LOGIN_URL, and sign in again once Salesforce has moved the organisation",
    "INVALID_SESSION_ID": f"check {_CREDENTIALS}, and how long a session of theirs may last",
    "API_DISABLED_FOR_ORG": "enable the API for the organisation and the user",
    "API_CURRENTLY_DISABLED": "enable the API for the organisation and the user",
    "UNSUPPORTED_API_VERSION": "check SF_API_VERSION",
    "NOT_FOUND": "check SF_API_VERSION and SF_LOGIN_URL",
}
"""What to do about a refusal, by its code."""

_DOMAINS: Final = (
    *("salesforce.com", "salesforce.mil", "cloudforce.com", "database.com"),
    "sfcrmproducts.cn",
)
"""Where Salesforce's instances are: an organisation's login names one of them."""


class ShortAnswerError(TransientError):
    """Salesforce gave fewer records than it counted."""


def fill_question(template: str, **values: Value) -> str:
    """The SOQL *template* with a literal in place of each ``{name}``, quoted as its type needs.

    A list becomes ``('a','b')``, an aware datetime a UTC one of whole seconds. ``{name:literal}`` takes
    a text as it is: never one from outside.
    """
    return str(format_soql(template, **values))


class Salesforce:
    """A signed-in session. It signs in again, once a page, when Salesforce has ended it.

    *login_session* is for the sign-in alone: it takes small answers only, and makes no error of an answer
    500 where that is how a SOAP login says no. *logins* holds the login that all of a process's sessions
    share.
    """

    def __init__(
        self,
        settings: SalesforceSettings,
        session: requests.Session,
        login_session: requests.Session,
        pacer: Pacer | None = None,
        logins: SharedLogin | None = None,
    ) -> None:
        self._settings = settings
        self._session = session
        self._login_session = login_session
        self._pacer = pacer
        self._logins = logins or SharedLogin()
        self._upstream = name_salesforce(settings)
        self._signed_in: tuple[Login, Client] | None = None

    def ask(self, question: str, *, include_deleted: bool = False) -> Iterator[Record]:
        """The records of a SOQL *question*, page by page as they are asked for.

        With *include_deleted* those in the recycle bin too (their IsDeleted is true).
        Raises CredentialsError or QueryError when Salesforce refuses us or the question, TransientError
        when it may work later, of these ShortAnswerError after the last record where one of the pages
        counted more; none carries a record.
        """
        page = self._call(lambda client: client.query(question, include_deleted=include_deleted))
        former: set[str] = set()
        given = counted = 0
        while True:
            yield from page["records"]
            given += len(page["records"])
            counted = max(counted, _read_count(page))
            url = page.get("nextRecordsUrl")
            if page["done"] and (url is None or given >= counted):
                break
            if url in former:
                # Else the same records would come for ever.
                raise QueryError(
                    "Salesforce named a page of an answer that we have read already: its pages have no end."
                    " Try again, and ask Salesforce's support if it stays so"
                )
            former.add(url)
            page = self._call_next(url)
        if given < counted:
            raise ShortAnswerError(f"Salesforce gave {given} of {counted} records; it is asked again later")

    def _call_next(self, url: str) -> Any:
        return self._call(lambda client: client.query_more(self._find_path(url), identifier_is_url=True))

    def _find_path(self, url: str) -> str:
        """The path of a further page, which may be an absolute address, on our instance."""
        login, _ = self._sign_in()
        instance = read_origin(login.instance_url)
        address = urljoin(f"{instance}/", url)
        # The client would put its host before whatever comes.
        replace(self._upstream, origins=frozenset({instance}), domains=()).check(address)
        return urlsplit(address)._replace(scheme="", netloc="").geturl()

    def _call(self, send: Callable[[Client], Any]) -> Any:
        try:
            login, client = self._sign_in()
            try:
                return _check_page(send(client))
            except SalesforceError as error:
                if not _is_session_over(error):
                    raise
                self._logins.drop(login)
                self._signed_in = None
                return _check_page(send(self._sign_in()[1]))
        except SalesforceError as error:
            raise _classify(error) from error
        except (
            *(requests.RequestException, ValueError, LookupError, TypeError, AttributeError),
            RecursionError,
        ) as error:
            raise self._upstream.explain("records", error) from error

    def _sign_in(self) -> tuple[Login, Client]:
        if self._signed_in is None:
            login = self._logins.get(self._log_in)
            self._allow_plain_http(login.instance_url)
            client = Client(
                session_id=login.session_id,
                instance_url=str(read_origin(login.instance_url)),
                session=self._session,
                version=self._settings.api_version,
                object_pairs_hook=dict,
            )
            self._signed_in = (login, client)
        return self._signed_in

    def _log_in(self) -> Login:
        login = sign_in(self._settings, self._login_session)
        # Before it is shared: one that leads elsewhere is nobody's.
        self._upstream.check(login.instance_url)
        return login

    def _allow_plain_http(self, instance_url: str) -> None:
        """Let the client, which knows https only, reach an http instance where the operator uses http."""
        instance = read_origin(instance_url)
        if instance.scheme == "http":
            timeout_s = (self._settings.connect_timeout_s, self._settings.read_timeout_s)
            adapter = _PlainHttpAdapter(timeout_s, self._pacer, self._upstream)
            self._session.mount(f"https://{instance.netloc}/", adapter)


def name_salesforce(settings: SalesforceSettings) -> Upstream:
    """The Salesforce that SF_* name: where its login is, and wherever Salesforce has its instances."""
    login = read_origin(settings.login_url)
    return Upstream(
        f"Salesforce (signing in at {login.netloc})",
        frozenset({login, *settings.trusted_origins}),
        address="SF_LOGIN_URL",
        credentials="SF_AUTH and its secrets",
        trust="SF_TRUSTED_ORIGINS",
        domains=_DOMAINS,
        max_bytes=settings.max_answer_bytes,
    )


def connect_salesforce(connections: Connections, pacer: Pacer | None = None) -> Salesforce:
    """A Salesforce as SF_* say, which closes with *connections*; it signs in at the first question."""
    settings = connections.settings(SalesforceSettings)
    timeout_s = (settings.connect_timeout_s, settings.read_timeout_s)
    upstream = name_salesforce(settings)
    session = connections.keep(open_session(timeout_s, pacer, system="Salesforce", upstream=upstream))
    # A SOAP login says no with a 500.
    said_no = frozenset({int(HTTPStatus.INTERNAL_SERVER_ERROR)} if settings.sign_in == "soap" else ())
    login_session = connections.keep(
        open_session(timeout_s, pacer, system="Salesforce", upstream=upstream.for_sign_in(), answers=said_no)
    )
    logins = connections.share(SharedLogin, SharedLogin)
    return Salesforce(settings, session, login_session, pacer, logins)


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


def _check_page(page: Any) -> Any:
    """*page*, where it is one: what else comes here with status 200 is not Salesforce's answer."""
    if not isinstance(page["records"], list):
        raise TypeError("no records")
    return page if page["done"] else {**page, "nextRecordsUrl": str(page["nextRecordsUrl"])}


def _read_count(page: Mapping[str, Any]) -> int:
    """How many records an answer has in all its pages, as this page counts them; 0 where it does not."""
    total = page.get("totalSize")
    return total if isinstance(total, int) and not isinstance(total, bool) else 0


def _is_session_over(error: SalesforceError) -> bool:
    return error.status == HTTPStatus.UNAUTHORIZED or _read_code(error.content) in _SESSION_OVER


def _classify(error: SalesforceError) -> TemporalETLError:
    code = _read_code(error.content)
    told = f"Salesforce answered {error.status} ({code})"
    advice = _ADVICE.get(code)
    if code == "REQUEST_LIMIT_EXCEEDED":
        return TransientError(f"{told}; it is asked again later", retry_after_s=_LIMIT_WAIT_S)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in _MAY_PASS:
        return TransientError(f"{told}; it is asked again later")
    if code == "URL_NOT_RESET":
        return ConfigurationError(f"{told}: {advice}")
    if error.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) or code == "INVALID_SESSION_ID":
        return CredentialsError(f"{told}: {advice or f'check {_CREDENTIALS}'}")
    advice = advice or "check that the objects and fields we ask for exist and are visible"
    return QueryError(f"{told}: {advice}")


def _read_code(content: object) -> str:
    """The error code of an answer; its message may quote records."""
    if isinstance(content, list) and content and isinstance(content[0], dict):
        return str(content[0].get("errorCode", "no code"))
    return "no code"
