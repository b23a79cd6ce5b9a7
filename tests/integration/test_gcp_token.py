"""The service account's token: fetched from Google's end point, shared, and renewed before it ends."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from scripts.sandbox.exchange import Request, Response, answer_json
from scripts.sandbox.faults import Fault, hanging
from scripts.sandbox.http_server import LoopbackServer
from scripts.sandbox.trino import CATALOG, TrinoServer
from scripts.sandbox.world import World
from temporaletl.connections import Connections
from temporaletl.errors import ConfigurationError, CredentialsError, TransientError
from temporaletl.gcp import GcpToken
from temporaletl.http import open_session
from temporaletl.settings import TrinoSettings
from temporaletl.trino import ask, connect_trino
from tests.waiting import wait_until

EMAIL = "etl@project.example"


@pytest.fixture(scope="module")
def key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def trino() -> Iterator[TrinoServer]:
    with TrinoServer(World(10, anchor=date(2026, 3, 10), detail=0.2), auth="jwt") as server:
        yield server


class Google(LoopbackServer):
    """Exchanges the account's signed claims for a token that Trino takes, living *life_s*."""

    def __init__(self, trino: TrinoServer) -> None:
        self.life_s = 3600
        self.claims: list[dict[str, object]] = []
        self._trino = trino
        super().__init__(self._grant)

    def _grant(self, request: Request) -> Response:
        assertion = request.form["assertion"]
        self.claims.append(jwt.decode(assertion, options={"verify_signature": False}))
        token = {"access_token": self._trino.issue_token(), "expires_in": self.life_s}
        return answer_json({**token, "token_type": "Bearer"})


@pytest.fixture
def google(trino: TrinoServer) -> Iterator[Google]:
    with Google(trino) as server:
        yield server


def settings_for(trino: TrinoServer, google: Google, key: str) -> TrinoSettings:
    return TrinoSettings(
        _env_file=None,
        host=trino.host,
        port=trino.port,
        http_scheme="http",
        catalog=CATALOG,
        allow_insecure_auth=True,
        gcp_private_key=SecretStr(key.replace("\n", "\\n")),
        gcp_client_email=EMAIL,
        gcp_token_uri=f"{google.url}/token",
    )


def ask_one(connections: Connections) -> None:
    assert list(ask(connect_trino(connections), "SELECT 1 AS one")) == [[1]]


def test_a_token_for_the_accounts_claims_opens_trino(trino: TrinoServer, google: Google, key: str) -> None:
    with Connections([settings_for(trino, google, key)]) as connections:
        ask_one(connections)
    [claims] = google.claims
    assert (claims["iss"], claims["scope"]) == (EMAIL, "openid email")


def test_one_token_serves_all_connections_of_a_process(trino: TrinoServer, google: Google, key: str) -> None:
    root = Connections([settings_for(trino, google, key)])
    for _ in range(3):
        with root.fork() as connections:
            ask_one(connections)
    assert len(google.claims) == 1


def test_a_token_near_its_end_is_renewed(trino: TrinoServer, google: Google, key: str) -> None:
    google.life_s = 30
    with Connections([settings_for(trino, google, key)]) as connections:
        ask_one(connections)
        trino.expire_tokens()
        began = time.monotonic()
        ask_one(connections)
    assert time.monotonic() - began < 10
    assert len(google.claims) >= 2


def test_an_account_that_google_refuses_is_not_tried_again(
    trino: TrinoServer, google: Google, key: str
) -> None:
    google.faults.plan(Fault(status=400, body=b'{"error": "invalid_grant"}'), times=None)
    with pytest.raises(CredentialsError, match="GCP_CLIENT_EMAIL"):
        GcpToken(settings_for(trino, google, key)).current(lambda: open_session((4, 4)))


def test_google_out_of_reach_may_come_back(trino: TrinoServer, google: Google, key: str) -> None:
    settings = settings_for(trino, google, key)
    google.stop()
    with pytest.raises(TransientError, match="Google"):
        GcpToken(settings).current(lambda: open_session((4, 4)))


def test_a_hanging_google_holds_each_job_up_for_its_time_out_alone(
    trino: TrinoServer, google: Google, key: str
) -> None:
    google.faults.plan(hanging(), times=None)
    root = Connections([settings_for(trino, google, key).model_copy(update={"read_timeout_s": 1.0})])
    began = time.monotonic()
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(ask_one, root.fork()) for _ in range(3)]
        assert [type(each.exception()) for each in asked] == [TransientError] * 3
    assert time.monotonic() - began < 5


def test_a_cancel_ends_a_call_to_google(trino: TrinoServer, google: Google, key: str) -> None:
    google.faults.plan(hanging())
    with Connections([settings_for(trino, google, key)]) as connections, ThreadPoolExecutor(1) as pool:
        asked = pool.submit(ask_one, connections)
        wait_until(lambda: not google.faults.pending)
        connections.close()
        assert isinstance(asked.exception(timeout=2), TransientError)


def test_a_key_that_is_none_is_a_wrong_setting(trino: TrinoServer, google: Google) -> None:
    with pytest.raises(ConfigurationError, match="GCP_PRIVATE_KEY") as caught:
        GcpToken(settings_for(trino, google, "sesame"))
    assert "sesame" not in str(caught.value)
