"""Who is this? Launchpad's people as employee ids and pseudonyms, wherever a document names them."""

import re
from typing import Final

from pydantic import JsonValue

from worker.models.context import Context
from worker.sources.launchpad.links import NAME, person_of

SYSTEM: Final = "launchpad"

_IN_PARENTHESES: Final = re.compile(r"\(([^()\s]+)\)\s*$")
_ROLE: Final = re.compile(
    r"\b(?:assignee|owner|reporter|registrant|reviewer|subscriber|driver|supervisor|maintainer)s?\b",
    re.IGNORECASE,
)
_SUBSCRIPTION: Final = re.compile(
    r"\s*((?:(?:added|removed|edited|changed|updated|unsubscribed)\s+)?subscribers?|(?:un)?subscribed)"
    r"(?:[\s:].*)?",
    re.IGNORECASE | re.DOTALL,
)
"""What is said before the name of a subscriber. The tests have a table of examples."""

_NO_NAMES: Final = frozenset(
    {"Nothing", "Lifecycle", "Details", "Metadata", "Discussion", "Comments", "True", "False"}
)
"""What Launchpad writes as the old and new value of a subscription (BugNotificationLevel), besides names."""


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
        if _SUBSCRIPTION.fullmatch(what) is not None:
            names_person = value.strip() not in _NO_NAMES
        else:
            # "linux (Ubuntu): assignee", "bug supervisor": the part after the target says it.
            names_person = _ROLE.search(what.rpartition(":")[2]) is not None
        if not names_person:
            return self.hide(value)
        linked = person_of(value)
        if linked is not None:
            return self.employee(linked)
        found = _IN_PARENTHESES.search(value)
        name = (found[1] if found is not None else value.strip()).lower()
        # Where it is no name of an account, nobody can know who it is: still never the name itself.
        return self.employee(name if NAME.fullmatch(name) else value.strip())

    def hide_message(self, message: JsonValue) -> JsonValue:
        """The message of a bug's activity, without the display name of a subscriber."""
        found = _SUBSCRIPTION.fullmatch(message) if isinstance(message, str) else None
        return self.hide(message) if found is None else found[1]


def hide_names(what: JsonValue) -> JsonValue:
    """What changed in a bug's activity, without the display name that may follow the role of a person.

    Launchpad writes ``subscriber Ana Almeida`` and ``removed subscriber Ana Almeida``.
    """
    if not isinstance(what, str):
        return what
    subscription = _SUBSCRIPTION.fullmatch(what)
    if subscription is not None:
        return subscription[1]
    target, colon, aspect = what.rpartition(":")
    role = _ROLE.search(aspect) if colon else None
    return what if role is None else f"{target}{colon}{aspect[: role.end()]}"
