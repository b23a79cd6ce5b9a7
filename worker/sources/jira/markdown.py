"""Write each node of an Atlassian document in Markdown."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final, Literal

from pydantic import JsonValue

type Shape = Literal["inline", "block", "list", "row"]
type Node = Mapping[str, JsonValue]

INLINE: Shape = "inline"

MAX_INDENT: Final = 12
"""By so many columns lists, quotes and tables may indent a text together: six lists, as many as Jira's editor
nests. Deeper ones leave their text where it is: each of them would write its mark before each line."""

MAX_SPANNED: Final = 50
"""Only within so many columns a table's cell may span others."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A written node, and how it stands beside others.

    Attributes:
        shape: how it stands.
        text: what it says.
        columns: how many columns it spans as a table's cell.
        rows: how many rows it spans so.
        cells: the cells of a table's row.
    """

    shape: Shape
    text: str
    columns: int = 1
    rows: int = 1
    cells: Sequence["Piece"] = ()


type Pieces = list[Piece]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS = re.compile(r"`+")
_LINE_BREAK = "<br>"
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)", re.MULTILINE)
_BEFORE_FENCE = re.compile(r"^( {0,3})(?=```|~~~)", re.MULTILINE)
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
        # A space keeps a tick of the text from becoming one of the fence.
        gap = " " if inner.startswith("`") or inner.endswith("`") else ""
        inner = f"{fence}{gap}{inner}{gap}{fence}"
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


def measure_indent(kind: str, node: Node, at: int) -> int:
    """By how many columns a node indents its child number *at*, whatever room there is."""
    if kind == "table":
        return len(_LINE_BREAK)
    return len(_write_mark(kind, node, at))


def write_node(kind: str, node: Node, pieces: Pieces, room: int) -> Piece:
    """A node with its written children. *room* is how many columns of MAX_INDENT are left for its marks."""
    write = _NODES.get(kind)
    if write is not None:
        return write(kind, node, pieces, room)
    if kind in _TRANSPARENT and all(piece.shape == INLINE for piece in pieces):
        return Piece(INLINE, _join(pieces))
    blocks = any(piece.shape != INLINE for piece in pieces)
    text = _join(pieces)
    if kind == "paragraph" and not blocks:
        text = _break_open_fence(text)
    return Piece("block" if blocks or kind in _PARAGRAPHS else INLINE, text)


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


def _write_mark(kind: str, node: Node, at: int) -> str:
    """What stands before a node, or before its child number *at*; further lines are indented as far."""
    match kind:
        case "blockquote" | "panel":
            return "> "
        case "bulletList" | "decisionItem":
            return "- "
        case "orderedList":
            first = _number(node, "order")
            # Markdown knows no longer number.
            return f"{(1 if first is None or not 0 <= first < 10**9 else first) + at}. "
        case "taskList" | "decisionList":
            return "  "
        case "taskItem" | "blockTaskItem":
            return "- [x] " if _attribute(node, "state") == "DONE" else "- [ ] "
        case _:
            return ""


def _break_open_fence(text: str) -> str:
    """A paragraph in which no fence stays open: all that follows would become code."""
    opened: re.Match[str] | None = None
    for found in _FENCE.finditer(text):
        marks, rest = found[1], found[2]
        if opened is None:
            opened = found if marks[0] == "~" or "`" not in rest else None
        elif marks.startswith(opened[1]) and not rest.strip():
            opened = None
    if opened is None:
        return text
    at = opened.start()
    return text[:at] + _BEFORE_FENCE.sub(r"\1\\", text[at:])


def _write_heading(_kind: str, node: Node, pieces: Pieces, _room: int) -> Piece:
    level = _number(node, "level")
    return Piece("block", f"{'#' * min(max(level or 1, 1), 6)} {_join(pieces)}")


def _write_code(_kind: str, node: Node, pieces: Pieces, _room: int) -> Piece:
    text = _join(pieces)
    fence = "`" * max(3, _longest_ticks(text) + 1)
    # A fence whose first line has another tick is none.
    language = " ".join(_attribute(node, "language").replace("`", " ").split())
    return Piece("block", f"{fence}{language}\n{text}\n{fence}")


def _write_quote(kind: str, node: Node, pieces: Pieces, room: int) -> Piece:
    return Piece("block", _indent(_write_mark(kind, node, 0), _join(pieces), room, again=True))


def _write_list(kind: str, node: Node, pieces: Pieces, room: int) -> Piece:
    items = (_indent(_write_mark(kind, node, at), piece.text, room) for at, piece in enumerate(pieces))
    return Piece("list", "\n".join(items))


def _write_tasks(kind: str, node: Node, pieces: Pieces, room: int) -> Piece:
    """The items have their marks; a list between them belongs to the one before."""
    lines = (
        _indent(_write_mark(kind, node, at), piece.text, room) if piece.shape == "list" else piece.text
        for at, piece in enumerate(pieces)
    )
    return Piece("list", "\n".join(lines))


def _write_task(kind: str, node: Node, pieces: Pieces, room: int) -> Piece:
    return Piece("block", _indent(_write_mark(kind, node, 0), _join(pieces), room))


def _indent(mark: str, text: str, room: int, *, again: bool = False) -> str:
    """*text* after *mark*, its further lines below the text or, with *again*, after the mark too."""
    if len(mark) > room:
        return text
    return mark + text.replace("\n", "\n" + (mark if again else " " * len(mark)))


def _write_table(_kind: str, _node: Node, pieces: Pieces, _room: int) -> Piece:
    if not pieces or pieces[0].shape != "row":
        return Piece("block", _join(pieces))
    rows = _place_cells([piece for piece in pieces if piece.shape == "row" or piece.text])
    # What a row has beyond the first one's cells, nobody is shown.
    widest = max(map(len, rows))
    rows[0] += [""] * (widest - len(rows[0]))
    lines = [_join_cells(cells) for cells in rows]
    return Piece("block", "\n".join([lines[0], "|" + " --- |" * widest, *lines[1:]]))


def _write_row(_kind: str, _node: Node, pieces: Pieces, room: int) -> Piece:
    if room < 0:
        return Piece("block", _join(pieces))
    return Piece("row", _join_cells([_write_cell_text(piece) for piece in pieces]), cells=pieces)


def _write_cell(_kind: str, node: Node, pieces: Pieces, _room: int) -> Piece:
    columns, rows = _number(node, "colspan") or 1, _number(node, "rowspan") or 1
    return Piece("block", _join(pieces), columns=max(columns, 1), rows=max(rows, 1))


def _place_cells(pieces: Pieces) -> list[list[str]]:
    """The texts of a table's cells, row by row; where a cell spans others, these are empty."""
    placed: list[list[str]] = []
    spanned: dict[int, int] = {}
    """By column: how many rows a cell above still spans."""
    for piece in pieces:
        texts: list[str] = []
        below = {column: left - 1 for column, left in spanned.items() if left > 1}
        for cell in piece.cells if piece.shape == "row" else (piece,):
            while len(texts) in spanned:
                texts.append("")
            first = len(texts)
            texts.append(_write_cell_text(cell))
            texts += [""] * (min(first + cell.columns, MAX_SPANNED) - len(texts))
            if cell.rows > 1:
                below |= dict.fromkeys(range(first, min(len(texts), MAX_SPANNED)), cell.rows - 1)
        texts += [""] * (max(spanned, default=-1) + 1 - len(texts))
        placed.append(texts or [""])
        spanned = below
    return placed


def _write_cell_text(piece: Piece) -> str:
    return piece.text.strip().replace("|", "\\|").replace("\n", _LINE_BREAK)


def _join_cells(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"


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
_NODES: Mapping[str, Callable[[str, Node, Pieces, int], Piece]] = MappingProxyType(
    {
        "heading": _write_heading,
        "codeBlock": _write_code,
        "blockquote": _write_quote,
        "panel": _write_quote,
        "bulletList": _write_list,
        "orderedList": _write_list,
        "taskList": _write_tasks,
        "taskItem": _write_task,
        "blockTaskItem": _write_task,
        "decisionList": _write_tasks,
        "decisionItem": _write_task,
        "table": _write_table,
        "tableRow": _write_row,
        "tableHeader": _write_cell,
        "tableCell": _write_cell,
    }
)
