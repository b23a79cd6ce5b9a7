"""What does an error of the directory's PostgreSQL mean to us? Sorted without quoting a row."""

from typing import Final

import psycopg
from psycopg import errors

from temporaletl.errors import (
    ConfigurationError,
    CredentialsError,
    PermanentError,
    TemporalETLError,
    TransientError,
)

_PASSING: Final = ("08", "40", "53", "55", "57", "58", "25P")
"""SQLSTATEs that pass: connection, rollback, resources, locks, operator, system, time-outs."""

_REFUSED_STATES: Final = frozenset({"28P01", "28000"})
_REFUSED: Final = ("password authentication failed", "no password supplied", "no pg_hba.conf entry")

_ABOUT_THE_STATEMENT: Final = "42"
"""The class of SQLSTATEs whose message names parts of our statement; others may quote a row."""


def translate(error: psycopg.Error, where: str) -> TemporalETLError:
    """Our error for *error*, which is stripped of what it quotes; *where* names the system.

    Lost connections, time-outs and an overloaded server are transient; refused credentials, a missing
    database, privilege, table or column, and a query that does not run are not, and say what to do.
    """
    text = _describe(error)
    state = error.sqlstate or ""
    error.args = (text,)
    if isinstance(error, errors.InsufficientPrivilege):
        return ConfigurationError(f"{where} refused ({text}): grant the role SELECT on what it reads")
    if state in _REFUSED_STATES or any(words in text for words in _REFUSED):
        return CredentialsError(f"{where} refused us: check user and password in DIRECTORY_DSN ({text})")
    if isinstance(error, errors.InvalidCatalogName) or ("database" in text and "does not exist" in text):
        return ConfigurationError(f"{where} does not exist: check DIRECTORY_DSN ({text})")
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return ConfigurationError(f"{where} is only read, and DIRECTORY_QUERY writes: make it a SELECT")
    if state.startswith(_ABOUT_THE_STATEMENT):
        return ConfigurationError(f"{where} does not understand DIRECTORY_QUERY: mend it ({text})")
    if state.startswith(_PASSING) or (not state and _is_lost(error)):
        return TransientError(f"{where} could not be read just now ({text}); it is read again later")
    return PermanentError(f"{where} refused DIRECTORY_QUERY ({text}): try it there, and mend it")


def _describe(error: psycopg.Error) -> str:
    name, state = type(error).__name__, error.sqlstate
    if state is None:
        # The driver's own words quote a value only where it cannot read one.
        said = "" if isinstance(error, psycopg.DataError) else " ".join(str(error).split())[:500]
        return said or name
    if state.startswith(_ABOUT_THE_STATEMENT):
        return f"{name}, SQLSTATE {state}: {error.diag.message_primary or ''}"[:500]
    return f"{name}, SQLSTATE {state}"


def _is_lost(error: psycopg.Error) -> bool:
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
