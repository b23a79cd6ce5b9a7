"""Ask Trino: one connection a piece of work, rows as they come, errors that say what to do.

The client's own retries are off: Temporal retries, and a retry that sleeps in a thread cannot be
cancelled. Statements live in .sql files; values go in as parameters.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from http import HTTPStatus
from typing import Any, Final, override

import requests
from pydantic import SecretStr
from requests.auth import AuthBase
from trino import auth, dbapi
from trino import exceptions as foreign

from temporaletl.connections import Connections
from temporaletl.errors import (
    ConfigurationError,
    CredentialsError,
    QueryError,
    TemporalETLError,
    TransientError,
)
from temporaletl.gcp import GcpToken
from temporaletl.http import Pacer, open_session
from temporaletl.settings import TrinoSettings
from temporaletl.upstream import Upstream

type Value = str | int | float | bool | list[str] | None
type Row = Sequence[Any]

_MAY_PASS: Final = frozenset({"USER_CANCELED", "ABANDONED_QUERY", "ADMINISTRATIVELY_KILLED"})
"""Errors that Trino counts as the user's but that another try may not meet."""

_ABOUT_THE_STATEMENT: Final = frozenset(
    {
        "SYNTAX_ERROR", "TYPE_MISMATCH", "FUNCTION_NOT_FOUND", "CATALOG_NOT_FOUND", "SCHEMA_NOT_FOUND",
        "TABLE_NOT_FOUND", "COLUMN_NOT_FOUND", "MISSING_CATALOG_NAME", "MISSING_SCHEMA_NAME",
        "PERMISSION_DENIED", "INVALID_SESSION_PROPERTY",
    }
)  # fmt: skip
"""Errors whose text names parts of our statement; the text of others may quote a row."""

_ADVICE: Final[Mapping[str, str]] = {
    "CATALOG_NOT_FOUND": "check TRINO_CATALOG",
    "MISSING_CATALOG_NAME": "set TRINO_CATALOG",
    "INVALID_SESSION_PROPERTY": "check TRINO_QUERY_TIMEOUT_S against what this Trino allows a query",
    "EXCEEDED_TIME_LIMIT": "raise TRINO_QUERY_TIMEOUT_S",
    "PERMISSION_DENIED": "grant TRINO_USER what the query reads",
}
"""What to do about an error, by its name."""


class TrinoConnection(dbapi.Connection):
    """A connection that knows which system it asks."""

    def __init__(self, upstream: Upstream, **options: Any) -> None:
        super().__init__(**options)
        self.upstream = upstream


def connect_trino(connections: Connections, pacer: Pacer | None = None) -> TrinoConnection:
    """A connection as TRINO_* say, which closes with *connections*.

    *pacer* spaces its HTTP requests. Nothing is sent before the first question. Raises
    ConfigurationError when the settings are missing or the service account's key cannot be read.
    """
    settings = connections.settings(TrinoSettings)
    upstream, origin = _upstream(settings), settings.origin
    timeout_s = (settings.connect_timeout_s, settings.read_timeout_s)
    session = open_session(timeout_s, pacer, system=upstream.system, upstream=upstream)
    session.hooks["response"].append(partial(_refuse_status, upstream.system))
    connections.keep(session)
    return TrinoConnection(
        upstream,
        host=f"[{origin.host}]" if ":" in origin.host else origin.host,
        port=origin.port,
        http_scheme=origin.scheme,
        user=settings.user,
        catalog=settings.catalog,
        source="temporaletl",
        auth=_sign_in(settings, connections),
        allow_insecure_auth=settings.allow_insecure_auth,
        http_session=session,
        request_timeout=(settings.connect_timeout_s, settings.read_timeout_s),
        max_attempts=1,
        legacy_prepared_statements=False,
        # Else large results come from wherever Trino spools them, unbounded, and with our secret sent there.
        encoding=None,
        timezone="UTC",
        session_properties={"query_max_run_time": f"{settings.query_timeout_s}s"},
    )


def ask(connection: TrinoConnection, statement: str, values: Sequence[Value] = ()) -> Iterator[Row]:
    """The rows of *statement*, each when it is asked for; *values* stand for its question marks.

    A generator that is closed early cancels the query on the server. Raises CredentialsError or
    QueryError when Trino refuses us or the statement, TransientError when it may work later; none
    carries a row.
    """
    cursor = connection.cursor()
    finished = False
    try:
        with _our_errors(connection.upstream):
            cursor.execute(statement, list(values))
            while (row := cursor.fetchone()) is not None:
                yield row
        finished = True
    finally:
        if not finished:
            # The connection may be what failed, or be closed by a cancel: Trino then gives the query up
            # by itself, after its own client time-out.
            with suppress(TemporalETLError, foreign.Error, foreign.HttpError, requests.RequestException):
                cursor.cancel()


class _FreshBearer(AuthBase):
    """Signs every request with a token that is still valid."""

    def __init__(self, current: Callable[[], str]) -> None:
        self._current = current

    @override
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._current()}"
        return request


class _ServiceAccount(auth.Authentication):
    """Trino's way in with a service account's token, which the client alone would never renew."""

    def __init__(self, current: Callable[[], str]) -> None:
        self._bearer = _FreshBearer(current)

    @override
    def set_http_session(self, http_session: requests.Session) -> requests.Session:
        http_session.auth = self._bearer
        return http_session


def _sign_in(settings: TrinoSettings, connections: Connections) -> auth.Authentication | None:
    if settings.sign_in == "basic":
        return auth.BasicAuthentication(settings.user, _secret(settings.password))
    if settings.sign_in == "jwt":
        return auth.JWTAuthentication(_secret(settings.jwt))
    if settings.sign_in == "gcp":
        token = connections.share(GcpToken, lambda: GcpToken(settings))
        return _ServiceAccount(lambda: token.current(lambda: connections.keep(token.open_session())))
    return None


def _secret(value: SecretStr | None) -> str:
    return "" if value is None else value.get_secret_value()


def _upstream(settings: TrinoSettings) -> Upstream:
    origin = settings.origin
    return Upstream(
        f"Trino at {origin.host}:{origin.port}",
        frozenset({origin, *settings.trusted_origins}),
        address="TRINO_HOST, TRINO_PORT and TRINO_HTTP_SCHEME",
        credentials="TRINO_AUTH, TRINO_USER and their secrets",
        trust="TRINO_TRUSTED_ORIGINS",
        advice="Behind a proxy that ends TLS, Trino needs http-server.process-forwarded=true",
        max_bytes=settings.max_answer_bytes,
    )


def _refuse_status(system: str, response: requests.Response, *_: object, **__: object) -> None:
    """Raise ours for a refusal: the client's own error would quote the whole answer."""
    status = response.status_code
    if status < HTTPStatus.BAD_REQUEST:
        return
    response.close()
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise CredentialsError(
            f"{system} refused our credentials ({status}): check TRINO_AUTH, TRINO_USER and their secrets"
        )
    if response.request.method != "POST" and status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
        raise TransientError(f"{system} no longer knows the query ({status}); it is asked again later")
    raise ConfigurationError(
        f"{system} does not take statements ({status}): check TRINO_HOST, TRINO_PORT, TRINO_HTTP_SCHEME"
    )


@contextmanager
def _our_errors(upstream: Upstream) -> Iterator[None]:
    try:
        yield
    except foreign.TrinoQueryError as error:
        raise _classify(upstream.system, error) from error
    except (
        *(foreign.Error, foreign.HttpError, requests.RequestException),
        *(ValueError, LookupError, TypeError, AttributeError, RecursionError),
    ) as error:
        raise upstream.explain("a statement", error) from error


def _classify(system: str, error: foreign.TrinoQueryError) -> TemporalETLError:
    name = str(error.error_name)
    text = f": {error.message}" if name in _ABOUT_THE_STATEMENT else ""
    told = f"{system} ended query {error.query_id} with {name}{text}"
    advice = _ADVICE.get(name)
    if name == "PERMISSION_DENIED":
        if "session property" in str(error.message):
            advice = "let TRINO_USER set query_max_run_time, which TRINO_QUERY_TIMEOUT_S is sent as"
        return CredentialsError(f"{told}; {advice}")
    if error.error_type == "USER_ERROR" and name not in _MAY_PASS:
        return QueryError(f"{told}; {advice or 'check TRINO_CATALOG and the tables of the source'}")
    return TransientError(
        f"{told}; it is asked again later" + (f". Where it lasts, {advice}" if advice else "")
    )
