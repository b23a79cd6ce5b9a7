"""Real servers once a run; deployments of the product, shared by a module or of a test's own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from scripts.sandbox.stack import Sandbox
from scripts.sandbox.world import World
from tests.e2e.deployment import Deployment

type Deploy = Callable[..., Awaitable[Deployment]]
"""``await deploy(world=None, **environment)``: a deployment of the test's own, gone with it."""


@pytest.fixture(scope="session")
def servers() -> Iterator[Sandbox]:
    """One Temporal and one PostgreSQL server for all deployments."""
    with Sandbox(issues=1, parts=("temporal", "postgres")) as sandbox:
        yield sandbox
        sandbox.check()


@pytest.fixture(scope="session")
def logs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the processes' logs go."""
    return tmp_path_factory.mktemp("processes")


@pytest.fixture(scope="module")
async def shared_deployment(servers: Sandbox, logs_folder: Path) -> AsyncIterator[Deployment]:
    """One pair of processes for the tests of a module: it costs seconds to start them."""
    async with Deployment(servers, logs_folder, World(1)) as deployment:
        yield deployment


@pytest.fixture
async def servers_only(servers: Sandbox, logs_folder: Path) -> AsyncIterator[Deployment]:
    """A deployment without processes: those of the test come from another folder."""
    async with Deployment(servers, logs_folder, World(1), packages=()) as deployment:
        yield deployment


@pytest.fixture
async def deployment(shared_deployment: Deployment) -> Deployment:
    """The module's deployment as new: 24 issues upstream, an empty warehouse, nothing planned."""
    await shared_deployment.reset(World(24, detail=0.5))
    return shared_deployment


@pytest.fixture
async def deploy(servers: Sandbox, logs_folder: Path) -> AsyncIterator[Deploy]:
    """Makes deployments of the test's own, with settings of its own."""
    async with AsyncExitStack() as stack:

        async def make(world: World | None = None, **environment: str) -> Deployment:
            made = Deployment(servers, logs_folder, world or World(24, detail=0.5), environment)
            return await stack.enter_async_context(made)

        yield make
