"""Rows of the earlier tool lose their addresses and nothing else."""

import pytest

from temporaletl.addresses import replace_addresses
from worker.models.masking import EarlierRow, mask_rows


def mask(**values: str | None) -> dict[str, str | None] | None:
    """What a row of these *values* has to be; None where it may stay."""
    found = mask_rows(
        [EarlierRow(1, values)], ["properties"], lambda text: replace_addresses(text, lambda _: 'an "id"')
    )
    return dict(found[0].values) if found else None


def test_an_address_goes_from_a_column_and_from_every_string_of_json_keys_too() -> None:
    assert mask(employee_id="ana@example.com", properties=None) == {
        "employee_id": 'an "id"',
        "properties": None,
    }
    assert mask(properties='{"a@b.org": ["\\"x\\": a@b.org\\n", {"c": "a@b.org"}]}') == {
        "properties": '{"an \\"id\\"": ["\\"x\\": an \\"id\\"\\n", {"c": "an \\"id\\""}]}'
    }


def test_numbers_and_strings_without_an_address_stay_as_they_are_spelt() -> None:
    text = '{"n": 1.10, "big": 123456789012345678901234567890, "s": "\\u0001 \\\\ é", "who": "%s"}'
    masked = mask(properties=text % "a@b.org")
    assert masked == {"properties": text % 'an \\"id\\"'}


def test_a_row_without_an_address_is_not_among_those_to_be_written() -> None:
    assert mask(employee_id="E1", properties='{"content": "\\"nothing\\" @ all"}') is None


@pytest.mark.parametrize(
    "person",
    [
        "Ana Bly <ana@example.com>",
        '"Bly, Ana" <ANA@Example.com>',
        "ana@example.com (Ana Bly)",
        "mailto:ana@example.com",
    ],
)
def test_of_a_name_with_an_address_a_person_is_only_what_stands_for_the_address(person: str) -> None:
    assert mask(employee_id=person) == {"employee_id": 'an "id"'}
    assert mask(employee_id="Ana Bly <E7>") is None
