"""Reach the warehouse: bounded sessions that mean the same everywhere, and errors that are ours."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

import psycopg
from psycopg import IsolationLevel
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from temporaletl.errors import ConfigurationError, TransientError
from temporaletl.postgres import Server, name_server, no_writes, read_conninfo
from temporaletl.settings import WarehouseSettings
from worker.external.wpe_db.failures import meets_no_primary, shared_sessions, spoils_session, translate
from worker.external.wpe_db.statements import read_sql

SESSION_NAME = "temporaletl"


class Connection(psycopg.Connection[tuple[object, ...]]):
    """A session that knows the schema it works in.

    Attributes:
        schema: its name.
        absent: columns of our layout, as (table, column), that its tables do not have.
    """

    schema: str = "public"
    absent: frozenset[tuple[str, str]] = frozenset()

    def choose_present(self, table: str, columns: Iterable[str]) -> list[str]:
        """Return those of *columns*, in order, that *table* has: it may lack what the role may not add."""
        return [column for column in columns if (table, column) not in self.absent]


class Warehouse:
    """At most *max_connections* sessions of one warehouse schema, reused; safe to share by threads.

    Attributes:
        schema: the schema's name.
        absent: columns of our layout, as (table, column), that its tables do not have; a start finds them.
    """

    def __init__(self, settings: WarehouseSettings, *, max_connections: int) -> None:
        self.schema = settings.db_schema
        self.absent: frozenset[tuple[str, str]] = frozenset()
        self._settings = settings
        self._conninfo = _conninfo(settings)
        self._server = _describe_server(self._conninfo)
        self._pool = ConnectionPool(
            self._conninfo,
            connection_class=Connection,
            kwargs={"autocommit": True},
            min_size=0,
            max_size=max_connections,
            open=False,
            configure=self._prepare,
            # A session that idled through a restart of the server is only found out by asking.
            check=ConnectionPool.check_connection,
            timeout=settings.pool_timeout_s,
            # Who comes after an outage begins anew, without the long pauses that grew during it.
            reconnect_timeout=settings.pool_timeout_s,
            name="warehouse",
        )

    def open(self) -> None:
        """Let sessions be taken, after two were opened: the pool would only say that none came in time.

        Raises ConfigurationError where these are not sessions of their own (a pooler between).
        """
        with self._translating(), self._try_session() as first, self._try_session() as second:
            if share_sessions(first, second):
                raise shared_sessions(self._server)
        self._pool.open()

    @contextmanager
    def session(self, name: str | None = None) -> Iterator[Connection]:
        """One session for the length of the block, in autocommit: begin with ``conn.transaction()``.

        READ COMMITTED, UTC, with lock and idle time-outs, whatever the role presets; *name* is its
        application_name. Every psycopg error that leaves the block becomes one of ours, without row
        values; after one that says that the server takes no writes or goes away, the session is closed.
        """
        with self._translating():
            try:
                with self._pool.connection() as conn:
                    try:
                        conn.execute(
                            "SELECT set_config('application_name', %s, false)", (name or SESSION_NAME,)
                        )
                        conn.absent = self.absent
                        yield conn
                    except psycopg.Error as error:
                        self._forget_spoilt(conn, error)
                        raise
            except (PoolTimeout, PoolClosed) as error:
                with self._try_session():
                    pass
                raise TransientError(
                    f"no session to {self._server.name} became free within "
                    f"{self._settings.pool_timeout_s:g} s: fewer activities at once, or more connections"
                ) from error

    def close(self) -> None:
        """Close the idle sessions; those in use close when they are given back."""
        self._pool.close()

    @contextmanager
    def _translating(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise translate(error, server=self._server, schema=self.schema) from error

    @contextmanager
    def _try_session(self) -> Iterator[Connection]:
        """A prepared session beside the pool, which says at once why there is none."""
        with Connection.connect(self._conninfo, autocommit=True) as conn:
            self._prepare(conn)
            yield conn

    def _forget_spoilt(self, conn: Connection, error: psycopg.Error) -> None:
        if spoils_session(error):
            conn.close()
        if meets_no_primary(error):
            # The idle ones lead to the same server: the next attempt is to find the new primary.
            self._pool.drain()

    def _prepare(self, conn: Connection) -> None:
        conn.schema = self.schema
        conn.isolation_level = IsolationLevel.READ_COMMITTED
        conn.execute(
            read_sql("prepare_session"),
            {
                "lock_timeout": f"{self._settings.lock_timeout_s * 1000:.0f}ms",
                "idle_timeout": f"{self._settings.idle_in_transaction_timeout_s * 1000:.0f}ms",
                "statement_timeout": f"{self._settings.statement_timeout_s * 1000:.0f}ms",
            },
        )
        self._refuse_unfit(conn)

    def _refuse_unfit(self, conn: Connection) -> None:
        """Raise ours where a session cannot be what a load needs, and we may not make it so."""
        row = conn.execute(read_sql("session_state")).fetchone()
        encoding, replication_role, read_only, preset = row or (None, None, None, None)
        if encoding != "UTF8":
            raise ConfigurationError(
                f"{self._server.name} has a database in {encoding}, which cannot hold every text: load into"
                " one made with ENCODING 'UTF8'"
            )
        if replication_role != "origin":
            raise ConfigurationError(
                f"{self._server.name} presets session_replication_role = {replication_role}, which switches"
                " the triggers off that keep the history. Run as a superuser: ALTER ROLE"
                f" {self._server.user} RESET session_replication_role; and the same with ALTER DATABASE, or"
                f" take it out of options in {self._server.tls}"
            )
        if read_only:
            raise no_writes(self._server, f"default_transaction_read_only = {preset}")


def open_warehouse(settings: WarehouseSettings, *, max_connections: int) -> Warehouse:
    """The warehouse, after one session to it was opened.

    Raises CredentialsError or ConfigurationError when it refuses us, TransientError when it cannot be
    reached now.
    """
    warehouse = Warehouse(settings, max_connections=max_connections)
    warehouse.open()
    return warehouse


def name_role(settings: WarehouseSettings) -> str | None:
    """The role that *settings* sign in with; None where they leave it to the process's account.

    Raises ConfigurationError where WPE_DB_DSN cannot be read.
    """
    user = conninfo_to_dict(_conninfo(settings)).get("user")
    return None if user is None else str(user)


def warehouse_clock(conn: Connection) -> datetime:
    """The warehouse's own time, aware: the one clock that all workers share."""
    row = conn.execute("SELECT clock_timestamp()").fetchone()
    if row is None or not isinstance(row[0], datetime):
        raise TransientError("the warehouse did not tell the time")
    return row[0]


def share_sessions(first: Connection, second: Connection) -> bool:
    """Whether a pooler gives our two connections the same session, or one of them several."""
    for _ in range(3):
        before = _backend(first)
        if _backend(first) != before:
            return True
        with second.transaction():
            # In this order: a pooler with one session only would let the second question wait.
            if _backend(second) == before or _backend(first) != before:
                return True
    return False


def _backend(conn: Connection) -> object:
    row = conn.execute("SELECT pg_backend_pid()").fetchone()
    return None if row is None else row[0]


def _conninfo(settings: WarehouseSettings) -> str:
    ours: dict[str, str | int | None] = {
        "client_encoding": "UTF8",
        "connect_timeout": max(2, round(settings.connect_timeout_s)),
        "keepalives": 1,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 60_000,
    }
    if settings.dsn is None:
        password = None if settings.password is None else settings.password.get_secret_value()
        return make_conninfo(
            "",
            host=settings.host,
            port=settings.port,
            dbname=settings.name,
            user=settings.user,
            password=password,
            target_session_attrs="read-write",
            **ours,
        )
    conninfo = read_conninfo("WPE_DB_DSN", settings.dsn.get_secret_value(), **ours)
    if "target_session_attrs" in conninfo_to_dict(conninfo):
        return conninfo
    # Of several hosts, or addresses of one, the primary.
    return make_conninfo(conninfo, target_session_attrs="read-write")


def _describe_server(conninfo: str) -> Server:
    return Server(
        name=f"the warehouse {name_server(conninfo)}",
        user=str(conninfo_to_dict(conninfo).get("user") or "of this process"),
        place="WPE_DB_HOST and WPE_DB_PORT (or WPE_DB_DSN)",
        database="WPE_DB_NAME (or WPE_DB_DSN)",
        sign_in="WPE_DB_USER and WPE_DB_PASSWORD (or WPE_DB_DSN)",
        tls="WPE_DB_DSN",
    )
