"""Questions to Salesforce: three ways in, pages as they come, errors that say what to do."""

from collections.abc import Iterator
from datetime import date

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from scripts.sandbox import salesforce as sandbox
from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault, server_error, too_many_requests, truncated
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.errors import ConfigurationError, CredentialsError, QueryError, TransientError
from temporaletl.salesforce import connect_salesforce
from temporaletl.settings import SalesforceSettings

MEMBERS = "SELECT Unique_Id, Email FROM Team_Member ORDER BY Unique_Id"


@pytest.fixture(scope="module")
def running() -> Iterator[SalesforceServer]:
    with SalesforceServer(World(200, anchor=date(2026, 3, 10), detail=0.2), page_rows=7) as server:
        yield server


@pytest.fixture
def server(running: SalesforceServer) -> Iterator[SalesforceServer]:
    yield running
    running.faults.clear()


def settings_for(server: SalesforceServer, **values: object) -> SalesforceSettings:
    common = {"login_url": server.url, "client_id": sandbox.CLIENT_ID}
    secret = {"client_secret": SecretStr(sandbox.CLIENT_SECRET)}
    return SalesforceSettings(_env_file=None, **{**common, **(values or secret)})  # type: ignore[arg-type]


@pytest.fixture
def connections(server: SalesforceServer) -> Iterator[Connections]:
    with Connections([settings_for(server)]) as opened:
        yield opened


def is_query(request: Request) -> bool:
    return "/query" in request.path


def test_all_pages_of_an_answer_are_read(connections: Connections) -> None:
    ids = [record["Unique_Id"] for record in connect_salesforce(connections).ask(MEMBERS)]
    assert len(ids) > 14
    assert ids == sorted(set(ids))


def test_an_ended_session_is_opened_again_between_two_pages(
    server: SalesforceServer, connections: Connections
) -> None:
    records = connect_salesforce(connections).ask(MEMBERS)
    first = next(records)
    server.expire_sessions()
    rest = list(records)
    assert [first, *rest] == list(connect_salesforce(connections).ask(MEMBERS))


def test_a_signed_claim_signs_in(server: SalesforceServer) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    settings = settings_for(
        server, username=sandbox.USERNAME, private_key=SecretStr(pem.replace("\n", "\\n"))
    )
    with Connections([settings]) as connections:
        assert next(connect_salesforce(connections).ask(MEMBERS))["Unique_Id"]


def soap_settings(server: SalesforceServer, password: str = sandbox.PASSWORD) -> SalesforceSettings:
    return settings_for(
        server,
        username=sandbox.USERNAME,
        password=SecretStr(password),
        token=SecretStr(sandbox.SECURITY_TOKEN),
    )


def test_the_earlier_login_signs_in(server: SalesforceServer) -> None:
    with Connections([soap_settings(server)]) as connections:
        assert next(connect_salesforce(connections).ask(MEMBERS))["Unique_Id"]


def test_the_earlier_login_with_a_wrong_password_is_not_tried_again(server: SalesforceServer) -> None:
    salesforce = connect_salesforce(Connections([soap_settings(server, "hidden")]))
    with pytest.raises(CredentialsError, match=r"INVALID_LOGIN.*SF_PASSWORD") as caught:
        next(salesforce.ask(MEMBERS))
    assert "hidden" not in str(caught.value)


def test_an_earlier_login_that_is_out_of_order_may_pass(server: SalesforceServer) -> None:
    server.faults.plan(server_error(503))
    with Connections([soap_settings(server)]) as connections, pytest.raises(TransientError):
        next(connect_salesforce(connections).ask(MEMBERS))


def test_a_wrong_client_secret_is_not_tried_again(server: SalesforceServer) -> None:
    wrong = settings_for(server, client_secret=SecretStr("hidden"))
    with Connections([wrong]) as connections, pytest.raises(CredentialsError, match="SF_AUTH") as caught:
        next(connect_salesforce(connections).ask(MEMBERS))
    assert "hidden" not in str(caught.value)


def test_a_wrong_field_is_not_asked_for_again(connections: Connections) -> None:
    with pytest.raises(QueryError, match="INVALID_FIELD"):
        next(connect_salesforce(connections).ask("SELECT Shoe_Size FROM Team_Member"))


def test_too_many_requests_tell_when_to_come_back(server: SalesforceServer, connections: Connections) -> None:
    server.faults.plan(too_many_requests(17), matching=is_query)
    with pytest.raises(TransientError) as caught:
        next(connect_salesforce(connections).ask(MEMBERS))
    assert caught.value.retry_after_s == 17


@pytest.mark.parametrize("fault", [server_error(500), server_error(503), truncated()])
def test_an_outage_may_pass(server: SalesforceServer, connections: Connections, fault: Fault) -> None:
    server.faults.plan(fault, matching=is_query)
    with pytest.raises(TransientError):
        next(connect_salesforce(connections).ask(MEMBERS))


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("REQUEST_LIMIT_EXCEEDED", TransientError),
        ("API_DISABLED_FOR_ORG", CredentialsError),
        ("FUNCTIONALITY_NOT_ENABLED", CredentialsError),
    ],
)
def test_a_refusal_is_told_apart_by_its_code(
    server: SalesforceServer, connections: Connections, code: str, kind: type[Exception]
) -> None:
    body = f'[{{"errorCode": "{code}", "message": "ana@example.com"}}]'.encode()
    fault = Fault(status=403, body=body, headers=(("Content-Type", "application/json"),))
    server.faults.plan(fault, matching=is_query)
    with pytest.raises(kind, match=code) as caught:
        next(connect_salesforce(connections).ask(MEMBERS))
    assert "ana" not in str(caught.value)


def test_without_settings_the_error_names_them() -> None:
    with pytest.raises(ConfigurationError, match="SalesforceSettings"):
        connect_salesforce(Connections([]))
