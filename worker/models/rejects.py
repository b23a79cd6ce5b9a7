"""How is a reject remembered? Once for the same thing, cleaned, with what was seen in at most 64 KB."""

import hashlib

import orjson

from temporaletl.contract import DocumentReject
from worker.models.batch import RejectEntry
from worker.models.event import Reject
from worker.models.shaped import hide_addresses
from worker.models.values import MAX_ID_BYTES, CleanText, clean_string, cut_text, render_fragment

_MAX_REASON_BYTES = 500


def encode_reject(
    source_kind_id: str,
    stage: str,
    reject: Reject | DocumentReject,
    clean_text: CleanText = hide_addresses,
    *,
    document_id: str | None = None,
) -> RejectEntry:
    """The entry of *reject*, of the whole document or of one event of *document_id*; ids are cut."""
    if isinstance(reject, DocumentReject):
        document, event = reject.document_id, None
    else:
        document, event = document_id, reject.event_id
    document = cut_text(clean_string(str(document or ""), clean_text), MAX_ID_BYTES)
    event = cut_text(clean_string(str(event or ""), clean_text), MAX_ID_BYTES)
    reason = cut_text(clean_string(str(reject.reason), clean_text), _MAX_REASON_BYTES)
    key = orjson.dumps([source_kind_id, document, event, stage, reason])
    return RejectEntry(
        digest=hashlib.sha256(key).hexdigest(),
        document_id=document,
        event_id=event,
        stage=stage,
        reason=reason,
        fragment=render_fragment(reject.fragment, clean_text),
    )
