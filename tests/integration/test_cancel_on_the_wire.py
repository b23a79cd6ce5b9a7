"""A cancel ends a call that waits in a socket, whatever lies between us and the server."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from temporaletl.connections import Connections
from temporaletl.errors import TransientError
from temporaletl.jira.connect import connect_jira
from temporaletl.jira.settings import JiraBackendSettings, JiraRestSettings
from temporaletl.salesforce import connect_salesforce
from temporaletl.settings import SalesforceSettings, TrinoSettings
from temporaletl.trino import ask, connect_trino
from worker.external.launchpad.connect import connect_launchpad
from worker.external.launchpad.settings import LaunchpadSettings

HOST = "upstream.test"
WITHIN_S = 2.0
SECRET = SecretStr("sesame")


class Wall:
    """Takes one call, as *greet* does, and never answers it whole."""

    def __init__(self, greet: Callable[[socket.socket], socket.socket]) -> None:
        self.met = threading.Event()
        self._greet = greet
        self._held: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        try:
            while True:
                call, _ = self._listener.accept()
                call = self._greet(call)
                self._held.append(call)
                self.met.set()
        except OSError:
            return

    def close(self) -> None:
        """Let everybody go."""
        for each in (self._listener, *self._held):
            each.close()


def ask_jira(url: str) -> tuple[Connections, Callable[[Connections], object]]:
    reach = JiraRestSettings(_env_file=None, url=url, token=SECRET, allow_insecure_auth=True)
    backend = JiraBackendSettings(_env_file=None, backend="rest")
    return Connections([backend, reach]), lambda connections: connect_jira(connections).get("myself")


def ask_salesforce(url: str) -> tuple[Connections, Callable[[Connections], object]]:
    reach = SalesforceSettings(_env_file=None, login_url=url, client_id="etl", client_secret=SECRET)
    return Connections([reach]), lambda connections: list(
        connect_salesforce(connections).ask("SELECT Id FROM Case")
    )


def ask_launchpad(url: str) -> tuple[Connections, Callable[[Connections], object]]:
    def read(connections: Connections) -> None:
        with connect_launchpad(connections, "launchpad").client() as client:
            client.read("bugs/1")

    return Connections([LaunchpadSettings(_env_file=None, service_root=f"{url}/")]), read


def ask_lake(url: str) -> tuple[Connections, Callable[[Connections], object]]:
    scheme, _, place = url.partition("://")
    host, _, port = place.partition(":")
    reach = TrinoSettings(_env_file=None, host=host, port=int(port), http_scheme=scheme, catalog="lake")  # type: ignore[arg-type]
    return Connections([reach]), lambda connections: list(ask(connect_trino(connections), "SELECT 1"))


UPSTREAMS = {"jira": ask_jira, "salesforce": ask_salesforce, "launchpad": ask_launchpad, "trino": ask_lake}


@pytest.fixture(params=UPSTREAMS.values(), ids=UPSTREAMS.keys())
def upstream(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and its certificate for HOST and this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(HOST), x509.IPAddress(ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(plain + signed.public_bytes(Encoding.PEM))
    return file


@pytest.fixture
def tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[socket.socket], socket.socket]:
    """How a server greets over TLS, as our clients trust it."""
    for variable in ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.setenv(variable, str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def greet(call: socket.socket) -> socket.socket:
        secured = context.wrap_socket(call, server_side=True)
        secured.recv(65_536)
        return secured

    return greet


@contextmanager
def standing(greet: Callable[[socket.socket], socket.socket]) -> Iterator[Wall]:
    wall = Wall(greet)
    try:
        yield wall
    finally:
        wall.close()


def end_call(asked: tuple[Connections, Callable[[Connections], object]], wall: Wall) -> None:
    """Cancel the call once it waits, and see it end in time."""
    connections, call = asked
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call, connections)
        assert wall.met.wait(10)
        time.sleep(0.1)  # it has met the wall; now it waits
        connections.close()
        assert isinstance(waiting.exception(timeout=WITHIN_S), TransientError)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_an_answer_that_ends_with_its_connection_breaks_off(upstream: Any, version: str) -> None:
    def greet(call: socket.socket) -> socket.socket:
        call.recv(65_536)
        call.sendall(
            f"HTTP/{version} 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n"
            'Content-Length: 5000\r\n\r\n{"half":'.encode()
        )
        return call

    with standing(greet) as wall:
        end_call(upstream(f"http://127.0.0.1:{wall.port}"), wall)


def test_a_call_over_tls_ends(upstream: Any, tls: Callable[[socket.socket], socket.socket]) -> None:
    with standing(tls) as wall:
        end_call(upstream(f"https://127.0.0.1:{wall.port}"), wall)


def test_a_call_through_a_proxy_ends(
    upstream: Any, tls: Callable[[socket.socket], socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    def greet(call: socket.socket) -> socket.socket:
        call.recv(65_536)
        call.sendall(b"HTTP/1.1 200 connected\r\n\r\n")
        return tls(call)

    with standing(greet) as wall:
        for variable in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{wall.port}")
        end_call(upstream(f"https://{HOST}:443"), wall)


@pytest.mark.parametrize("ask_one", [ask_jira, ask_salesforce, ask_lake])
def test_a_call_whose_handshake_is_not_answered_ends(ask_one: Any) -> None:
    with standing(lambda call: call) as wall:
        end_call(ask_one(f"https://127.0.0.1:{wall.port}"), wall)


class TlsRelay:
    """A proxy that speaks TLS itself, and hands on what it gets to a server on *port*."""

    def __init__(self, context: ssl.SSLContext, port: int) -> None:
        self._context, self._to = context, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                call, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(call,), daemon=True).start()

    def _serve(self, call: socket.socket) -> None:
        with suppress(OSError), self._context.wrap_socket(call, server_side=True) as client:
            client.recv(65_536)
            client.sendall(b"HTTP/1.1 200 connected\r\n\r\n")
            client.settimeout(0.02)
            with socket.create_connection(("127.0.0.1", self._to)) as server:
                server.settimeout(0.02)
                while True:
                    for source, target in ((client, server), (server, client)):
                        with suppress(TimeoutError):
                            part = source.recv(65_536)
                            if not part:
                                return
                            target.sendall(part)

    def close(self) -> None:
        """Take no more."""
        self._listener.close()


@pytest.mark.parametrize("ask_one", [ask_jira, ask_salesforce, ask_lake])
def test_a_call_through_a_proxy_that_speaks_tls_ends(
    ask_one: Any,
    certificate: Path,
    tls: Callable[[socket.socket], socket.socket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with standing(tls) as wall, closing(TlsRelay(context, wall.port)) as relay:
        for variable in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(variable, raising=False)
        monkeypatch.setenv("https_proxy", relay.url)
        end_call(ask_one(f"https://{HOST}:443"), wall)


def test_a_call_to_a_host_whose_addresses_are_dead_ends(
    upstream: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[socket.socket] = []
    asked = threading.Event()
    found = []
    for number in range(1, 4):
        listener = socket.socket()
        held.append(listener)
        listener.bind((f"127.0.0.{number}", 0))
        listener.listen(0)
        for _ in range(3):
            # A full queue: who comes next is not even refused.
            waiting = socket.socket()
            held.append(waiting)
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        found.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", listener.getsockname()))

    def resolve(*_: object, **__: object) -> object:
        asked.set()
        return found

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    connections, call = upstream("http://upstream.test:80")
    with ThreadPoolExecutor(1) as pool:
        waiting_call = pool.submit(call, connections)
        assert asked.wait(10)
        time.sleep(0.1)  # it connects, and nobody answers
        connections.close()
        assert isinstance(waiting_call.exception(timeout=WITHIN_S), TransientError)
    for each in held:
        each.close()
