"""Transforms are called once a document, and what one raises costs that document alone."""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from typing import override
from weakref import ref

import pytest
from pydantic import JsonValue
from temporalio.exceptions import CancelledError

from temporaletl.contract import Document, DocumentReject
from worker.models import shaping
from worker.models.context import Context
from worker.models.event import Event, Reject
from worker.models.identity import FrozenPeople, Pseudonyms
from worker.models.query import Query
from worker.models.raw import StagedDocument
from worker.models.shaped import ShapedDocument
from worker.models.shaping import shape_documents
from worker.models.transform import Transform

NOW = datetime(2025, 9, 10, tzinfo=UTC)


class Questions(Query):
    @classmethod
    @override
    def version(cls) -> str:
        return "3"

    @classmethod
    @override
    def specific_version(cls) -> str:
        return "3.1"


def event(name: str) -> Event:
    return Event(name, "asked", "author", "e1", NOW)


def shape(transform: Transform, *ids: str) -> list[ShapedDocument | DocumentReject]:
    documents = [StagedDocument(name, None, NOW, {"text": name}) for name in ids]
    people = FrozenPeople({}, Pseudonyms(b"key"))
    return list(shape_documents(documents, transform, people, None, Questions))


def test_a_documents_events_and_rejects_are_told_apart() -> None:
    def transform(document: Document, _: Context) -> Iterator[Event | Reject]:
        yield event(f"{document.id}-1")
        yield Reject(None, "no author")
        yield event(f"{document.id}-2")

    [shaped] = shape(transform, "a")

    assert isinstance(shaped, ShapedDocument)
    assert [made.event_id for made in shaped.events] == ["a-1", "a-2"]
    assert [reject.reason for reject in shaped.rejects] == ["no author"]
    assert (shaped.id, shaped.version, shaped.specific_version) == ("a", "3", "3.1")


def test_a_document_whose_transform_raises_is_a_reject_and_its_neighbours_are_not() -> None:
    def transform(document: Document, _: Context) -> Iterator[Event | Reject]:
        yield event(document.id)
        if document.id == "b":
            raise KeyError("the record of ana@example.com")

    first, second, third = shape(transform, "a", "b", "c")

    assert isinstance(first, ShapedDocument)
    assert isinstance(third, ShapedDocument)
    assert second == DocumentReject("b", "transform raised KeyError")


def test_a_cancel_is_no_fault_of_the_document() -> None:
    def transform(_: Document, __: Context) -> Iterator[Event | Reject]:
        yield event("a")
        raise CancelledError("worker stops")

    with pytest.raises(CancelledError):
        shape(transform, "a")


def test_the_unknown_people_of_one_document_are_not_those_of_the_next() -> None:
    def transform(document: Document, context: Context) -> Iterator[Event | Reject]:
        context.person("jira", document.id)
        yield event(document.id)

    first, second = shape(transform, "a", "b")

    assert isinstance(first, ShapedDocument)
    assert isinstance(second, ShapedDocument)
    assert len(first.unknown) == len(second.unknown) == 1
    assert first.unknown != second.unknown


def test_an_address_in_a_text_is_replaced_and_whom_it_names_is_remembered() -> None:
    def transform(document: Document, _: Context) -> Iterator[Event | Reject]:
        yield event(document.id)

    [shaped] = shape(transform, "a")
    assert isinstance(shaped, ShapedDocument)
    pseudonym = Pseudonyms(b"key").of_address("ana@example.com")

    assert shaped.clean_text("ask Ana+x@example.com") == f"ask {pseudonym}"
    assert shaped.unknown == {pseudonym}


def test_a_deleted_document_has_no_events_and_is_not_transformed() -> None:
    def transform(document: Document, _: Context) -> Iterator[Event | Reject]:
        yield event(document.id)

    gone = StagedDocument("issues:1", NOW, NOW, None, deleted=True)
    people = FrozenPeople({}, Pseudonyms(b"key"))
    [shaped] = shape_documents([gone], transform, people, None, Questions)

    assert isinstance(shaped, ShapedDocument)
    assert (shaped.deleted, shaped.events) == (True, ())


def test_a_document_of_too_many_events_is_a_reject_and_is_not_read_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shaping, "MAX_PARTS", 3)

    def transform(document: Document, _: Context) -> Iterator[Event | Reject]:
        for number in range(3) if document.id == "a" else count():
            yield event(f"{document.id}-{number}")

    few, many = shape(transform, "a", "b")

    assert isinstance(few, ShapedDocument)
    assert isinstance(many, DocumentReject)
    assert (many.document_id, many.reason) == ("b", "more than 400000 events")


def test_a_documents_body_is_let_go_before_its_events_become_rows() -> None:
    class Body(list[JsonValue]):
        """A list that tells when it goes."""

    documents = (StagedDocument("a", None, NOW, Body([seen])) for seen in ["text"])
    bodies: list[ref[Body]] = []

    def transform(document: Document, _: Context) -> Iterator[Event | Reject]:
        assert isinstance(document.body, Body)
        bodies.append(ref(document.body))
        yield event("a-1")

    shaped = shape_documents(documents, transform, FrozenPeople({}, Pseudonyms(b"key")), None, Questions)

    assert isinstance(next(shaped), ShapedDocument)
    assert [body() for body in bodies] == [None]
