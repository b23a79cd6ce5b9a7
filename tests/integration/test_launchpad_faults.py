"""What becomes of a Launchpad that refuses, stumbles or hangs: skipped, told, or tried again, never stuck."""

import time
import webbrowser
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NoReturn

import pytest

from scripts.sandbox.faults import Fault, hanging, server_error, too_many_requests, truncated
from scripts.sandbox.launchpad.records import SECRET
from temporaletl.errors import ConfigurationError, CredentialsError, QueryError, TransientError
from tests.integration.launchpad_jobs import TYPES, Jobs, on, start

JSON = (("Content-Type", "application/json"),)


@pytest.fixture
def jobs() -> Iterator[Jobs]:
    with start() as server:
        yield Jobs(server)


@pytest.fixture
def signed_in(jobs: Jobs) -> Jobs:
    return Jobs(jobs.server, oauth=True)


def fail(jobs: Jobs, fault: Fault, part: str = "", event_type: str = "questions") -> TransientError:
    """The error that a job ends with when every request whose path holds *part* meets *fault*.

    When that is over, the job works.
    """
    jobs.server.faults.plan(fault, times=None, matching=on(part))
    with pytest.raises(TransientError) as caught:
        list(jobs.pages(event_type))
    jobs.server.faults.clear()
    return caught.value


@pytest.mark.parametrize("part", ["/devel/", "~", "/messages"], ids=["description", "search", "item"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_is_tried_again_by_temporal_and_not_in_the_call(
    jobs: Jobs, status: int, part: str
) -> None:
    before = time.monotonic()
    error = fail(jobs, server_error(status), part)

    assert str(status) in str(error)
    assert error.retry_after_s is None
    assert time.monotonic() - before < 3, "launchpadlib sleeps up to 31 s over six retries"
    assert jobs.server.log.count(status=status) <= 2


def test_too_many_requests_says_when_to_come_back_in_seconds(jobs: Jobs) -> None:
    assert fail(jobs, too_many_requests(17)).retry_after_s == 17


def test_too_many_requests_says_when_to_come_back_as_a_date(jobs: Jobs) -> None:
    error = fail(jobs, too_many_requests(datetime.now(UTC) + timedelta(seconds=90)), "/messages")

    assert error.retry_after_s is not None
    assert 80 < error.retry_after_s <= 90


def test_an_overload_may_come_without_a_time(jobs: Jobs) -> None:
    assert fail(jobs, too_many_requests()).retry_after_s is None


def test_an_overloaded_server_error_may_say_when_to_come_back(jobs: Jobs) -> None:
    fault = Fault(status=503, headers=(("Retry-After", "5"),), body=b"later")

    assert fail(jobs, fault, "/messages").retry_after_s == 5


@pytest.mark.parametrize("part", ["/devel/", "~", "/messages"], ids=["description", "search", "item"])
def test_a_body_that_is_cut_off_is_tried_again(jobs: Jobs, part: str) -> None:
    fail(jobs, truncated(), part)


@pytest.mark.parametrize("part", ["/devel/", "~", "/messages"], ids=["description", "search", "item"])
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"entries": 7}', b"\xff\xfe", b"7"])
def test_garbage_is_tried_again(jobs: Jobs, body: bytes, part: str) -> None:
    fail(jobs, Fault(status=200, body=body, headers=JSON), part)
    assert jobs.documents("questions")


@pytest.mark.parametrize("part", ["/devel/", "~", "/messages"], ids=["description", "search", "item"])
def test_a_server_that_hangs_meets_the_time_out(jobs: Jobs, part: str) -> None:
    before = time.monotonic()
    fail(Jobs(jobs.server, timeout_s=0.3), hanging(), part)

    assert time.monotonic() - before < 3


def test_a_server_that_is_not_there_is_tried_again(jobs: Jobs) -> None:
    jobs.server.stop()

    with pytest.raises(TransientError, match="could not be asked"):
        list(jobs.pages("bugs"))


def test_a_run_goes_on_after_a_failure(jobs: Jobs) -> None:
    fail(jobs, server_error(), "/messages")

    assert jobs.documents("questions")


@pytest.mark.parametrize("status", [401, 403, 404, 410])
@pytest.mark.parametrize(
    ("event_type", "part", "reason"),
    [
        ("bugs", "/bugs/", "bugs private or gone"),
        ("bugs", "/activity", "bugs private or gone"),
        ("merge_proposals", "/all_comments", "merge proposals private or gone"),
        ("questions", "/messages", "questions private or gone"),
    ],
)
def test_an_item_that_we_cannot_have_is_skipped_and_counted(
    jobs: Jobs, status: int, event_type: str, part: str, reason: str
) -> None:
    before = len(jobs.documents(event_type))
    jobs.server.faults.plan(Fault(status=status, body=b"no"), matching=on(part))

    pages = list(jobs.pages(event_type))

    assert [page.skipped for page in pages if page.skipped] == [{reason: 1}]
    assert sum(len(page.documents) for page in pages) == before - 1
    assert all(page.rejects == () for page in pages)


def test_private_deleted_and_secret_items_are_skipped_and_deleted_nothing(
    jobs: Jobs, signed_in: Jobs
) -> None:
    bugs = [bug for bug in jobs.tracker.bugs if bug.information_type == "Public"][:3]
    jobs.tracker.delete_bug(bugs[0].id)
    jobs.tracker.hide_bug(bugs[1].id, datetime.now(UTC))
    jobs.tracker.hide_bug(bugs[2].id, datetime.now(UTC), SECRET)
    ids = [str(bug.id) for bug in bugs]

    assert jobs.skipped("bugs", ids=ids) == {"bugs private or gone": 3}
    assert signed_in.skipped("bugs", ids=ids) == {"bugs private or gone": 2}
    assert set(signed_in.documents("bugs", ids=ids)) == {f"bugs:{bugs[1].id}"}


def test_proposals_and_questions_that_are_gone_are_skipped(jobs: Jobs) -> None:
    proposal, question = jobs.tracker.proposals[0], jobs.tracker.questions[0]
    path = jobs.proposal_path(proposal.id)
    jobs.tracker.delete_proposal(proposal.id)
    jobs.tracker.delete_question(question.id)

    assert jobs.skipped("merge_proposals", ids=[path]) == {"merge proposals private or gone": 1}
    assert jobs.skipped("questions", ids=[str(question.id)]) == {"questions private or gone": 1}


def test_a_question_that_launchpad_answers_null_for_is_gone(jobs: Jobs) -> None:
    jobs.server.faults.plan(Fault(status=200, body=b"null", headers=JSON), matching=on("/questions"))

    assert jobs.skipped("questions", ids=["1"]) == {"questions private or gone": 1}


@pytest.mark.parametrize("event_type", TYPES)
def test_a_member_whom_launchpad_does_not_know_is_counted(jobs: Jobs, event_type: str) -> None:
    former = jobs.busiest
    jobs.tracker.rename_member(former)
    gone = jobs.tracker.accounts[1].name
    jobs.tracker.suspend_member(gone)

    for member in (former, gone, "never-was", "no name/at all"):
        assert jobs.skipped(event_type, member) == {"members unknown to Launchpad": 1}


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_search_that_breaks_off_is_not_taken_for_a_member_who_is_gone(jobs: Jobs, status: int) -> None:
    every = set(jobs.documents("bugs"))
    pages = jobs.pages("bugs")
    first = next(pages)
    jobs.server.faults.plan(Fault(status=status, body=b"no"), matching=on("~"))

    with pytest.raises(QueryError, match="does not go on"):
        list(pages)
    found = {document.id for document in first.documents}
    assert every > found
    assert found | set(jobs.documents("bugs", cursor=first.cursor)) == every


def test_a_name_that_cannot_be_one_is_never_asked_for(jobs: Jobs) -> None:
    for member in ("../people", "ana?ws.op=x", "ana#", "ana/../bob"):
        list(jobs.pages("bugs", member))

    assert jobs.server.log.entries == ()


@pytest.mark.parametrize("status", [401, 403])
def test_a_member_out_of_our_sight_is_counted(jobs: Jobs, status: int) -> None:
    jobs.server.faults.plan(Fault(status=status, body=b"no"), matching=on("~"))

    assert jobs.skipped("bugs") == {"members out of our sight on Launchpad": 1}


def test_a_finished_job_asks_nothing_more(jobs: Jobs) -> None:
    last = list(jobs.pages("questions"))[-1]
    jobs.server.log.clear()

    assert list(jobs.pages("questions", cursor=last.cursor)) == []
    assert jobs.server.log.entries == ()


def test_a_token_that_is_revoked_during_a_run_ends_it_and_opens_no_browser(
    signed_in: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a browser was opened")

    monkeypatch.setattr(webbrowser, "open", refuse)
    monkeypatch.setattr("worker.sources.launchpad.extract.walk.PAGE_ITEMS", 1)
    pages = signed_in.pages("bugs")
    next(pages)
    signed_in.server.revoke_token()

    with pytest.raises(CredentialsError, match="LP_ACCESS_TOKEN_KEY") as caught:
        list(pages)
    assert "expired, revoked or wrong" in str(caught.value)
    assert "sandbox-token" not in str(caught.value)
    signed_in.server.restore_token()
    assert signed_in.documents("bugs")


@pytest.mark.parametrize("body", [b"Unknown consumer (us).", b"Invalid signature.", b"Expired token (x)."])
def test_a_refusal_of_ourselves_is_not_taken_for_a_private_item(signed_in: Jobs, body: bytes) -> None:
    signed_in.documents("questions")
    signed_in.server.faults.plan(Fault(status=401, body=body), times=None)

    with pytest.raises(CredentialsError):
        list(signed_in.pages("bugs", ids=[str(signed_in.tracker.bugs[0].id)]))


def test_anonymous_access_may_be_refused(jobs: Jobs) -> None:
    jobs.server.faults.plan(Fault(status=401, body=b"log in"), times=None)

    with pytest.raises(CredentialsError, match="refuses anonymous access"):
        list(jobs.pages("bugs"))


def test_a_root_that_is_no_web_service_is_not_taken_for_members_that_are_gone(jobs: Jobs) -> None:
    jobs.server.faults.plan(Fault(status=404, body=b"no"), times=None)

    with pytest.raises(QueryError, match="check LAUNCHPAD_SERVICE_ROOT"):
        list(jobs.pages("bugs"))


def test_a_search_that_is_refused_is_a_query_error(jobs: Jobs) -> None:
    jobs.server.faults.plan(Fault(status=400, body=b"status: Invalid value"), matching=on("~"))

    with pytest.raises(QueryError, match="status 400"):
        list(jobs.pages("bugs"))


@pytest.mark.parametrize("kind", ["redirect", "next page"])
def test_no_request_goes_to_another_server(jobs: Jobs, kind: str) -> None:
    with start() as other:
        elsewhere = f"{other.url}/devel/"
        fault = (
            Fault(status=301, headers=(("Location", elsewhere),))
            if kind == "redirect"
            else Fault(
                status=200,
                headers=JSON,
                body=b'{"entries": [], "start": 0, "next_collection_link": "%s"}' % elsewhere.encode(),
            )
        )
        jobs.server.faults.plan(fault, times=None, matching=on("/messages"))
        with pytest.raises(ConfigurationError, match="LAUNCHPAD_SERVICE_ROOT") as caught:
            list(jobs.pages("questions"))

        assert other.url in str(caught.value)
        assert other.log.entries == ()


def test_pages_that_lead_in_a_circle_end(jobs: Jobs) -> None:
    link = f"{jobs.server.url}/devel/x/messages"
    body = b'{"entries": [], "start": 0, "next_collection_link": "%s"}' % link.encode()

    assert "circle" in str(fail(jobs, Fault(status=200, headers=JSON, body=body), "/messages"))
