"""Who is this? Launchpad's people as employee ids and pseudonyms, wherever a document names them."""

import re
from typing import Final

from pydantic import JsonValue

from worker.models.context import Context
from worker.sources.launchpad.links import NAME, person_of

SYSTEM: Final = "launchpad"

_IN_PARENTHESES: Final = re.compile(r"\(([^()\s]+)\)\s*$")
_PERSON_CHANGES: Final = re.compile(
    r"\b(?:assignee|owner|reporter|registrant|reviewer|subscriber|driver|supervisor|maintainer)s?\b",
    re.IGNORECASE,
)
_SUBSCRIBED: Final = re.compile(
    r"\s*((?:added|removed|unsubscribed) subscribers?)\b.*", re.IGNORECASE | re.DOTALL
)


class Participants:
    """The people of one document."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def employee(self, name: str) -> str:
        """The employee id, or the pseudonym, of a person."""
        return self._context.person(SYSTEM, name)

    def known(self, name: str) -> str | None:
        """The employee id of a person; None is remembered, so that the document is read again."""
        return self._context.known(SYSTEM, name)

    def employee_at(self, link: JsonValue) -> str | None:
        """The employee id, or the pseudonym, of the person a link leads to; None where it leads to none."""
        name = person_of(link)
        return None if name is None else self.employee(name)

    def hide(self, value: JsonValue) -> JsonValue:
        """*value*, unless it is a link to a person: then who that is."""
        return self.employee_at(value) or value

    def hide_change(self, what: JsonValue, value: JsonValue) -> JsonValue:
        """An old or new value of a bug's activity, without the name of a person.

        *what* changed tells whether it is one: Launchpad writes ``Ana Almeida (ana)``. A package looks
        the same: ``linux (Ubuntu)``.
        """
        if not isinstance(value, str) or not value.strip() or not isinstance(what, str):
            return value
        # "linux (Ubuntu): assignee", "bug supervisor", "added subscriber": the part after the target says it.
        if _PERSON_CHANGES.search(what.rpartition(":")[2]) is None:
            return self.hide(value)
        linked = person_of(value)
        if linked is not None:
            return self.employee(linked)
        found = _IN_PARENTHESES.search(value)
        name = (found[1] if found is not None else value.strip()).lower()
        # Where it is no name of an account, nobody can know who it is: still never the name itself.
        return self.employee(name if NAME.fullmatch(name) else value.strip())


def hide_subscriber(message: JsonValue) -> JsonValue:
    """An activity's message without the display name that follows "added subscriber"."""
    found = _SUBSCRIBED.fullmatch(message) if isinstance(message, str) else None
    return message if found is None else found[1]
