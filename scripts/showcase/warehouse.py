"""What does the warehouse hold? The demo's questions to it."""

from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import dict_row


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

    def loaded_since(self, moment: datetime) -> Loaded:
        """Documents and events of the batches loaded since *moment*."""
        [row] = self._conn.execute(
            "SELECT coalesce(sum((counts ->> 'documents')::bigint), 0)::bigint AS documents,"
            " coalesce(sum((counts ->> 'items_processed')::bigint), 0)::bigint AS events"
            " FROM etl_batches WHERE loaded_at >= %s",
            (moment,),
        ).fetchall()
        return Loaded(row["documents"], row["events"])

    def events_by_type(self) -> list[tuple[str, int, int]]:
        """Each event type of jira_events with its rows and people."""
        rows = self._conn.execute(
            "SELECT event_type, count(*) AS events, count(DISTINCT employee_id) AS people"
            " FROM jira_events GROUP BY event_type ORDER BY events DESC, event_type"
        ).fetchall()
        return [(row["event_type"], row["events"], row["people"]) for row in rows]

    def history_since(self, moment: datetime) -> dict[str, int]:
        """Rows of jira_events_history since *moment*, by change."""
        rows = self._conn.execute(
            "SELECT change, count(*) AS rows FROM jira_events_history"
            " WHERE replaced_at >= %s GROUP BY change",
            (moment,),
        ).fetchall()
        return {row["change"]: row["rows"] for row in rows}

    def issues_touched_since(self, moment: datetime) -> set[str]:
        """Ids of the issues whose rows were inserted, updated or retired since *moment*."""
        rows = self._conn.execute(
            "SELECT document_id FROM jira_events WHERE updated_at >= %(moment)s"
            " UNION SELECT document_id FROM jira_events_history WHERE replaced_at >= %(moment)s",
            {"moment": moment},
        ).fetchall()
        return {row["document_id"].partition(":")[2] for row in rows}

    def rejects_by_reason(self) -> list[tuple[str, int]]:
        """What could not become an event, by reason."""
        rows = self._conn.execute(
            "SELECT reason, count(*) AS rejects FROM etl_rejects GROUP BY reason ORDER BY 2 DESC, 1"
        ).fetchall()
        return [(row["reason"], row["rejects"]) for row in rows]
