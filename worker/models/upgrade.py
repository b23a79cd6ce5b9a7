"""Take over what the earlier tool left in the warehouse, beside everything else that a worker does."""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import structlog

from temporaletl.addresses import replace_addresses
from temporaletl.connections import Connections
from temporaletl.errors import PermanentError
from temporaletl.process import retry_until_up
from temporaletl.sources import Sources
from worker.external.wpe_db.connect import Warehouse
from worker.external.wpe_db.earlier import EarlierBatch, adopt_batch, count_left, has_earlier
from worker.models.context import Context, People
from worker.models.masking import EarlierRow
from worker.models.query import Query, query_type
from worker.models.raw import load_json
from worker.models.values import CleanText, RefusedValue, clean_id

BATCH_ROWS: Final = 1000
SHORTEST_PAUSE_S: Final = 0.1
OTHERS_PAUSE_S: Final = 5.0
"""How long to wait while another worker is at it."""

log = structlog.get_logger(__name__)


class EarlierRows:
    """Masks the rows that the earlier tool wrote, and gives them their documents.

    *people* answers the look-ups as the warehouse has them now, as for a transform.
    """

    def __init__(
        self,
        warehouse: Warehouse,
        connections: Connections,
        sources: Sources,
        people: Callable[[Connections, str], People],
    ) -> None:
        self._warehouse = warehouse
        self._connections = connections
        self._sources = sources
        self._people = people

    async def adopt(self) -> None:
        """Adopt the rows of every source that is served, one source after another."""
        for source in self._sources.ready:
            try:
                await self._adopt_source(source)
            except PermanentError as error:
                log.warning("rows of the earlier tool are left", source=source, reason=str(error))

    async def _adopt_source(self, source: str) -> None:
        after = rows = masked = 0
        while True:
            started = time.monotonic()
            batch = await retry_until_up("rows of the earlier tool", partial(self.adopt_next, source, after))
            if batch is None:
                break
            after, rows, masked = batch.last, rows + batch.rows, masked + batch.masked
            # As long again for the loads, which wait for a batch where they are of its documents.
            pause_s = max(SHORTEST_PAUSE_S, time.monotonic() - started)
            await asyncio.sleep(pause_s if batch.rows else OTHERS_PAUSE_S)
        left = await retry_until_up("rows of the earlier tool", partial(self._count_left, source))
        if rows or any(left.values()):
            log.info("rows of the earlier tool adopted", source=source, rows=rows, masked=masked, **left)

    def adopt_next(self, source: str, after: int) -> EarlierBatch | None:
        """Adopt the first BATCH_ROWS rows after number *after*; None where there are none."""
        with self._warehouse.session("etl-adopt") as conn:
            # Most warehouses have none: nobody has to be asked who is who.
            if not has_earlier(conn, source):
                return None
        with self._connections.fork() as connections:
            people = self._people(connections, source)
        query = query_type[self._sources.require(source)]
        clean_text = partial(replace_addresses, replace=Context(people).address)
        with self._warehouse.session("etl-adopt") as conn:
            return adopt_batch(
                conn,
                source,
                after=after,
                limit=BATCH_ROWS,
                clean_text=clean_text,
                name_document=partial(name_document, query, clean_text),
            )

    def _count_left(self, source: str) -> Mapping[str, int]:
        with self._warehouse.session("etl-adopt") as conn:
            left = count_left(conn, source)
        return {"left_unread": left.unread, "left_without_document": left.without_document}


def name_document(query: type[Query], clean_text: CleanText, row: EarlierRow) -> str | None:
    """Return the document that a row's own properties name, as the load would spell it; None if none."""
    try:
        properties = load_json((row.values["event_properties"] or "null").encode())
        document = query.name_document(properties) if isinstance(properties, dict) else None
        return None if document is None else clean_id(document, clean_text, "document_id")
    except (RefusedValue, ValueError, RecursionError):
        # PostgreSQL holds longer numbers, and deeper nesting, than Python reads.
        return None
