"""Ask Jira's REST interface: JSON in and out, errors that say what to do, no retries of its own.

The client's own retries are off: Temporal retries, and a retry that sleeps in a thread cannot be
cancelled. Jira answers a stranger with an empty 200 where a site is public: that is told apart here.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import requests
from jira import JIRA, JIRAError
from pydantic import JsonValue

from temporaletl.addresses import bound_text
from temporaletl.connections import Connections
from temporaletl.errors import CredentialsError, QueryError, TemporalETLError, TransientError
from temporaletl.http import Pacer, open_session, read_retry_after
from temporaletl.jira.settings import JiraRestSettings
from temporaletl.origins import read_origin
from temporaletl.upstream import Upstream

type Json = dict[str, Any]

MAX_MESSAGE = 300
"""How much of Jira's own words an error quotes."""


class Absence(StrEnum):
    """Why something that Jira has, or had, cannot be read: reasons to skip it."""

    GONE = "issues gone or out of our sight"
    FORBIDDEN = "issues that our account may not read"


_NOT_THERE: Final[Mapping[int, Absence]] = {HTTPStatus.NOT_FOUND: Absence.GONE, HTTPStatus.GONE: Absence.GONE}
_ABSENT: Final[Mapping[int, Absence]] = {**_NOT_THERE, HTTPStatus.FORBIDDEN: Absence.FORBIDDEN}


class Deployment:
    """Whether a process's Jira is a Cloud; asked once, or by each of those who begin together."""

    def __init__(self) -> None:
        self._is_cloud: bool | None = None

    def get(self, ask: Callable[[], bool]) -> bool:
        """What *ask* answered first. Nobody waits for another one's call: a cancel would not reach it."""
        if self._is_cloud is None:
            self._is_cloud = ask()
        return self._is_cloud


class Jira:
    """One Jira, over *session*'s transport. Nothing is sent before the first question.

    Every question raises CredentialsError or QueryError when Jira refuses us or the question, and
    TransientError when it may work later; none carries a record.
    """

    def __init__(self, settings: JiraRestSettings, session: requests.Session, deployment: Deployment) -> None:
        self.settings = settings
        self._session = session
        self._deployment = deployment
        self._client: JIRA | None = None
        self._upstream = name_jira(settings)
        self._name = self._upstream.system

    @property
    def is_cloud(self) -> bool:
        """Whether this is Jira Cloud, and no Server or Data Center."""
        if self.settings.cloud_id is not None:
            return True
        return self._deployment.get(self._find_deployment)

    def get(self, path: str, **params: str | int) -> Any:
        """The JSON below the interface's *path*."""
        with _our_errors(self._upstream, path):
            return self._open()._get_json(path, params=dict(params))

    def post(self, path: str, body: Mapping[str, JsonValue]) -> Any:
        """The JSON that *body* is answered with; only questions are asked this way."""
        with _our_errors(self._upstream, path):
            return self._open()._get_json(path, params=dict(body), use_post=True)

    def find(self, path: str, **params: str | int) -> Any:
        """As get, but an Absence where Jira has nothing there for us."""
        return _or_absence(_ABSENT, lambda: self.get(path, **params))

    def find_many(self, path: str, body: Mapping[str, JsonValue]) -> Any:
        """As post, but an Absence where this Jira has no such end point."""
        return _or_absence(_NOT_THERE, lambda: self.post(path, body))

    def unreadable(self, path: str) -> TransientError:
        """What to raise when an answer has another shape than Jira's."""
        return TransientError(f"{self._name} gave an answer to {path} that cannot be read; it is asked again")

    def _open(self) -> JIRA:
        client = self._make_client()
        if client.deploymentType is None:
            default = "3" if self.is_cloud else "2"
            client._options["rest_api_version"] = self.settings.api_version or default
            client.deploymentType = "Cloud" if self.is_cloud else "Server"
        return client

    def _find_deployment(self) -> bool:
        with _our_errors(self._upstream, "serverInfo"):
            info: object = self._make_client().server_info()
        if not isinstance(info, dict) or "versionNumbers" not in info:
            raise self.unreadable("serverInfo")
        return info.get("deploymentType") == "Cloud"

    def _make_client(self) -> JIRA:
        """The one client: a client that is dropped would close the transport under another."""
        if self._client is not None:
            return self._client
        settings = self.settings
        secret = settings.token.get_secret_value()
        basic = settings.sign_in == "basic"
        client = JIRA(
            server=settings.address,
            # Version 2 is the one that every Jira has: enough to ask which Jira this is.
            options={"rest_api_version": "2", "check_update": False},
            basic_auth=(settings.user or "", secret) if basic else None,
            token_auth=None if basic else secret,
            get_server_info=False,
            logging=False,
            max_retries=0,
            timeout=(settings.connect_timeout_s, settings.read_timeout_s),
        )
        for prefix in ("https://", "http://"):
            client._session.mount(prefix, self._session.get_adapter(prefix))
        client._session.hooks["response"].append(partial(_refuse_answer, self._name))
        self._client = client
        return client


def name_jira(settings: JiraRestSettings) -> Upstream:
    """The Jira that JIRA_* name."""
    return Upstream(
        f"Jira at {settings.address}",
        frozenset({read_origin(settings.address), *settings.trusted_origins}),
        address="JIRA_URL" if settings.cloud_id is None else "JIRA_GATEWAY_URL",
        credentials="JIRA_AUTH, JIRA_USER and JIRA_TOKEN",
        trust="JIRA_TRUSTED_ORIGINS",
        max_bytes=settings.max_answer_bytes,
    )


def connect_jira(connections: Connections, pacer: Pacer | None = None) -> Jira:
    """A Jira as JIRA_* say, whose calls end when *connections* close; *pacer* spaces its requests."""
    settings = connections.settings(JiraRestSettings)
    timeout_s = (settings.connect_timeout_s, settings.read_timeout_s)
    session = connections.keep(open_session(timeout_s, pacer, upstream=name_jira(settings)))
    return Jira(settings, session, connections.share(Deployment, Deployment))


def _refuse_answer(system: str, response: requests.Response, *_: object, **__: object) -> None:
    """Raise ours before the client sees what it would retry, or take for an empty answer."""
    status = response.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        wait_s = read_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        limit = response.headers.get("RateLimit-Reason")
        response.close()
        reason = f" ({bound_text(limit, MAX_MESSAGE)})" if limit else ""
        raise TransientError(
            f"{system} answered {status}{reason}; it is asked again later", retry_after_s=wait_s
        )
    login = response.headers.get("X-Seraph-LoginReason", "")
    stranger = response.headers.get("X-AUSERNAME", "") == "anonymous"
    # A stranger's 404 says nothing about the issue.
    if stranger or "FAILED" in login or "DENIED" in login:
        response.close()
        raise _refused(system, f"answered as to a stranger ({login or 'anonymous'})")


def _or_absence(absences: Mapping[int, Absence], ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except TemporalETLError as error:
        status = error.__cause__.status_code if isinstance(error.__cause__, JIRAError) else None
        absence = None if status is None else absences.get(status)
        if absence is None:
            raise
        return absence


@contextmanager
def _our_errors(upstream: Upstream, path: str) -> Iterator[None]:
    try:
        yield
    except JIRAError as error:
        raise _classify(upstream.system, path, error) from error
    except (
        *(requests.RequestException, ValueError, LookupError, TypeError, AttributeError),
        RecursionError,
    ) as error:
        raise upstream.explain(path, error) from error


def _classify(system: str, path: str, error: JIRAError) -> TemporalETLError:
    status = error.status_code
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return _refused(system, f"answered {status} to {path}")
    told = _read_messages(error.response)
    if "anonymous" in told.casefold():
        # "… does not exist or this field cannot be viewed by anonymous users."
        return _refused(system, f"answered {status} to {path} as to a stranger: {told}")
    return QueryError(
        f"{system} answered {status} to {path}: {told}; check JIRA_URL, JIRA_API_VERSION and JIRA_JQL"
    )


def _refused(system: str, what: str) -> CredentialsError:
    return CredentialsError(
        f"{system} {what}: check JIRA_AUTH, JIRA_USER, JIRA_TOKEN (has it expired?), for a scoped token"
        " JIRA_CLOUD_ID, and the account's permissions"
    )


def _read_messages(response: requests.Response | None) -> str:
    """Jira's own messages about a question, which hold no record."""
    try:
        body = None if response is None else response.json()
    except ValueError:
        body = None
    messages = body.get("errorMessages") if isinstance(body, dict) else None
    text = "; ".join(map(str, messages)) if isinstance(messages, list) else ""
    return bound_text(text, MAX_MESSAGE) or "no message"
