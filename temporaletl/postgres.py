"""Reach a PostgreSQL, and tell its errors: neither a password nor a row ever stands in a message.

The warehouse and the directory of people are both reached through this module, so that what one of them
learned about connection strings, certificates and poolers holds for the other.
"""

import re
from dataclasses import dataclass
from typing import Final

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import Conninfo

from temporaletl.addresses import bound_text
from temporaletl.errors import ConfigurationError, CredentialsError, TemporalETLError, TransientError
from temporaletl.places import is_address, is_database, is_host, is_port, is_role

MAX_MESSAGE_CHARS: Final = 500

_SPELLING: Final = (
    "write the special characters of a password as %40 (@), %2F (/), %3A (:), %3F (?), %23 (#), %25 (%)"
)

_QUOTED_CLASSES: Final = ("08", "0A", "25", "28", "3D", "3F", "40", "42", "53", "54", "55", "57", "58")
"""SQLSTATE classes whose messages name parts of a statement or of the server, and no value of a row."""

_REFUSED: Final = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|pg_hba\.conf rejects"
    r'|role "" does not exist|is not permitted to log in|no such user'
)
_NO_DATABASE: Final = re.compile(r'database "" does not exist|no such database')
_UNTRUSTED: Final = re.compile(
    r"certificate|SSL was required|private key file|alert (unknown ca|handshake failure|protocol version)"
    r"|unsupported protocol|invalid ssl\w+ value|weak sslmode|channel binding required"
)
_OTHER_SERVICE: Final = re.compile(
    r"invalid response to (SSL|GSSAPI) negotiation|expected authentication request|unexpected message from"
    r"|unsupported frontend protocol|wrong version number|invalid (message|packet) length"
)
_PRESET: Final = re.compile(
    r"unsupported startup parameter|unrecognized configuration parameter|invalid value for parameter"
    r"|permission denied to set parameter|invalid command-line argument|parameter \"\" cannot be"
)
_MISSPELT: Final = re.compile(
    r"invalid (\w+ |\"\" )?value|invalid port number|could not match .* (port|host)|definition of service"
    r"|service file"
)
_NO_WRITES: Final = re.compile(r"session is (not )?read-only|server is (not )?in hot standby mode")
_ONLY_STATEMENTS: Final = "statement pooling"

_OUR_TRIGGER: Final = re.compile(r'PL/pgSQL function (\S+\.)?"?etl_(keep|forget)_')
"""How the functions of our own triggers begin, which say nothing of a row."""


@dataclass(frozen=True, slots=True)
class Server:
    """What messages call a PostgreSQL, and the settings that lead to it.

    Attributes:
        name: the system and its place, without a secret.
        user: the role that signs in.
        place: the settings of host and port.
        database: the setting of the database's name.
        sign_in: the settings of role and password.
        tls: where sslmode and the like are set.
    """

    name: str
    user: str
    place: str
    database: str
    sign_in: str
    tls: str


def read_conninfo(setting: str, dsn: str, **ours: str | int | None) -> str:
    """The connection string *dsn*, which *setting* holds, with *ours* over what it says.

    Raises ConfigurationError, which quotes nothing of it, where it cannot be read or where a password
    with special characters was taken for a host, a port or a database.
    """
    try:
        parts = conninfo_to_dict(dsn)
    except (psycopg.Error, UnicodeError):
        # Its message, and so its cause, would quote the connection string.
        raise ConfigurationError(
            f"{setting} cannot be read as a connection string of PostgreSQL; in a URL, {_SPELLING}"
        ) from None
    authority, _, path = re.sub("^postgres(ql)?://", "", dsn).partition("?")[0].partition("/")
    mixed_up = dsn.startswith("postgres") and "://" in dsn and (authority.count("@") > 1 or "@" in path)
    names = ("host", "hostaddr", "port", "dbname", "user")
    host, address, port, database, user = (str(parts.get(name) or "") for name in names)
    if mixed_up or not is_host(host) or not is_database(database):
        raise ConfigurationError(f"{setting}: {_SPELLING}")
    if not is_role(user):
        raise ConfigurationError(
            f"{setting}: its user has a colon; in a URL the one before the password is written as : and not"
            " as %3A"
        )
    if not is_address(address):
        raise ConfigurationError(f"{setting}: its hostaddr is no IP address")
    if not all(number == "" or is_port(number) for number in port.split(",")):
        raise ConfigurationError(f"{setting}: its port is no number from 1 to 65535; in a URL, {_SPELLING}")
    return make_conninfo(dsn, **ours)


def name_server(conninfo: str) -> str:
    """Where *conninfo* leads, with what the environment adds to it (PGHOST): host, port and database.

    A service of a service file (PGSERVICE) is named as such: only the driver reads the rest.
    """
    said: dict[str, object] = {
        option.keyword.decode(): option.val.decode()
        for option in Conninfo.get_defaults()
        if option.val is not None
    }
    said.update(conninfo_to_dict(conninfo))
    if said.get("service") and not said.get("host"):
        return f"of service {said['service']}"
    host = said.get("host") or said.get("hostaddr") or "localhost"
    port = str(said.get("port") or "").strip(",") or 5432
    return f"{host}:{port}/{said.get('dbname') or said.get('user') or ''}"


def raised_by_code(error: psycopg.Error) -> bool:
    """Whether a trigger or function raised *error*: its text and names may hold what it likes."""
    context = error.diag.context or ""
    innermost = re.search("^PL/pgSQL function .*", context, re.MULTILINE)
    if innermost is not None and _OUR_TRIGGER.match(innermost[0]):
        return False
    return context != "" and not context.startswith("COPY ")


def describe(error: psycopg.Error) -> str:
    """One line about *error* that quotes no data: its name and code, and its message where that is safe."""
    state, name = error.sqlstate, type(error).__name__
    if state is None:
        # The driver's own words, which only of a connection hold no value.
        said = str(error) if is_lost(error) else ""
        lines = [line for line in said.splitlines() if not re.match(r"\s*(DETAIL|HINT|CONTEXT):", line)]
        return bound_text(" ".join(" ".join(lines).split()), MAX_MESSAGE_CHARS) or name
    if raised_by_code(error):
        return f"{name}, SQLSTATE {state}, raised by a trigger or function there"
    if not state.startswith(_QUOTED_CLASSES):
        return f"{name}, SQLSTATE {state}"
    return bound_text(f"{name}, SQLSTATE {state}: {error.diag.message_primary or ''}", MAX_MESSAGE_CHARS)


def is_lost(error: psycopg.Error) -> bool:
    """Whether *error* is about the connection, where it has no SQLSTATE."""
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)


def explain_connection(error: psycopg.Error, server: Server) -> TemporalETLError | None:
    """Our error where *error* is about how *server* is reached; None where it is about a statement.

    A server says no SQLSTATE before the session is there, hence the words. What passes is transient;
    refused credentials, a certificate that fails verification, a missing database, another service at
    that port and presets that the server does not take are not.
    """
    text, state = describe(error), error.sqlstate or ""
    if raised_by_code(error):
        return None
    # Without the names in it: a host may be called certificate.example.
    words = re.sub('"[^"]*"', '""', text)
    if state in ("28P01", "28000") or (not state and _REFUSED.search(words)):
        return CredentialsError(
            f"{server.name} refused the role {server.user}: check {server.sign_in} ({text})"
        )
    if state == "3D000" or (not state and _NO_DATABASE.search(words)):
        return ConfigurationError(f"{server.name} has no such database: check {server.database} ({text})")
    if _ONLY_STATEMENTS in text:
        return ConfigurationError(
            f"{server.name} is a pooler that takes no transactions: use pool_mode=session there, or let"
            f" {server.place} lead to PostgreSQL itself ({text})"
        )
    if state or not is_lost(error):
        return None
    if _UNTRUSTED.search(words):
        return ConfigurationError(
            f"{server.name} and we do not agree on TLS: check sslmode, sslrootcert and the like in"
            f" {server.tls}, and the server's certificate ({text})"
        )
    if _OTHER_SERVICE.search(words):
        return ConfigurationError(
            f"{server.name} does not speak PostgreSQL's protocol: check {server.place} ({text})"
        )
    if _PRESET.search(words):
        return ConfigurationError(
            f"{server.name} does not take what is preset for the session: check options in {server.tls},"
            f" PGOPTIONS, and the settings of the role and the database ({text})"
        )
    if _MISSPELT.search(words):
        return ConfigurationError(
            f"{server.name} cannot be reached as it is told: check the parameters in {server.tls} and PG… in"
            f" the environment ({text})"
        )
    if "permission denied for database" in words:
        return ConfigurationError(
            f"{server.name} lets the role {server.user} in, but not into its database: run as its owner:"
            f" GRANT CONNECT ON DATABASE … TO {server.user}; ({text})"
        )
    if _NO_WRITES.search(words):
        return no_writes(server, text)
    return TransientError(
        f"{server.name} could not be reached or lost the connection ({text}); it is tried again later:"
        f" is it up, and are {server.place} right?"
    )


def no_writes(server: Server, text: str) -> TransientError:
    """Our error for a server that takes no writes now: it passes when a fail-over is over."""
    return TransientError(
        f"{server.name} takes no writes now ({text}): a standby, a fail-over under way, or"
        " default_transaction_read_only is on for the role, the database or the server (pg_settings says"
        f" its source); it is tried again later, and if that lasts, let {server.place} lead to the primary,"
        " or reset that setting"
    )
