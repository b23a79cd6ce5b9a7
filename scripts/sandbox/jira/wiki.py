"""What does version 2 show in place of an Atlassian document? Its text, mentions as wiki markup."""

from pydantic import JsonValue

BLOCKS = frozenset({"paragraph", "codeBlock", "listItem", "panel", "heading", "blockquote", "blockCard"})


def write_wiki(document: JsonValue) -> str:
    """The text of an ADF document, a line a block. Never raises."""
    return "".join(_write(document)).strip("\n")


def is_document(value: object) -> bool:
    """Whether a value is an ADF document."""
    return isinstance(value, dict) and value.get("type") == "doc" and "version" in value


def _write(node: JsonValue) -> list[str]:
    if isinstance(node, list):
        return [piece for child in node for piece in _write(child)]
    if not isinstance(node, dict):
        return []
    attributes = node.get("attrs")
    known = attributes if isinstance(attributes, dict) else {}
    match node.get("type"):
        case "text":
            return [str(node.get("text", ""))]
        case "mention":
            return [f"[~accountid:{known.get('id')}]"]
        case "emoji":
            return [str(known.get("text") or known.get("shortName") or "")]
        case "hardBreak":
            return ["\n"]
        case "blockCard" | "inlineCard":
            return [str(known.get("url", "")), "\n"]
    pieces = _write(node.get("content", []))
    return [*pieces, "\n"] if node.get("type") in BLOCKS else pieces
