"""The sandbox's Salesforce through the real client library."""

import time
from collections.abc import Iterator
from datetime import date
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
