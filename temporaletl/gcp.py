"""Which token says that we are the Google service account? One for a process, renewed before it ends."""

import threading
from typing import Final

from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.transport.requests import Request
from google.oauth2.service_account import Credentials
from pydantic import SecretStr

from temporaletl.errors import ConfigurationError, CredentialsError, TransientError
from temporaletl.http import open_session
from temporaletl.settings import TrinoSettings

_SCOPES: Final = ("openid", "email")


class GcpToken:
    """The access token of the account that GCP_* describe."""

    def __init__(self, settings: TrinoSettings) -> None:
        self._lock = threading.Lock()
        self._timeout_s = (settings.connect_timeout_s, settings.read_timeout_s)
        try:
            self._credentials = Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
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

    def current(self) -> str:
        """A token with minutes to live, fetched when the one at hand is near its end.

        Raises CredentialsError when Google refuses the account, TransientError when it cannot be asked.
        """
        with self._lock:
            if not self._credentials.valid:
                self._renew()
            return str(self._credentials.token)

    def _renew(self) -> None:
        with open_session(self._timeout_s) as session:
            try:
                self._credentials.refresh(Request(session))
            except GoogleAuthError as error:
                if error.retryable or isinstance(error, TransportError):
                    raise TransientError(
                        "Google gave no token for the service account; it is asked again later"
                    ) from error
                raise CredentialsError(
                    "Google refused the service account: check GCP_CLIENT_EMAIL and GCP_PRIVATE_KEY"
                ) from error


def _unescape(key: SecretStr | None) -> str:
    """The key with real line ends: in one-line environment files they are written as backslash n."""
    return "" if key is None else key.get_secret_value().replace("\\n", "\n")
