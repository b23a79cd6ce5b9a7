"""What do people write? Invented sentences in several scripts, plain and as Atlassian documents (ADF)."""

import random
from collections.abc import Sequence

from pydantic import JsonValue

from scripts.sandbox.people import Person

type Json = dict[str, JsonValue]

WORDS = (
    "login", "fails", "after", "upgrade", "Größe", "prüfen", "déjà", "vu", "请检查",
    "日志", "настройка", "сервер", "اختبار", "テスト", "deploy", "rollback", "cache",
    "timeout", "review", "🚀", "naïve", "façade", "retry", "schema", "backlog", "μs",
    "café", "Ωmega", "charm", "snap", "kernel", "driver",
)  # fmt: skip


def invent_sentence(rng: random.Random, least: int = 3, most: int = 12) -> str:
    """Some words in a row."""
    return " ".join(rng.choices(WORDS, k=rng.randint(least, most)))


def invent_text(rng: random.Random, people: Sequence[Person]) -> str:
    """Plain text; one in eight names somebody's address, one in eight mentions an account."""
    text = invent_sentence(rng)
    what = rng.randrange(8)
    person = rng.choice(people)
    if what == 0 and person.emails:
        address = rng.choice(sorted(person.emails))
        text += rng.choice((f" ask {address}", f" <mailto:{address}>", f" ({address.upper()})"))
    elif what == 1:
        text += f" [~accountid:{person.account_id}]"
    return text


def invent_adf(rng: random.Random, people: Sequence[Person], paragraphs: int = 2) -> Json:
    """A rich text: paragraphs with marks, mentions and addresses, now and then lists, code, cards.

    One in fifty holds a node that no published schema knows.
    """
    content: list[JsonValue] = [_paragraph(rng, people) for _ in range(rng.randint(1, max(1, paragraphs)))]
    extra = rng.randrange(50)
    if extra < 6:
        entries: list[JsonValue] = [
            {"type": "listItem", "content": [_paragraph(rng, people)]} for _ in range(rng.randint(1, 4))
        ]
        content.append({"type": rng.choice(("bulletList", "orderedList")), "content": entries})
    elif extra < 9:
        code: Json = {"type": "text", "text": f"$ {rng.choice(WORDS)} --all\n0 errors"}
        content.append({"type": "codeBlock", "attrs": {"language": "bash"}, "content": [code]})
    elif extra < 12:
        content.append({"type": "blockCard", "attrs": {"url": f"https://example.com/{rng.randrange(9999)}"}})
    elif extra < 14:
        content.append(
            {"type": "panel", "attrs": {"panelType": "info"}, "content": [_paragraph(rng, people)]}
        )
    elif extra == 14:
        content.append({"type": "hologram", "attrs": {"depth": 3}, "content": [_paragraph(rng, people)]})
    return {"type": "doc", "version": 1, "content": content}


def _paragraph(rng: random.Random, people: Sequence[Person]) -> JsonValue:
    inline: list[JsonValue] = [{"type": "text", "text": invent_sentence(rng) + " "}]
    what = rng.randrange(16)
    person = rng.choice(people)
    if what < 3:
        inline.append(
            {
                "type": "mention",
                "attrs": {"id": person.account_id, "text": f"@{person.name}", "accessLevel": ""},
            }
        )
    elif what < 5 and person.emails:
        address = rng.choice(sorted(person.emails))
        marks: list[JsonValue] = [{"type": "link", "attrs": {"href": f"mailto:{address}"}}]
        inline.append({"type": "text", "text": address, "marks": marks if what == 3 else []})
    elif what == 5:
        inline.append({"type": "emoji", "attrs": {"shortName": ":rocket:", "text": "🚀"}})
    elif what == 6:
        inline.append({"type": "text", "text": invent_sentence(rng, 1, 3), "marks": [{"type": "strong"}]})
    elif what == 7:
        inline.extend(({"type": "hardBreak"}, {"type": "text", "text": "\u0000 zero"}))
    return {"type": "paragraph", "content": inline}
