"""Why Temporal cannot be reached is said in our words, and for good where waiting cannot help."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from temporalio.service import RPCError, RPCStatusCode

from temporaletl.environment import read_settings
from temporaletl.errors import ConfigurationError, TemporalETLError, TransientError
from temporaletl.settings import TemporalSettings, is_server
from temporaletl.temporal import connect
from temporaletl.temporal_refusals import explain_refused_call

LIBRARIES = (
    "tonic",
    "transport",
    "hyper",
    "rustls",
    "Os {",
    "Custom {",
    "get_system_info",
    "TOML parse",
    "os error",
)
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("ADDRESS", "HOST", "API_KEY", "PROFILE", "CONFIG_FILE", "TLS", "NAMESPACE"):
        monkeypatch.delenv(f"TEMPORAL_{name}", raising=False)


class Authority:
    """A certification authority that exists for a test."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._build(self._name, self._key.public_key(), NOW + timedelta(days=1))
        basic = x509.BasicConstraints(ca=True, path_length=None)
        self.path = folder / f"{name}.pem"
        self.path.write_bytes(_pem(made.add_extension(basic, critical=True).sign(self._key, hashes.SHA256())))

    def issue(self, host: str, ends: datetime = NOW + timedelta(days=1)) -> tuple[Path, Path]:
        """The files of a certificate for *host* and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        made = self._build(subject, key.public_key(), ends).add_extension(names, critical=False)
        paths = self._folder / f"{host}.pem", self._folder / f"{host}.key"
        paths[0].write_bytes(_pem(made.sign(self._key, hashes.SHA256())))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths

    def _build(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, ends: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=9))
            .not_valid_after(ends)
        )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


type Answer = Callable[[socket.socket], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], int]]:
    """Answers every connection to a port as it is told."""
    listeners: list[socket.socket] = []

    def start(answer: Answer) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def run() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                    with connection:
                        answer(connection)
                except (ssl.SSLError, ConnectionError):
                    continue
                except OSError:
                    return

        threading.Thread(target=run, daemon=True).start()
        return int(listener.getsockname()[1])

    yield start
    for listener in listeners:
        listener.close()


def with_tls(certificate: Path, key: Path, client_authority: Path | None = None) -> Answer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    if client_authority is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_authority)

    def answer(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            secured.recv(1000)

    return answer


def closes(connection: socket.socket) -> None:
    connection.recv(1)


def speaks_http(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
    while connection.recv(1000):
        pass


def refusal(port: int, kind: type[TemporalETLError]) -> str:
    """What is said of a Temporal at *port*; of kind ConfigurationError also where we would wait for it."""
    settings = TemporalSettings(host=f"localhost:{port}")
    waits = kind is ConfigurationError
    with pytest.raises(kind) as refused:
        asyncio.run(asyncio.wait_for(connect(settings, wait=waits), 30))
    said = str(refused.value)
    assert [word for word in LIBRARIES if word in said] == []
    return said


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def test_a_port_that_nobody_listens_on() -> None:
    port = closed_port()

    assert refusal(port, TransientError) == (
        f"Temporal at localhost:{port} (namespace default) cannot be reached: nobody listens there;"
        " is it up, and is TEMPORAL_HOST (or TEMPORAL_ADDRESS) right?"
    )


def test_a_host_that_there_is_not() -> None:
    with pytest.raises(TransientError, match=r"there is no host of that name; is TEMPORAL_HOST"):
        asyncio.run(connect(TemporalSettings(host="no-such-host.invalid:7233"), wait=False))


def test_a_server_that_is_no_temporal(serve: Callable[[Answer], int]) -> None:
    port = serve(speaks_http)

    # Its client may see the end of the connection before the reason for it.
    said = {refusal(port, TransientError) for _ in range(8)}
    assert [one for one in said if "what answers there is no Temporal" in one] != []


def test_a_server_that_closes_may_ask_for_tls(serve: Callable[[Answer], int], authority: Authority) -> None:
    closed = refusal(serve(closes), TransientError)
    secured = refusal(serve(with_tls(*authority.issue("localhost"))), TransientError)

    assert [said for said in (closed, secured) if "TEMPORAL_TLS=true" not in said] == []


def test_a_server_without_tls_that_is_asked_for_it(
    serve: Callable[[Answer], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_TLS", "true")

    assert "what answers there speaks no TLS" in refusal(serve(speaks_http), TransientError)


@pytest.mark.parametrize(
    ("host", "ends", "trusted", "said"),
    [
        (
            "localhost",
            NOW + timedelta(days=1),
            False,
            "nobody that this machine trusts has signed its certificate;",
        ),
        ("localhost", NOW - timedelta(days=1), True, "its certificate has expired;"),
        ("temporal.example", NOW + timedelta(days=1), True, "its certificate is for another name;"),
    ],
)
def test_a_certificate_that_does_not_verify_is_refused_for_good(
    serve: Callable[[Answer], int],
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    host: str,
    ends: datetime,
    trusted: bool,
    said: str,
) -> None:
    monkeypatch.setenv("TEMPORAL_TLS", "true")
    if trusted:
        monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(authority.path))

    assert said in refusal(serve(with_tls(*authority.issue(host, ends))), ConfigurationError)


def test_a_server_that_refuses_our_certificate_is_refused_for_good(
    serve: Callable[[Answer], int], authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = Authority(tmp_path, "theirs").issue("us")
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(authority.path))
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_CERT_PATH", str(certificate))
    monkeypatch.setenv("TEMPORAL_TLS_CLIENT_KEY_PATH", str(key))
    server = with_tls(*authority.issue("localhost"), client_authority=authority.path)

    assert "it refuses our certificate, or asks for one; check TEMPORAL_TLS_CLIENT_CERT_PATH" in refusal(
        serve(server), ConfigurationError
    )


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"CLIENT_CERT_DATA": "nonsense"}, "our certificate and its key cannot be used"),
        (
            {"CLIENT_CERT_DATA": "nonsense", "CLIENT_KEY_DATA": "hunter2"},
            "our certificate and its key cannot be used",
        ),
        ({"CLIENT_CERT_PATH": "/no/such/file"}, "name a file that cannot be read: /no/such/file"),
        (
            {"CLIENT_CERT_PATH": "/x", "CLIENT_CERT_DATA": "y"},
            "set one of TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_CERT_DATA, not both",
        ),
    ],
)
def test_tls_settings_that_cannot_be_used(
    serve: Callable[[Answer], int],
    authority: Authority,
    monkeypatch: pytest.MonkeyPatch,
    names: dict[str, str],
    said: str,
) -> None:
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(authority.path))
    for name, value in names.items():
        monkeypatch.setenv(f"TEMPORAL_TLS_{name}", value)

    answer = refusal(serve(with_tls(*authority.issue("localhost"))), ConfigurationError)
    assert said in answer
    assert "hunter2" not in answer


@pytest.mark.parametrize(
    ("profiles", "chosen", "said"),
    [
        (
            b'[profile.default]\napi_key = hunter2"\n',
            "",
            "line 2 of Temporal's profile file (TEMPORAL_CONFIG_FILE)",
        ),
        (
            b"\xff\xfe",
            "",
            "Temporal's profile file (TEMPORAL_CONFIG_FILE) cannot be read: it must be TOML in UTF-8",
        ),
        (b'[profile.default]\naddress = "x:1"\n', "prod", "TEMPORAL_PROFILE names a profile that"),
        (
            b'[profile.default]\naddress = "u:hunter2@x:1"\n',
            "",
            "TEMPORAL_ADDRESS (or the profile file's address) must",
        ),
    ],
)
def test_a_profile_file_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profiles: bytes, chosen: str, said: str
) -> None:
    path = tmp_path / "profiles.toml"
    path.write_bytes(profiles)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(path))
    if chosen:
        monkeypatch.setenv("TEMPORAL_PROFILE", chosen)

    answer = refusal(closed_port(), ConfigurationError)
    assert said in answer
    assert "hunter2" not in answer


def test_a_header_that_cannot_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_API_KEY", "hunter2\nx")
    monkeypatch.setenv("TEMPORAL_TLS", "false")

    with pytest.raises(TemporalETLError) as refused:
        asyncio.run(connect(TemporalSettings(host=f"localhost:{closed_port()}"), wait=False))
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("name", ["TEMPORAL_HOST", "TEMPORAL_ADDRESS"])
@pytest.mark.parametrize(
    "address",
    [
        *(
            "http://temporal:7233",
            "https://temporal:7233",
            "user:hunter2@temporal:7233",
            "dns:///temporal:7233",
        ),
        *("temporal:7233/hunter2", "temporal:port", "temporal:99999", "tem poral:7233", ":7233", "::1:7233"),
        *("temporal:7233?hunter2", "grpc://user:hunter2@temporal"),
    ],
)
def test_an_address_with_more_than_host_and_port_is_refused_without_being_said(
    monkeypatch: pytest.MonkeyPatch, name: str, address: str
) -> None:
    monkeypatch.setenv(name, address)

    _, problems = read_settings([TemporalSettings])
    if name == "TEMPORAL_ADDRESS":
        with pytest.raises(ConfigurationError) as refused:
            asyncio.run(connect(TemporalSettings(), wait=True))
        problems = [str(refused.value)]

    [said] = problems
    assert said.startswith(f"{name} (")
    assert "must be a host and its port, such as temporal.example:7233, and nothing else" in said
    assert [word for word in ("hunter2", "poral:", "99999") if word in said] == []


@pytest.mark.parametrize(
    "address", ["localhost:7233", "temporal", "a_b.c-d.example:1", "[::1]:7233", "10.0.0.1:65535"]
)
def test_a_host_and_its_port_are_a_server(address: str) -> None:
    assert is_server(address)


@pytest.mark.parametrize(
    "address",
    ["localhost:9464", "9464", ":9464", "http://127.0.0.1:9464", "u:hunter2@127.0.0.1:9464", "127.0.0.1"],
)
def test_a_place_for_metrics_that_is_no_ip_address_and_port_is_refused_without_being_said(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("TEMPORAL_METRICS_ADDRESS", address)

    assert read_settings([TemporalSettings])[1] == [
        "TEMPORAL_METRICS_ADDRESS (must be an IP address of this machine and a port, such as 127.0.0.1:9464,"
        " and nothing else)"
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "203.0.113.1", "999.0.0.1"])
def test_a_place_for_metrics_that_cannot_be_had_is_named(host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"{host}:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError) as refused:
            asyncio.run(connect(TemporalSettings(metrics_address=address), wait=True))

    assert str(refused.value) == (
        f"TEMPORAL_METRICS_ADDRESS={address} cannot be served: it must be an address of this machine,"
        " and every process needs its own"
    )


@pytest.mark.parametrize(
    ("status", "message", "said"),
    [
        (
            RPCStatusCode.UNAVAILABLE,
            "tcp connect error: ConnectionRefused",
            "Temporal cannot be reached: nobody listens",
        ),
        (RPCStatusCode.UNKNOWN, "transport error", "Temporal cannot be reached: the connection was closed"),
        (RPCStatusCode.CANCELLED, "Timeout expired", "Temporal cannot be reached: it did not answer in time"),
        (RPCStatusCode.INTERNAL, "h2 protocol error: http2 error", "what answers there is no Temporal"),
        (
            RPCStatusCode.UNAVAILABLE,
            "tonic says",
            "Temporal cannot be reached: it could not be asked just now",
        ),
        (RPCStatusCode.NOT_FOUND, "Namespace x is not found.", "Temporal refused: Namespace x is not found."),
    ],
)
def test_a_call_that_fails_is_told_in_the_servers_words_or_in_ours(
    status: RPCStatusCode, message: str, said: str
) -> None:
    answer = explain_refused_call(RPCError(message, status, b""))

    assert said in answer
    assert [word for word in LIBRARIES if word in answer] == []
