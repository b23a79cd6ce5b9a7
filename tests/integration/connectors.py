"""Every connector against a loopback server that answers as its system does, with one cheap question."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import SecretStr

from scripts.sandbox.exchange import Request, Response, answer_json
from scripts.sandbox.http_server import Answer, LoopbackServer
from temporaletl.connections import Connections
from temporaletl.gcp import GcpToken
from temporaletl.jira.connect import connect_jira
from temporaletl.jira.settings import JiraRestSettings
from temporaletl.salesforce import connect_salesforce
from temporaletl.settings import SalesforceSettings, TrinoSettings
from temporaletl.trino import ask, connect_trino
from worker.external.launchpad.connect import connect_launchpad
from worker.external.launchpad.settings import LaunchpadSettings

SECRET = "very-secret"
XML = {"Content-Type": "text/xml"}

type Link = Callable[[str], str]
"""Makes of a path what the system links to."""


class Recorder(LoopbackServer):
    """Keeps every request whole, so that a secret in it is found."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[Request] = []
        self._answering = answer
        super().__init__(self._record)

    def _record(self, request: Request) -> Response:
        self.asked.append(request)
        return self._answering(request)


@dataclass(frozen=True, slots=True)
class Connector:
    """How one connector is asked.

    Attributes:
        name: what errors call its system.
        ask: asks one question of the server at an address, with further settings.
        answer: what its system answers, with links made by a Link.
        setting: the one that says where the system is.
        trust: the one that names further servers; None: there is none.
        has_links: whether its protocol has links that are followed.
        posts: whether the question is a POST.
    """

    name: str
    ask: Callable[..., object]
    answer: Callable[[Request, Link], Response]
    setting: str
    trust: str | None
    has_links: bool = True
    posts: bool = False


@contextmanager
def connected(settings: Any) -> Iterator[Connections]:
    with Connections([settings]) as opened:
        yield opened


def ask_trino(url: str, **further: Any) -> object:
    settings = TrinoSettings(
        _env_file=None,
        host=url,
        auth="basic",
        password=SecretStr(SECRET),
        allow_insecure_auth=True,
        **further,
    )
    with connected(settings) as connections:
        return list(ask(connect_trino(connections), "SELECT 1 AS one"))


def answer_trino(request: Request, link: Link) -> Response:
    body: dict[str, Any] = {"id": "q1", "infoUri": "http://127.0.0.1/ui", "stats": {"state": "FINISHED"}}
    if request.method == "POST":
        return answer_json({**body, "nextUri": link("/v1/statement/executing/q1/1")})
    arguments = {"rawType": "integer", "arguments": []}
    column = {"name": "one", "type": "integer", "typeSignature": arguments}
    return answer_json({**body, "columns": [column], "data": [[1]]})


def ask_salesforce(url: str, **further: Any) -> object:
    common = {"client_id": "us", "client_secret": SecretStr(SECRET)}
    settings = SalesforceSettings(_env_file=None, login_url=url, **{**common, **further})
    with connected(settings) as connections:
        return list(connect_salesforce(connections).ask("SELECT Id FROM Case"))


def ask_salesforce_soap(url: str, **further: Any) -> object:
    return ask_salesforce(url, auth="soap", username="us", password=SecretStr(SECRET), **further)


def answer_salesforce(request: Request, link: Link) -> Response:
    own = request.origin
    if request.path.endswith("/token"):
        return answer_json({"access_token": SECRET, "instance_url": own})
    if "/Soap/" in request.path:
        return Response(200, soap_login(f"{own}/services/Soap"), XML)
    if request.path.endswith("/query/"):
        following = link("/services/data/v62.0/query/01g-2")
        return answer_json({"records": [{"Id": "1"}], "done": False, "nextRecordsUrl": following})
    return answer_json({"records": [{"Id": "2"}], "done": True})


def soap_login(address: str) -> bytes:
    """A login that names its instance by *address*."""
    return f"<a><sessionId>{SECRET}</sessionId><serverUrl>{address}</serverUrl></a>".encode()


def _jira(url: str, further: dict[str, Any]) -> JiraRestSettings:
    common: dict[str, Any] = {"url": url, "token": SecretStr(SECRET), "allow_insecure_auth": True}
    return JiraRestSettings(_env_file=None, **common, **further)


def ask_jira(url: str, **further: Any) -> object:
    with connected(_jira(url, further)) as connections:
        return connect_jira(connections).get("myself", expand="groups")


def search_jira(url: str, **further: Any) -> object:
    with connected(_jira(url, further)) as connections:
        return connect_jira(connections).post("search", {"jql": "updated > 5"})


def answer_jira(request: Request, _: Link) -> Response:
    if request.path.endswith("serverInfo"):
        return answer_json({"versionNumbers": [10], "deploymentType": "Server"})
    return answer_json({"issues": [], "total": 0})


def ask_launchpad(url: str, **further: Any) -> object:
    token = {"access_token_key": SecretStr(SECRET), "access_token_secret": SecretStr(SECRET)}
    settings = LaunchpadSettings(_env_file=None, service_root=url, consumer_key="us", **token, **further)
    with connected(settings) as connections, connect_launchpad(connections, "launchpad").client() as client:
        return client.collect("bugs/1/messages?ws.size=5", 1_000_000)


def search_launchpad(url: str, **further: Any) -> object:
    """Asks for the service's description first."""
    token = {"access_token_key": SecretStr(SECRET), "access_token_secret": SecretStr(SECRET)}
    settings = LaunchpadSettings(_env_file=None, service_root=url, consumer_key="us", **token, **further)
    with connected(settings) as connections, connect_launchpad(connections, "launchpad").client() as client:
        return client.search("somebody", "searchTasks")


def answer_launchpad(request: Request, link: Link) -> Response:
    if request.query.get("start") == "5":
        return answer_json({"entries": [{}], "start": 5, "total_size": 2})
    page = {"entries": [{}], "start": 0, "total_size": 2}
    return answer_json({**page, "next_collection_link": link("/devel/bugs/1/messages?start=5")})


_KEY = (
    rsa.generate_private_key(public_exponent=65537, key_size=2048)
    .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    .decode()
)


def ask_google(url: str, **further: Any) -> object:
    account = {"gcp_private_key": SecretStr(_KEY), "gcp_client_email": "etl@project.example"}
    settings = TrinoSettings(
        _env_file=None, host="trino.example", gcp_token_uri=f"{url}/token", **account, **further
    )
    token = GcpToken(settings)
    return token.current(token.open_session)


def answer_google(_: Request, __: Link) -> Response:
    return answer_json({"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})


CONNECTORS = [
    Connector("Trino", ask_trino, answer_trino, "TRINO_HOST", "TRINO_TRUSTED_ORIGINS", posts=True),
    Connector(
        "Salesforce", ask_salesforce, answer_salesforce, "SF_LOGIN_URL", "SF_TRUSTED_ORIGINS", posts=True
    ),
    Connector(
        "Salesforce",
        ask_salesforce_soap,
        answer_salesforce,
        "SF_LOGIN_URL",
        "SF_TRUSTED_ORIGINS",
        posts=True,
    ),
    Connector("Jira", ask_jira, answer_jira, "JIRA_URL", "JIRA_TRUSTED_ORIGINS", has_links=False),
    Connector(
        "Jira", search_jira, answer_jira, "JIRA_URL", "JIRA_TRUSTED_ORIGINS", has_links=False, posts=True
    ),
    Connector(
        "Launchpad",
        ask_launchpad,
        answer_launchpad,
        "LAUNCHPAD_SERVICE_ROOT",
        "LAUNCHPAD_TRUSTED_ORIGINS",
    ),
    Connector("Google", ask_google, answer_google, "GCP_TOKEN_URI", None, has_links=False, posts=True),
]


def spell(address: str, kind: str) -> str:
    """*address* of a foreign server, written so that it may pass for another one."""
    parts = urlsplit(address)
    return {
        "plain": address,
        "user": f"{parts.scheme}://127.0.0.1@{parts.netloc}{parts.path}",
        "backslash": f"{parts.scheme}://127.0.0.1\\@{parts.netloc}{parts.path}",
        "no scheme": f"//{parts.netloc}{parts.path}",
        "name": f"{parts.scheme}://localhost:{parts.port}{parts.path}",
        "upper case": f"HTTP://LOCALHOST:{parts.port}{parts.path}",
    }[kind]


def nested(kind: str) -> bytes:
    """JSON that is nested too deeply for any parser that calls itself."""
    opening, closing = {"lists": (b"[", b"]"), "objects": (b'{"a":', b"}"), "both": (b'[{"a":', b"}]")}[kind]
    depth = 45_000
    return b'{"a":' + opening * depth + b"0" + closing * depth + b"}"


def as_json(body: bytes, status: int = 200) -> Response:
    """*body* as JSON."""
    return Response(status, body, {"Content-Type": "application/json"})
