"""Behind a real PgBouncer: sessions of our own are loaded over, anything else is refused at the start."""

import os
import pwd
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from scripts.sandbox.postgres import ADMIN, OWNER, PASSWORD, PostgresServer
from scripts.sandbox.process import LOOPBACK, GuardedProcess, free_ports
from temporaletl.errors import ConfigurationError, CredentialsError
from temporaletl.settings import WarehouseSettings
from tests.integration.loading import SCHEMA, Loads, make_document, make_event
from worker.external.wpe_db.connect import open_warehouse
from worker.external.wpe_db.schema import ensure_schema

PROGRAM = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="pgbouncer is not installed here")

type Pool = Callable[..., str]


def listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
        return True
    return False


@pytest.fixture
def pooled(postgres: PostgresServer, database: str, tmp_path: Path) -> Iterator[Pool]:
    """Starts a PgBouncer with settings before the test's database; answers the DSN that leads through it."""
    started: list[GuardedProcess] = []

    def start(**settings: str | int) -> str:
        [port] = free_ports(1)
        users, ini = tmp_path / f"users-{port}", tmp_path / f"{port}.ini"
        users.write_text("".join(f'"{user}" "{PASSWORD}"\n' for user in (OWNER, ADMIN)))
        said = {
            "listen_addr": LOOPBACK,
            "listen_port": port,
            "unix_socket_dir": "",
            "auth_type": "plain",
            "auth_file": users,
            **settings,
        }
        lines = ["[databases]", f"* = host={LOOPBACK} port={postgres.port}", "[pgbouncer]"]
        ini.write_text("\n".join([*lines, *(f"{name} = {value}" for name, value in said.items())]))
        # It does not run as root.
        account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        if account is not None:
            for folder in (tmp_path, *tmp_path.parents):
                if not folder.stat().st_mode & 0o001:
                    folder.chmod(0o711)
        command = [str(PROGRAM), str(ini)]
        identity = (account.pw_uid, account.pw_gid) if account is not None else None
        started.append(GuardedProcess(command, tmp_path / f"log-{port}", identity=identity))
        started[-1].wait_until(lambda: listens(port))
        return make_conninfo(database, host=LOOPBACK, port=port)

    yield start
    for process in started:
        process.stop()


@contextmanager
def loading(dsn: str) -> Iterator[Loads]:
    settings = WarehouseSettings(_env_file=None, dsn=SecretStr(dsn), db_schema=SCHEMA)
    with closing(open_warehouse(settings, max_connections=4)) as warehouse:
        ensure_schema(warehouse, ["jira"])
        yield Loads(warehouse)


@pytest.mark.parametrize("round_robin", [0, 1])
def test_loads_go_through_a_pooler_that_keeps_a_session_for_each_connection(
    pooled: Pool, round_robin: int
) -> None:
    with loading(pooled(pool_mode="session", server_round_robin=round_robin)) as loads:
        loads(make_document("issues:1", make_event("e1", "Zoë")))
        for second in range(1, 12):
            loads(
                make_document("issues:1", make_event("e1", f"Zoë {second}"), updated=second, extracted=second)
            )

        assert loads.contents() == {"e1": ("issues:1", "Zoë 11")}


@pytest.mark.parametrize("round_robin", [0, 1])
@pytest.mark.parametrize("size", [1, 2, 3, 20])
def test_a_pooler_that_gives_each_transaction_another_session_is_refused_at_the_start(
    pooled: Pool, size: int, round_robin: int
) -> None:
    dsn = pooled(
        pool_mode="transaction",
        default_pool_size=size,
        server_round_robin=round_robin,
    )
    with pytest.raises(ConfigurationError, match=r"WPE_DB_PORT.*pool_mode=session"), loading(dsn):
        pass


def test_a_pooler_that_takes_no_transactions_is_refused_at_the_start(pooled: Pool) -> None:
    dsn = pooled(pool_mode="statement")
    with pytest.raises(ConfigurationError, match=r"takes no transactions.*pool_mode=session"), loading(dsn):
        pass


@pytest.mark.parametrize(
    ("changed", "kind", "advice"),
    [
        ({"password": "wrong"}, CredentialsError, "WPE_DB_PASSWORD"),
        ({"user": "nobody_here"}, CredentialsError, "WPE_DB_USER"),
        ({"dbname": "nowhere"}, ConfigurationError, "WPE_DB_NAME"),
        ({"options": "-c work_mem=64MB"}, ConfigurationError, "options in WPE_DB_DSN"),
    ],
)
def test_what_a_pooler_says_itself_is_understood(
    pooled: Pool, changed: dict[str, str], kind: type[ConfigurationError | CredentialsError], advice: str
) -> None:
    dsn = make_conninfo(pooled(pool_mode="session"), **changed)
    with pytest.raises(kind, match=advice), loading(dsn):
        pass
