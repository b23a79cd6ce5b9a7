"""What does Trino find in a JSON text that is not sound? Whatever stands before the damage.

It reads a text only as far as the value that was asked for; what comes later may be cut off or wrong.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Final, NoReturn

import orjson

_BLANKS: Final = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left of a damaged text, as sound JSON.

    *sound* holds every value before the damage, *whole* only those that also end before it: a list that
    breaks off has its first entries, but no length.
    """

    sound: str
    whole: str


@dataclass(slots=True)
class _Found:
    """A value and where it ends; *broken* where the damage lies in it."""

    sound: object
    end: int
    broken: bool = False
    whole: object = field(default=None)


def read_damaged(text: str | None) -> Remains | None:
    """What can be read of *text*; None where nothing has to be mended: all of it can, or nothing."""
    if text is None or _is_sound(text):
        return None
    try:
        found = _read(text, _skip(text, 0))
    except (ValueError, IndexError, RecursionError):
        return None
    return Remains(_spell(found.sound), _spell(found.whole if found.broken else found.sound))


def _is_sound(text: str) -> bool:
    try:
        orjson.loads(text)
    except ValueError:
        return False
    return True


def _spell(value: object) -> str:
    # Half of a character cannot be stored: Trino, too, shows a question mark.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def _read(text: str, at: int) -> _Found:
    """The value at *at*. Raises ValueError or IndexError where nothing of it can be read."""
    if text[at] == "{":
        return _read_object(text, at)
    if text[at] == "[":
        return _read_list(text, at)
    value, end = _DECODER.raw_decode(text, at)
    return _Found(value, end)


def _read_object(text: str, at: int) -> _Found:
    sound: dict[str, object] = {}
    whole: dict[str, object] = {}
    try:
        at = _skip(text, at + 1)
        while text[at] != "}":
            _expect(text, at, '"')
            key, at = _DECODER.raw_decode(text, at)
            at = _skip(text, _expect(text, _skip(text, at), ":"))
            found = _read(text, at)
            # Of two members of one name the first is found.
            sound.setdefault(str(key), found.sound)
            if not found.broken:
                whole.setdefault(str(key), found.sound)
            elif isinstance(found.whole, dict):
                whole.setdefault(str(key), found.whole)
            if found.broken:
                return _Found(sound, found.end, broken=True, whole=whole)
            at = _next(text, found.end, "}")
    except (ValueError, IndexError):
        return _Found(sound, at, broken=True, whole=whole)
    return _Found(sound, at + 1)


def _read_list(text: str, at: int) -> _Found:
    sound: list[object] = []
    try:
        at = _skip(text, at + 1)
        while text[at] != "]":
            found = _read(text, at)
            sound.append(found.sound)
            if found.broken:
                return _Found(sound, found.end, broken=True)
            at = _next(text, found.end, "]")
    except (ValueError, IndexError):
        return _Found(sound, at, broken=True)
    return _Found(sound, at + 1)


def _next(text: str, at: int, closing: str) -> int:
    """Where the next entry begins, or the end is."""
    at = _skip(text, at)
    if text[at] == closing:
        return at
    at = _skip(text, _expect(text, at, ","))
    if text[at] == closing:
        raise ValueError("a comma too many")
    return at


def _expect(text: str, at: int, wanted: str) -> int:
    if text[at] != wanted:
        raise ValueError(f"not {wanted}")
    return at + 1


def _skip(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return at if found is None else found.end()


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse)
