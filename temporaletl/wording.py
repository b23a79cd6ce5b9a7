"""Say in plain words what is wrong with a value: pydantic's own are for whoever wrote the model."""

import re
from collections.abc import Mapping
from typing import Any, Final, get_args

from pydantic import AfterValidator, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

_SAID: Final[Mapping[str, str]] = {
    "missing": "missing",
    "extra_forbidden": "nobody knows this name",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "finite_number": "must be a number",
    "string_too_short": "must have {min_length} or more characters",
    "string_too_long": "must have {max_length} characters or fewer",
    "string_pattern_mismatch": "is not written as it has to be",
    "invalid-json-value": "must be JSON",
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have {max_length} entries or fewer",
    "none_required": "must be left out",
    "timezone_aware": "must say its time zone, such as 2025-01-31T12:00:00Z",
}
"""What pydantic's types of errors mean, with what their context holds."""

_KINDS: Final[Mapping[str, str]] = {
    "int": "must be a whole number",
    "float": "must be a number",
    "decimal": "must be a number",
    "bool": "must be true or false",
    "date": "must be a day such as 2025-01-31",
    "datetime": "must be a time such as 2025-01-31T12:00:00Z",
    "timezone": "must be a time such as 2025-01-31T12:00:00Z",
    "string": "must be a text",
    "tuple": "must be a list",
    "list": "must be a list",
    "set": "must be a list",
    "iterable": "must be a list",
    "dict": "must be a JSON object",
    "dataclass": "must be a JSON object",
    "mapping": "must be a JSON object",
    "model": "must be a JSON object",
    "json": "must be JSON",
    "path": "must be a path",
    "url": "must be an address such as https://example.com",
}
"""What the first word of the others asks for."""

_FOREIGN: Final = frozenset(get_args(ErrorType)) - {"value_error", "assertion_error"}


def say(entry: ErrorDetails) -> str:
    """What is wrong with one value, without the value.

    What a validator of ours says comes as it is; of pydantic's words none is left.
    """
    kind = entry["type"]
    context: Mapping[str, Any] = entry.get("ctx", {})
    inner = context.get("error")
    if isinstance(inner, ValidationError):
        return "; ".join(say(part) for part in inner.errors(include_input=False, include_url=False))
    if kind not in _FOREIGN and kind not in _SAID:
        return entry["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    said = _SAID.get(kind) or _KINDS.get(kind.partition("_")[0], "is not a value that can stand here")
    return said.format_map({name: _write(value) for name, value in context.items()})


def _write(value: object) -> object:
    return f"{value:g}" if isinstance(value, float) else value


def matching(pattern: str, sentence: str) -> AfterValidator:
    """A validator of texts that *pattern* describes whole; of others it says *sentence*."""
    described = re.compile(pattern)

    def check(text: str) -> str:
        if described.fullmatch(text) is None:
            raise ValueError(sentence)
        return text

    return AfterValidator(check)
