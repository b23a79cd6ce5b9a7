"""Turn an error of the directory's PostgreSQL into ours, sorted without quoting a row."""

from typing import Final

import psycopg
from psycopg import errors

from temporaletl.errors import ConfigurationError, PermanentError, TemporalETLError, TransientError
from temporaletl.postgres import Server, describe, explain_connection, raised_by_code

_PASSING: Final = ("08", "40", "53", "55", "57", "58", "25P")
"""SQLSTATEs that pass: connection, rollback, resources, locks, operator, system, time-outs."""

_ABOUT_THE_STATEMENT: Final = "42"
"""The class of SQLSTATEs that are about our statement."""


def translate(error: psycopg.Error, server: Server) -> TemporalETLError:
    """Our error for *error*, which is stripped of what it quotes.

    Lost connections, time-outs and an overloaded server are transient; refused credentials, a missing
    database, privilege, table or column, and a query that does not run are not, and say what to do.
    """
    text, state = describe(error), error.sqlstate or ""
    explained = explain_connection(error, server)
    from_code = raised_by_code(error)
    error.args = (text,)
    if explained is not None:
        return explained
    if state.startswith(_PASSING):
        return TransientError(f"{server.name} could not be read just now ({text}); it is read again later")
    if isinstance(error, errors.InsufficientPrivilege):
        return ConfigurationError(f"{server.name} refused ({text}): grant the role SELECT on what it reads")
    if isinstance(error, errors.ReadOnlySqlTransaction):
        return ConfigurationError(f"{server.name} is only read, and DIRECTORY_QUERY writes: make it a SELECT")
    if state.startswith(_ABOUT_THE_STATEMENT) and not from_code:
        return ConfigurationError(f"{server.name} does not understand DIRECTORY_QUERY: mend it ({text})")
    return PermanentError(f"{server.name} refused DIRECTORY_QUERY ({text}): try it there, and mend it")
