"""What does a PostgreSQL error mean to us? The one place that says, without quoting a row."""

import psycopg
from psycopg import errors, sql

from temporaletl.errors import (
    ConfigurationError,
    CredentialsError,
    PermanentError,
    TemporalETLError,
    TransientError,
)

_PASSING_CLASSES = ("08", "40", "53", "57", "58")
"""SQLSTATE classes that pass: connection, rollback, resources (disk, sessions), operator, system."""

_PASSING = frozenset({"55P03", "55006", "25P03", "25P04"})
"""Lock not available, object in use, idle-in-transaction and transaction time-outs."""

_QUOTING_CLASSES = ("22", "23")
"""SQLSTATE classes whose message quotes the data it is about."""

_REFUSED = ("password authentication failed", "no password supplied", "no pg_hba.conf entry")
_REFUSED_STATES = frozenset({"28P01", "28000"})
_ABSENT_STATES = frozenset({"3D000"})


def translate(error: psycopg.Error, *, address: str, schema: str, user: str) -> TemporalETLError:
    """Our error for *error*, which is stripped of what it quotes (DETAIL, the COPY line, values).

    Lost connections, deadlocks, time-outs, full disks and too many sessions are transient; refused
    credentials, a missing database and a missing privilege are not, and say what to do.
    """
    text = describe(error)
    state = error.sqlstate or ""
    error.args = (text,)
    where = f"the warehouse {address}"
    if isinstance(error, errors.InsufficientPrivilege):
        return ConfigurationError(f"{where} refused ({text}). {grant_hint(text, schema=schema, user=user)}")
    if state in _REFUSED_STATES or any(words in text for words in _REFUSED):
        return CredentialsError(
            f"{where} refused the role {user}: check WPE_DB_USER and WPE_DB_PASSWORD ({text})"
        )
    if state in _ABSENT_STATES or ("database" in text and "does not exist" in text):
        return ConfigurationError(f"{where} has no such database: check WPE_DB_NAME ({text})")
    if isinstance(error, errors.UndefinedTable | errors.InvalidSchemaName | errors.UndefinedColumn):
        return ConfigurationError(
            f"{where} lacks a table or column of schema {schema}: start a worker, which makes what is "
            f"missing ({text})"
        )
    if state.startswith(_PASSING_CLASSES) or state in _PASSING or (not state and _is_lost(error)):
        return TransientError(f"{where} could not answer just now ({text})")
    return PermanentError(
        f"{where} refused a statement ({text}): this is a defect, or its schema was changed"
    )


def describe(error: psycopg.Error) -> str:
    """One line about *error* that quotes no data: its name and code, and its message where that is safe."""
    state = error.sqlstate
    name = type(error).__name__
    if state is None:
        return " ".join(str(error).split())[:500] or name
    if state.startswith(_QUOTING_CLASSES):
        return f"{name}, SQLSTATE {state}"
    return f"{name}, SQLSTATE {state}: {error.diag.message_primary or ''}"[:500]


def grant_hint(text: str, *, schema: str, user: str) -> str:
    """The statement that an administrator has to run for the privilege that *text* says is missing."""
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


def _is_lost(error: psycopg.Error) -> bool:
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
