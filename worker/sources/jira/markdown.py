"""How is each node of an Atlassian document written in Markdown?"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Literal

from pydantic import JsonValue

type Shape = Literal["inline", "block", "list", "row"]
type Node = Mapping[str, JsonValue]

INLINE: Shape = "inline"
MAX_INDENTS = 40
"""Deeper blocks are not indented any further: nobody reads them, and copying them takes its time."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A written node, and how it stands beside others."""

    shape: Shape
    text: str


type Pieces = list[Piece]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS = re.compile(r"`+")
_WRAPPERS = MappingProxyType({"strong": "**", "em": "*", "strike": "~~"})
_TRANSPARENT = frozenset({"", "text", "caption", "media", "mediaInline", "inlineExtension"})


def write_text(text: str, marks: JsonValue) -> str:
    """*text* with its marks; spaces at its ends stay outside of them, unknown marks are ignored."""
    if not isinstance(marks, list) or not marks:
        return text
    inner = text.strip()
    if not inner:
        return text
    before, _, after = text.partition(inner)
    kinds = {
        mark["type"]: mark for mark in marks if isinstance(mark, dict) and isinstance(mark.get("type"), str)
    }
    if "code" in kinds:
        fence = "`" * (_longest_ticks(inner) + 1)
        inner = f"{fence}{inner}{fence}"
    for kind, wrapper in _WRAPPERS.items():
        if kind in kinds:
            inner = f"{wrapper}{inner}{wrapper}"
    address = _attribute(kinds.get("link", {}), "href")
    if address and address != inner:
        inner = f"[{inner}]({address})"
    return f"{before}{inner}{after}"


def write_leaf(kind: str, node: Node) -> Piece | None:
    """What the attributes of a node say; None where they say nothing."""
    write = _LEAVES.get(kind, _write_unknown_leaf)
    text = write(node)
    return Piece("block" if kind in _BLOCK_LEAVES else INLINE, text) if text else None


def write_node(kind: str, node: Node, pieces: Pieces, depth: int) -> Piece:
    """A node with its written children. *depth* is how many nodes it lies in."""
    write = _NODES.get(kind)
    if write is not None:
        return write(node, pieces, depth < MAX_INDENTS)
    if kind in _TRANSPARENT and all(piece.shape == INLINE for piece in pieces):
        return Piece(INLINE, _join(pieces))
    blocks = any(piece.shape != INLINE for piece in pieces)
    return Piece("block" if blocks or kind in _PARAGRAPHS else INLINE, _join(pieces))


def _join(pieces: Pieces) -> str:
    """Inline pieces run on; blocks stand apart, a list close to what it belongs to."""
    if all(piece.shape == INLINE for piece in pieces):
        return "".join(piece.text for piece in pieces)
    parts: list[str] = []
    former: Shape | None = None
    for piece in pieces:
        if not piece.text:
            continue
        if former is not None and not (former == piece.shape == INLINE):
            close = former == piece.shape == "row" or (piece.shape == "list" and former != "list")
            parts.append("\n" if close else "\n\n")
        parts.append(piece.text)
        former = piece.shape
    return "".join(parts)


def _write_heading(node: Node, pieces: Pieces, _indented: bool) -> Piece:
    level = _number(node, "level")
    return Piece("block", f"{'#' * min(max(level or 1, 1), 6)} {_join(pieces)}")


def _write_code(node: Node, pieces: Pieces, _indented: bool) -> Piece:
    text = _join(pieces)
    fence = "`" * max(3, _longest_ticks(text) + 1)
    return Piece("block", f"{fence}{_attribute(node, 'language')}\n{text}\n{fence}")


def _write_quote(_node: Node, pieces: Pieces, indented: bool) -> Piece:
    text = _join(pieces)
    return Piece("block", "> " + text.replace("\n", "\n> ") if indented else text)


def _write_bullets(_node: Node, pieces: Pieces, indented: bool) -> Piece:
    return Piece("list", "\n".join(_item("- ", piece, indented) for piece in pieces))


def _write_numbers(node: Node, pieces: Pieces, indented: bool) -> Piece:
    first = _number(node, "order")
    start = 1 if first is None else first
    return Piece(
        "list", "\n".join(_item(f"{start + at}. ", piece, indented) for at, piece in enumerate(pieces))
    )


def _write_tasks(_node: Node, pieces: Pieces, indented: bool) -> Piece:
    nested = "  " if indented else ""
    lines = (
        nested + piece.text.replace("\n", f"\n{nested}") if piece.shape == "list" else piece.text
        for piece in pieces
    )
    return Piece("list", "\n".join(lines))


def _write_task(node: Node, pieces: Pieces, indented: bool) -> Piece:
    box = "- [x] " if _attribute(node, "state") == "DONE" else "- [ ] "
    return Piece("block", _item(box, Piece(INLINE, _join(pieces)), indented))


def _write_decision(_node: Node, pieces: Pieces, indented: bool) -> Piece:
    return Piece("block", _item("- ", Piece(INLINE, _join(pieces)), indented))


def _write_table(_node: Node, pieces: Pieces, _indented: bool) -> Piece:
    lines = [piece.text for piece in pieces if piece.text]
    if lines and pieces[0].shape == "row":
        lines.insert(1, "|" + " --- |" * max(1, len(re.findall(r"(?<!\\)\|", lines[0])) - 1))
    return Piece("block", "\n".join(lines))


def _write_row(_node: Node, pieces: Pieces, _indented: bool) -> Piece:
    cells = (piece.text.strip().replace("|", "\\|").replace("\n", "<br>") for piece in pieces)
    return Piece("row", f"| {' | '.join(cells)} |")


def _item(marker: str, piece: Piece, indented: bool) -> str:
    if not indented:
        return marker + piece.text
    return marker + piece.text.replace("\n", "\n" + " " * len(marker))


def _write_card(node: Node) -> str:
    address = _attribute(node, "url")
    if address:
        return f"<{address}>"
    attributes = node.get("attrs")
    data = attributes.get("data") if isinstance(attributes, dict) else None
    told = {"attrs": data if isinstance(data, dict) else {}}
    name, address = _attribute(told, "name"), _attribute(told, "url")
    return f"[{name}]({address})" if name and address else name or (f"<{address}>" if address else "")


def _write_media(node: Node) -> str:
    name = _attribute(node, "alt") or _attribute(node, "__fileName")
    address = _attribute(node, "url") or _attribute(node, "id")
    return f"![{name}]({address})" if name or address else ""


def _write_date(node: Node) -> str:
    stamp = _attribute(node, "timestamp")
    try:
        return (_EPOCH + timedelta(milliseconds=int(stamp))).date().isoformat()
    except (ValueError, OverflowError):
        return stamp


def _write_status(node: Node) -> str:
    label = _attribute(node, "text")
    return f"[{label}]" if label else ""


def _write_unknown_leaf(node: Node) -> str:
    return " ".join(filter(None, (_attribute(node, "title"), _attribute(node, "text"))))


def _write_title(node: Node) -> str:
    title = _attribute(node, "title")
    return f"**{title}**" if title else ""


def _attribute(node: object, name: str) -> str:
    """An attribute as text, empty where it is absent or no plain value."""
    attributes = node.get("attrs") if isinstance(node, Mapping) else None
    value = attributes.get(name) if isinstance(attributes, Mapping) else None
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def _number(node: Node, name: str) -> int | None:
    attributes = node.get("attrs")
    value = attributes.get(name) if isinstance(attributes, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _longest_ticks(text: str) -> int:
    return max(map(len, _TICKS.findall(text)), default=0)


_PARAGRAPHS = frozenset({"doc", "paragraph", "mediaSingle", "mediaGroup"})
_BLOCK_LEAVES = frozenset({"rule", "blockCard", "embedCard", "expand", "nestedExpand"})
_LEAVES: Mapping[str, Callable[[Node], str]] = MappingProxyType(
    {
        "hardBreak": lambda _node: "\n",
        "rule": lambda _node: "---",
        "emoji": lambda node: _attribute(node, "text") or _attribute(node, "shortName"),
        "status": _write_status,
        "date": _write_date,
        "inlineCard": _write_card,
        "blockCard": _write_card,
        "embedCard": _write_card,
        "media": _write_media,
        "mediaInline": _write_media,
        "expand": _write_title,
        "nestedExpand": _write_title,
    }
)
_NODES: Mapping[str, Callable[[Node, Pieces, bool], Piece]] = MappingProxyType(
    {
        "heading": _write_heading,
        "codeBlock": _write_code,
        "blockquote": _write_quote,
        "panel": _write_quote,
        "bulletList": _write_bullets,
        "orderedList": _write_numbers,
        "taskList": _write_tasks,
        "taskItem": _write_task,
        "blockTaskItem": _write_task,
        "decisionList": _write_tasks,
        "decisionItem": _write_decision,
        "table": _write_table,
        "tableRow": _write_row,
    }
)
