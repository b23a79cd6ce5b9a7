"""Who are the people of one issue? What its user objects tell about them, and their employee ids."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import JsonValue

from worker.models.context import Context
from worker.sources.jira.settings import JiraOptions
from worker.sources.jira.spellings import spellings_of, tie_spellings
from worker.sources.jira.values import JsonObject, text_of

SYSTEM = "jira"
UTC_ZONE = "UTC"

_ACCOUNT_ID = re.compile(
    r"(?:\d+:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{24}|(?:qm|ug):[\w:-]+|JIRAUSER\d+)\Z"
)


@dataclass(frozen=True, slots=True)
class Person:
    """An account as the document describes it. *is_person* is False for apps and system accounts."""

    account: str
    address: str | None = None
    zone: str | None = None
    is_person: bool = True


class Participants:
    """The people of one issue, by account.

    Every user object of the document adds to what is known, because the one beside an event may lack
    the address or the time zone that another one has. Where two disagree, the lesser value counts: the
    answer must not depend on the order of the document's lists.
    """

    def __init__(self, users: Iterable[JsonValue], options: JiraOptions, context: Context) -> None:
        self._context = context
        self._outsiders = options.outsiders
        self._employees: dict[str, str] = {}
        self._people: dict[str, Person] = {}
        told = [user for user in users if isinstance(user, dict)]
        self._spellings = tie_spellings(told)
        for user in told:
            self._add(user)

    def find(self, user: JsonValue) -> Person | None:
        """The person of a user object; None where it names nobody."""
        account = self._spellings.account_of(user) if isinstance(user, dict) else None
        return None if account is None else self._know(account)

    def find_account(self, spelling: str) -> Person:
        """The person whom a field names, by account id, key or name."""
        return self._know(self._spellings.find(spelling))

    def employee(self, person: Person) -> str:
        """The employee id, or the pseudonym, of a person."""
        found = self._employees.get(person.account)
        if found is None:
            found = self._context.person(SYSTEM, person.account, person.address)
            self._employees[person.account] = found
        return found

    def employee_of(self, spelling: str) -> str:
        """The employee id, or the pseudonym, of whom a field names."""
        return self.employee(self.find_account(spelling))

    def employee_mentioned(self, spelling: str) -> str:
        """The employee id, or the pseudonym, of whom a text mentions: by account id, name or key."""
        return self.employee(self._know(self._spellings.find_mentioned(spelling)))

    def is_account(self, text: str) -> bool:
        """Whether a changelog's value names a person: by its shape, or because the document uses it so."""
        return _ACCOUNT_ID.match(text) is not None or (text in self._spellings and not text.isdecimal())

    def _know(self, account: str) -> Person:
        known = self._people.get(account)
        return known or Person(account, is_person=account.casefold() not in self._outsiders)

    def _add(self, user: JsonObject) -> None:
        account = self._spellings.account_of(user)
        if account is None:
            return
        address, zone = text_of(user.get("emailAddress")), text_of(user.get("timeZone"))
        called = (account, *spellings_of(user), address)
        outside = user.get("accountType") == "app" or any(
            name is not None and name.casefold() in self._outsiders for name in called
        )
        known = self._people.get(account)
        if known is None:
            self._people[account] = Person(account, address, zone, not outside)
        elif (known.address, known.zone, known.is_person) != (address, zone, not outside):
            self._people[account] = replace(
                known,
                address=_lesser(known.address, address),
                zone=_lesser(known.zone, zone),
                is_person=known.is_person and not outside,
            )


def is_user(value: JsonObject) -> bool:
    """Whether a JSON object tells about a person, be it without saying who."""
    return bool(text_of(value.get("accountId"))) or "displayName" in value or "emailAddress" in value


def _lesser(one: str | None, other: str | None) -> str | None:
    return min((value for value in (one, other) if value is not None), default=None)
