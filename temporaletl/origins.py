"""Which server an address leads to: its scheme, host and port, whatever way the address is spelt."""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}

_AUTHORITY: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_AMBIGUOUS: Final = re.compile(r"[\x00-\x20\x7f\\]")
"""Characters in an authority that one library takes for its end and another one does not."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A server: equal for every spelling of its address. *host* is lower case, without brackets."""

    scheme: str
    host: str
    port: int

    @property
    def netloc(self) -> str:
        """Host, with brackets where it is an IPv6 address, and the port where it is not the default."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS.get(self.scheme) else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}"


def read_origin(address: str) -> Origin:
    """The server that *address* (http or https) leads to.

    Raises ValueError, which never quotes the address: it may hold a secret.
    """
    parts, origin = _take_apart(address)
    if "@" in parts.netloc:
        raise ValueError("leave out the user and the password before the @")
    return origin


def read_server(host: str, scheme: str, port: int) -> Origin:
    """The server *host*, which may be an address whose own scheme and port count. Raises ValueError."""
    given, _, name = host.strip().rstrip("/").rpartition("://")
    if "/" in name:
        raise ValueError("give the host alone, without a path")
    if name.count(":") > 1 and not name.startswith("["):
        name = f"[{name}]"
    if re.search(r"(^[^:]+|\]):\d+$", name) is None:
        name = f"{name}:{port}"
    return read_origin(f"{given or scheme}://{name}")


def name_origin(address: str) -> str:
    """What may be said of where *address* leads: its server, without user, password, path and query."""
    try:
        return str(_take_apart(address)[1])
    except ValueError:
        return "an address that cannot be read"


def _take_apart(address: str) -> tuple[SplitResult, Origin]:
    found = _AUTHORITY.match(address)
    if found is None or _AMBIGUOUS.search(found[1]):
        raise ValueError("give an address such as https://host.example")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("the host or the port cannot be read") from None
    if parts.scheme not in _DEFAULT_PORTS or not host:
        raise ValueError("give an address such as https://host.example")
    chosen = _DEFAULT_PORTS[parts.scheme] if port is None else port
    return parts, Origin(parts.scheme, _spell_host(host), chosen)


def _spell_host(host: str) -> str:
    try:
        return ipaddress.ip_address(host).compressed
    except ValueError:
        pass
    try:
        ascii_host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        raise ValueError("the host cannot be read") from None
    # With a dot at its end it is the same name.
    return ascii_host.removesuffix(".").lower()


def _read_list(value: object) -> object:
    entries: Iterable[object] = re.split(r"[,\s]+", value.strip()) if isinstance(value, str) else ()
    if not isinstance(value, str):
        entries = value if isinstance(value, Iterable) else (value,)
    return tuple(read_origin(entry) if isinstance(entry, str) else entry for entry in entries if entry)


type Origins = Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_read_list)]
"""Servers in a setting: addresses, separated by commas or spaces."""
