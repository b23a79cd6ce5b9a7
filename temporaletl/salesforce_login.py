"""Sign in to Salesforce, by OAuth, or by SOAP as earlier; one session serves every job.

We fetch the token ourselves, because the client can only sign in at salesforce.com over https.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit
from xml.parsers.expat import ExpatError

import jwt
import requests
from simple_salesforce.exceptions import SalesforceAuthenticationFailed
from simple_salesforce.login import SalesforceLogin

from temporaletl.errors import AnswerError, ConfigurationError, CredentialsError, TransientError
from temporaletl.origins import read_origin
from temporaletl.settings import SalesforceSettings

_JWT_LIFE_S: Final = 180
_TEST_HOST: Final = re.compile(
    r"^(test|cs\d+)\.salesforce\.com$|\.(sandbox|scratch)\.my\.salesforce\.com$"
    r"|^[^.]+--[^.]+(\.cs\d+)?\.my\.salesforce\.com$"
)
_LOGIN_OUT_OF_ORDER: Final = frozenset(
    {"SERVER_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "UNKNOWN_EXCEPTION", "UNKNOWN_EXCEPTION_CODE"}
)
_OAUTH_OUT_OF_ORDER: Final = frozenset({"unknown_error", "server_error", "temporarily_unavailable"})


@dataclass(frozen=True, slots=True)
class Login:
    """A session id and the address of our instance. The session id stays out of every repr."""

    session_id: str
    instance_url: str

    def __repr__(self) -> str:
        return f"<Login at {self.instance_url}>"


class SharedLogin:
    """The login of a whole process: Salesforce allows an account few logins an hour.

    Two threads may both sign in where neither finds one; the later login counts. Nobody waits for
    another's sign-in, which a cancel of the one that waits could not end.
    """

    def __init__(self) -> None:
        self._login: Login | None = None
        self._lock = threading.Lock()

    def get(self, sign_in: Callable[[], Login]) -> Login:
        """The login that is open, or a new one."""
        with self._lock:
            found = self._login
        if found is None:
            found = sign_in()
            with self._lock:
                self._login = found
        return found

    def drop(self, ended: Login) -> None:
        """Salesforce has ended that login; a newer one stays."""
        with self._lock:
            if self._login == ended:
                self._login = None


def sign_in(settings: SalesforceSettings, session: requests.Session) -> Login:
    """A new login, by the way that the settings choose.

    For SOAP *session* makes no error of an answer 500, which is how it says no.
    Raises CredentialsError when Salesforce refuses us, TransientError when its login is out of order,
    and requests' errors.
    """
    if settings.sign_in == "soap":
        return _sign_in_by_soap(settings, session)
    return _sign_in_by_oauth(settings, session)


def _sign_in_by_oauth(settings: SalesforceSettings, session: requests.Session) -> Login:
    address = f"{settings.login_url.rstrip('/')}/services/oauth2/token"
    response = session.post(address, data=_grant(settings))
    if response.status_code != HTTPStatus.OK:
        code, text = _read_error(response)
        if code in _OAUTH_OUT_OF_ORDER or "rate exceeded" in text.casefold():
            raise TransientError(f"Salesforce's login answered {code}; it is asked again later")
        if "audience" in text.casefold():
            raise CredentialsError(
                f"Salesforce refused to sign us in ({code}): our audience is {find_audience(settings)}, and"
                " Salesforce takes another one there. Set SF_JWT_AUDIENCE, or check SF_LOGIN_URL"
            )
        raise CredentialsError(
            f"Salesforce refused to sign us in ({code}):"
            f" check SF_AUTH={settings.sign_in}, SF_LOGIN_URL and the connected app"
        )
    answer = _read_object(response)
    return Login(str(answer["access_token"]), str(answer["instance_url"]))


def _sign_in_by_soap(settings: SalesforceSettings, session: requests.Session) -> Login:
    """The earlier way, gone from API version 65 on."""
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
                f"Salesforce's login answered {error.code}; it is asked again later."
                " Where it lasts, check SF_LOGIN_URL"
            ) from error
        raise CredentialsError(
            f"Salesforce refused to sign us in ({error.code}):"
            " check SF_USERNAME, SF_PASSWORD and SF_TOKEN, or use OAuth (SF_AUTH)"
        ) from error
    except (ExpatError, RecursionError) as error:
        if isinstance(error, RecursionError) or "amplification" in str(error):
            raise AnswerError(
                "Salesforce's login answered with XML that is nested too deeply, or grows without end when"
                " it is read: check SF_LOGIN_URL"
            ) from error
        # A proxy's page, or nothing at all: the client reads any answer 200 as XML.
        raise TransientError(
            "Salesforce's login gave an answer that is no XML; it is asked again later."
            " Where it lasts, check SF_LOGIN_URL"
        ) from error
    return Login(session_id, f"{urlsplit(settings.login_url).scheme}://{host}")


def find_audience(settings: SalesforceSettings) -> str:
    """For whom a signed claim is meant: SF_JWT_AUDIENCE, else Salesforce's login for this kind of address.

    An organisation's own domain takes claims for the common login only, a sandbox's for the test one.
    Source: Salesforce, OAuth 2.0 JWT Bearer Flow, "aud".
    """
    if settings.jwt_audience is not None:
        return settings.jwt_audience
    host = read_origin(settings.login_url).host
    # x--uat.sandbox.my, x.scratch.my, and the older x--uat.my and cs12.
    tests = _TEST_HOST.search(host) is not None
    return f"https://{'test' if tests else 'login'}.salesforce.com"


def _grant(settings: SalesforceSettings) -> dict[str, str]:
    client_id = settings.client_id or ""
    if settings.sign_in == "client_credentials":
        secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
        return {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
    key = settings.private_key.get_secret_value() if settings.private_key else ""
    claims = {
        "iss": client_id,
        "sub": settings.username or "",
        "aud": find_audience(settings),
        "exp": int(time.time()) + _JWT_LIFE_S,
    }
    try:
        assertion = jwt.encode(claims, key.replace("\\n", "\n"), algorithm="RS256")
    except (ValueError, jwt.PyJWTError) as error:
        raise ConfigurationError("SF_PRIVATE_KEY cannot be read: give an RSA key in PEM") from error
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}


def _read_error(response: requests.Response) -> tuple[str, str]:
    """The error's code, and what it says in words (which may name a person)."""
    try:
        answer = _read_object(response)
        return str(answer.get("error", response.status_code)), str(answer.get("error_description", ""))
    except (ValueError, TypeError) as error:
        raise TransientError(
            f"Salesforce's login answered {response.status_code} with what is not Salesforce's; it is asked"
            " again later. Where it lasts, check SF_LOGIN_URL"
        ) from error


def _read_object(response: requests.Response) -> dict[str, Any]:
    answer = response.json()
    if not isinstance(answer, dict):
        raise TypeError("not an object")
    return answer
