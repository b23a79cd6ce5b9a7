"""Mask rows of the earlier tool's layout as what is loaded is masked: no e-mail address stays in them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from temporaletl.directory.members import read_address
from worker.models.values import CleanText

_STRING: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"')
"""A string in JSON text, keys too."""


@dataclass(frozen=True, slots=True)
class EarlierRow:
    """A row of the events table that no load of ours has written.

    Attributes:
        id: its number.
        values: the texts of its columns by name; JSON columns as JSON text.
    """

    id: int
    values: Mapping[str, str | None]


def mask_rows(
    rows: Sequence[EarlierRow], json_columns: Sequence[str], clean_text: CleanText
) -> list[EarlierRow]:
    """Return those of *rows* that *clean_text* changes, as they have to be."""
    masked: list[EarlierRow] = []
    for row in rows:
        values = {
            name: None if text is None else _mask(text, clean_text, is_json=name in json_columns)
            for name, text in row.values.items()
        }
        person = row.values.get("employee_id")
        if person is not None and person != values["employee_id"]:
            # Of Ana Bly <ana@example.com> only what stands in place of the address.
            values["employee_id"] = clean_text(read_address(person) or person)
        if values != row.values:
            masked.append(EarlierRow(row.id, values))
    return masked


def _mask(text: str, clean_text: CleanText, *, is_json: bool) -> str:
    """*text* cleaned; of JSON only its strings, so that every number stays as it is spelt."""
    if not is_json:
        return clean_text(text)

    def clean(found: re.Match[str]) -> str:
        plain = json.loads(found[0]) if "\\" in found[0] else found[0][1:-1]
        cleaned = clean_text(plain)
        return found[0] if cleaned == plain else json.dumps(cleaned, ensure_ascii=False)

    return _STRING.sub(clean, text)
