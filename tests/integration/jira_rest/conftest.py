"""A Cloud and a Data Center of each module's own world, with connections to them over REST."""

from collections.abc import Iterator

import pytest

from scripts.sandbox.jira.server import JiraServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from tests.integration.jira_over_rest import ANCHOR, connect


@pytest.fixture(scope="module")
def world() -> World:
    """The issues of both; a module that needs others has a world of its own."""
    return World(70, anchor=ANCHOR, detail=0.3)


@pytest.fixture(scope="module")
def running_cloud(world: World) -> Iterator[JiraServer]:
    """One Cloud for a whole module: ask for ``cloud``."""
    with JiraServer(world) as server:
        yield server


@pytest.fixture(scope="module")
def running_data_center(world: World) -> Iterator[JiraServer]:
    """One Data Center for a whole module: ask for ``data_center``."""
    with JiraServer(world, deployment="Server") as server:
        yield server


@pytest.fixture
def cloud(running_cloud: JiraServer) -> Iterator[JiraServer]:
    """The Cloud, with an empty log, that forgets a test's faults and oddities."""
    yield from _lend(running_cloud)


@pytest.fixture
def data_center(running_data_center: JiraServer) -> Iterator[JiraServer]:
    """The Data Center, with an empty log, that forgets a test's faults and oddities."""
    yield from _lend(running_data_center)


@pytest.fixture
def connections(cloud: JiraServer) -> Iterator[Connections]:
    """Connections to the Cloud."""
    with connect(cloud) as opened:
        yield opened


@pytest.fixture
def on_premise(data_center: JiraServer) -> Iterator[Connections]:
    """Connections to the Data Center."""
    with connect(data_center) as opened:
        yield opened


def _lend(server: JiraServer) -> Iterator[JiraServer]:
    server.log.clear()
    yield server
    server.faults.clear()
    server.behave()
