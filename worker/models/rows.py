"""How do a batch's events become rows? Cleaned, hashed, without doubles, in the order all loads share."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import orjson

from temporaletl.contract import DocumentReject
from worker.models.batch import (
    Documents,
    Ledger,
    RejectEntry,
    pack_batch,
    read_ledger,
    spell_array,
    split_batch,
)
from worker.models.event import Event, Reject
from worker.models.rejects import encode_reject
from worker.models.shaped import ShapedDocument, hide_addresses
from worker.models.values import (
    CleanText,
    RefusedValue,
    clean_id,
    clean_json,
    clean_string,
    find_zone,
    monday_of,
    to_local,
    to_utc,
)

NULL = "\\N"


@dataclass(frozen=True, slots=True)
class BatchSize:
    """What a packed batch holds."""

    documents: int
    events: int
    rejected: int


@dataclass(frozen=True, slots=True)
class _Row:
    """One event's line, without the tail that the load adds."""

    event_id: str
    content_hash: str
    moment: datetime
    line: bytes


@dataclass(slots=True)
class _Encoded:
    """One document of the batch on its way to the ledger."""

    document_id: str
    updated_at: datetime | None
    extracted_at: datetime
    updated: str
    extracted: str
    version: str
    specific_version: str
    deleted: bool
    unknown: str = "{}"
    rows: dict[str, _Row] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    refused: list[RejectEntry] = field(default_factory=list)
    vouched: bool = True
    duplicates: int = 0


def encode_batch(
    shaped: Iterable[ShapedDocument | DocumentReject],
    rejects: Sequence[DocumentReject],
    *,
    source_kind_id: str,
    skipped: Mapping[str, int] | None = None,
    events_since: date | None = None,
    clean_text: CleanText = hide_addresses,
) -> bytes:
    """What put_rows stores and load_block streams of one batch.

    Each document once (the newest), each event_id once, rows sorted by event_id. *rejects* are documents
    that extraction could not have whole, those among *shaped* the ones that the transform could not
    shape; they touch neither ledger nor rows, and *clean_text* serves their fragments. *skipped* is
    passed on. Events before
    *events_since* are left out, as if they had never been. *shaped* is read once, one at a time.
    """
    refused = [encode_reject(source_kind_id, "extract", item, clean_text) for item in rejects]
    newest: dict[str, _Encoded] = {}
    received, duplicates = len(rejects), 0
    for item in shaped:
        received += 1
        if isinstance(item, DocumentReject):
            refused.append(encode_reject(source_kind_id, "transform", item, clean_text))
            continue
        try:
            name = clean_id(item.id, item.clean_text, "document_id")
        except RefusedValue as error:
            reject = DocumentReject(item.id, error.reason)
            refused.append(encode_reject(source_kind_id, "store", reject, item.clean_text))
            continue
        document = _encode_document(name, item, source_kind_id, events_since)
        held = newest.setdefault(name, document)
        if held is not document:
            older, newest[name] = (held, document) if _is_newer(document, held) else (document, held)
            duplicates += len(older.rows) + older.duplicates
    documents = [newest[name] for name in sorted(newest)]
    refused += (entry for document in documents for entry in document.refused)
    rejected = {entry.digest: entry for entry in refused}
    owners = _owners(documents)
    lines = sorted((event_id, at) for event_id, at in owners.items())
    ledger = Ledger(
        source_kind_id=source_kind_id,
        documents=_list_documents(documents, owners),
        received=received,
        duplicates=duplicates + sum(d.duplicates + len(d.rows) for d in documents) - len(owners),
        rejected=len(rejected),
        rejects=sorted(rejected.values(), key=lambda reject: reject.digest),
        skipped=dict(skipped or {}),
        row_documents=[at for _, at in lines],
    )
    return pack_batch(ledger, [documents[at].rows[event_id].line for event_id, at in lines])


def measure_batch(packed: bytes) -> BatchSize:
    """How much a packed batch holds."""
    ledger = read_ledger(split_batch(packed)[0])
    return BatchSize(ledger.received, len(ledger.row_documents) + ledger.duplicates, ledger.rejected)


def _encode_document(
    name: str, document: ShapedDocument, source_kind_id: str, events_since: date | None
) -> _Encoded:
    updated = document.updated
    made = _Encoded(
        document_id=name,
        updated_at=updated,
        extracted_at=document.extracted_at,
        updated="-infinity" if updated is None else to_utc(updated).isoformat(),
        extracted=to_utc(document.extracted_at).isoformat(),
        version=document.version,
        specific_version=document.specific_version,
        deleted=document.deleted,
    )
    clean = document.clean_text
    parts: list[tuple[str, Reject]] = [("transform", reject) for reject in document.rejects]
    for event in document.events:
        try:
            row = _encode_event(event, name, document, source_kind_id)
        except RefusedValue as error:
            parts.append(("store", Reject(event.event_id, error.reason)))
            continue
        if events_since is not None and row.moment.date() < events_since:
            continue
        held = made.rows.get(row.event_id)
        if held is not None:
            made.duplicates += 1
            # Whatever order a document lists its parts in, the same one stays.
            row = max(held, row, key=lambda one: (one.moment, one.content_hash))
        made.rows[row.event_id] = row
    for stage, reject in parts:
        entry = encode_reject(source_kind_id, stage, reject, clean, document_id=document.id)
        made.refused.append(entry)
        if entry.event_id:
            made.kept.update((entry.event_id, *(clean_string(name, clean) for name in reject.keeps)))
        else:
            made.vouched = False
    # Last: cleaning the texts adds to it.
    made.unknown = spell_array(sorted(document.unknown))
    return made


def _is_newer(document: _Encoded, held: _Encoded) -> bool:
    """Whether *document* would take the place of *held* in the ledger (upsert_documents.sql)."""
    if document.deleted or held.deleted or document.updated_at is None or held.updated_at is None:
        return document.extracted_at >= held.extracted_at
    return (document.updated_at, document.extracted_at) >= (held.updated_at, held.extracted_at)


def _encode_event(event: Event, document_id: str, document: ShapedDocument, source_kind_id: str) -> _Row:
    clean = document.clean_text
    event_id = clean_id(event.event_id, clean, "event_id")
    moment = to_utc(event.event_time_utc)
    zone_name, zone = find_zone(event.timezone)
    parent = event.parent_item_id
    content = "\t".join(
        (
            escape(source_kind_id),
            NULL if parent is None else escape(clean_string(str(parent), clean)),
            escape(clean_id(event.event_type, clean, "event_type")),
            escape(clean_id(event.relation_type, clean, "relation_type")),
            escape(clean_id(event.employee_id, clean, "employee_id")),
            render_time(moment.replace(tzinfo=None)),
            monday_of(moment).isoformat(),
            escape(zone_name),
            render_time(to_local(moment, zone)),
            _json(event.event_properties, clean),
            _json(event.relation_properties, clean),
            _json(event.metrics, clean),
        )
    )
    digest = hashlib.blake2b(content.encode(), digest_size=16).hexdigest()
    versions = f"{escape(document.version)}\t{escape(document.specific_version)}"
    line = f"{escape(event_id)}\t{content}\t{versions}\t{escape(document_id)}\t\\\\x{digest}\n"
    return _Row(event_id, digest, moment, line.encode())


def escape(text: str) -> str:
    """*text* as a field of COPY's text format."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if text.isprintable():
        return text
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def render_time(moment: datetime) -> str:
    """A wall time as PostgreSQL reads it in every setting."""
    return moment.isoformat(sep=" ")


def _json(value: object, clean_text: CleanText) -> str:
    if not isinstance(value, Mapping):
        raise RefusedValue("not a JSON object")
    cleaned = clean_json(dict(value), clean_text)
    return orjson.dumps(cleaned, option=orjson.OPT_SORT_KEYS).decode().replace("\\", "\\\\")


def _owners(documents: Sequence[_Encoded]) -> dict[str, int]:
    """Which document holds each event_id: of two that claim it, the one that was read last."""
    owners: dict[str, int] = {}

    def claim(at: int) -> tuple[datetime, str]:
        return documents[at].extracted_at, documents[at].document_id

    for at, document in enumerate(documents):
        for event_id in document.rows:
            held = owners.get(event_id)
            owners[event_id] = at if held is None else max(held, at, key=claim)
    return owners


def _list_documents(documents: Sequence[_Encoded], owners: dict[str, int]) -> Documents:
    held = Counter(owners.values())
    return Documents(
        ids=[document.document_id for document in documents],
        updated=[document.updated for document in documents],
        extracted=[document.extracted for document in documents],
        hashes=[_document_hash(document) if document.vouched else "" for document in documents],
        rows=[held[at] for at in range(len(documents))],
        event_counts=[len(document.rows) for document in documents],
        unknown=[document.unknown for document in documents],
        # An event that another document of the batch holds is not gone.
        kept=[
            sorted(document.kept.union(name for name in document.rows if owners[name] != at))
            for at, document in enumerate(documents)
        ],
        versions=[document.version for document in documents],
        specific_versions=[document.specific_version for document in documents],
        deleted=[document.deleted for document in documents],
    )


def _document_hash(document: _Encoded) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in _hashed(document):
        digest.update(part.encode())
    return digest.hexdigest()


def _hashed(document: _Encoded) -> Iterator[str]:
    for event_id in sorted(document.rows):
        yield f"{escape(event_id)}\t{document.rows[event_id].content_hash}\n"
    for event_id in sorted(document.kept):
        yield f"{escape(event_id)}\trejected\n"
