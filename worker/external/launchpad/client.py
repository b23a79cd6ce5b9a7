"""Ask Launchpad, and say what it means when it does not answer. One client for one thread at a time."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from typing import Any, Final, NoReturn, override
from urllib.parse import urljoin, urlsplit

from httplib2 import HttpLib2Error
from launchpadlib.credentials import AccessToken, AnonymousAccessToken, Credentials
from launchpadlib.errors import HTTPError
from launchpadlib.launchpad import Launchpad
from pydantic import JsonValue

from temporaletl.errors import CredentialsError, QueryError, TransientError
from temporaletl.origins import read_origin
from temporaletl.upstream import Upstream
from worker.external.launchpad.settings import VERSION, LaunchpadSettings
from worker.external.launchpad.transport import Descriptions, Wire, WiredHttp
from worker.models.size import Budget

type JsonObject = dict[str, JsonValue]

_OUT_OF_SIGHT: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
)
_UNREADABLE: Final = (
    *(ValueError, LookupError, TypeError, AttributeError, SyntaxError, AssertionError),
    RecursionError,
)
"""What launchpadlib raises when an answer is not what it promised (its XML parser: SyntaxError)."""


class Unavailable(Exception):  # noqa: N818  it is answered by a count, never raised out of the source
    """Launchpad has no such item, or keeps it from us; *status* says how it put it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"unavailable ({status})")
        self.status = status


@dataclass(frozen=True, slots=True)
class Collected:
    """What one reading of a collection gave.

    Attributes:
        entries: its entries, page after page.
        total: the largest count of them that Launchpad told meanwhile; None where it told none.
        moved: an entry came on two pages, so that another one may have come on none.
    """

    entries: tuple[JsonObject, ...]
    total: int | None
    moved: bool


class LaunchpadClient:
    """Asks Launchpad through launchpadlib. One request a call, a page more of a collection one more.

    Only searches need the service's description (two requests, once a process) and the launchpadlib
    object made of it (tens of megabytes); what has a link is read over the same connection without.
    For one thread at a time; close() is for any thread. Raises CredentialsError, QueryError,
    TransientError, and Unavailable for the one item asked for.
    """

    def __init__(self, settings: LaunchpadSettings, wire: Wire, descriptions: Descriptions) -> None:
        self._settings = settings
        self._wire = wire
        self._descriptions = descriptions
        self._root = f"{settings.root}{VERSION}/"
        self._credentials = _credentials(settings)
        self._headers = {"Accept": "application/json", "User-Agent": f"temporaletl ({settings.application})"}
        self._upstream = name_launchpad(settings)
        self._http = WiredHttp(
            wire, self._upstream, self._root, descriptions, self._bad_credentials, self._credentials
        )
        self._launchpad: _WiredLaunchpad | None = None

    def search(self, member: str, operation: str, **arguments: object) -> JsonObject:
        """The first page of what a person's operation (searchTasks, …) finds."""
        people = self._find_people()
        with self._asking(f"{operation} of a member"):
            # people(...) asks nothing; the operation's answer is kept by the library as it came.
            found = getattr(people(member), operation)(**arguments)
            return _as_object(found._wadl_resource.representation)

    def read(self, link: str) -> JsonObject:
        """What is at *link* (as Launchpad gave it, or a path of ours): an entry or a page of entries."""
        with self._asking("an item"):
            answer = self._get(link)
            if answer is None:
                # An operation that finds one thing answers null where there is none.
                raise Unavailable(HTTPStatus.NOT_FOUND)
            return _as_object(answer)

    def read_page(self, link: str) -> JsonObject:
        """A further page of a search."""
        with self._asking("a further page"):
            return _as_object(self._get(link))

    def collect(self, link: str, max_bytes: int) -> Collected:
        """Every entry of the collection at *link*, page by page, and how many Launchpad counts.

        Raises TooLargeError as soon as they are more than *max_bytes*.
        """
        entries: list[JsonObject] = []
        budget = Budget(max_bytes)
        read, shown = set[str](), set[int]()
        totals: list[int] = []
        moved = False
        following: JsonValue = link
        count_link: JsonValue = None
        while isinstance(following, str):
            if following in read:
                raise TransientError(f"Launchpad at {self._root}: the pages of a list lead in a circle")
            read.add(following)
            page = self.read(following)
            found = entries_of(page)
            budget.take(found)
            # The lines of a bug's log share one link, so that two of them may be alike.
            if len({str(entry.get("self_link")) for entry in found}) == len(found):
                told_apart = {hash(json.dumps(entry, sort_keys=True)) for entry in found}
                moved = moved or not shown.isdisjoint(told_apart)
                shown |= told_apart
            entries += found
            totals += counts_in(page.get("total_size"))
            count_link = page.get("total_size_link") or count_link
            following = page.get("next_collection_link")
        if isinstance(count_link, str):
            totals += counts_in(self.count(count_link))
        return Collected(tuple(entries), max(totals, default=None), moved)

    def count(self, link: str) -> JsonValue:
        """What Launchpad answers at a total_size_link: how many entries a list has."""
        with self._asking("a count"):
            answer: JsonValue = self._get(link)
            return answer

    def disconnect(self) -> None:
        """Close the connections; the client can be used again."""
        self._http.disconnect()

    def close(self) -> None:
        """End the call under way, from whatever thread; the client cannot be used again."""
        self._wire.stop()

    def _find_people(self) -> Any:
        if self._launchpad is None:
            try:
                with self._asking("its description"):
                    launchpad = _WiredLaunchpad(self._settings, self._credentials, self._http)
                    _ = launchpad.people
                self._launchpad = launchpad
            except Unavailable as error:
                raise QueryError(
                    f"Launchpad at {self._root} does not describe its web service (status {error.status}):"
                    " check LAUNCHPAD_SERVICE_ROOT"
                ) from error
            finally:
                if self._launchpad is None:
                    # Whatever was wrong with it is asked for anew.
                    self._descriptions.forget()
        return self._launchpad.people

    def _get(self, link: str) -> Any:
        elsewhere = link.startswith("//") or urlsplit(link).scheme
        absolute = urljoin(self._root, link if elsewhere else link.lstrip("/"))
        response, content = self._http.request(absolute, headers=self._headers)
        if response.status != HTTPStatus.OK:
            raise HTTPError(response, content)
        return json.loads(content)

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Turn what launchpadlib, httplib2 and sockets raise into errors of ours."""
        try:
            yield
        except HTTPError as error:
            self._refuse(what, error)
        except (OSError, HTTPException, HttpLib2Error) as error:
            self._wire.refuse_when_stopped()
            raise self._upstream.explain(what, error) from error
        except _UNREADABLE as error:
            raise self._upstream.explain(what, error) from error

    def _refuse(self, what: str, error: HTTPError) -> NoReturn:
        status = int(error.response.status)
        if status in _OUT_OF_SIGHT:
            if status == HTTPStatus.UNAUTHORIZED and self._is_locked_out():
                raise self._bad_credentials() from error
            raise Unavailable(status) from None
        if status == HTTPStatus.REQUEST_TIMEOUT:
            raise TransientError(f"Launchpad at {self._root} took too long over {what}") from error
        raise QueryError(
            f"Launchpad at {self._root} refused to answer for {what} (status {status}):"
            " check LAUNCHPAD_SERVICE_ROOT, and whether its web service has changed"
        ) from error

    def _is_locked_out(self) -> bool:
        """Whether it is us whom Launchpad refuses, and not one private thing: the root is for everybody."""
        with self._asking("its root"):
            response, _ = self._http.request(
                self._root, headers={**self._headers, "Cache-Control": "no-cache"}
            )
            return int(response.status) == HTTPStatus.UNAUTHORIZED

    def _bad_credentials(self) -> CredentialsError:
        if self._settings.sign_in == "anonymous":
            return CredentialsError(
                f"Launchpad at {self._settings.root} refuses anonymous access: set LP_CONSUMER_KEY,"
                " LP_CONSUMER_SECRET, LP_ACCESS_TOKEN_KEY and LP_ACCESS_TOKEN_SECRET"
            )
        return CredentialsError(
            f"Launchpad at {self._settings.root} refuses our access token (expired, revoked or wrong):"
            " authorise the application anew and set LP_ACCESS_TOKEN_KEY and LP_ACCESS_TOKEN_SECRET"
        )


class _WiredLaunchpad(Launchpad):  # type: ignore[misc]  # launchpadlib has no types
    """launchpadlib over a connection of ours: no browser, no folder on disk, no retries of its own."""

    def __init__(self, settings: LaunchpadSettings, credentials: Credentials, http: WiredHttp) -> None:
        self._wired_http = http
        super().__init__(credentials, http.refuse, None, settings.root, cache=http.cache, version=VERSION)

    @override
    def httpFactory(self, *_: object) -> WiredHttp:
        return self._wired_http


def name_launchpad(settings: LaunchpadSettings) -> Upstream:
    """The Launchpad that the settings name."""
    return Upstream(
        f"Launchpad at {settings.root}{VERSION}/",
        frozenset({read_origin(settings.root), *settings.trusted_origins}),
        address="LAUNCHPAD_SERVICE_ROOT",
        credentials="LP_ACCESS_TOKEN_KEY and LP_ACCESS_TOKEN_SECRET",
        trust="LAUNCHPAD_TRUSTED_ORIGINS",
        authorities="SSL_CERT_FILE",
        max_bytes=settings.max_answer_bytes,
    )


def _credentials(settings: LaunchpadSettings) -> Credentials:
    key, secret = settings.access_token_key, settings.access_token_secret
    if key is None or secret is None:
        return Credentials(settings.application, access_token=AnonymousAccessToken())
    consumer = settings.consumer_secret.get_secret_value() if settings.consumer_secret is not None else ""
    token = AccessToken(key.get_secret_value(), secret.get_secret_value())
    return Credentials(settings.application, consumer, access_token=token)


def entries_of(page: JsonObject) -> list[JsonObject]:
    """The entries of a page. Raises TransientError where it has none to read."""
    entries = page.get("entries")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise TransientError("Launchpad answered a page without entries; it is asked again later")
    return [entry for entry in entries if isinstance(entry, dict)]


def counts_in(*values: JsonValue) -> list[int]:
    """Those of *values* that are counts."""
    return [value for value in values if isinstance(value, int) and not isinstance(value, bool)]


def _as_object(answer: object) -> JsonObject:
    if not isinstance(answer, dict):
        raise TypeError("not an object")
    return answer
