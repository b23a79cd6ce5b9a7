"""Is there an e-mail address in this text? The one place that finds and replaces them.

An address is found around its @: what may stand before it is read backwards, what may stand after it
forwards, so that a long text costs no more than its length. @ and the dots of the domain may be spelt as
in URLs (%40), HTML (&#64;), JSON (\\u0040) and mails (=40) or in full width; Markdown marks and invisible
characters may stand beside @, invisible ones inside the address too.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote

_AT: Final = re.compile(
    r"@|%(?:25)*40|&#0*64(?!\d);?|&#x0*40(?![0-9a-f]);?|&commat;|=40(?!\d)|\\u0040|\uff20|\ufe6b",
    re.IGNORECASE,
)
_DOT: Final = r"(?:\.|%(?:25)*2E|&#0*46(?!\d);?|&#x0*2E(?![0-9a-f]);?|&period;|=2E|\\u002E)"
_WIDE_DOT: Final = r"[\u3002\uff0e\uff61]"

_JOINERS: Final = "\u00ad\u2060\ufeff"
"""Invisible, and the word goes on. A zero-width space may end it, so none is read into a local part."""

_INVISIBLE: Final = f"\u200b\u200c\u200d{_JOINERS}"
_MARKDOWN: Final = "*~`"
_BESIDE: Final = re.compile(rf"[{_MARKDOWN}_{_INVISIBLE}]{{0,16}}")
_NOT_MARKDOWN: Final = re.compile(rf"[^{_MARKDOWN}_]+")
_NOT_VISIBLE: Final = re.compile(f"[{_INVISIBLE}]")

_MARK: Final = (
    r"[^\x00-\u02ff\u2000-\u2bff\u2e00-\u303f\ufe10-\ufe6f\uff00-\uff20\uff3b-\uff40\uff5b-\uff65\s]"
)
"""Letters, digits and marks of other scripts: \\w alone leaves out the vowel signs of many of them."""

_LATIN: Final = r"0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_REST: Final = r"_.+'-"

_ESCAPED: Final = r"(?:B2|D2|E2|F5|72|[0-9A-F][89A-F])(?:52)*%"
"""Backwards: the escapes of + - . _ ' and of every byte beyond ASCII."""

_NO_ESCAPE: Final = r"(?![0-9A-F]{2}(?:52)*%)"

_BRACED: Final = rf"\}}[{_LATIN}{_REST}]{{0,64}}\{{"

# Where the letter before the @ is Latin, another script before it is the sentence around the address:
# Chinese and Japanese write without spaces.
_LOCAL_BACKWARDS: Final = re.compile(
    rf'"[^"\n]{{1,64}}"'
    rf"|(?:{_ESCAPED}|{_NO_ESCAPE}[{_LATIN}{_JOINERS}{_REST}]|{_BRACED})+"
    rf"|(?:{_ESCAPED}|{_NO_ESCAPE}(?:[{_LATIN}{_JOINERS}{_REST}]|\w|{_MARK}))+",
    re.IGNORECASE,
)

_LETTER: Final = rf"(?:[^\W_]|{_MARK})"
_NARROW: Final = r"[0-9a-z\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]"
_DOMAIN: Final = re.compile(
    rf"\[(?:IPv6:)?[0-9a-f.:]{{2,45}}\]"
    rf"|(?:{_LETTER}(?:(?:{_LETTER}|[-_{_INVISIBLE}]){{0,61}}{_LETTER})?[{_INVISIBLE}]{{0,4}}"
    rf"{_DOT}[{_INVISIBLE}]{{0,4}})+"
    rf"(?:xn--[0-9a-z-]{{1,59}}|[a-z](?:[{_JOINERS}]?[a-z]){{1,62}}|(?:(?![0-9a-z]){_LETTER}){{1,63}})"
    rf"|\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?![\w.])"
    # Last, for these dots end sentences too: between Latin labels, and where no other dot makes a domain.
    rf"|(?:{_NARROW}(?:[{_NARROW[1:-1]}-]{{0,61}}{_NARROW})?(?:{_DOT}|{_WIDE_DOT}))+"
    rf"(?:xn--[0-9a-z-]{{1,59}}|[a-z\uff21-\uff3a\uff41-\uff5a]{{2,63}})",
    re.IGNORECASE,
)

_EVERY_DOT: Final = re.compile(f"{_DOT}|{_WIDE_DOT}", re.IGNORECASE)

_LONGEST_LOCAL: Final = 320

_PASSES: Final = 4
"""What stood around an address may form another with what took its place: a@b.org@c.org."""


def replace_addresses(text: str, replace: Callable[[str], str]) -> str:
    """*text* with every e-mail address replaced by what *replace* makes of it; no address is left.

    *replace* gets the address as it would be written in a mail, whatever its spelling here, and must
    not answer with one. Fast where there is no @.
    """
    for _ in range(_PASSES):
        if not _may_hold_address(text):
            break
        cleaned = _replace_once(text, replace)
        if cleaned == text:
            break
        text = cleaned
    return text


def mask_addresses(text: str) -> str:
    """*text* with ``<address>`` in place of every e-mail address."""
    return replace_addresses(text, lambda _: "<address>")


def bound_text(text: str, max_chars: int) -> str:
    """*text* masked, then cut to *max_chars*: half an address, cut first, is still somebody's name."""
    masked = mask_addresses(text)
    return masked if len(masked) <= max_chars else masked[: max_chars - 1] + "…"


def _may_hold_address(text: str) -> bool:
    return "@" in text or "40" in text or "64;" in text or not text.isascii() or "&" in text


def _replace_once(text: str, replace: Callable[[str], str]) -> str:
    parts: list[str] = []
    done = 0
    for start, end, address, opened, closed in _find(text):
        parts += text[done:start], opened, replace(address), closed
        done = end
    if not parts:
        return text
    return "".join([*parts, text[done:]])


def _find(text: str) -> Iterator[tuple[int, int, str, str, str]]:
    """Start, end and plain spelling of each address, in order and apart; Markdown to keep around it."""
    done = 0
    for at in _AT.finditer(text):
        if at.start() < done:
            continue
        beside = _BESIDE.match(text, at.end())
        domain = _DOMAIN.match(text, at.end() if beside is None else beside.end())
        if domain is None:
            continue
        whole = text[max(done, at.start() - _LONGEST_LOCAL) : at.start()]
        before = whole.rstrip(f"\\{_MARKDOWN}{_INVISIBLE}")
        local = _local_part(before)
        start = at.start() - len(whole) + len(before) - len(local)
        # ?n=40ab.js is a parameter.
        if not local or (at[0] == "=40" and text[max(start - 1, 0)] in "?&"):
            continue
        done = domain.end()
        opened = _NOT_MARKDOWN.sub("", beside[0]) if beside is not None else ""
        closed = _NOT_MARKDOWN.sub("", whole[len(before) :])
        yield start, done, f"{_unescape(local)}@{_unescape_domain(domain[0])}", opened, closed


def _local_part(before: str) -> str:
    """What of the text *before* an @ belongs to the address; '' when nothing does."""
    match = _LOCAL_BACKWARDS.match(before[::-1])
    if match is None:
        return ""
    local = match[0][::-1]
    return local if local.startswith('"') else local.lstrip(f"_'.-+{_INVISIBLE}")


def _unescape(local: str) -> str:
    # Nested escapes (%252B) are as deep as the address is short: every pass shortens it.
    while "%" in local and (plain := unquote(local)) != local:
        local = plain
    local = _NOT_VISIBLE.sub("", local).strip('"')
    return local[1:-1] if local.startswith("{") and local.endswith("}") else local


def _unescape_domain(domain: str) -> str:
    return _NOT_VISIBLE.sub("", _EVERY_DOT.sub(".", domain))
