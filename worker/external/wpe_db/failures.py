"""Turn an error of the warehouse's PostgreSQL into ours: permanent or transient, and never with a row."""

from typing import Final

import psycopg
from psycopg import errors, sql

from temporaletl.errors import ConfigurationError, PermanentError, TemporalETLError, TransientError
from temporaletl.postgres import (
    Server,
    describe,
    explain_connection,
    no_writes,
    raised_by_code,
)

_PASSING_CLASSES: Final = ("08", "40", "53", "57", "58")
"""SQLSTATE classes that pass: connection, rollback, resources (disk, sessions), operator, system."""

_PASSING: Final = frozenset({"55P03", "55006", "25P03", "25P04"})
"""Lock not available, object in use, idle-in-transaction and transaction time-outs."""

_LACKING: Final = frozenset({"42P01", "3F000", "42703", "42704", "42883", "42P10"})
"""Table, schema, column, object, function, or unique index of ON CONFLICT that is not there."""

_BELONGS_TO_OTHERS: Final = frozenset({"26000", "42P05"})
"""A prepared statement that is not there, or that is there already: the session is not only ours."""

_OUT_OF_NUMBERS: Final = frozenset({"2200H", "22003"})
"""A sequence at its end, or one whose next number is beyond its column: all other numbers fit."""

_LEAVING_CLASSES: Final = ("08", "57P")
"""SQLSTATEs after which a session is of no use: the connection is lost, or the server goes away."""

_NO_WRITES: Final = "25006"


def translate(error: psycopg.Error, *, server: Server, schema: str) -> TemporalETLError:
    """Our error for *error*, which is stripped of what it quotes (DETAIL, the COPY line, values).

    Lost connections, deadlocks, time-outs, full disks, too many sessions and a server that takes no
    writes are transient; refused credentials, a missing database or privilege, and a rule of the tables
    that a row breaks are not, and say what to do.
    """
    text, state = describe(error), error.sqlstate or ""
    explained = explain_connection(error, server)
    broken = _name_rule(error, server)
    from_code = raised_by_code(error)
    error.args = (text,)
    if explained is not None:
        return explained
    if state == _NO_WRITES:
        return no_writes(server, text)
    if state.startswith(_PASSING_CLASSES) or state in _PASSING:
        return TransientError(f"{server.name} could not answer just now ({text})")
    if from_code:
        return PermanentError(
            f"{server.name} refused a statement ({text}): look at the triggers and rules on the tables of"
            f" schema {schema} and at what they call; the server's log has the whole text"
        )
    if isinstance(error, errors.InsufficientPrivilege):
        hint = grant_hint(text, schema=schema, user=server.user)
        return ConfigurationError(f"{server.name} refused ({text}). {hint}")
    if state in _LACKING:
        return ConfigurationError(
            f"{server.name} lacks a table, column, index or function of schema {schema}: start a worker,"
            f" which makes what is missing ({text})"
        )
    if state in _BELONGS_TO_OTHERS:
        return shared_sessions(server)
    if broken is not None:
        return broken
    return PermanentError(
        f"{server.name} refused a statement ({text}): this is a defect, or its schema was changed"
    )


def spoils_session(error: psycopg.Error) -> bool:
    """Whether the session that *error* met is not to be used again: another one may find the primary."""
    state = error.sqlstate or ""
    return state == _NO_WRITES or state.startswith(_LEAVING_CLASSES)


def meets_no_primary(error: psycopg.Error) -> bool:
    """Whether every session of the pool leads to a server that takes no writes any more."""
    return error.sqlstate == _NO_WRITES


def shared_sessions(server: Server) -> ConfigurationError:
    """Our error for a pooler that gives each transaction whatever session is free."""
    return ConfigurationError(
        f"{server.place}: {server.name} is a pooler that gives each transaction another session (PgBouncer:"
        " pool_mode=transaction), and a load needs one of its own: use pool_mode=session there, or let"
        f" {server.place} lead to PostgreSQL itself"
    )


def bypass_hint(user: str) -> str:
    """What an administrator has to do where row-level security is active for the role *user*."""
    role = sql.Identifier(user).as_string(None)
    return (
        "It hides rows that loads have to see. Run as a superuser:"
        f" ALTER ROLE {role} BYPASSRLS; or let the role own the table, without FORCE ROW LEVEL SECURITY"
    )


def grant_hint(text: str, *, schema: str, user: str) -> str:
    """The statement that an administrator has to run for the privilege that *text* says is missing."""
    if "row-level security" in text:
        return bypass_hint(user)
    role = sql.Identifier(user).as_string(None)
    if "temporary" in text:
        return f"Missing privilege: TEMPORARY on the database. Run: GRANT TEMPORARY ON DATABASE … TO {role};"
    name = sql.Identifier(schema).as_string(None)
    if "schema" in text:
        grant = f"GRANT USAGE, CREATE ON SCHEMA {name} TO {role};"
        return f"Missing privileges: USAGE, CREATE on schema {name}. Run: {grant}"
    if "sequence" in text:
        return (
            f"Missing privilege: USAGE on a sequence of schema {name}. "
            f"Run: GRANT USAGE ON ALL SEQUENCES IN SCHEMA {name} TO {role};"
        )
    return (
        f"Missing privileges: SELECT, INSERT, UPDATE, DELETE on the tables of schema {name}. "
        f"Run: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} TO {role};"
    )


def _name_rule(error: psycopg.Error, server: Server) -> ConfigurationError | None:
    """Our error for a row that breaks a rule of its table: the rule is named, the row is not."""
    if raised_by_code(error):
        return None
    state, told = error.sqlstate or "", error.diag
    table = f"table {told.schema_name}.{told.table_name}"
    if state in _OUT_OF_NUMBERS:
        return ConfigurationError(
            f"{server.name} has no more numbers for the id of a row ({describe(error)}): start a worker,"
            " which says what the table's owner has to run"
        )
    if state == "23502":
        return ConfigurationError(
            f"{server.name} refused a row: column {told.column_name} of {table} takes no NULL. A column that"
            " the loader does not fill needs a default, or has to take NULL"
        )
    if state.startswith("23") and told.constraint_name:
        return ConfigurationError(
            f"{server.name} refused a row ({type(error).__name__}, SQLSTATE {state}): it breaks constraint"
            f" {told.constraint_name} of {table}. One that is not the loader's has to allow what upstream"
            " says, or to go"
        )
    return None
