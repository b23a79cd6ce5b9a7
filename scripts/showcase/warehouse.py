"""What does the warehouse hold? The demo's questions to it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from temporaletl.contract import events_table


@dataclass(frozen=True, slots=True)
class Loaded:
    """What loads did since a moment."""

    documents: int
    events: int


class Reader:
    """One session that reads."""

    def __init__(self, dsn: str) -> None:
        self._conn = psycopg.connect(dsn, autocommit=True, row_factory=dict_row)

    def close(self) -> None:
        """End the session."""
        self._conn.close()

    def clock(self) -> datetime:
        """The warehouse's time."""
        [row] = self._conn.execute("SELECT clock_timestamp() AS now").fetchall()
        moment: datetime = row["now"]
        return moment

    def loaded_since(self, source: str, moment: datetime) -> Loaded:
        """Documents and events of the source's batches loaded since *moment*."""
        [row] = self._conn.execute(
            "SELECT coalesce(sum((counts ->> 'documents')::bigint), 0)::bigint AS documents,"
            " coalesce(sum((counts ->> 'items_processed')::bigint), 0)::bigint AS events"
            " FROM etl_batches WHERE source_kind_id = %s AND loaded_at >= %s",
            (source, moment),
        ).fetchall()
        return Loaded(row["documents"], row["events"])

    def events_by_type(self, source: str) -> list[tuple[str, int, int]]:
        """Each event type of the source with its rows and people."""
        rows = self._ask(
            "SELECT event_type, count(*) AS events, count(DISTINCT employee_id) AS people"
            " FROM {events} GROUP BY event_type ORDER BY events DESC, event_type",
            source,
        )
        return [(row["event_type"], row["events"], row["people"]) for row in rows]

    def history_since(self, source: str, moment: datetime) -> dict[str, int]:
        """Rows that came to the source's history since *moment*, by change."""
        rows = self._ask(
            "SELECT change, count(*) AS rows FROM {history} WHERE replaced_at >= %(moment)s GROUP BY change",
            source,
            moment=moment,
        )
        return {row["change"]: row["rows"] for row in rows}

    def documents_touched_since(self, source: str, moment: datetime) -> set[str]:
        """The documents whose rows were inserted, updated or retired since *moment*."""
        rows = self._ask(
            "SELECT document_id FROM {events} WHERE updated_at >= %(moment)s"
            " UNION SELECT document_id FROM {history} WHERE replaced_at >= %(moment)s",
            source,
            moment=moment,
        )
        return {row["document_id"] for row in rows}

    def rejects_by_reason(self, source: str) -> list[tuple[str, int]]:
        """What could not become an event, by reason."""
        rows = self._conn.execute(
            "SELECT reason, count(*) AS rejects FROM etl_rejects WHERE source_kind_id = %s"
            " GROUP BY reason ORDER BY 2 DESC, 1",
            (source,),
        ).fetchall()
        return [(row["reason"], row["rejects"]) for row in rows]

    def _ask(self, question: str, source: str, **values: object) -> list[dict[str, Any]]:
        events = events_table(source)
        tables = {"events": sql.Identifier(events), "history": sql.Identifier(f"{events}_history")}
        return self._conn.execute(sql.SQL(question).format(**tables), values).fetchall()
