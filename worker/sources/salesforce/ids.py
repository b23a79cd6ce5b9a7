"""Is this a Salesforce id, and of what? Both spellings of ids as one."""

import re
from typing import Final

from pydantic import JsonValue

USER: Final = "005"
CONTACT: Final = "003"
GROUP: Final = "00G"
"""What the ids of users, contacts, and groups and queues begin with."""

_ID: Final = re.compile(r"([0-9A-Za-z]{15})([0-9A-Za-z]{3})?\Z")
_CHECK: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def read_id(value: JsonValue) -> str | None:
    """The 18 characters of an id that is spelt in 15 or 18; None for what is no id.

    The last three say which of the first fifteen are capitals, so that ids differ in more than case.
    """
    found = _ID.match(value) if isinstance(value, str) else None
    if found is None:
        return None
    short = found[1]
    groups = (short[:5], short[5:10], short[10:])
    return short + "".join(
        _CHECK[sum(("A" <= letter <= "Z") << at for at, letter in enumerate(group))] for group in groups
    )
