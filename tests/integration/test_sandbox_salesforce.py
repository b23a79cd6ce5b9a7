"""The sandbox's Salesforce through the real client library."""

import random
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, override

import jwt
import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce, SalesforceLogin
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
)

from scripts.sandbox import salesforce
from scripts.sandbox.cases import Cases
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.world import World

ALL = "SELECT Unique_Id, Email, Launchpad_ID FROM Team_Member WHERE Unique_Id != null ORDER BY Unique_Id"


@pytest.fixture(scope="module")
def world() -> World:
    return World(10, people=130, anchor=date(2026, 3, 10))


@pytest.fixture(scope="module")
def server(world: World) -> Iterator[SalesforceServer]:
    with SalesforceServer(world) as running:
        yield running


class ToServer(HTTPAdapter):
    """Sends whatever host the client insists on to the sandbox."""

    def __init__(self, url: str) -> None:
        self._url = url
        super().__init__()

    @override
    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        request.url = self._url + str(request.path_url)
        return super().send(request, *args, **options)


def open_session(server: SalesforceServer) -> requests.Session:
    session = requests.Session()
    session.mount("https://", ToServer(server.url))
    return session


def get_token(server: SalesforceServer, **form: str) -> requests.Response:
    return requests.post(f"{server.url}/services/oauth2/token", data=form, timeout=5)


def connect(server: SalesforceServer) -> Salesforce:
    client = {"client_id": salesforce.CLIENT_ID, "client_secret": salesforce.CLIENT_SECRET}
    token = get_token(server, grant_type="client_credentials", **client).json()
    instance = token["instance_url"].replace("http://", "https://")
    return Salesforce(session_id=token["access_token"], instance_url=instance, session=open_session(server))


def sign_assertion(**changed: object) -> str:
    claims = {"iss": salesforce.CLIENT_ID, "sub": salesforce.USERNAME, "aud": "https://login.salesforce.com"}
    return jwt.encode({**claims, "exp": int(time.time()) + 120, **changed}, "k" * 32, algorithm="HS256")


def test_everyone_in_the_directory_arrives_over_several_pages(server: SalesforceServer, world: World) -> None:
    server.log.clear()
    records = list(connect(server).query_all_iter(ALL))
    expected = sorted(
        (p.employee_id, p.directory_email, p.launchpad_id) for p in world.people if p.employee_id
    )
    assert [(r["Unique_Id"], r["Email"], r["Launchpad_ID"]) for r in records] == expected
    assert server.log.count("/services/data/") == -(-len(expected) // 50)


def test_a_joiner_appears(server: SalesforceServer, world: World) -> None:
    joiner = world.add_joiner()
    found = connect(server).query(f"SELECT Email FROM Team_Member WHERE Unique_Id = '{joiner.employee_id}'")
    assert [record["Email"] for record in found["records"]] == [joiner.directory_email]


def test_an_expired_session_is_refused_and_a_new_one_works(server: SalesforceServer) -> None:
    client = connect(server)
    server.expire_sessions()
    with pytest.raises(SalesforceExpiredSession):
        client.query(ALL)
    assert connect(server).query(ALL)["totalSize"]


def test_a_bad_question_is_a_malformed_request(server: SalesforceServer) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        connect(server).query("SELECT Phone FROM Team_Member")


def test_wrong_client_credentials_are_refused(server: SalesforceServer) -> None:
    answer = get_token(
        server, grant_type="client_credentials", client_id=salesforce.CLIENT_ID, client_secret="no"
    )
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")


def test_a_signed_assertion_is_a_login(server: SalesforceServer) -> None:
    answer = get_token(server, grant_type=salesforce.JWT_BEARER, assertion=sign_assertion())
    assert answer.json()["access_token"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"iss": "other"}, "invalid_client_id"),
        ({"sub": "other"}, "invalid_grant"),
        ({"exp": 1}, "invalid_grant"),
        ({"aud": 7}, "invalid_grant"),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    server: SalesforceServer, changed: dict[str, object], error: str
) -> None:
    answer = get_token(server, grant_type=salesforce.JWT_BEARER, assertion=sign_assertion(**changed))
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_the_soap_login_gives_a_session(server: SalesforceServer) -> None:
    names = {"username": salesforce.USERNAME, "security_token": salesforce.SECURITY_TOKEN}
    session_id, instance = SalesforceLogin(
        password=salesforce.PASSWORD, session=open_session(server), **names
    )
    assert instance == f"{server.host}:{server.port}"
    client = Salesforce(session_id=session_id, instance=instance, session=open_session(server))
    assert client.query(ALL)["totalSize"]


def test_a_wrong_soap_login_is_refused(server: SalesforceServer) -> None:
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        SalesforceLogin(
            username=salesforce.USERNAME, password="no", security_token="", session=open_session(server)
        )


@pytest.fixture(scope="module")
def cases(world: World) -> Cases:
    return Cases(world, number=60)


@pytest.fixture(scope="module")
def with_cases(world: World, cases: Cases) -> Iterator[SalesforceServer]:
    with SalesforceServer(world, cases, page_rows=20) as running:
        yield running


def test_the_same_seed_gives_the_same_cases(world: World, cases: Cases) -> None:
    assert Cases(world, number=60).tables() == cases.tables()
    assert Cases(world, number=60, seed=2).tables() != cases.tables()


def test_deleted_rows_are_shown_to_those_who_ask_for_all(with_cases: SalesforceServer, cases: Cases) -> None:
    question = "SELECT Id, IsDeleted FROM Case ORDER BY Id"
    living = list(connect(with_cases).query_all_iter(question))
    everything = list(connect(with_cases).query_all_iter(question, include_deleted=True))
    assert not any(record["IsDeleted"] for record in living)
    assert {record["Id"] for record in everything} == {row["Id"] for row in cases.tables()["Case"]}
    assert len(living) < len(everything)


def test_a_parent_is_an_object_with_attributes(with_cases: SalesforceServer) -> None:
    [record] = connect(with_cases).query("SELECT Id, Owner.Type, CreatedBy.Email FROM Case LIMIT 1")[
        "records"
    ]
    assert record["attributes"]["type"] == "Case"
    assert record["CreatedBy"]["attributes"]["type"] == "User"
    assert set(record["CreatedBy"]) == {"attributes", "Email"}


def test_ids_differ_in_case_and_have_two_spellings(with_cases: SalesforceServer, cases: Cases) -> None:
    client, case = connect(with_cases), cases.case_ids[0]
    for spelt, found in ((case, 1), (case[:15], 1), (case[:15].swapcase(), 0)):
        assert client.query(f"SELECT Id FROM Case WHERE Id = '{spelt}'")["totalSize"] == found


@pytest.mark.parametrize(
    ("question", "code"),
    [
        ("SELECT Id FROM Case WHERE SystemModstamp > '2026-03-10'", "INVALID_FIELD"),
        ("SELECT Id FROM Case WHERE Subject > 2026-03-10T00:00:00Z", "INVALID_FIELD"),
        ("SELECT Id FROM Case WHERE Id > ''", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Owner.TimeZoneSidKey FROM Case", "INVALID_FIELD"),
        ("SELECT SystemModstamp FROM CaseHistory", "INVALID_FIELD"),
        ("SELECT Id FROM Case WHERE Id IN (SELECT ParentId FROM CaseComment)", "MALFORMED_QUERY"),
        ("SELECT Id FROM Case LIMIT 5 OFFSET 5", "MALFORMED_QUERY"),
        ("SELECT Id FROM Shoe", "INVALID_TYPE"),
    ],
)
def test_what_salesforce_would_refuse_is_refused(
    with_cases: SalesforceServer, question: str, code: str
) -> None:
    with pytest.raises(SalesforceMalformedRequest, match=code):
        connect(with_cases).query(question)


def test_every_change_shows_and_moves_a_time(world: World) -> None:
    cases, now = Cases(world, number=60), datetime(2026, 3, 10, 12, tzinfo=UTC)
    before = {case: cases.file(case) for case in cases.case_ids}
    changes = cases.change_some(20, random.Random(4), now)
    assert len({change.what for change in changes}) >= 9
    assert [change.issue_id for change in changes] == cases.changed_ids
    for change in changes[:-1]:
        after = cases.file(change.issue_id)
        assert (after.record, after.comments, after.history) != (
            before[change.issue_id].record,
            before[change.issue_id].comments,
            before[change.issue_id].history,
        )
        assert after.last_change == now
