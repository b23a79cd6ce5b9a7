"""Tell whether a text is only the place that a setting asks for, and holds no credentials beside it."""

import ipaddress
import re


def is_host(text: str) -> bool:
    """Whether *text* may be one or several hosts or folders of sockets, and nothing more."""
    return not re.search(r"@|://|=|\s", text)


def is_database(text: str) -> bool:
    """Whether *text* may be a database's name, and no connection string or part of one."""
    return not re.search(r"@|://|=", text)


def is_role(text: str) -> bool:
    """Whether *text* may be a role's name, and has no password behind it."""
    return ":" not in text


def is_address(text: str) -> bool:
    """Whether *text* is one or several IP addresses, and nothing more."""
    try:
        return all(ipaddress.ip_address(address) for address in text.split(",") if address)
    except ValueError:
        return False


def is_port(text: str) -> bool:
    """Whether *text* is the number of a port."""
    return re.fullmatch("[0-9]{1,5}", text) is not None and 1 <= int(text) <= 65535
