"""The one list of columns holds what an upgrade and a staged row need."""

import pytest

from tests.integration.loading import make_document
from worker.external.wpe_db.columns import TODAY, Column, Part
from worker.models.batch import decompress, split_batch
from worker.models.rows import encode_batch

ALL = {"events": TODAY.events, "history": TODAY.history, **TODAY.shared}


def test_a_staged_row_has_a_field_for_every_column_of_its_line() -> None:
    packed = encode_batch([make_document("issues:1", "a")], [], source_kind_id="jira")
    [line] = decompress(split_batch(packed)[1]).decode().splitlines()

    fields = dict(zip((column.name for column in TODAY.line), line.split("\t"), strict=True))

    assert (fields["event_id"], fields["source_kind_id"], fields["document_id"]) == ("a", "jira", "issues:1")
    assert (fields["version"], fields["specific_version"]) == ("1", "1.0")
    assert fields["event_properties"] == '{"content":""}'


@pytest.mark.parametrize("table", ALL)
def test_a_column_that_came_later_can_be_added_without_rewriting_the_table(table: str) -> None:
    """NULL, or a constant: a default that is computed for each row rewrites all of them."""
    later = [column for column in ALL[table] if column.optional or is_added(column)]
    if all(column.optional for column in ALL[table]):
        return
    for column in later:
        assert column.rest == "" or column.rest.startswith("NOT NULL DEFAULT '"), column


def is_added(column: Column) -> bool:
    return not getattr(column, "earlier", True)


def test_names_are_listed_once_in_each_table() -> None:
    for table, columns in ALL.items():
        names = [column.name for column in columns]
        assert len(set(names)) == len(names), table


def test_the_history_keeps_every_column_unless_the_list_says_otherwise() -> None:
    kept = {column.name for column in TODAY.history}
    assert kept >= {column.name for column in TODAY.events if column.kept}
    assert {column.part for column in TODAY.events} == set(Part)
