"""What is a JQL text made of? Words, signs and quoted values, read one after the other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Never

type Kind = Literal["quoted", "sign", "word"]

_WORD = re.compile(
    r"""\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<sign><=|>=|!=|=|<|>|\(|\)|,)"""
    r"""|(?P<word>[^\s()<>=!,"']+))"""
)


class JqlError(Exception):
    """The query is refused; each of *messages* is worded as Jira words it."""

    def __init__(self, *messages: str) -> None:
        super().__init__("; ".join(messages))
        self.messages = messages


@dataclass(frozen=True, slots=True)
class Word:
    """One word, sign or quoted value (without its quotes), and where it starts."""

    text: str
    kind: Kind
    at: int


class Words:
    """The words of a text, and how far they were read."""

    def __init__(self, text: str) -> None:
        self._words = list(_split(text))
        self._at = 0

    @property
    def is_over(self) -> bool:
        """Whether all was read."""
        return self._at >= len(self._words)

    def comes(self, word: str) -> bool:
        """Whether the next one is that keyword, in any case."""
        if self.is_over:
            return False
        coming = self._words[self._at]
        return coming.kind == "word" and coming.text.casefold() == word

    def take(self, word: str) -> bool:
        """Read that keyword if it comes next."""
        found = self.comes(word)
        self._at += found
        return found

    def take_sign(self, sign: str) -> bool:
        """Read that sign if it comes next."""
        found = not self.is_over and (self._words[self._at].kind, self._words[self._at].text) == (
            "sign",
            sign,
        )
        self._at += found
        return found

    def expect_sign(self, sign: str) -> None:
        """Read that sign, which has to come next."""
        if not self.take_sign(sign):
            self.refuse(f"Expecting '{sign}'")

    def read_value(self, expected: str) -> Word:
        """Read a word or quoted value, which has to come next."""
        if self.is_over or self._words[self._at].kind == "sign":
            self.refuse(expected)
        self._at += 1
        return self._words[self._at - 1]

    def read_operator(self) -> str:
        """Read a comparison, which has to come next."""
        if self.is_over or self._words[self._at].kind != "sign" or self._words[self._at].text in "(),":
            self.refuse("Expecting operator")
        self._at += 1
        return self._words[self._at - 1].text

    def refuse(self, expected: str) -> Never:
        """Refuse the text because of what comes next."""
        if self.is_over:
            raise JqlError(f"Error in the JQL Query: {expected} before the end of the query.")
        word = self._words[self._at]
        raise JqlError(
            f"Error in the JQL Query: {expected} but got '{word.text}'. (line 1, character {word.at + 1})"
        )


def _split(text: str) -> Iterator[Word]:
    at, end = 0, len(text.rstrip())
    while at < end:
        found = _WORD.match(text, at)
        if found is None:
            raise JqlError(f"Error in the JQL Query: The character at position {at + 1} cannot be read.")
        if (quoted := found["quoted"]) is not None:
            yield Word(re.sub(r"\\(.)", r"\1", quoted[1:-1]), "quoted", found.start("quoted"))
        elif (sign := found["sign"]) is not None:
            yield Word(sign, "sign", found.start("sign"))
        else:
            yield Word(found["word"], "word", found.start("word"))
        at = found.end()
