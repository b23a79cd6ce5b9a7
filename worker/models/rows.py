"""How do a batch's events become rows? Cleaned, hashed, without doubles, in the order all loads share."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
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
    line: str


@dataclass(slots=True)
class _Shaped:
    """One document of the batch on its way to the ledger."""

    document_id: str
    source: ShapedDocument
    rows: dict[str, _Row] = field(default_factory=dict)
    kept: set[str] = field(default_factory=set)
    vouched: bool = True
    duplicates: int = 0


def encode_batch(
    shaped: Sequence[ShapedDocument],
    rejects: Sequence[DocumentReject],
    *,
    source_kind_id: str,
    events_since: date | None = None,
    failed: Sequence[DocumentReject] = (),
    clean_text: CleanText = hide_addresses,
) -> bytes:
    """What put_rows stores and load_block streams of one batch.

    Each document once (the newest), each event_id once, rows sorted by event_id. *rejects* are documents
    that extraction could not have whole, *failed* those that the transform could not shape; they touch
    neither ledger nor rows, and *clean_text* serves their fragments. Events before *events_since* are
    left out, as if they had never been.
    """
    refused = [encode_reject(source_kind_id, "extract", item, clean_text) for item in rejects]
    refused += [encode_reject(source_kind_id, "transform", item, clean_text) for item in failed]
    newest, duplicates = _newest(shaped)
    documents = []
    for document in newest:
        try:
            name = clean_id(document.id, document.clean_text, "document_id")
        except RefusedValue as error:
            item = DocumentReject(document.id, error.reason)
            refused.append(encode_reject(source_kind_id, "store", item, document.clean_text))
            continue
        documents.append(_shape(name, document, source_kind_id, events_since, refused))
    documents.sort(key=lambda document: document.document_id)
    owners = _owners(documents)
    lines = sorted((event_id, at) for event_id, at in owners.items())
    ledger = Ledger(
        source_kind_id=source_kind_id,
        documents=_list_documents(documents, owners),
        received=len(shaped) + len(rejects) + len(failed),
        duplicates=duplicates + sum(d.duplicates + len(d.rows) for d in documents) - len(owners),
        rejected=len(refused),
        rejects=sorted({r.digest: r for r in refused}.values(), key=lambda reject: reject.digest),
        row_documents=[at for _, at in lines],
    )
    rows = "".join(documents[at].rows[event_id].line for event_id, at in lines)
    return pack_batch(ledger, rows.encode())


def measure_batch(packed: bytes) -> BatchSize:
    """How much a packed batch holds."""
    ledger = read_ledger(split_batch(packed)[0])
    return BatchSize(ledger.received, len(ledger.row_documents) + ledger.duplicates, ledger.rejected)


def _newest(shaped: Sequence[ShapedDocument]) -> tuple[list[ShapedDocument], int]:
    """Each document's newest copy, and how many events the older copies had."""
    chosen: dict[str, ShapedDocument] = {}
    dropped = 0
    for document in shaped:
        held = chosen.setdefault(document.id, document)
        if held is not document:
            older, newer = sorted((held, document), key=_age)
            chosen[document.id] = newer
            dropped += len(older.events)
    return list(chosen.values()), dropped


def _age(document: ShapedDocument) -> tuple[float, float]:
    updated = float("-inf") if document.updated is None else document.updated.timestamp()
    return updated, document.extracted_at.timestamp()


def _shape(
    name: str,
    document: ShapedDocument,
    source_kind_id: str,
    events_since: date | None,
    refused: list[RejectEntry],
) -> _Shaped:
    made = _Shaped(name, document)
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
        refused.append(entry)
        if entry.event_id:
            made.kept.add(entry.event_id)
        else:
            made.vouched = False
    return made


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
    return _Row(event_id, digest, moment, line)


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


def _owners(documents: Sequence[_Shaped]) -> dict[str, int]:
    """Which document holds each event_id: of two that claim it, the one that was read last."""
    owners: dict[str, int] = {}

    def claim(at: int) -> tuple[datetime, str]:
        return documents[at].source.extracted_at, documents[at].document_id

    for at, document in enumerate(documents):
        for event_id in document.rows:
            held = owners.get(event_id)
            owners[event_id] = at if held is None else max(held, at, key=claim)
    return owners


def _list_documents(documents: Sequence[_Shaped], owners: dict[str, int]) -> Documents:
    sources = [document.source for document in documents]
    held = Counter(owners.values())
    return Documents(
        ids=[document.document_id for document in documents],
        updated=["-infinity" if one.updated is None else _iso(one.updated) for one in sources],
        extracted=[_iso(one.extracted_at) for one in sources],
        hashes=[_document_hash(document) if document.vouched else "" for document in documents],
        rows=[held[at] for at in range(len(documents))],
        event_counts=[len(document.rows) for document in documents],
        unknown=[spell_array(sorted(one.unknown)) for one in sources],
        # An event that another document of the batch holds is not gone.
        kept=[
            sorted(document.kept.union(name for name in document.rows if owners[name] != at))
            for at, document in enumerate(documents)
        ],
        versions=[one.version for one in sources],
        specific_versions=[one.specific_version for one in sources],
        deleted=[one.deleted for one in sources],
    )


def _iso(moment: datetime) -> str:
    return to_utc(moment).isoformat()


def _document_hash(document: _Shaped) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for part in _hashed(document):
        digest.update(part.encode())
    return digest.hexdigest()


def _hashed(document: _Shaped) -> Iterator[str]:
    for event_id in sorted(document.rows):
        yield f"{escape(event_id)}\t{document.rows[event_id].content_hash}\n"
    for event_id in sorted(document.kept):
        yield f"{escape(event_id)}\trejected\n"
