"""A real Trino with tables in memory: one process, on a free port of the loopback address, gone with us."""

import tempfile
from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from trino import dbapi

from scripts.sandbox.process import GuardedProcess, GuardedServer
from scripts.trino.libraries import have_libraries
from scripts.trino.toolchain import find_jdk

CATALOG = "lake"
USER = "temporaletl"
READY_WITHIN_S = 120

# A server of a minute's life gains nothing from the second compiler: it starts in 4 s instead of 10.
SHORT_LIVED = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

_JVM = (
    "--add-modules", "jdk.incubator.vector", "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED", "-XX:-UsePerfData",
)  # fmt: skip


class RealTrino(GuardedServer):
    """One server, with the empty catalogue CATALOG to begin with; anybody may ask, as any user."""

    def __init__(self, process: GuardedProcess, url: str, holds_mb: int) -> None:
        super().__init__(process)
        parts = urlsplit(url)
        self.url = url
        self.host = str(parts.hostname)
        self.port = int(parts.port or 0)
        self._holds_mb = holds_mb

    def environment(self, catalog: str = CATALOG) -> dict[str, str]:
        """The variables that point the product's processes at *catalog*."""
        return {
            "TRINO_HOST": self.host,
            "TRINO_PORT": str(self.port),
            "TRINO_HTTP_SCHEME": "http",
            "TRINO_AUTH": "none",
            "TRINO_CATALOG": catalog,
        }

    def create_catalog(self, name: str) -> None:
        """A further catalogue, empty."""
        self.ask(
            f"CREATE CATALOG {name} USING memory WITH (\"memory.max-data-per-node\" = '{self._holds_mb}MB')"
        )

    def drop_catalog(self, name: str) -> None:
        """Forget a catalogue and all that it holds."""
        self.ask(f"DROP CATALOG {name}")

    def ask(self, statement: str, catalog: str = CATALOG) -> list[list[Any]]:
        """The rows of *statement*, which may also make or fill a table."""
        connection = dbapi.Connection(
            host=self.host, port=self.port, http_scheme="http", user=USER, catalog=catalog, timezone="UTC"
        )
        with closing(connection), closing(connection.cursor()) as cursor:
            cursor.execute(statement)
            rows: list[list[Any]] = cursor.fetchall()
            return rows


def start_real_trino(
    environ: Mapping[str, str], *, memory_gb: float = 2, options: tuple[str, ...] = SHORT_LIVED
) -> RealTrino:
    """A running server. Its tables may fill half of *memory_gb*; *options* are the Java machine's.

    Raises AbsentError when this machine lacks what it takes, StartError when the server does not come up.
    """
    jdk = find_jdk(environ)
    libraries = have_libraries(environ, jdk)
    folder = Path(tempfile.mkdtemp(prefix="real-trino-"))
    address = folder / "address"
    megabytes = int(memory_gb * 1024)
    machine = [*_JVM, *options, f"-Xmx{megabytes}m", f"-Djava.io.tmpdir={folder}", "-cp", f"{libraries}/*"]
    program = [str(Path(__file__).with_name("Server.java")), str(address)]
    process = GuardedProcess(
        [str(jdk / "bin" / "java"), *machine, *program],
        folder / "log",
        folder=folder,
        stop_signal="SIGKILL",
    )
    try:
        process.wait_until(lambda: address.exists() and _is_ready(address.read_text()), READY_WITHIN_S)
        trino = RealTrino(process, address.read_text(), megabytes // 2)
        trino.create_catalog(CATALOG)
    except BaseException:
        process.stop()
        raise
    return trino


def _is_ready(url: str) -> bool:
    try:
        answer = requests.get(f"{url}/v1/info", timeout=5)
        return answer.status_code == HTTPStatus.OK and answer.json()["starting"] is False
    except (requests.RequestException, ValueError, LookupError):
        return False
