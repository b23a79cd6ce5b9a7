"""Does anything of a record reach a workflow history or a log, whatever goes wrong?

A load, a validation, a transform's look-ups and the upstreams are made to fail with messages that
quote records; then every history is read whole, each payload and failure decoded.
"""

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from temporalio.client import WorkflowFailureError, WorkflowHistory

from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault
from scripts.sandbox.world import World
from temporaletl.contract import ETL_FLOW, QUEUER_FLOW, QUEUER_QUEUE, WORKER_QUEUE
from tests.e2e.deployment import Deployment
from tests.e2e.leaks import measure_payloads, read_history

MAX_PAYLOAD_BYTES = 64 * 1024
RECORD = "Ana Ferrari <ana.ferrari@example.com> wrote: the password is 'correct horse battery staple'"
SECRETS = (RECORD, "ana.ferrari", "correct horse")
EXTRACTION = "SELECT id, key, self, fields, changelog"
ISSUES = 40
WRONG = "wrong-"
"""How the ids of workflows begin that were given wrong arguments."""


def record_texts(world: World) -> set[str]:
    """What people wrote in the world's documents, and who they are."""
    found: set[str] = set(world.emails)
    for person in world.people:
        found |= {person.name, person.account_id}
    for row in world.rows():
        for text in (row.fields, row.changelog):
            found |= set(_free_texts(text))
    return {text for text in found if len(text) >= 8}


def _free_texts(document: str | None) -> Iterator[str]:
    for name in ("text", "summary", "displayName", "emailAddress", "fromString", "toString"):
        for found in re.finditer(rf'"{name}":("(?:[^"\\]|\\.)*")', document or ""):
            text = str(json.loads(found[1]))
            # One word may be a field's own ("In Progress" is not): a sentence is somebody's.
            if " " in text:
                yield text


def is_extraction(request: Request) -> bool:
    return request.method == "POST" and EXTRACTION in request.text


def quote_by_trino() -> Fault:
    """Trino's answer to a query that failed on a value, which it quotes."""
    error = {"message": f"Cannot cast '{RECORD}' to bigint", "errorCode": 9, "errorType": "USER_ERROR"}
    error |= {"errorName": "INVALID_CAST_ARGUMENT", "failureInfo": {"message": RECORD}}
    body = {"id": "q1", "infoUri": "http://x", "stats": {"state": "FAILED"}, "error": error}
    return Fault(status=200, body=json.dumps(body).encode())


async def fail_loads(deployment: Deployment) -> None:
    """PostgreSQL quotes the whole row that breaks a constraint; and a column is gone."""
    deployment.ask(
        "ALTER TABLE jira_events ADD CONSTRAINT no_comments CHECK (event_type <> 'comment_created')"
    )
    assert (await deployment.run_in_vain()).tally.failed > 2
    deployment.ask("ALTER TABLE jira_events DROP CONSTRAINT no_comments")
    deployment.ask("ALTER TABLE jira_events RENAME COLUMN event_properties TO properties")
    assert (await deployment.run_in_vain()).tally.failed > 2
    deployment.ask("ALTER TABLE jira_events RENAME COLUMN properties TO event_properties")


async def fail_upstream(deployment: Deployment) -> None:
    """Errors with records for a body, an error that quotes one, and half a page."""
    page = json.dumps({"records": [RECORD] * 20}).encode()
    trino, salesforce = deployment.trino.faults, deployment.salesforce.faults
    trino.plan(Fault(status=500, body=page), 2, is_extraction)
    trino.plan(Fault(status=400, body=page), 1, is_extraction)
    trino.plan(quote_by_trino(), 1, is_extraction)
    trino.plan(Fault(truncate=True), 1, is_extraction)
    salesforce.plan(Fault(status=500, body=page), 1)
    assert (await deployment.run()).tally.failed == 2
    refusal = json.dumps([{"errorCode": "MALFORMED_QUERY", "message": RECORD}]).encode()
    salesforce.plan(Fault(status=400, body=refusal), None, lambda request: "/query" in request.path)
    with pytest.raises(WorkflowFailureError):
        await deployment.run()
    salesforce.clear()


async def ask_wrongly(deployment: Deployment, workflow: str, queue: str, argument: Any) -> None:
    with pytest.raises(WorkflowFailureError):
        await deployment.client.execute_workflow(
            workflow, argument, id=f"{WRONG}{uuid.uuid4().hex}", task_queue=queue
        )


@pytest.fixture(scope="module")
async def troubled(shared_deployment: Deployment) -> Deployment:
    """A deployment that has met every kind of failure, and has loaded everything in the end."""
    await shared_deployment.reset(World(ISSUES, detail=1))
    await fail_loads(shared_deployment)
    await fail_upstream(shared_deployment)
    args: dict[str, Any] = {"source_kind_id": "jira", "event_type": "issues", "date_start": "2026-01-01"}
    args |= {"date_end": RECORD, "after": [RECORD], "hint": RECORD}
    job = {"job_id": "jira-wrong", "query_type": "jira", "args": args}
    await ask_wrongly(shared_deployment, ETL_FLOW, WORKER_QUEUE, job)
    await ask_wrongly(shared_deployment, ETL_FLOW, WORKER_QUEUE, {"job_id": RECORD})
    await ask_wrongly(shared_deployment, QUEUER_FLOW, QUEUER_QUEUE, {"source_kind_id": RECORD})
    assert (await shared_deployment.run()).tally.failed == 0
    return shared_deployment


@pytest.fixture(scope="module")
async def histories(troubled: Deployment) -> list[WorkflowHistory]:
    """Every history of the troubled deployment."""
    return await troubled.histories()


@pytest.fixture(scope="module")
def texts(troubled: Deployment) -> set[str]:
    """Everything that must not be seen."""
    return record_texts(troubled.world) | set(SECRETS)


def test_there_was_something_to_leak(troubled: Deployment, texts: set[str]) -> None:
    contents = " ".join(str(row["event_properties"]) for row in troubled.rows("jira_events"))

    assert sum(text in contents for text in texts) > 2 * ISSUES


def test_no_history_holds_a_record_or_an_address(histories: list[WorkflowHistory], texts: set[str]) -> None:
    # What was asked for wrongly stands in its own history as it was asked; its failure must not repeat it.
    said = "\n".join(read_history(one, inputs=not one.workflow_id.startswith(WRONG)) for one in histories)

    told = (
        *("CheckViolation, SQLSTATE 23514", "UndefinedColumn", "INVALID_CAST_ARGUMENT", "MALFORMED_QUERY"),
        *("does not take statements (400)", "answered 500", "date_end: ", "after: ", "ValidationError"),
    )
    assert [words for words in told if words not in said] == []
    assert [text for text in texts if text in said] == []
    assert re.findall(r"[\w.+-]+@[\w-]+\.[\w.]+", said) == []


def test_no_payload_of_a_history_is_large(histories: list[WorkflowHistory]) -> None:
    assert max(map(measure_payloads, histories)) < MAX_PAYLOAD_BYTES


def test_no_log_holds_a_record_or_an_address(troubled: Deployment, texts: set[str]) -> None:
    # JSON spells letters beyond ASCII and line ends by escapes; Temporal's core speaks no JSON.
    lines = [json.loads(line) if line.startswith("{") else line for line in troubled.logs().splitlines()]
    said = "\n".join(
        str(value) for line in lines for value in (line.values() if isinstance(line, dict) else [line])
    )

    assert "CheckViolation" in said
    assert [text for text in texts if text in said] == []
    assert "@example" not in said


def test_no_ledger_holds_a_record_or_an_address(troubled: Deployment, texts: set[str]) -> None:
    ledgers = [row for table in ("etl_runs", "etl_unfinished", "etl_batches") for row in troubled.rows(table)]
    kept = json.dumps(ledgers, default=str, ensure_ascii=False)

    assert "CheckViolation" in kept
    assert [text for text in texts if text in kept] == []
