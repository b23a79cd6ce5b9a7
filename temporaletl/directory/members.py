"""Who is in the directory? What every backend answers, and which members a backlog asks for."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from string import ascii_uppercase
from typing import Final, NamedTuple, Protocol

_SEPARATORS: Final = re.compile(r"[\s;,]+")

_QUOTED_NAME: Final = re.compile(r'"[^"]*"\s*(?=<)')
"""The name in ``"Bly, Ana" <ana@example.com>``, which may hold separators and another @."""

_MAILTO: Final = re.compile(r"^mailto:", re.IGNORECASE)

_ID_SUFFIXES: Final = f"{ascii_uppercase}012345"


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the directory.

    *accounts*: system to the person's accounts there, as that system spells them. *active*: employed
    today. *active_to*: the last day, or the latest that it can have been; None where it is open or unknown.
    """

    employee_id: str
    addresses: tuple[str, ...] = ()
    accounts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    active: bool = True
    active_from: date | None = None
    active_to: date | None = None
    timezone: str | None = None
    is_test: bool = False


class HolderPage(NamedTuple):
    """Some members, and the cursor that the next page is asked for with; None after the last one."""

    members: tuple[Member, ...]
    cursor: str | None


class Directory(Protocol):
    """Where people and their employee ids come from.

    Both readings raise ConfigurationError, CredentialsError or QueryError where trying again cannot
    help, and TransientError where the directory cannot be read now. None of them quotes a record.
    """

    def read_members(self) -> Iterator[Member]:
        """Everyone who has or had an employee id, test users and leavers included."""

    def read_account_holders(
        self, system: str, after: str | None, limit: int, left_since: date
    ) -> HolderPage:
        """A page of the members whose work in *system* is asked for, after the cursor *after*.

        These have an account there, are no test users, and are active or left on or after *left_since*.
        At most *limit* of them, in the order of a unique key of the backend; fewer, even none, do not
        mean that this was the last page. An account may come twice where two records name it.
        """


def is_employed(first: date | None, last: date | None) -> bool:
    """Whether today (UTC) lies between a first and a last day, both included; None: open."""
    today = datetime.now(UTC).date()
    return (first or today) <= today <= (last or today)


def is_asked_for(member: Member, system: str, left_since: date) -> bool:
    """Whether *member* is among the holders of an account of *system*, as read_account_holders says."""
    present = member.active or (member.active_to is not None and member.active_to >= left_since)
    return present and not member.is_test and bool(member.accounts.get(system))


def merge_members(members: Iterable[Member]) -> Member:
    """One member of several records of the same person: with an account or address more on each."""
    listed = list(members)
    systems = dict.fromkeys(system for member in listed for system in member.accounts)
    starts = [member.active_from for member in listed if member.active_from is not None]
    ends = [member.active_to for member in listed if member.active_to is not None]
    return Member(
        employee_id=listed[0].employee_id,
        addresses=_unique(address for member in listed for address in member.addresses),
        accounts={
            system: _unique(name for member in listed for name in member.accounts.get(system, ()))
            for system in systems
        },
        active=any(member.active for member in listed),
        active_from=min(starts) if len(starts) == len(listed) else None,
        active_to=max(ends) if len(ends) == len(listed) else None,
        timezone=next((member.timezone for member in listed if member.timezone), None),
        is_test=any(member.is_test for member in listed),
    )


def take_holders(
    keyed: Iterable[tuple[str, Member]], system: str, limit: int, left_since: date
) -> HolderPage:
    """The page that *keyed* begins with: members with their keys, in the order of these."""
    taken: list[Member] = []
    for key, member in keyed:
        if is_asked_for(member, system, left_since):
            taken.append(member)
            if len(taken) == limit:
                return HolderPage(tuple(taken), key)
    return HolderPage(tuple(taken), None)


def split_names(text: str) -> tuple[str, ...]:
    """The names of a list in one text, separated by semicolons, commas or spaces."""
    return _unique(filter(None, _SEPARATORS.split(text)))


def read_addresses(text: str) -> tuple[str, ...]:
    """The e-mail addresses of a list in one text, separated by semicolons, commas or spaces.

    Each may be written as in the head of a mail, ``Ana Bly <ana@example.com>``, or as a link, ``mailto:``.
    What can be no address is left out, and so are the names beside them.
    """
    bare = _QUOTED_NAME.sub(" ", text).replace("<", " ").replace(">", " ")
    parts = (_MAILTO.sub("", _strip_quotes(part)) for part in split_names(bare))
    return _unique(part for part in parts if _can_be_address(part))


def read_address(value: object) -> str | None:
    """The first address of *value*, written as read_addresses says; None where there is none."""
    return next(iter(read_addresses(value)), None) if isinstance(value, str) else None


def _strip_quotes(part: str) -> str:
    return part[1:-1] if len(part) > 1 and part[0] == part[-1] and part[0] in "'\"" else part


def _can_be_address(part: str) -> bool:
    local, at, domain = part.rpartition("@")
    return bool(local and at and domain)


def spell_account(system: str, account: str) -> str:
    """*account* as documents of *system* spell it.

    Launchpad names are lower case. Salesforce's interfaces give 18 characters of an Id, its pages only the
    first 15, which are told apart by case.
    """
    name = account.strip()
    if system == "launchpad":
        return name.lower()
    if system == "salesforce" and len(name) == 15:
        return name + "".join(_id_suffix(name[at : at + 5]) for at in (0, 5, 10))
    return name


def _id_suffix(part: str) -> str:
    return _ID_SUFFIXES[sum(1 << at for at, letter in enumerate(part) if letter in ascii_uppercase)]


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
