"""What does a warehouse say of a source? Rows, ledger and rejects, to be compared with another load's."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from temporaletl.contract import events_table
from tests.e2e.deployment import Deployment

NOT_COMPARED = {"id", "run_id", "loaded_at", "updated_at"}

type Rows = dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Content:
    """What a warehouse says: rows by event id, the ledger by document, rejected event ids by document."""

    rows: Rows
    ledger: dict[str, dict[str, Any]]
    rejects: dict[str, set[tuple[str, str, str]]]

    def of(self, document_id: str) -> Rows:
        """The rows of one document."""
        return {name: row for name, row in self.rows.items() if row["document_id"] == document_id}


def read_content(deployment: Deployment, source: str) -> Content:
    """Everything of a source that has to converge, all columns but NOT_COMPARED."""
    rows = {
        row["event_id"]: {name: value for name, value in row.items() if name not in NOT_COMPARED}
        for row in deployment.rows(events_table(source))
    }
    ledger = {
        row["document_id"]: row
        for row in deployment.ask(
            # A deletion keeps the time of the last change that was seen before it.
            "SELECT document_id, CASE WHEN deleted_at IS NULL THEN upstream_updated END AS upstream_updated,"
            " hash, event_count, version, specific_version, deleted_at IS NOT NULL AS deleted,"
            " ARRAY(SELECT unnest(unknown) ORDER BY 1) AS unknown FROM etl_documents"
        )
    }
    rejects: dict[str, set[tuple[str, str, str]]] = {}
    for row in deployment.rows("etl_rejects"):
        said = row["event_id"], row["stage"], row["reason"]
        rejects.setdefault(row["document_id"], set()).add(said)
    return Content(rows, ledger, rejects)


def compare(found: Content, full: Content, kept: Mapping[str, Rows], late: Container[str]) -> None:
    """Document by document; LOAD.md's one exception is the former rows of what is rejected now."""
    named = {row["document_id"] for row in (*found.rows.values(), *full.rows.values())}
    for document_id in sorted(named | set(full.ledger)):
        here, there = found.of(document_id), full.of(document_id)
        if document_id not in full.ledger:
            untouched = here == kept.get(document_id, {})
            assert untouched or document_id in late, f"{document_id} cannot be read, but was touched"
            continue
        rejected = {event_id for event_id, _, _ in full.rejects.get(document_id, ())}
        former = here.keys() - there.keys()
        assert {name: here[name] for name in here.keys() - former} == there, f"{document_id} differs"
        assert "" in rejected or former <= rejected, f"{document_id} holds rows that are gone upstream"
        assert found.ledger[document_id] == full.ledger[document_id], f"the ledger of {document_id} differs"
    for document_id, rejects in full.rejects.items():
        assert rejects <= found.rejects.get(document_id, set()), f"rejects of {document_id} are missing"
