"""Rich text becomes Markdown: nothing is lost, nothing raises, people become placeholders."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from worker.sources.jira.adf import RichText, read_rich_text


def doc(*content: object) -> Any:
    return {"version": 1, "type": "doc", "content": list(content)}


def node(kind: str, *content: object, **attrs: object) -> dict[str, Any]:
    return {"type": kind, "attrs": attrs, "content": list(content)}


def text(words: str, *marks: object) -> dict[str, Any]:
    return {"type": "text", "text": words, "marks": [{"type": m} if isinstance(m, str) else m for m in marks]}


def para(*content: object) -> dict[str, Any]:
    return node("paragraph", *content)


LINK = {"type": "link", "attrs": {"href": "https://a.example"}}


@pytest.mark.parametrize(
    ("content", "markdown"),
    [
        ([para(text("one")), para(text("two"))], "one\n\ntwo"),
        ([para(text("a "), text("bold ", "strong"), text("word"))], "a **bold** word"),
        ([para(text("x", "em"), text("y", "strike"), text("z", "underline"))], "*x*~~y~~z"),
        ([para(text("a`b", "code"))], "``a`b``"),
        ([para(text("here", LINK))], "[here](https://a.example)"),
        ([para(text("https://a.example", LINK))], "https://a.example"),
        ([para(text("a"), node("hardBreak"), text("b"))], "a\nb"),
        ([node("heading", text("Title"), level=2)], "## Title"),
        ([node("codeBlock", text("x = 1"), language="python")], "```python\nx = 1\n```"),
        ([node("codeBlock", text("```"))], "````\n```\n````"),
        ([node("blockquote", para(text("a")), para(text("b")))], "> a\n> \n> b"),
        ([node("panel", para(text("careful")), panelType="warning")], "> careful"),
        ([node("rule"), para(text("end"))], "---\n\nend"),
        (
            [
                node(
                    "bulletList",
                    node("listItem", para(text("a")), node("bulletList", node("listItem", para(text("b"))))),
                )
            ],
            "- a\n  - b",
        ),
        (
            [
                node(
                    "orderedList",
                    node("listItem", para(text("a"))),
                    node("listItem", para(text("b"))),
                    order=3,
                )
            ],
            "3. a\n4. b",
        ),
        (
            [
                node(
                    "taskList",
                    node("taskItem", text("a"), state="DONE"),
                    node("taskItem", text("b"), state="TODO"),
                )
            ],
            "- [x] a\n- [ ] b",
        ),
        ([node("decisionList", node("decisionItem", text("yes"), state="DECIDED"))], "- yes"),
        (
            [
                node(
                    "table",
                    node(
                        "tableRow", node("tableHeader", para(text("h"))), node("tableHeader", para(text("i")))
                    ),
                    node(
                        "tableRow", node("tableCell", para(text("1|2"))), node("tableCell", para(text("3")))
                    ),
                )
            ],
            "| h | i |\n| --- | --- |\n| 1\\|2 | 3 |",
        ),
        ([node("expand", para(text("inside")), title="More")], "**More**\n\ninside"),
        ([para(node("emoji", shortName=":smile:", text="😄"))], "😄"),
        ([para(node("emoji", shortName=":tada:"))], ":tada:"),
        ([para(node("status", text="BLOCKED"))], "[BLOCKED]"),
        ([para(node("date", timestamp="1759190400000"))], "2025-09-30"),
        ([para(node("date", timestamp="soon"))], "soon"),
        ([para(node("inlineCard", url="https://a.example/1"))], "<https://a.example/1>"),
        (
            [node("blockCard", data={"name": "Plan", "url": "https://a.example/2"})],
            "[Plan](https://a.example/2)",
        ),
        ([node("mediaSingle", node("media", id="f1", alt="plan.png", type="file"))], "![plan.png](f1)"),
        (
            [
                node(
                    "layoutSection",
                    node("layoutColumn", para(text("l"))),
                    node("layoutColumn", para(text("r"))),
                )
            ],
            "l\n\nr",
        ),
        ([node("hologram", text("still "), node("beam", text("here")))], "still here"),
        ([node("tableRow", node("tableCell", para(text(row)))) for row in "ab"], "| a |\n| b |"),
        ([node("extension", text="shown", extensionKey="k")], "shown"),
    ],
)
def test_a_node_is_written_as_markdown(content: list[Any], markdown: str) -> None:
    assert read_rich_text(doc(*content)) == RichText(markdown, (), 1)


def test_mentions_become_numbered_placeholders_without_names() -> None:
    rich = read_rich_text(
        doc(para(node("mention", id="ana", text="@Ana Example"), text(" asks "), node("mention", id="bob")))
    )
    assert rich == RichText("@{0} asks @{1}", ("ana", "bob"), 1)


def test_a_mention_without_an_account_does_not_show_the_name() -> None:
    assert read_rich_text(doc(para(node("mention", text="@Ana Example")))).text == "@unknown"


def test_everybody_is_nobody_in_particular() -> None:
    assert read_rich_text(doc(para(node("mention", id="all", text="@all")))) == RichText("@all", (), 1)


def test_wiki_mentions_become_placeholders_too() -> None:
    rich = read_rich_text("Ask [~accountid:557058:4612-ab] or [~jdoe], not [this|https://a.example]")
    assert rich == RichText("Ask @{0} or @{1}, not [this|https://a.example]", ("557058:4612-ab", "jdoe"), 0)


def test_a_document_inside_a_text_is_read_as_one() -> None:
    rich = read_rich_text('{"version": 3, "type": "doc", "content": [{"type": "text", "text": "hi"}]}')
    assert rich == RichText("hi", (), 3)


@pytest.mark.parametrize("plain", ["{not json", '{"type": "other"}', '{"doc"', "", "plain"])
def test_any_other_text_stays_as_it_is(plain: str) -> None:
    assert read_rich_text(plain) == RichText(plain)


def test_three_hundred_levels_are_walked() -> None:
    deep: Any = para(text("bottom"))
    for level in range(300):
        deep = node("bulletList" if level % 2 else "listItem", deep)
    assert "bottom" in read_rich_text(doc(deep)).text


def test_a_hundred_thousand_levels_are_walked() -> None:
    deep: Any = para(text("bottom"))
    for _ in range(100_000):
        deep = node("blockquote", deep)
    assert read_rich_text(doc(deep)).text.endswith("bottom")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    ["doc", "table", "tableRow", "listItem", "orderedList", "media", "x", "mention"]
                )
            },
            optional={"content": inner, "attrs": inner, "marks": inner, "text": inner, "version": inner},
        )
    ),
    max_leaves=25,
)


@given(JSON)
def test_any_json_is_read_and_always_alike(source: JsonValue) -> None:
    assert read_rich_text(source) == read_rich_text(source)


KINDS = st.sampled_from(
    [
        *("paragraph", "heading", "bulletList", "orderedList", "listItem", "taskList", "taskItem", "table"),
        *("tableRow", "tableCell", "blockquote", "panel", "codeBlock", "expand", "mediaSingle", "status"),
        *(
            "layoutSection",
            "unheardOf",
            "media",
            "mediaInline",
            "text",
            "",
            "hardBreak",
            "rule",
            "inlineCard",
        ),
    ]
)
MARKS = st.lists(
    st.sampled_from(["strong", "em", "code", "link", "strike", "glow"]).map(lambda m: {"type": m})
)
WORDS = st.builds(
    lambda word, marks: {"type": "text", "text": word, "marks": marks},
    st.text("abcdefghij", min_size=3, max_size=9),
    MARKS,
)
TREES = st.recursive(
    WORDS,
    lambda inner: st.builds(
        lambda kind, content: {"type": kind, "content": content}, KINDS, st.lists(inner, max_size=4)
    ),
    max_leaves=30,
)


def _words(tree: Any) -> list[str]:
    own = [tree["text"]] if "text" in tree else []
    return own + [word for child in tree.get("content", ()) for word in _words(child)]


@given(TREES)
def test_every_word_survives_in_order(tree: Any) -> None:
    written = read_rich_text(doc(tree)).text
    at = 0
    for word in _words(tree):
        at = written.find(word, at)
        assert at >= 0, word
        at += len(word)


@pytest.mark.parametrize("words", ["[~" * 16_000, "a" + " " * 32_000 + "b"], ids=["mentions", "spaces"])
def test_a_long_text_is_read_in_no_time(words: str) -> None:
    began = time.thread_time()

    read_rich_text(words)
    read_rich_text(doc(para(text(words, "strong"))))

    # Looked at again from each place, it takes seconds, and nothing else of the process runs meanwhile.
    assert time.thread_time() - began < 0.5
