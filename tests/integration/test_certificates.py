"""A certificate that cannot be verified is nothing to try again, whatever the connector."""

import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from temporaletl.errors import ConfigurationError
from tests.integration.connectors import CONNECTORS, Connector, Recorder, as_json

NOW = datetime.now(UTC)
KINDS = {
    "expired": ("127.0.0.1", NOW - timedelta(days=1), True),
    "wrong host": ("127.0.0.2", NOW + timedelta(days=1), True),
    "unknown authority": ("127.0.0.1", NOW + timedelta(days=1), False),
}


def make_certificate(folder: Path, address: str, until: datetime) -> tuple[Path, Path]:
    """A certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "upstream")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=10))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, SHA256())
    )
    certificate, secret = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, secret


@pytest.fixture(params=KINDS)
def https(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Recorder]:
    address, until, trusted = KINDS[request.param]
    certificate, key = make_certificate(tmp_path, address, until)
    if trusted:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with Recorder(lambda _: as_json(b"{}")) as server:
        server._server.socket = context.wrap_socket(
            server._server.socket, server_side=True, do_handshake_on_connect=False
        )
        yield server


@pytest.mark.parametrize("connector", CONNECTORS, ids=lambda found: found.ask.__name__)
def test_a_certificate_that_fails_verification_is_permanent(connector: Connector, https: Recorder) -> None:
    began = time.monotonic()
    with pytest.raises(ConfigurationError, match="certificate") as caught:
        connector.ask(f"https://127.0.0.1:{https.port}")

    assert time.monotonic() - began < 5
    assert connector.setting in str(caught.value)
    assert "REQUESTS_CA_BUNDLE" in str(caught.value) or "SSL_CERT_FILE" in str(caught.value)
    assert https.asked == []


@pytest.mark.parametrize(
    "connector",
    [found for found in CONNECTORS if found.name != "Launchpad"],
    ids=lambda found: found.ask.__name__,
)
def test_certificates_of_our_own_that_are_not_there_are_named(
    connector: Connector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem")
    with pytest.raises(ConfigurationError, match="REQUESTS_CA_BUNDLE"):
        connector.ask("https://127.0.0.1:9")
