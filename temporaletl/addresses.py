"""Is there an e-mail address in this text? The one place that finds and replaces them.

An address is found around its @: what may stand before it is read backwards, what may stand after it
forwards, so that a long text costs no more than its length. @ may be spelt as in URLs (%40), in HTML
(&#64;) or in full width.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import unquote

_AT: Final = re.compile(r"@|%(?:25)*40|&#0*64;|&#x0*40;|&commat;|\uff20|\ufe6b", re.IGNORECASE)

_MARK: Final = (
    r"[^\x00-\u02ff\u2000-\u2bff\u2e00-\u303f\ufe10-\ufe6f\uff00-\uff20\uff3b-\uff40\uff5b-\uff65\s]"
)
"""Letters, digits and marks of other scripts: \\w alone leaves out the vowel signs of many of them."""

_LATIN: Final = r"0-9A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_REST: Final = r"_.+'-"

_ESCAPED: Final = r"(?:B2|D2|E2|F5|72|[0-9A-F][89A-F])(?:52)*%"
"""Backwards: the escapes of + - . _ ' and of every byte beyond ASCII."""

_NO_ESCAPE: Final = r"(?![0-9A-F]{2}(?:52)*%)"

# Where the letter before the @ is Latin, another script before it is the sentence around the address:
# Chinese and Japanese write without spaces.
_LOCAL_BACKWARDS: Final = re.compile(
    rf'"[^"\n]{{1,64}}"'
    rf"|(?:{_ESCAPED}|{_NO_ESCAPE}[{_LATIN}{_REST}])+"
    rf"|(?:{_ESCAPED}|{_NO_ESCAPE}(?:[{_LATIN}{_REST}]|\w|{_MARK}))+",
    re.IGNORECASE,
)

_LETTER: Final = rf"(?:[^\W_]|{_MARK})"
_DOMAIN: Final = re.compile(
    rf"\[(?:IPv6:)?[0-9a-f.:]{{2,45}}\]"
    rf"|(?:{_LETTER}(?:(?:{_LETTER}|[-_]){{0,61}}{_LETTER})?\.)+"
    rf"(?:xn--[0-9a-z-]{{1,59}}|[a-z]{{2,63}}|(?:(?![0-9a-z]){_LETTER}){{1,63}})"
    rf"|\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?![\w.])",
    re.IGNORECASE,
)

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


def _may_hold_address(text: str) -> bool:
    return "@" in text or "40" in text or "64;" in text or not text.isascii() or "&" in text


def _replace_once(text: str, replace: Callable[[str], str]) -> str:
    parts: list[str] = []
    done = 0
    for start, end, address in _find(text):
        parts += text[done:start], replace(address)
        done = end
    if not parts:
        return text
    return "".join([*parts, text[done:]])


def _find(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and plain spelling of each address, in order and apart."""
    done = 0
    for at in _AT.finditer(text):
        if at.start() < done:
            continue
        domain = _DOMAIN.match(text, at.end())
        if domain is None:
            continue
        local = _local_part(text[max(done, at.start() - _LONGEST_LOCAL) : at.start()])
        if not local:
            continue
        done = domain.end()
        yield at.start() - len(local), done, f"{_unescape(local)}@{domain[0]}"


def _local_part(before: str) -> str:
    """What of the text *before* an @ belongs to the address; '' when nothing does."""
    match = _LOCAL_BACKWARDS.match(before[::-1])
    if match is None:
        return ""
    local = match[0][::-1]
    return local if local.startswith('"') else local.lstrip("_'.-+")


def _unescape(local: str) -> str:
    # Nested escapes (%252B) are as deep as the address is short: every pass shortens it.
    while "%" in local and (plain := unquote(local)) != local:
        local = plain
    return local.strip('"')
