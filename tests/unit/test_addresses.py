"""Every e-mail address is found, in whatever spelling, and nothing else is."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queuer.models.messages import MAX_REASON_CHARS, Tally
from temporaletl.addresses import bound_text, replace_addresses
from temporaletl.errors import PermanentError
from temporaletl.failures import MAX_MESSAGE_CHARS, safe_message
from worker.external.wpe_db.runs import MAX_ERROR_CHARS, clean_error

LOCALS = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._+-]{0,20}[A-Za-z0-9])?", fullmatch=True)
DOMAINS = st.sampled_from(["example.com", "sub.example.co.uk", "münchen.example.de", "a-b.example.org"])
ADDRESSES = st.builds(lambda local, domain: f"{local}@{domain}", LOCALS, DOMAINS)
BETWEEN = st.text(alphabet=" \n\t,;:()<>[]{}\"'|=/!?é谢", min_size=1, max_size=5)


def find(text: str) -> list[str]:
    found: list[str] = []

    def note(address: str) -> str:
        found.append(address)
        return "P"

    replace_addresses(text, note)
    return found


@pytest.mark.parametrize(
    ("text", "address", "left"),
    [
        ("Mail ana@example.com.", "ana@example.com", "Mail P."),
        ("<mailto:Ana+jira@Example.COM>", "Ana+jira@Example.COM", "<mailto:P>"),
        ("https://x.example/?u=ana%40example.com&b=1", "ana@example.com", "https://x.example/?u=P&b=1"),
        ("https://x.example/ana%2Bjira%40example.com", "ana+jira@example.com", "https://x.example/P"),
        ("next=name%3Dana%40example.com", "ana@example.com", "next=name%3DP"),
        ("twice ana%2540example.com", "ana@example.com", "twice P"),
        ("ana&#64;example.com", "ana@example.com", "P"),
        ("ana\uff20example.com", "ana@example.com", "P"),
        ("'ana@example.com'", "ana@example.com", "'P'"),
        ("_ana@example.com_", "ana@example.com", "P_"),
        ("o'brien@example.com", "o'brien@example.com", "P"),
        ('"ana lee"@example.com', "ana lee@example.com", "P"),
        ("联系ana@example.com谢谢", "ana@example.com", "联系P谢谢"),
        ("jürgen@münchen.de", "jürgen@münchen.de", "P"),
        ("उदाहरण@उदाहरण.भारत", "उदाहरण@उदाहरण.भारत", "P"),
        ("root@[10.0.0.1] and", "root@[10.0.0.1]", "P and"),
        ("root@192.168.0.1", "root@192.168.0.1", "P"),
        ('{"email":"ana@example.com"}', "ana@example.com", '{"email":"P"}'),
        ("ana.lopez@**corp.example**", "ana.lopez@corp.example", "**P**"),
        ("**ana**@corp.example", "ana@corp.example", "**P**"),
        ("see `ana`@corp.example", "ana@corp.example", "see `P`"),
        ("ana@_corp.example_", "ana@corp.example", "P_"),
        ("ana\\@corp.example", "ana@corp.example", "P"),
        ("ana@corp%2Eexample", "ana@corp.example", "P"),
        ("ana@corp&#46;example;", "ana@corp.example", "P;"),
        ("ana@mail.corp&#x2e;example", "ana@mail.corp.example", "P"),
        ("ana&#64corp.example", "ana@corp.example", "P"),
        ("ana@corp\u3002example", "ana@corp.example", "P"),
        ("ana@corp\uff0eexample", "ana@corp.example", "P"),
        ("ana@example.com\u3002Please", "ana@example.com", "P\u3002Please"),
        ("ana\u200b@corp.example", "ana@corp.example", "P"),
        ("ana@\u200bcorp.example", "ana@corp.example", "P"),
        ("a\u00adna@co\u00adrp\u00ad.ex\u00adample", "ana@corp.example", "P"),
        ("Please\u200bana@example.com", "ana@example.com", "Please\u200bP"),
        ("ana@example.com\u200bPlease", "ana@example.com", "P\u200bPlease"),
        ("to:ana=40corp=2Eexample", "ana@corp.example", "to:P"),
        ('{"to":"ana\\u0040corp.example"}', "ana@corp.example", '{"to":"P"}'),
        ("ana{x}@corp.example", "ana{x}@corp.example", "P"),
        ("if {ana}@corp.example", "ana@corp.example", "if P"),
        ("https://ana:b@host.example.com/", "b@host.example.com", "https://ana:P/"),
    ],
)
def test_an_address_is_replaced_and_its_surroundings_stay(text: str, address: str, left: str) -> None:
    assert find(text) == [address]
    cleaned = replace_addresses(text, lambda _: "P")
    assert cleaned.removeprefix("_") == left


@pytest.mark.parametrize(
    "text",
    [
        *[
            "",
            "no address",
            "@{0} said",
            "[~accountid:557058:ab-cd]",
            "foo@bar",
            "left-pad@1.3.0",
            "a @ b.com",
        ],
        *[
            "*@example.com",
            "a@*.example.com",
            "app.js?v=40fa.js",
            "n=400.com",
            "\u8bf7@\u5f20\u4e09\u3002\u8c22\u8c22",
            "&#640;",
        ],
    ],
)
def test_what_is_no_address_stays(text: str) -> None:
    assert replace_addresses(text, lambda _: "P") == text


@given(st.lists(st.tuples(ADDRESSES, BETWEEN), min_size=1, max_size=6))
def test_all_addresses_of_a_text_are_found_as_written(parts: list[tuple[str, str]]) -> None:
    text = " ".join(f"{between} {address}" for address, between in parts)
    assert [found.lstrip("'") for found in find(text)] == [address for address, _ in parts]


@given(st.text(alphabet="ab.@%40-_+\"'[]:1é谢; ={}*~\\u\u200b\u00ad\u3002&#6", max_size=60))
def test_no_address_is_left_and_cleaning_again_changes_nothing(text: str) -> None:
    cleaned = replace_addresses(text, lambda _: "0f3a")
    assert find(cleaned) == []


@given(st.text(max_size=80))
def test_any_text_can_be_cleaned(text: str) -> None:
    assert isinstance(replace_addresses(text, lambda _: "P"), str)


@pytest.mark.parametrize(
    "piece",
    [
        "a",
        "a@",
        "a@b.",
        "@a-",
        "%40",
        "谢",
        "a.b@c_",
        '"',
        "%2B",
        "ana@example.com ",
        "*",
        "a*@",
        "@*a",
        "}",
        "a}@b.c{",
        "\\u0040",
        "=40",
        "\u200b",
        "a@b\u200b",
        "&#",
        "&#0",
        "a@b\u3002",
        "a\u00ad@a.b\u00ad",
    ],
)
def test_a_long_text_takes_time_in_proportion_to_its_length(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    began = time.process_time()
    replace_addresses(text, lambda _: "P")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("length", range(1, 60))
def test_a_text_that_is_cut_keeps_no_part_of_an_address(length: int) -> None:
    cut = bound_text("said by ana.lopez@corp.example and by b@corp.example", length)

    assert len(cut) <= length
    assert "ana" not in cut


@pytest.mark.parametrize(
    ("max_chars", "cut"),
    [
        (MAX_MESSAGE_CHARS, lambda text: safe_message(PermanentError(text))),
        (MAX_ERROR_CHARS, lambda text: str(clean_error(text))),
        (MAX_REASON_CHARS, lambda text: Tally().with_failed("job", text).reasons[0]),
    ],
    ids=["an error in the history", "an error in the ledger", "a reason of a run"],
)
def test_an_address_across_the_end_of_a_message_is_masked(max_chars: int, cut: Callable[[str], str]) -> None:
    for before in range(max_chars - 20, max_chars):
        told = cut(f"{'x' * (before - 1)} ana.lopez@corp.example and more")

        assert len(told) <= max_chars
        assert "ana" not in told
