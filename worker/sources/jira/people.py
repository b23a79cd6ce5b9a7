"""Who are the people of one issue? What its user objects tell about them, and their employee ids."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import JsonValue

from worker.models.context import Context
from worker.sources.jira.settings import JiraOptions
from worker.sources.jira.values import text_of

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
        self._keys: dict[str, str] = {}
        for user in users:
            self._add(user)

    def find(self, user: JsonValue) -> Person | None:
        """The person of a user object; None where it names nobody."""
        account = _account(user)
        return None if account is None else self._people.get(account) or self.find_account(account)

    def find_account(self, account: str) -> Person:
        """The person of an account id, with what the document tells about it.

        Where people have no account ids (Data Center), mentions give a login name and all else a key.
        """
        account = account if account in self._people else self._keys.get(account, account)
        return self._people.get(account) or Person(
            account, None, None, account.casefold() not in self._outsiders
        )

    def employee(self, person: Person) -> str:
        """The employee id, or the pseudonym, of a person."""
        found = self._employees.get(person.account)
        if found is None:
            found = self._context.person(SYSTEM, person.account, person.address)
            self._employees[person.account] = found
        return found

    def employee_of(self, account: str) -> str:
        """The employee id, or the pseudonym, of an account id."""
        return self.employee(self.find_account(account))

    def is_account(self, text: str) -> bool:
        """Whether a changelog's value is an account id: by its shape, or because the document uses it."""
        return _ACCOUNT_ID.match(text) is not None or (text in self._people and not text.isdecimal())

    def _add(self, user: JsonValue) -> None:
        account = _account(user)
        if account is None or not isinstance(user, dict):
            return
        name = text_of(user.get("name"))
        if name is not None and not text_of(user.get("accountId")) and name != account:
            self._keys[name] = min(account, self._keys.get(name, account))
        address, zone = text_of(user.get("emailAddress")), text_of(user.get("timeZone"))
        outside = (
            user.get("accountType") == "app"
            or account.casefold() in self._outsiders
            or (address or "").casefold() in self._outsiders
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


def _account(user: JsonValue) -> str | None:
    """The account of a user object: Jira Cloud's accountId, else the server's key or name."""
    if not isinstance(user, dict):
        return None
    return text_of(user.get("accountId")) or text_of(user.get("key")) or text_of(user.get("name"))


def _lesser(one: str | None, other: str | None) -> str | None:
    return min((value for value in (one, other) if value is not None), default=None)
