"""One real Trino a run, where this machine has what it takes; else these tests are skipped, saying why."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.trino.libraries import have_libraries
from scripts.trino.server import RealTrino, start_real_trino
from scripts.trino.toolchain import AbsentError, find_jdk
from temporaletl.registry import discover

pytest.register_assert_rewrite("tests.real.pair")

HERE = Path(__file__).parent
WITH_A_DOWNLOAD_S = 1200


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The first test of a machine waits for a download; the time-out counts fixtures too."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(WITH_A_DOWNLOAD_S), append=False)


@pytest.fixture(scope="session")
def able() -> None:
    """What a real Trino takes is here. Only its absence skips: a server that does not start fails."""
    try:
        have_libraries(os.environ, find_jdk(os.environ))
    except AbsentError as error:
        pytest.skip(f"no real Trino here: {error}")


@pytest.fixture(scope="session")
def real_trino(able: None) -> Iterator[RealTrino]:
    """The server."""
    discover("queuer.sources")
    discover("worker.sources")
    with start_real_trino(os.environ) as trino:
        yield trino
