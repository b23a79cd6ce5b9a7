"""What the tests of cases share: people, small cases, and a way to ask one for its events."""

from collections.abc import Callable
from typing import Any

import pytest

from temporaletl.contract import Document
from tests.unit.sources.telling import Directory, Told
from worker.models.context import Context
from worker.sources.salesforce.document import build_document
from worker.sources.salesforce.settings import CaseOptions
from worker.sources.salesforce.transform import transform

CASE = "500Sb00000001MhIAI"
ANA, BOB, QUEUE, CUSTOMER = (
    "005Sb00000008yeIAA",
    "005Sb0000000BrfIAE",
    "00GSb00000002PnMAI",
    "003Sb00000002PnIAI",
)


def row_id(prefix: str, number: int) -> str:
    return f"{prefix}Sb{number:010d}IAA"


def make_case(**values: Any) -> dict[str, Any]:
    user = {"attributes": {"type": "User"}, "Email": "ana@example.com"}
    return {
        "attributes": {"type": "Case", "url": f"/services/data/v62.0/sobjects/Case/{CASE}"},
        "Id": CASE,
        "IsDeleted": False,
        "CaseNumber": "00001234",
        "Subject": "It does not start",
        "Description": "Since the upgrade.",
        "Status": "New",
        "Priority": "High",
        "Origin": "Web",
        "Type": "Problem",
        "Reason": None,
        "ParentId": None,
        "CreatedDate": "2026-03-02T09:00:00.000+0000",
        "ClosedDate": None,
        "SystemModstamp": "2026-03-05T09:00:00.000+0000",
        "CreatedById": ANA,
        "CreatedBy": user,
        "OwnerId": BOB,
        "Owner": {"attributes": {"type": "Name"}, "Type": "User", "Email": "bob@example.com"},
        **values,
    }


def make_comment(number: int = 1, **values: Any) -> dict[str, Any]:
    return {
        "attributes": {"type": "CaseComment"},
        "Id": row_id("00a", number),
        "ParentId": CASE,
        "IsDeleted": False,
        "CommentBody": "Have you tried turning it off?",
        "IsPublished": True,
        "CreatedDate": "2026-03-03T10:00:00.000+0000",
        "SystemModstamp": "2026-03-03T10:00:00.000+0000",
        "CreatedById": BOB,
        "CreatedBy": {"attributes": {"type": "User"}, "Email": "bob@example.com"},
        **values,
    }


def make_change(number: int = 1, **values: Any) -> dict[str, Any]:
    return {
        "attributes": {"type": "CaseHistory"},
        "Id": row_id("017", number),
        "CaseId": CASE,
        "IsDeleted": False,
        "Field": "Status",
        "DataType": "Text",
        "OldValue": "New",
        "NewValue": "Working",
        "CreatedDate": "2026-03-04T11:00:00.000+0000",
        "CreatedById": BOB,
        "CreatedBy": {"attributes": {"type": "Name"}, "Email": "bob@example.com"},
        **values,
    }


USERS = {
    ANA: {"Id": ANA, "Email": "ana@example.com", "TimeZoneSidKey": "America/Sao_Paulo"},
    BOB: {"Id": BOB, "Email": "bob@example.com", "TimeZoneSidKey": "Asia/Kolkata"},
}


def make_document(
    case: dict[str, Any] | None = None, comments: Any = (), history: Any = (), users: Any = None
) -> Document:
    return build_document(case or make_case(), comments, history, USERS if users is None else users)


def ask(document: Document, options: CaseOptions | None = None, directory: Directory | None = None) -> Told:
    people = directory or Directory("salesforce", {ANA: "E-ana"}, {"bob@example.com": "E-bob"})
    context = Context(people, options)
    return Told(tuple(transform(document, context)), frozenset(context.unknown))


@pytest.fixture
def tell() -> Callable[..., Told]:
    """Everything that a case tells, given options and people."""
    return ask
