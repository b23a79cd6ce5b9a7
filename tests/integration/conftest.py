"""A real PostgreSQL for every test that asks for one: one server a run, a fresh database a test."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr

from scripts.sandbox.postgres import PostgresServer, start_postgres
from temporaletl.settings import WarehouseSettings
from tests.integration.loading import SCHEMA, SOURCE, Loads
from worker.external.wpe_db.connect import Warehouse, open_warehouse
from worker.external.wpe_db.schema import ensure_schema


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole run, gone at its end."""
    # A test ends a server without warning and counts on what was committed.
    with start_postgres({"synchronous_commit": "on"}) as server:
        yield server


@pytest.fixture(scope="session")
def ready(postgres: PostgresServer) -> str:
    """The name of a database with the tables of one source: to copy it takes a fifth of making them."""
    name = "ready"
    settings = WarehouseSettings(dsn=SecretStr(postgres.create_database(name)), db_schema=SCHEMA)
    with closing(open_warehouse(settings, max_connections=1)) as warehouse:
        ensure_schema(warehouse, [SOURCE])
    return name


@pytest.fixture
def database(request: pytest.FixtureRequest, postgres: PostgresServer) -> Iterator[str]:
    """The DSN of a database of this test's own; who asks for ``warehouse`` too finds its tables there."""
    name = f"t_{uuid.uuid4().hex}"
    template = request.getfixturevalue("ready") if "warehouse" in request.fixturenames else "template1"
    yield postgres.create_database(name, template=template)
    postgres.drop_database(name)


@pytest.fixture
def open_database(database: str) -> Iterator[Callable[..., Warehouse]]:
    """Opens the test's database (another *dsn* where given) as a warehouse that has no tables yet."""
    opened: list[Warehouse] = []

    def open_it(dsn: str = database, **settings: float) -> Warehouse:
        chosen = WarehouseSettings(dsn=SecretStr(dsn), db_schema=SCHEMA, **settings)  # type: ignore[arg-type]
        opened.append(open_warehouse(chosen, max_connections=12))
        return opened[-1]

    yield open_it
    for warehouse in opened:
        warehouse.close()


@pytest.fixture
def warehouse(open_database: Callable[..., Warehouse]) -> Warehouse:
    """A warehouse of this test's own, with the tables of one source, ``jira``."""
    return open_database()


@pytest.fixture
def loads(warehouse: Warehouse) -> Loads:
    """Loads into this test's warehouse."""
    return Loads(warehouse)
