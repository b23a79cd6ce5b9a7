"""Read rich text: Atlassian documents (ADF) and wiki text as Markdown, people as placeholders.

The walker keeps its own stack, takes any JSON value and never raises: a node, mark or attribute it does
not know costs its formatting, never its text. How a node is written: markdown.py.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

import orjson
from pydantic import JsonValue

from worker.sources.jira.markdown import (
    INLINE,
    MAX_INDENT,
    Piece,
    Pieces,
    measure_indent,
    write_leaf,
    write_node,
    write_text,
)

# [~name], [~accountid:…], and [alias|~name|tip]: the alias is what people call the person. No part holds
# a "[": where none ends, the next "[" is looked at but once.
_WIKI_MENTION = re.compile(
    r"\[(?:[^\[\]|\r\n]*\|)?~(?:accountid:)?([^\s\[\]|](?:[^\[\]|\r\n]*[^\s\[\]|])?)(?:\|[^\[\]\r\n]*)?\]"
)
_EVERYBODY = frozenset({"all", "here"})


@dataclass(frozen=True, slots=True)
class RichText:
    """Markdown in which ``@{n}`` stands for the n-th of *mentions*, which are account ids.

    *version* is the document's own, 0 for anything that is no ADF document.
    """

    text: str
    mentions: tuple[str, ...] = ()
    version: int = 0


def read_rich_text(source: JsonValue) -> RichText:
    """The Markdown and the mentioned accounts of an ADF document or a wiki text. Never raises."""
    mentions: list[str] = []
    if source is None:
        return RichText("")
    if isinstance(source, str):
        document = _parse_embedded(source)
        if document is None:
            return RichText(_replace_mentions(source, mentions), tuple(mentions))
        source = document
    text = _walk(source, mentions)
    version = source.get("version") if isinstance(source, dict) else None
    number = version if isinstance(version, int) and not isinstance(version, bool) else 0
    return RichText(text, tuple(mentions), number)


@dataclass(slots=True)
class _Frame:
    """A node whose children are being written; *room* is left for its marks and theirs."""

    kind: str
    node: dict[str, JsonValue]
    children: Iterator[JsonValue]
    room: int
    pieces: Pieces = field(default_factory=list)

    def room_below(self) -> int:
        """What is left for the marks of the next child."""
        return self.room - measure_indent(self.kind, self.node, len(self.pieces))

    def open(self, kind: str, node: dict[str, JsonValue], children: Iterable[JsonValue]) -> "_Frame":
        """The frame of the next child."""
        return _Frame(kind, node, iter(children), self.room_below())


def _walk(root: JsonValue, mentions: list[str]) -> str:
    stack = [_Frame("doc", {}, iter((root,)), MAX_INDENT)]
    while True:
        frame = stack[-1]
        for child in frame.children:
            if isinstance(child, list):
                stack.append(frame.open("", {}, child))
                break
            if isinstance(child, dict):
                leaf = _write_leaf(child, frame.kind == "codeBlock", mentions)
                content = child.get("content")
                if content is None or content == []:
                    frame.pieces.append(leaf or write_node(_kind(child), child, [], frame.room_below()))
                    continue
                below = frame.open(_kind(child), child, content if isinstance(content, list) else (content,))
                if leaf is not None:
                    below.pieces.append(leaf)
                stack.append(below)
                break
            if child is not None:
                frame.pieces.append(Piece(INLINE, _replace_mentions(str(child), mentions)))
        else:
            stack.pop()
            written = write_node(frame.kind, frame.node, frame.pieces, frame.room)
            if not stack:
                return written.text
            stack[-1].pieces.append(written)


def _kind(node: dict[str, JsonValue]) -> str:
    kind = node.get("type")
    return kind if isinstance(kind, str) else ""


def _write_leaf(node: dict[str, JsonValue], is_code: bool, mentions: list[str]) -> Piece | None:
    """What a node says by itself, apart from its children; None where it says nothing."""
    kind = _kind(node)
    if kind == "mention":
        return Piece(INLINE, _mention(node, mentions))
    text = node.get("text")
    if text is not None and not isinstance(text, dict | list):
        said = _replace_mentions(str(text), mentions)
        return Piece(INLINE, said if is_code else write_text(said, node.get("marks")))
    return write_leaf(kind, node)


def _mention(node: dict[str, JsonValue], mentions: list[str]) -> str:
    """A placeholder, because the name that the upstream wrote here is a person's."""
    attributes = node.get("attrs")
    account = attributes.get("id") if isinstance(attributes, dict) else None
    if not isinstance(account, str) or not account.strip():
        return "@unknown"
    account = account.strip().removeprefix("accountid:")
    if account in _EVERYBODY:
        return f"@{account}"
    mentions.append(account)
    return f"@{{{len(mentions) - 1}}}"


def _replace_mentions(text: str, mentions: list[str]) -> str:
    if "~" not in text:
        return text

    def put(found: re.Match[str]) -> str:
        mentions.append(found[1])
        return f"@{{{len(mentions) - 1}}}"

    return _WIKI_MENTION.sub(put, text)


def _parse_embedded(text: str) -> JsonValue:
    """The ADF document that a changelog may carry as text, or None."""
    if not text.startswith("{") or '"doc"' not in text:
        return None
    try:
        value = cast(JsonValue, orjson.loads(text))
    except ValueError:
        return None
    return value if isinstance(value, dict) and value.get("type") == "doc" else None
