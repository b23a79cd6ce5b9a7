"""Hold the token that says that we are the Google service account: one a process, renewed in time.

Whoever finds it near its end renews it, over connections of its own: nobody waits for another's call, which
a cancel of the one that waits could not end.
"""

import threading
from collections.abc import Callable
from typing import Any, Final, override

import requests
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials
from pydantic import SecretStr

from temporaletl.errors import ConfigurationError, CredentialsError, TransientError
from temporaletl.http import open_session
from temporaletl.origins import read_origin
from temporaletl.settings import TrinoSettings
from temporaletl.upstream import Upstream

_SCOPES: Final = ("openid", "email")


class GcpToken:
    """The access token of the account that GCP_* describe."""

    def __init__(self, settings: TrinoSettings) -> None:
        self._lock = threading.Lock()
        self._timeout_s = (settings.connect_timeout_s, settings.read_timeout_s)
        self._upstream = Upstream(
            "Google's token end point",
            frozenset({read_origin(settings.gcp_token_uri)}),
            address="GCP_TOKEN_URI",
            credentials="GCP_CLIENT_EMAIL and GCP_PRIVATE_KEY",
            max_bytes=settings.max_answer_bytes,
        ).for_sign_in()
        try:
            self._held = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
                {
                    "type": settings.gcp_account_type,
                    "project_id": settings.gcp_project_id,
                    "private_key_id": settings.gcp_private_key_id,
                    "private_key": _unescape(settings.gcp_private_key),
                    "client_email": settings.gcp_client_email,
                    "client_id": settings.gcp_client_id,
                    "client_x509_cert_url": settings.gcp_client_x509_cert_url,
                    "token_uri": settings.gcp_token_uri,
                },
                scopes=_SCOPES,
            )
        except (ValueError, GoogleAuthError) as error:
            raise ConfigurationError(
                "GCP_PRIVATE_KEY cannot be read: give the private_key of the service account's key file"
            ) from error

    def open_session(self) -> requests.Session:
        """A session for ``current``: to the end point alone."""
        return open_session(self._timeout_s, upstream=self._upstream)

    def current(self, open_one: Callable[[], requests.Session]) -> str:
        """A token with minutes to live, fetched over a session of *open_one* when that at hand nears its end.

        Raises CredentialsError when Google refuses the account, TransientError when it cannot be asked.
        """
        with self._lock:
            held = self._held
        if not held.valid:
            held = _renew(self._upstream, held, _BoundedRequest(open_one(), self._timeout_s))
            with self._lock:
                self._held = held
        return str(held.token)


class _BoundedRequest(Request):
    """google-auth's way to ask, which would wait for two minutes. It closes its session when it goes."""

    def __init__(self, session: requests.Session, timeout_s: tuple[float, float]) -> None:
        super().__init__(session)
        self._timeout_s = timeout_s

    @override
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return super().__call__(*args, **{**kwargs, "timeout": self._timeout_s})  # type: ignore[no-untyped-call]


def _renew(upstream: Upstream, held: Credentials, request: Request) -> Credentials:
    fresh: Credentials = held.with_scopes(_SCOPES)
    try:
        fresh.refresh(request)  # type: ignore[no-untyped-call]
    except GoogleAuthError as error:
        if isinstance(error, TransportError):
            raise upstream.explain("a token", error) from error
        if error.retryable:
            raise TransientError(
                "Google gave no token for the service account; it is asked again later"
            ) from error
        raise CredentialsError(
            "Google refused the service account: check GCP_CLIENT_EMAIL and GCP_PRIVATE_KEY"
        ) from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise upstream.explain("a token", error) from error
    return fresh


def _unescape(key: SecretStr | None) -> str:
    """The key with real line ends: in one-line environment files they are written as backslash n."""
    return "" if key is None else key.get_secret_value().replace("\\n", "\n")
