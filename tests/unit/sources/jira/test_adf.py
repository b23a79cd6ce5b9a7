"""Rich text becomes Markdown: nothing is lost, nothing raises, people become placeholders."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from worker.sources.jira.adf import RichText, read_rich_text
from worker.sources.jira.markdown import MAX_INDENT, MAX_SPANNED


def doc(*content: object) -> Any:
    return {"version": 1, "type": "doc", "content": list(content)}


def node(kind: str, *content: object, **attrs: object) -> dict[str, Any]:
    return {"type": kind, "attrs": attrs, "content": list(content)}


def text(words: str, *marks: object) -> dict[str, Any]:
    return {"type": "text", "text": words, "marks": [{"type": m} if isinstance(m, str) else m for m in marks]}


def para(*content: object) -> dict[str, Any]:
    return node("paragraph", *content)


def row(*cells: object) -> dict[str, Any]:
    return node("tableRow", *cells)


def cell(words: str, **attrs: object) -> dict[str, Any]:
    return node("tableCell", para(text(words)), **attrs)


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


@pytest.mark.parametrize(
    ("rows", "markdown"),
    [
        ([[cell("k"), cell("v")], [cell("a", rowspan=2), cell("1")], [cell("2")]], "k v/a 1/ 2"),
        ([[cell("k"), cell("v")], [cell("a"), cell("1", rowspan=2)], [cell("b")]], "k v/a 1/b "),
        ([[cell("h", colspan=2)], [cell("a"), cell("b")]], "h /a b"),
        ([[cell("h"), cell("i")], [cell("a", colspan=2)], [cell("b"), cell("c")]], "h i/a /b c"),
        (
            [[cell("a", colspan=2, rowspan=2), cell("1")], [cell("2")], [cell("b"), cell("c"), cell("3")]],
            "a  1/  2/b c 3",
        ),
        (
            [
                [cell("a", rowspan=3), cell("b"), cell("c", rowspan=2)],
                [cell("d")],
                [cell("e"), cell("f")],
                [cell("g"), cell("h"), cell("i")],
            ],
            "a b c/ d / e f/g h i",
        ),
        ([[cell("a", rowspan=2), cell("b", rowspan=2)], [], [cell("c"), cell("d")]], "a b/ /c d"),
        ([[cell("h")], [cell("a"), cell("b")]], "h /a b"),
        ([[cell("a", colspan=0, rowspan=-1), cell("b", colspan="2")]], "a b"),
    ],
)
def test_a_cell_stands_in_its_own_column_beside_cells_that_span_others(
    rows: list[list[Any]], markdown: str
) -> None:
    written = read_rich_text(doc(node("table", *(row(*cells) for cells in rows)))).text

    first, *further = [" | ".join(line.split(" ")) for line in markdown.split("/")]
    rule = "|" + " --- |" * len(markdown.split("/")[0].split(" "))
    assert written.split("\n") == [f"| {first} |", rule, *(f"| {line} |" for line in further)]


def test_a_span_without_end_ends() -> None:
    wide = read_rich_text(doc(node("table", row(cell("a", colspan=1_000_000), cell("b"))))).text
    long = node("table", row(*(cell("a", rowspan=1_000_000) for _ in range(2 * MAX_SPANNED))), row(cell("b")))

    assert wide.split("\n")[0].count("|") == MAX_SPANNED + 2
    assert read_rich_text(doc(long)).text.split("\n")[2] == "| " + " | " * MAX_SPANNED + "b |"


@pytest.mark.parametrize(
    ("language", "told"),
    [("```sh", "sh"), ("a`b", "a b"), ("sh\nrm", "sh rm"), (" c++ ", "c++"), ("`", ""), (7, "7")],
)
def test_a_fence_closes_whatever_its_language_is_called(language: object, told: str) -> None:
    block = node("codeBlock", text("x"), language=language)

    assert read_rich_text(doc(block, para(text("after")))).text == f"```{told}\nx\n```\n\nafter"


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("`a", "`` `a ``"),
        ("a`", "`` a` ``"),
        ("```", "```` ``` ````"),
        ("a``b", "```a``b```"),
    ],
)
def test_a_tick_of_the_text_is_none_of_its_fence(words: str, written: str) -> None:
    assert read_rich_text(doc(para(text(words, "code")))).text == written


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ("```", "\\```"),
        ("see:\n```sh\nls", "see:\n\\```sh\nls"),
        ("~~~\nx\n```", "\\~~~\nx\n\\```"),
        ("  ````\nx\n```\ny", "  \\````\nx\n\\```\ny"),
        ("```\nx\n```\n```y", "```\nx\n```\n\\```y"),
        ("```sh\nls\n```", "```sh\nls\n```"),
        ("```x``` and ~~y~~", "```x``` and ~~y~~"),
        ("a ``` b", "a ``` b"),
    ],
)
def test_a_paragraph_opens_no_fence_that_nothing_closes(words: str, written: str) -> None:
    whole = read_rich_text(doc(para(text(words)), para(text("after")))).text
    lines = [
        node("hardBreak") if at % 2 else text(words.split("\n")[at // 2])
        for at in range(2 * words.count("\n") + 1)
    ]

    assert whole == f"{written}\n\nafter"
    assert read_rich_text(doc(para(*lines), para(text("after")))).text == whole


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


@pytest.mark.parametrize(
    ("words", "told", "mentioned"),
    [
        ("[~Ana Example] and [~bob]", "@{0} and @{1}", ("Ana Example", "bob")),
        ("[Ana Example|~accountid:557058:46-ab]!", "@{0}!", ("557058:46-ab",)),
        ("[Ana|~ana example], [|~bob]", "@{0}, @{1}", ("ana example", "bob")),
        ("[Ana|~ana|her page]", "@{0}", ("ana",)),
        ("[[~ana]]", "[@{0}]", ("ana",)),
        ("[~ana\nexample] [~] [~ ] [~ ana] [a|b|~] [ana]", None, ()),
        ("[this|https://a.example/~ana] [home|~", None, ()),
    ],
)
def test_a_wiki_mention_may_have_spaces_and_an_alias(
    words: str, told: str | None, mentioned: tuple[str, ...]
) -> None:
    written = words if told is None else told
    assert read_rich_text(words) == RichText(written, mentioned, 0)
    assert read_rich_text(doc(para(text(words)))) == RichText(written, mentioned, 1)


def test_a_document_inside_a_text_is_read_as_one() -> None:
    rich = read_rich_text('{"version": 3, "type": "doc", "content": [{"type": "text", "text": "hi"}]}')
    assert rich == RichText("hi", (), 3)


@pytest.mark.parametrize("plain", ["{not json", '{"type": "other"}', '{"doc"', "", "plain"])
def test_any_other_text_stays_as_it_is(plain: str) -> None:
    assert read_rich_text(plain) == RichText(plain)


def nested(wrap: Any, times: int, inner: Any) -> Any:
    for _ in range(times):
        inner = wrap(inner)
    return inner


def bullets(inner: Any) -> Any:
    return node("bulletList", node("listItem", inner))


def table(inner: Any) -> Any:
    return node("table", row(node("tableCell", inner)))


WRAPPERS = [
    bullets,
    table,
    lambda inner: node("blockquote", inner),
    lambda inner: node("panel", bullets(inner)),
    lambda inner: node("orderedList", node("listItem", inner), order=999_999_999),
    lambda inner: node("orderedList", node("listItem", inner), order=10**30),
    lambda inner: node("taskList", inner),
    lambda inner: node("taskItem", inner),
    lambda inner: node("decisionList", node("decisionItem", inner)),
]


@pytest.mark.parametrize("wrap", WRAPPERS)
@pytest.mark.parametrize(
    "words", ["a" + "\n" * 20_000 + "b", "a" + "|\n" * 20_000 + "b"], ids=["lines", "pipes"]
)
def test_a_deeply_nested_text_stays_and_grows_little(wrap: Any, words: str) -> None:
    began = time.thread_time()
    written = read_rich_text(doc(nested(wrap, 300, para(text(words))), para(text("after")))).text

    assert time.thread_time() - began < 0.5
    assert len(written) < (MAX_INDENT + 2) * len(words)
    assert written.replace("\n", "").endswith("after")
    assert written.count("b") - written.count("<br>") == 1


def test_lists_nest_as_deeply_as_jiras_editor_nests_them() -> None:
    lists = nested(lambda inner: node("bulletList", node("listItem", para(text("x")), inner)), 7, para())

    written = read_rich_text(doc(lists)).text

    assert written.split("\n")[:7] == [*("  " * depth + "- x" for depth in range(6)), "  " * 6 + "x"]


def test_a_table_that_lies_too_deep_leaves_its_words_apart() -> None:
    inner = node("table", row(cell("a|b"), cell("c")), row(cell("d")))

    written = read_rich_text(doc(nested(bullets, 6, inner))).text

    assert written.removeprefix("- " * 6).replace(" ", "") == "a|b\n\nc\n\nd"


@pytest.mark.parametrize(
    "wide",
    [
        [para(text("x"))] * 10_000,
        [node("bulletList", *[node("listItem", para(text("x")))] * 10_000)],
        [node("table", *[row(cell("x"))] * 10_000)],
        [node("table", row(*[cell("x", rowspan=1_000_000)] * 10_000), *[row()] * 10_000)],
        [node("table", *[row(cell("x", colspan=1_000_000))] * 10_000)],
        [para(text("x", *["strong", "em", "code"] * 10_000))],
    ],
)
def test_very_many_parts_take_little_time_and_room(wide: list[Any]) -> None:
    began = time.thread_time()
    written = read_rich_text(doc(*wide)).text

    assert time.thread_time() - began < 2
    assert len(written) < 10_000 * (3 * MAX_SPANNED + 20)


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


@pytest.mark.parametrize(
    "words",
    [
        *("[~" * 16_000, "[a|~" * 8_000, "[~a" + " b" * 16_000, "[~a" + " " * 32_000, "[a|~b|" * 8_000),
        *("a" + " " * 32_000 + "b", "```\n" * 8_001, "```a\n" * 8_001, "`" * 32_001, "|" * 32_000),
    ],
)
def test_a_long_text_is_read_in_no_time(words: str) -> None:
    began = time.thread_time()

    read_rich_text(words)
    read_rich_text(doc(para(text(words, "strong"))))

    # Looked at again from each place, it takes seconds, and nothing else of the process runs meanwhile.
    assert time.thread_time() - began < 0.5
