"""Questions to Salesforce: three ways in, pages as they come, errors that say what to do."""

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from scripts.sandbox import salesforce as sandbox
from scripts.sandbox.cases import Cases
from scripts.sandbox.exchange import Request
from scripts.sandbox.faults import Fault, server_error, too_many_requests, truncated
from scripts.sandbox.salesforce import SalesforceServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.errors import ConfigurationError, CredentialsError, QueryError, TransientError
from temporaletl.salesforce import connect_salesforce, fill_question
from temporaletl.salesforce_login import Login
from temporaletl.settings import SalesforceSettings

MEMBERS = "SELECT Unique_Id, Email FROM Team_Member ORDER BY Unique_Id"
JSON = (("Content-Type", "application/json"),)


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


def test_all_users_are_read_in_the_order_of_their_ids(
    server: SalesforceServer, connections: Connections
) -> None:
    server.log.clear()
    users = list(connect_salesforce(connections).ask("SELECT Id, Email FROM User ORDER BY Id"))
    assert len(users) > 14
    assert server.log.count("/services/data") == -(-len(users) // 7)
    assert [user["Id"] for user in users] == sorted({user["Id"] for user in users})
    assert all("@" in user["Email"] for user in users)


def test_cases_that_come_later_are_seen() -> None:
    world = World(20, anchor=date(2026, 3, 10), detail=0)
    cases = Cases(world, 0)
    with SalesforceServer(world, cases) as server, Connections([settings_for(server)]) as connections:
        made = cases.add_case(datetime(2026, 3, 10, tzinfo=UTC))
        [case] = connect_salesforce(connections).ask("SELECT Id FROM Case")
    assert case["Id"] == made.issue_id


def test_an_answer_whose_pages_name_one_another_ends_as_an_error(
    server: SalesforceServer, connections: Connections
) -> None:
    bodies = [
        b'{"records": [{"Id": "1"}], "done": false, "nextRecordsUrl": "/services/data/v62.0/query/01g-%d"}'
        % at
        for at in (1, 2, 1)
    ]
    for body in bodies:
        server.faults.plan(Fault(status=200, body=body, headers=JSON), matching=is_query)
    rows = connect_salesforce(connections).ask(MEMBERS)
    assert len(list(itertools.islice(rows, 3))) == 3
    with pytest.raises(QueryError, match="no end"):
        next(rows)


def test_an_ended_session_is_opened_again_between_two_pages(
    server: SalesforceServer, connections: Connections
) -> None:
    records = connect_salesforce(connections).ask(MEMBERS)
    first = next(records)
    server.expire_sessions()
    rest = list(records)
    assert [first, *rest] == list(connect_salesforce(connections).ask(MEMBERS))


def jwt_settings(server: SalesforceServer) -> SalesforceSettings:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return settings_for(server, username=sandbox.USERNAME, private_key=SecretStr(pem.replace("\n", "\\n")))


def test_a_signed_claim_signs_in(server: SalesforceServer) -> None:
    with Connections([jwt_settings(server)]) as connections:
        assert next(connect_salesforce(connections).ask(MEMBERS))["Unique_Id"]


def test_a_claim_for_another_audience_says_which_setting_names_it(server: SalesforceServer) -> None:
    wrong = jwt_settings(server).model_copy(update={"jwt_audience": "https://site.example"})
    with (
        Connections([wrong]) as connections,
        pytest.raises(CredentialsError, match=r"audience is https://site\.example.*SF_JWT_AUDIENCE"),
    ):
        next(connect_salesforce(connections).ask(MEMBERS))


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


@pytest.mark.parametrize("sign_in", [jwt_settings, soap_settings], ids=["jwt", "soap"])
def test_whatever_the_way_in_an_ended_session_is_opened_again(
    server: SalesforceServer, sign_in: Callable[[SalesforceServer], SalesforceSettings]
) -> None:
    with Connections([sign_in(server)]) as connections:
        records = connect_salesforce(connections).ask(MEMBERS)
        first = next(records)
        server.expire_sessions()
        assert len([first, *records]) > 14


def test_a_login_is_shared_and_dropped_once(server: SalesforceServer, connections: Connections) -> None:
    one, other = connect_salesforce(connections), connect_salesforce(connections.fork())
    server.log.clear()
    for salesforce in (one, other, one, other):
        next(salesforce.ask(MEMBERS))
    server.expire_sessions()
    for salesforce in (one, other, one, other):
        next(salesforce.ask(MEMBERS))
    assert server.log.count("/services/oauth2/token") == 2


def test_values_stand_in_a_question_as_literals_of_their_type() -> None:
    text = fill_question(
        "WHERE Name = {name} AND Id IN {ids} AND CreatedDate >= {start} LIMIT {limit}",
        name="O'Brien\n\\",
        ids=["a", "b"],
        start=datetime(2026, 3, 10, 1, tzinfo=timezone(timedelta(hours=2))),
        limit=5,
    )
    assert text == (
        "WHERE Name = 'O\\'Brien\\n\\\\' AND Id IN ('a','b')"
        " AND CreatedDate >= 2026-03-09T23:00:00+00:00 LIMIT 5"
    )


def test_a_login_shows_no_session_id_in_its_repr() -> None:
    assert "secret" not in repr(Login("secret", "https://example.my.salesforce.com"))


def test_the_earlier_login_with_a_wrong_password_is_not_tried_again(server: SalesforceServer) -> None:
    salesforce = connect_salesforce(Connections([soap_settings(server, "hidden")]))
    with pytest.raises(CredentialsError, match=r"INVALID_LOGIN.*SF_PASSWORD") as caught:
        next(salesforce.ask(MEMBERS))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 503])
def test_an_earlier_login_that_is_out_of_order_is_left_alone_as_long_as_it_says(
    server: SalesforceServer, status: int
) -> None:
    server.faults.plan(Fault(status=status, headers=(("Retry-After", "7"),)))
    with Connections([soap_settings(server)]) as connections, pytest.raises(TransientError) as caught:
        next(connect_salesforce(connections).ask(MEMBERS))
    assert caught.value.retry_after_s == 7


def test_a_login_at_the_wrong_address_says_what_to_check(server: SalesforceServer) -> None:
    server.faults.plan(Fault(status=404, body=b"<html>no such page</html>"))
    with Connections([settings_for(server)]) as connections, pytest.raises(TransientError) as caught:
        next(connect_salesforce(connections).ask(MEMBERS))
    assert "404" in str(caught.value)
    assert "SF_LOGIN_URL" in str(caught.value)


NOT_OURS = [b"", b"<html>a proxy<br></html>", b"out of order", b"<a/>", b'<?xml version="1.0"?><a><b></a>']


@pytest.mark.parametrize("body", NOT_OURS, ids=["empty", "HTML", "text", "other XML", "broken XML"])
@pytest.mark.parametrize("status", [200, 403])
def test_an_earlier_login_that_somebody_else_answers_may_pass(
    server: SalesforceServer, body: bytes, status: int
) -> None:
    server.faults.plan(Fault(status=status, body=body), matching=lambda request: "/Soap/" in request.path)
    with Connections([soap_settings(server)]) as connections:
        with pytest.raises(TransientError, match="login"):
            next(connect_salesforce(connections).ask(MEMBERS))
        assert next(connect_salesforce(connections).ask(MEMBERS))["Unique_Id"]


def test_a_wrong_client_secret_is_not_tried_again(server: SalesforceServer) -> None:
    wrong = settings_for(server, client_secret=SecretStr("hidden"))
    with Connections([wrong]) as connections, pytest.raises(CredentialsError, match="SF_AUTH") as caught:
        next(connect_salesforce(connections).ask(MEMBERS))
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "unknown_error", "error_description": "retry your request"},
        {"error": "temporarily_unavailable"},
        {"error": "server_error"},
        {"error": "invalid_grant", "error_description": "login rate exceeded"},
    ],
)
def test_a_login_that_asks_to_try_again_is_tried_again(
    server: SalesforceServer, answer: dict[str, str]
) -> None:
    said = Fault(status=400, body=json.dumps(answer).encode())
    server.faults.plan(said, matching=lambda request: "oauth2" in request.path)
    with Connections([settings_for(server)]) as connections:
        with pytest.raises(TransientError, match=answer["error"]):
            next(connect_salesforce(connections).ask(MEMBERS))
        assert next(connect_salesforce(connections).ask(MEMBERS))["Unique_Id"]


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
    ("status", "code", "kind", "advice"),
    [
        (403, "REQUEST_LIMIT_EXCEEDED", TransientError, "later"),
        (403, "TXN_SECURITY_METERING_ERROR", TransientError, "later"),
        (400, "TXN_SECURITY_METERING_ERROR", TransientError, "later"),
        (400, "SERVER_UNAVAILABLE", TransientError, "later"),
        (403, "API_DISABLED_FOR_ORG", CredentialsError, "enable the API"),
        (403, "FUNCTIONALITY_NOT_ENABLED", CredentialsError, "SF_AUTH"),
        (400, "UNSUPPORTED_API_VERSION", QueryError, "SF_API_VERSION"),
        (404, "NOT_FOUND", QueryError, "SF_API_VERSION"),
        (400, "INVALID_TYPE", QueryError, "objects and fields"),
    ],
)
def test_a_refusal_is_told_apart_by_its_code(
    server: SalesforceServer,
    connections: Connections,
    status: int,
    code: str,
    kind: type[Exception],
    advice: str,
) -> None:
    body = f'[{{"errorCode": "{code}", "message": "ana@example.com"}}]'.encode()
    fault = Fault(status=status, body=body, headers=JSON)
    server.faults.plan(fault, matching=is_query)
    with pytest.raises(kind, match=f"{code}.*{advice}") as caught:
        next(connect_salesforce(connections).ask(MEMBERS))
    assert "ana" not in str(caught.value)


def refuse_session(server: SalesforceServer, code: str, times: int | None = 1) -> None:
    body = f'[{{"errorCode": "{code}", "message": "x"}}]'.encode()
    server.faults.plan(Fault(status=400, body=body, headers=JSON), times=times, matching=is_query)


@pytest.mark.parametrize("code", ["URL_NOT_RESET", "INVALID_SESSION_ID"])
def test_a_session_that_is_over_is_opened_again_once_whatever_the_status(
    server: SalesforceServer, connections: Connections, code: str
) -> None:
    records = connect_salesforce(connections).ask(MEMBERS)
    first = next(records)
    server.log.clear()
    refuse_session(server, code)

    assert len([first, *records]) > 14
    assert server.log.count("/services/oauth2/token") == 1


def test_an_organisation_that_stays_moved_is_told(server: SalesforceServer, connections: Connections) -> None:
    server.log.clear()
    refuse_session(server, "URL_NOT_RESET", times=2)

    with pytest.raises(ConfigurationError, match=r"URL_NOT_RESET.*SF_LOGIN_URL"):
        next(connect_salesforce(connections).ask(MEMBERS))
    assert server.log.count("/services/oauth2/token") == 2


def test_the_instance_that_a_new_login_names_is_asked(server: SalesforceServer) -> None:
    with SalesforceServer(World(200, anchor=date(2026, 3, 10), detail=0.2)) as moved:
        grant = {"grant_type": "client_credentials", "client_id": sandbox.CLIENT_ID}
        login = requests.post(
            f"{moved.url}/services/oauth2/token",
            data={**grant, "client_secret": sandbox.CLIENT_SECRET},
            timeout=5,
        )
        settings = settings_for(
            server, client_secret=SecretStr(sandbox.CLIENT_SECRET), trusted_origins=moved.url
        )
        with Connections([settings]) as connections:
            salesforce = connect_salesforce(connections)
            former = list(salesforce.ask(MEMBERS))
            refuse_session(server, "URL_NOT_RESET", times=None)
            server.faults.plan(
                Fault(status=200, body=login.content, headers=JSON),
                matching=lambda request: "oauth2" in request.path,
            )
            assert list(salesforce.ask(MEMBERS)) == former
        assert moved.log.count("/services/data") > 0


def test_without_settings_the_error_names_them() -> None:
    with pytest.raises(ConfigurationError, match="SalesforceSettings"):
        connect_salesforce(Connections([]))
