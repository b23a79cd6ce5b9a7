"""One system that we ask: where requests to it may go, and what an answer of it may be.

The one place that decides both, for every connector: the transports ask it before anything is sent, at each
redirect, and while an answer is read.
"""

import re
import ssl
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urldefrag, urljoin, urlsplit

import requests

from temporaletl.addresses import bound_text
from temporaletl.errors import (
    AnswerError,
    ConfigurationError,
    CredentialsError,
    PermanentError,
    TemporalETLError,
    TransientError,
)
from temporaletl.origins import Origin, name_origin, read_origin

MAX_ANSWER_BYTES: Final = 100_000_000
"""The default size of the largest answer, decompressed: a hundred times what a page usually has."""

MAX_SIGN_IN_BYTES: Final = 1_000_000
"""The size of the largest answer to a sign-in: it has a few thousand bytes, a login page more."""

MAX_REDIRECTS: Final = 5

_BYTES_PER_VALUE: Final = 16
"""An answer of the largest size has no more values than this allows: parsed, each takes 90 to 200 bytes."""

_FEW_VALUES: Final = 100_000
_BEGIN_A_VALUE: Final = (b",", b"[", b"{", b"<")
"""What stands before a value of JSON or XML, and sometimes inside a text."""

_MAX_PATH: Final = 200
_KEEPS_METHOD: Final = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_BEGINS_AS_PAGE: Final = re.compile(
    rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?(<!--(?:(?!-->).)*-->\s*)*<(!doctype\s+html|html)\b", re.I | re.S
)
_ASKS_TO_SIGN_IN: Final = re.compile(
    rb"log[\s_-]?[io]n\b|login|sign[\s_-]?in|passwor[dt]|saml|\bsso\b|single sign|authenticat|anmeld",
    re.I,
)
_LOGIN_PATH: Final = re.compile(r"log[_-]?in|sign[_-]?in|\bsso\b|saml", re.I)
_PAGE_BYTES: Final = 200_000


@dataclass(frozen=True, slots=True)
class Upstream:
    """What a connector knows of the system it asks.

    Attributes:
        system: what errors call it: ``Trino at trino.example:443``.
        origins: the servers that may be asked, with our credentials. None: any, but a redirect stays.
        address: the settings that say where the system is.
        credentials: the settings that sign us in.
        trust: the setting that names further servers that answer for the system; None: there is none.
        advice: a further sentence for whoever was pointed elsewhere.
        authorities: the variable that names certificates of your own.
        domains: hosts below these, over https on its own port, are the system's too.
        max_bytes: the size of the largest answer, decompressed.
        bound: the setting that says so; None: none does.
    """

    system: str
    origins: frozenset[Origin] | None = None
    address: str = "its address"
    credentials: str = "the credentials"
    trust: str | None = None
    advice: str = ""
    authorities: str = "REQUESTS_CA_BUNDLE"
    domains: tuple[str, ...] = ()
    max_bytes: int = MAX_ANSWER_BYTES
    bound: str | None = "MAX_ANSWER_BYTES"

    def for_sign_in(self) -> "Upstream":
        """The same system, while it is asked for a token or a session: its answers are small."""
        if self.max_bytes <= MAX_SIGN_IN_BYTES:
            return self
        return replace(self, max_bytes=MAX_SIGN_IN_BYTES, bound=None)

    def allows(self, origin: Origin) -> bool:
        """Whether our credentials may go to *origin*."""
        if self.origins is None or origin in self.origins:
            return True
        own = any(origin.host == domain or origin.host.endswith(f".{domain}") for domain in self.domains)
        return own and origin.scheme == "https" and origin.port == 443

    def check(self, address: str) -> None:
        """Raise ConfigurationError where *address* is no server that may be asked."""
        try:
            allowed = self.allows(read_origin(address))
        except ValueError:
            allowed = False
        if not allowed:
            raise self._foreign(f"{self.system} points to {name_origin(address)}")

    def follow(self, method: str, address: str, status: int, location: str | None) -> str:
        """Where the redirect of a request leads, provided that it asks the same there.

        301 to 303 turn a POST into a GET, and many a redirect loses the query: Jira would answer the
        question for everything then. Raises ConfigurationError or CredentialsError.
        """
        told = f"{self.system} answered {name_request(method, address)} with a redirect ({status})"
        if not location:
            raise ConfigurationError(f"{told} that names no target: check {self.address}")
        try:
            target = urldefrag(urljoin(address, location)).url
            here, there = read_origin(address), read_origin(target)
        except ValueError:
            raise self._foreign(f"{told} to {name_origin(location)}") from None
        if here != there and (self.origins is None or not self.allows(there)):
            raise self._foreign(f"{told} to {there}")
        path = _show_path(target)
        login = _LOGIN_PATH.search(path) is not None and _LOGIN_PATH.search(urlsplit(address).path) is None
        safe = method in {"GET", "HEAD"} or status in _KEEPS_METHOD
        if safe and not login and _query(target) == _query(address):
            return target
        if login:
            raise CredentialsError(
                f"{told} to a login page ({there}{path}): check {self.credentials}, and {self.address}"
            )
        raise ConfigurationError(
            f"{told} to {there}{path}, which would ask something else: set {self.address} to where the"
            " system answers without a redirect"
        )

    def circle(self, method: str, address: str) -> PermanentError:
        """What to raise after MAX_REDIRECTS redirects."""
        return ConfigurationError(
            f"{self.system} answered {name_request(method, address)} with one redirect after the other:"
            f" check {self.address}"
        )

    def too_long(self, method: str, address: str, what: str = "bytes") -> PermanentError:
        """What to raise where an answer has more *what* than it may have."""
        most = self.max_bytes if what == "bytes" else self._max_values
        advice = f", and raise {self.bound} if such an answer is right" if self.bound else ""
        return AnswerError(
            f"{self.system} answered {name_request(method, address)} with more than {most} {what}:"
            f" check {self.address}{advice}"
        )

    def meter(self, method: str, address: str) -> "Meter":
        """What counts the answer to a request while it is read."""
        return Meter(self, method, address, self.max_bytes, self._max_values)

    @property
    def _max_values(self) -> int:
        return max(self.max_bytes // _BYTES_PER_VALUE, _FEW_VALUES)

    def refuse_login_page(self, method: str, address: str, kind: str, body: bytes) -> None:
        """Raise CredentialsError where an answer with status 200 is a web page that asks to sign in."""
        start = body[:2000]
        page = "html" in kind.lower() and start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        if not page and not _BEGINS_AS_PAGE.match(start):
            return
        if _ASKS_TO_SIGN_IN.search(body[:_PAGE_BYTES]):
            raise CredentialsError(
                f"{self.system} answered {name_request(method, address)} with a login page instead of data:"
                f" check {self.credentials}, and whether {self.address} leads through a proxy or a single"
                " sign-on that does not take them"
            )

    def explain(self, tried: str, error: BaseException) -> TemporalETLError:
        """What to raise where a library could not have *tried* answered, or could not read the answer."""
        bad = _find(error, ssl.SSLCertVerificationError)
        if bad is not None:
            return ConfigurationError(
                f"{self.system} shows a certificate that cannot be verified ({bad.verify_message}): check"
                f" {self.address} and the certificate, and name the authority that signed it in"
                f" {self.authorities} where it is one of your own"
            )
        if "amplification" in str(error):
            # Of the XML parser, where few entities stand for very much text.
            return AnswerError(
                f"{self.system} answered {tried} with XML that grows without end when it is read: check"
                f" {self.address}"
            )
        # orjson, which the Trino client takes where it finds it, has an error of its own for this.
        if isinstance(error, RecursionError) or (
            isinstance(error, ValueError) and re.search("recursion|depth limit", str(error), re.I)
        ):
            return AnswerError(
                f"{self.system} answered {tried} with JSON that is nested too deeply to be read: check"
                f" {self.address}"
            )
        unusable = (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
        )
        if _find(error, unusable) is not None:
            return self._foreign(f"{self.system} points to an address that cannot be read")
        unreadable = ValueError | LookupError | TypeError | AttributeError | SyntaxError
        if isinstance(error, unreadable) and not isinstance(error, requests.RequestException):
            return TransientError(
                f"{self.system} answered {tried} with what cannot be read ({type(error).__name__});"
                " it is asked again later"
            )
        return TransientError(
            f"{self.system} could not be asked for {tried} ({type(error).__name__}); it is asked again later"
        )

    def _foreign(self, told: str) -> ConfigurationError:
        further = (
            f"; where a gateway really answers from there, name it in {self.trust}" if self.trust else ""
        )
        advice = f". {self.advice}" if self.advice else ""
        return ConfigurationError(
            f"{told}, where our credentials may not go: check {self.address}{further}{advice}"
        )


class Meter:
    """Counts one answer: its bytes, and what of it will be values once it is parsed.

    A hundred million bytes of ``{},{},{}`` take 2.5 GB when they are parsed, of texts a twentieth.
    """

    def __init__(
        self, upstream: Upstream, method: str, address: str, max_bytes: int, max_values: int
    ) -> None:
        self._upstream = upstream
        self._request = (method, address)
        self._bytes_left = max_bytes
        self._values_left = max_values

    def take(self, piece: bytes) -> None:
        """Count *piece*, decompressed. Raises AnswerError where that is more than an answer may have."""
        self._bytes_left -= len(piece)
        if self._bytes_left < 0:
            raise self._upstream.too_long(*self._request)
        self._values_left -= sum(map(piece.count, _BEGIN_A_VALUE))
        if self._values_left < 0:
            raise self._upstream.too_long(*self._request, "values")


def name_request(method: str, address: str) -> str:
    """What may be said of a request: its method and path, without query and people's names."""
    return f"{method} {_show_path(address)}"


def _find[E: BaseException](error: BaseException, kind: type[E] | tuple[type[E], ...]) -> E | None:
    """The error of that kind that *error* was made of; libraries wrap one in the other in several ways."""
    left, met = [error], set[int]()
    while left:
        found = left.pop()
        if isinstance(found, kind):
            return found
        met.add(id(found))
        parts = (found.__cause__, found.__context__, getattr(found, "reason", None), *found.args)
        left += [part for part in parts if isinstance(part, BaseException) and id(part) not in met]
    return None


def _show_path(address: str) -> str:
    # A segment that begins with ~ is somebody's name, what follows a ; may be a session.
    path = re.sub(r"~[^/]*", "~…", re.sub(r";[^/]*", "", urlsplit(address).path)) or "/"
    return bound_text(path, _MAX_PATH)


def _query(address: str) -> list[tuple[str, str]]:
    return sorted(parse_qsl(urlsplit(address).query, keep_blank_values=True))
