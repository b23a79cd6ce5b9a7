"""Every connector sends its credentials to one system, asks what it meant to ask, and reads with bounds."""

import contextlib
import gzip
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import override

import pytest

from scripts.sandbox.exchange import Request, Response
from temporaletl.errors import (
    AnswerError,
    ConfigurationError,
    CredentialsError,
    PermanentError,
    TemporalETLError,
    TransientError,
)
from tests.integration.connectors import (
    CONNECTORS,
    SECRET,
    Connector,
    Recorder,
    answer_salesforce,
    as_json,
    ask_google,
    ask_salesforce,
    ask_salesforce_soap,
    nested,
    search_launchpad,
    soap_login,
    spell,
)

SPELLINGS = ["plain", "user", "backslash", "no scheme", "name", "upper case"]
every_connector = pytest.mark.parametrize("connector", CONNECTORS, ids=lambda found: found.ask.__name__)
with_links = pytest.mark.parametrize(
    "connector", [found for found in CONNECTORS if found.has_links], ids=lambda found: found.ask.__name__
)


@pytest.fixture
def foreign() -> Iterator[Recorder]:
    """A server that must never be asked."""
    with Recorder(lambda _: as_json(b"{}")) as server:
        yield server


def fail(connector: Connector, answer: Callable[[Request], Response], **settings: object) -> str:
    """What the question ends with, at once and without a secret."""
    with Recorder(answer) as server:
        began = time.monotonic()
        with pytest.raises(PermanentError) as caught:
            connector.ask(server.url, **settings)
        assert time.monotonic() - began < 10
    said = str(caught.value)
    assert connector.name in said
    assert SECRET not in said
    return said


@every_connector
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_is_not_followed(
    connector: Connector, foreign: Recorder, status: int
) -> None:
    said = fail(connector, lambda r: Response(status, b"", {"Location": f"{foreign.url}{r.path}"}))

    assert foreign.asked == []
    assert foreign.url in said
    assert str(status) in said
    assert connector.setting in said
    assert connector.trust is None or connector.trust in said


@every_connector
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_redirect_elsewhere_may_be_spelt_in_any_way(
    connector: Connector, foreign: Recorder, spelling: str
) -> None:
    location = spell(f"{foreign.url}/x", spelling)

    assert connector.setting in fail(connector, lambda _: Response(308, b"", {"Location": location}))
    assert foreign.asked == []


@with_links
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_link_to_another_server_is_not_followed(
    connector: Connector, foreign: Recorder, spelling: str
) -> None:
    said = fail(
        connector, lambda r: connector.answer(r, lambda path: spell(f"{foreign.url}{path}", spelling))
    )

    assert foreign.asked == []
    assert connector.setting in said
    assert connector.trust is not None
    assert connector.trust in said


@with_links
@pytest.mark.parametrize("kind", ["absolute", "upper case", "relative"])
def test_a_link_to_the_same_server_is_followed(connector: Connector, kind: str) -> None:
    if kind == "relative" and connector.name != "Salesforce":
        pytest.skip("its links are absolute")

    def link(path: str) -> str:
        spelt = {"absolute": "http://localhost", "upper case": "HTTP://LOCALHOST"}
        return path if kind == "relative" else f"{spelt[kind]}:{server.port}{path}"

    with Recorder(lambda request: connector.answer(request, link)) as server:
        assert connector.ask(f"http://localhost:{server.port}")
        assert len(server.asked) > 1


@with_links
def test_a_gateway_that_is_named_is_asked_with_our_credentials(connector: Connector) -> None:
    with Recorder(lambda request: connector.answer(request, str)) as gateway:

        def answer(request: Request) -> Response:
            if connector.name == "Salesforce" and "/services/data" not in request.path:
                found = connector.answer(request, str)
                return Response(
                    found.status, found.body.replace(server.url.encode(), gateway.url.encode()), found.headers
                )
            return connector.answer(request, lambda path: f"{gateway.url}{path}")

        with Recorder(answer) as server:
            assert connector.ask(server.url, trusted_origins=f"{gateway.url}/, https://x.example")
        assert gateway.asked
        assert "authorization" in gateway.asked[0].headers


@every_connector
@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_asks_something_else_is_not_followed(connector: Connector, status: int) -> None:
    def answer(request: Request) -> Response:
        if request.path.startswith("/context"):
            return connector.answer(request, lambda path: f"{server.url}{path}")
        # Without the query, as many a proxy redirects.
        return Response(status, b"", {"Location": f"/context{request.path}"})

    with Recorder(answer) as server:
        with pytest.raises(ConfigurationError, match="without a redirect") as caught:
            connector.ask(server.url)
        assert server.url in str(caught.value)
        assert "/context/" in str(caught.value)
        assert connector.setting in str(caught.value)
        last = server.asked[-1]
        assert not last.path.startswith("/context")
        assert last.method == ("POST" if connector.posts else "GET")


@every_connector
def test_a_redirect_that_asks_the_same_of_the_same_server_is_followed(connector: Connector) -> None:
    def answer(request: Request) -> Response:
        if not request.path.startswith("/context"):
            query = f"?{request.query_string}" if request.query_string else ""
            return Response(308, b"", {"Location": f"/context{request.path}{query}"})
        return connector.answer(request, lambda path: f"{server.url}{path}")

    with Recorder(answer) as server:
        assert connector.ask(server.url)
        asked = [request for request in server.asked if request.path.startswith("/context")]
        assert {request.method for request in asked} >= ({"POST"} if connector.posts else {"GET"})
        assert all(request.body for request in asked if request.method == "POST")


@every_connector
def test_redirects_that_never_end_do(connector: Connector) -> None:
    def answer(request: Request) -> Response:
        query = f"?{request.query_string}" if request.query_string else ""
        return Response(307, b"", {"Location": f"{request.path}{query}"})

    assert connector.setting in fail(connector, answer)


@every_connector
def test_a_login_page_is_told_from_an_answer(connector: Connector) -> None:
    page = b"\n<!DOCTYPE html>\n<html><form action='/login.jsp'><input type='password'></form></html>"
    for kind in ("text/html;charset=UTF-8", "application/json"):
        said = fail(connector, lambda _, kind=kind: Response(200, page, {"Content-Type": kind}))  # type: ignore[misc]

        assert "login page" in said
        assert connector.setting in said


@every_connector
def test_a_redirect_to_a_login_page_is_called_so(connector: Connector) -> None:
    def answer(request: Request) -> Response:
        # With the same query, so that it could be followed.
        return Response(307, b"", {"Location": f"/login.jsp?{request.query_string}"})

    lost = Response(302, b"", {"Location": "/login.jsp?os_destination=%2Frest"})
    assert "login page" in fail(connector, lambda _: lost)
    assert "login page" in fail(connector, answer)


def plain(size: int) -> Response:
    return as_json(b" " * size)


def zipped(size: int) -> Response:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return Response(200, gzip.compress(b" " * size), headers)


def deflated(size: int) -> Response:
    headers = {"Content-Type": "application/json", "Content-Encoding": "deflate"}
    return Response(200, zlib.compress(b" " * size), headers)


@every_connector
@pytest.mark.parametrize("make", [plain, zipped, deflated])
@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_is_bounded(connector: Connector, make: Callable[[int], Response], status: int) -> None:
    made = make(3_000_000)
    if status == 400 and connector.name == "Trino":
        pytest.skip("the body of its refusals is not read")
    said = fail(connector, lambda _: Response(status, made.body, made.headers), max_answer_bytes=1_000_000)

    assert "MAX_ANSWER_BYTES" in said
    assert "1000000 bytes" in said
    assert "GET /" in said or "POST /" in said


class _Endless(BaseHTTPRequestHandler):
    """Answers 200, and then never ends."""

    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        self.close_connection = True

    do_GET = do_POST = _answer  # noqa: N815  the names http.server looks for

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def endless() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Endless) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@every_connector
def test_an_answer_without_an_end_is_bounded(connector: Connector, endless: str) -> None:
    with pytest.raises(AnswerError, match="MAX_ANSWER_BYTES"):
        connector.ask(endless, max_answer_bytes=1_000_000)


@with_links
@pytest.mark.parametrize("former", [1, 2])
def test_every_further_answer_is_bounded_too(connector: Connector, former: int) -> None:
    def answer(request: Request) -> Response:
        if len(server.asked) > former:
            return zipped(3_000_000)
        return connector.answer(request, lambda path: f"{server.url}{path}")

    with Recorder(answer) as server:
        if former == 2 and connector.name != "Salesforce":
            pytest.skip("it asks twice only")
        with pytest.raises(AnswerError, match="MAX_ANSWER_BYTES"):
            connector.ask(server.url, max_answer_bytes=1_000_000)
        assert len(server.asked) > former


def test_launchpads_description_is_bounded_too() -> None:
    with (
        Recorder(lambda _: zipped(3_000_000)) as server,
        pytest.raises(AnswerError, match="MAX_ANSWER_BYTES"),
    ):
        search_launchpad(server.url, max_answer_bytes=1_000_000)


@every_connector
@pytest.mark.parametrize("piece", [b"{},", b"[],", b"0,", b"<b/>", b'{"":[]},'])
def test_an_answer_of_very_many_small_values_is_bounded(connector: Connector, piece: bytes) -> None:
    body = b"[" + piece * (990_000 // len(piece)) + b"0]"
    said = fail(connector, lambda _: as_json(body), max_answer_bytes=1_000_000)

    assert "more than 100000 values" in said
    assert "MAX_ANSWER_BYTES" in said


@pytest.mark.parametrize("ask", [ask_salesforce, ask_salesforce_soap, ask_google])
def test_the_answer_to_a_sign_in_is_small(ask: Callable[..., object]) -> None:
    with (
        Recorder(lambda _: plain(1_000_001)) as server,
        pytest.raises(AnswerError, match="more than 1000000 bytes") as caught,
    ):
        ask(server.url)

    assert "MAX_ANSWER_BYTES" not in str(caught.value)


def xml_bomb() -> bytes:
    """Ten entities, each of ten of the one before: a gigabyte of text."""
    entities = [b'<!ENTITY l0 "ha">']
    entities += [b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10)]
    return b'<?xml version="1.0"?><!DOCTYPE a [%s]><a><sessionId>&l9;</sessionId></a>' % b"".join(entities)


def deep_xml() -> bytes:
    return b"<a>" * 20_000 + b"</a>" * 20_000


@pytest.mark.parametrize("ask", [ask_salesforce_soap, search_launchpad])
@pytest.mark.parametrize("make", [xml_bomb, deep_xml])
def test_xml_that_would_fill_memory_or_stack_is_refused(
    ask: Callable[..., object], make: Callable[[], bytes]
) -> None:
    with Recorder(lambda _: Response(200, make(), {"Content-Type": "text/xml"})) as server:
        if (ask, make) == (search_launchpad, deep_xml):
            # Its parser has no stack to fill: this is only no description.
            with pytest.raises(TransientError, match="cannot be read"):
                ask(server.url)
            return
        with pytest.raises(AnswerError, match=r"grows without end|nested too deeply"):
            ask(server.url)


@every_connector
@pytest.mark.parametrize("body", [b"[]", b"null", b"3", b'"x"', b"{}", b"[[]]", b"true", b"", b"\xff"])
@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_of_another_shape_is_one_of_our_errors(
    connector: Connector, body: bytes, status: int
) -> None:
    if body == b"null" and status == 200 and connector.name == "Launchpad":
        pytest.skip("it means that there is nothing")
    with Recorder(lambda _: as_json(body, status)) as server, pytest.raises(TemporalETLError) as caught:
        connector.ask(server.url)

    assert SECRET not in str(caught.value)


@every_connector
def test_an_answer_within_the_bound_is_read(connector: Connector) -> None:
    with Recorder(lambda request: connector.answer(request, lambda path: f"{server.url}{path}")) as server:
        assert connector.ask(server.url, max_answer_bytes=10_000)


@every_connector
@pytest.mark.parametrize("kind", ["lists", "objects", "both"])
def test_json_that_is_nested_too_deeply_is_told(connector: Connector, kind: str) -> None:
    if connector.ask is ask_salesforce_soap:
        pytest.skip("its login is no JSON")

    assert "nested too deeply" in fail(connector, lambda _: as_json(nested(kind)))


INSTANCES = [
    *("{0}", "{0}/services", "https://example.my.salesforce.com.evil.example"),
    *(
        "https://evilsalesforce.com",
        "http://example.my.salesforce.com",
        "https://example.my.salesforce.com:8443",
    ),
    *("https://example.my.salesforce.com@{1}", "example.my.salesforce.com", "", "https://[::1"),
]


@pytest.mark.parametrize("named", INSTANCES)
def test_an_instance_that_is_not_salesforces_gets_no_session(foreign: Recorder, named: str) -> None:
    instance = named.format(foreign.url, foreign.url.removeprefix("http://"))

    def answer(request: Request) -> Response:
        if request.path.endswith("/token"):
            return as_json(f'{{"access_token": "{SECRET}", "instance_url": "{instance}"}}'.encode())
        return answer_salesforce(request, str)

    with Recorder(answer) as server:
        for _ in range(2):
            with pytest.raises(ConfigurationError, match="SF_TRUSTED_ORIGINS") as caught:
                ask_salesforce(server.url)
            assert SECRET not in str(caught.value)
    assert foreign.asked == []


def test_an_instance_that_an_earlier_login_names_is_checked_too(foreign: Recorder) -> None:
    with (
        Recorder(lambda _: Response(200, soap_login(f"{foreign.url}/services"))) as server,
        pytest.raises(ConfigurationError, match="SF_TRUSTED_ORIGINS"),
    ):
        ask_salesforce_soap(server.url)
    assert foreign.asked == []


@pytest.mark.parametrize("trick", [".evil.example/x", "@127.0.0.1:{0}/x", "//127.0.0.1:{0}/x", ":1/x", "\\x"])
def test_a_further_page_is_on_our_instance(foreign: Recorder, trick: str) -> None:
    following = trick.format(foreign.port)

    def answer(request: Request) -> Response:
        if request.path.endswith("/query/"):
            return answer_salesforce(request, lambda _: following)
        return answer_salesforce(request, str)

    with Recorder(answer) as server:
        with pytest.raises((PermanentError, TransientError)):
            if not ask_salesforce(server.url) or following.startswith("//"):
                raise AssertionError("the trick was followed")
            # It was taken for a path of our own instance, and led nowhere else.
            raise TransientError("our own instance was asked")
        assert all("authorization" in request.headers or "/token" in request.path for request in server.asked)
    assert foreign.asked == []


@every_connector
def test_a_login_page_is_a_matter_of_credentials(connector: Connector) -> None:
    page = b"<html><title>Log in</title></html>"
    with Recorder(lambda _: Response(200, page)) as server, pytest.raises(CredentialsError):
        connector.ask(server.url)
