"""Say in our words why Temporal cannot be reached: its client tells of the libraries that it is made of."""

import re
from dataclasses import dataclass
from typing import Final

from temporalio.service import RPCError, RPCStatusCode


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Temporal cannot be reached.

    Attributes:
        reason: what happened.
        advice: what to look at.
        permanent: whether it stays so until somebody changes something.
    """

    reason: str
    advice: str
    permanent: bool = False


_ADDRESS: Final = "is it up, and is TEMPORAL_HOST (or TEMPORAL_ADDRESS) right?"
_CERTIFICATE: Final = "have it replaced, or name its CA in TEMPORAL_TLS_SERVER_CA_CERT_PATH"
_CREDENTIALS: Final = "check TEMPORAL_API_KEY and the TEMPORAL_TLS settings"

_SIGNS: Final = (
    (
        "UnknownIssuer",
        Refusal(
            "nobody that this machine trusts has signed its certificate",
            "name the CA's certificate in TEMPORAL_TLS_SERVER_CA_CERT_PATH",
            permanent=True,
        ),
    ),
    (
        r"InvalidCertificate\(Expired",
        Refusal(
            "its certificate has expired", "have it renewed, and check this machine's clock", permanent=True
        ),
    ),
    (
        r"InvalidCertificate\(NotValidYet",
        Refusal("its certificate is not valid yet", "check this machine's clock", permanent=True),
    ),
    (
        r"InvalidCertificate\(NotValidForName",
        Refusal(
            "its certificate is for another name",
            "set TEMPORAL_TLS_SERVER_NAME to that name, or correct TEMPORAL_HOST",
            permanent=True,
        ),
    ),
    (
        "InvalidCertificate",
        Refusal("its certificate cannot be verified", _CERTIFICATE, permanent=True),
    ),
    (
        "PrivateKeyParseError|CertificateParseError|InconsistentKeys|KeyMismatch|cert and private key",
        Refusal(
            "our certificate and its key cannot be used",
            "set both TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH (or _DATA), of one pair",
            permanent=True,
        ),
    ),
    (
        "AlertReceived|fatal alert",
        Refusal(
            "it refuses our certificate, or asks for one",
            "check TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH (or _DATA)",
            permanent=True,
        ),
    ),
    (
        "InvalidContentType",
        Refusal(
            "what answers there speaks no TLS",
            "leave out TEMPORAL_API_KEY and the TEMPORAL_TLS settings, or correct TEMPORAL_HOST",
        ),
    ),
    ("code: (Unauthenticated|PermissionDenied)", Refusal("it refuses our credentials", _CREDENTIALS)),
    ("dns error", Refusal("there is no host of that name", "is TEMPORAL_HOST (or TEMPORAL_ADDRESS) right?")),
    ("ConnectionRefused", Refusal("nobody listens there", _ADDRESS)),
    ("(?i)timed ?out|timeout|deadline", Refusal("it did not answer in time", _ADDRESS)),
    ("(?i)FRAME_SIZE_ERROR|http2 error|h2 protocol", Refusal("what answers there is no Temporal", _ADDRESS)),
    (
        "ConnectionReset|UnexpectedEof|BrokenPipe|connection (closed|was not ready)|transport error",
        Refusal(
            "the connection was closed",
            f"{_ADDRESS} Does it ask for TLS (TEMPORAL_TLS=true), or for a certificate?",
        ),
    ),
)
"""What stands in the client's words, and what it means; the first that is found counts."""

_OF_CODES: Final = {
    RPCStatusCode.NOT_FOUND: Refusal(
        "there is no such namespace", "make the namespace, or set TEMPORAL_NAMESPACE"
    ),
    RPCStatusCode.UNAUTHENTICATED: Refusal("it refuses our credentials", _CREDENTIALS),
    RPCStatusCode.PERMISSION_DENIED: Refusal("it refuses our credentials", _CREDENTIALS),
}

_OF_THE_TRANSPORT: Final = frozenset(
    {
        RPCStatusCode.CANCELLED,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.INTERNAL,
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.UNKNOWN,
    }
)
"""Codes that the client gives by itself: their words are no server's."""


def explain_failed_connection(error: Exception) -> Refusal:
    """Say why *error* ended an attempt to connect."""
    if isinstance(error, RPCError) and error.status in _OF_CODES:
        return _OF_CODES[error.status]
    found = _find_sign(str(error))
    if found is not None:
        return found
    if isinstance(error, ValueError):
        advice = "check TEMPORAL_API_KEY, the TEMPORAL_TLS settings and TEMPORAL_GRPC_META_*"
        return Refusal("a setting holds what cannot be sent", advice, permanent=True)
    return Refusal("it could not be asked", _ADDRESS)


def explain_refused_call(error: RPCError) -> str:
    """Say why a call failed: in Temporal's own words where the server answered."""
    if error.status not in _OF_THE_TRANSPORT:
        return f"Temporal refused: {error.message}"
    found = _find_sign(error.message) or Refusal("it could not be asked just now", _ADDRESS)
    return f"Temporal cannot be reached: {found.reason}; {found.advice}"


def explain_transport(text: str) -> Refusal | None:
    """Say what *text*, told by Temporal's client at work, means; None where it is about no connection."""
    return _find_sign(text) or (Refusal("it could not be asked", _ADDRESS) if "tonic::" in text else None)


def explain_configuration(error: Exception) -> str:
    """Say what is wrong with Temporal's own settings, without a line of its profile file: it holds keys."""
    text = str(error)
    if names := re.findall(r"TEMPORAL_[A-Z_]+", text):
        return f"set one of {' and '.join(names)}, not both"
    if text.startswith("Profile "):
        return "TEMPORAL_PROFILE names a profile that the profile file does not have"
    line = re.search(r"at line ([0-9]+)", text)
    where = f"line {line[1]} of " if line else ""
    return f"{where}Temporal's profile file (TEMPORAL_CONFIG_FILE) cannot be read: it must be TOML in UTF-8"


def _find_sign(text: str) -> Refusal | None:
    return next((refusal for sign, refusal in _SIGNS if re.search(sign, text)), None)
