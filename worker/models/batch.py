"""What does a shaped batch look like in staging? A ledger part that is always read, and rows to stream.

Two compressed parts, because a batch whose documents did not change is loaded by its ledger alone.
Rows are lines of COPY's text format, one an event, sorted by event_id, without the columns that only
the load knows.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import orjson
import zstandard

_LENGTHS = struct.Struct(">I")
_LEVEL = 3


@dataclass(frozen=True, slots=True)
class RejectEntry:
    """One reject, unique by *digest* (hexadecimal); absent ids are empty."""

    digest: str
    document_id: str
    event_id: str
    stage: str
    reason: str
    fragment: str | None


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents of a batch by columns, in the order of their ids: that is how they are asked for.

    Times as ISO text or ``-infinity``; *hashes* are hexadecimal, '' where this load cannot vouch for the
    whole document; *rows* are a document's lines in this batch, *event_counts* its events (more, where
    another document of the batch holds one of them); *unknown* are arrays as PostgreSQL spells them;
    *kept* are event ids whose former row stays.
    """

    ids: list[str]
    updated: list[str]
    extracted: list[str]
    hashes: list[str]
    rows: list[int]
    event_counts: list[int]
    unknown: list[str]
    kept: list[list[str]]
    versions: list[str]
    specific_versions: list[str]
    deleted: list[bool]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True, slots=True)
class Ledger:
    """The part of a batch that every load reads. *row_documents*: the position of each line's document.

    *skipped*: what extraction could not have, by reason.
    """

    source_kind_id: str
    documents: Documents
    received: int
    duplicates: int
    rejected: int
    rejects: list[RejectEntry]
    skipped: dict[str, int]
    row_documents: list[int]


def spell_array(items: Sequence[str]) -> str:
    """A text array as PostgreSQL spells it."""
    if not items:
        return "{}"
    text = '","'.join(items)
    if "\\" in text or text.count('"') > 2 * (len(items) - 1):
        text = '","'.join(item.replace("\\", "\\\\").replace('"', '\\"') for item in items)
    return f'{{"{text}"}}'


def pack_batch(ledger: Ledger, lines: Sequence[bytes]) -> bytes:
    """Ledger and rows, one a line, as one value."""
    head = compress(orjson.dumps(asdict(ledger)))
    return b"".join((_LENGTHS.pack(len(head)), head, *_compress_lines(lines)))


def split_batch(packed: bytes) -> tuple[bytes, bytes]:
    """The two compressed parts of a packed batch."""
    end = _LENGTHS.size + _LENGTHS.unpack_from(packed)[0]
    return packed[_LENGTHS.size : end], packed[end:]


def read_ledger(part: bytes) -> Ledger:
    """The ledger out of its compressed part."""
    plain = orjson.loads(decompress(part))
    plain["documents"] = Documents(**plain["documents"])
    plain["rejects"] = [RejectEntry(**entry) for entry in plain["rejects"]]
    return Ledger(**plain)


def compress(plain: bytes) -> bytes:
    """*plain*, smaller."""
    return zstandard.ZstdCompressor(level=_LEVEL).compress(plain)


def _compress_lines(lines: Sequence[bytes]) -> Iterator[bytes]:
    """What decompress makes *lines* of, piece by piece: their text would take their memory once more."""
    press = zstandard.ZstdCompressor(level=_LEVEL).compressobj(size=sum(map(len, lines)))
    yield from filter(None, map(press.compress, lines))
    yield press.flush()


def decompress(part: bytes) -> bytes:
    """What was compressed."""
    return zstandard.ZstdDecompressor().decompress(part)
