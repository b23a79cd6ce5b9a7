"""Who is this person? The frozen look-ups that a transform is given, one context a document."""

from typing import Protocol

from pydantic import BaseModel


class People(Protocol):
    """Frozen identity look-ups: accounts and addresses to employee ids, pseudonyms for the others."""

    def employee(self, system: str, account: str) -> str | None:
        """The employee id behind an account of *system*, None where nobody knows it."""

    def employee_by_address(self, address: str) -> str | None:
        """The employee id behind an e-mail address (tag and case do not matter)."""

    def pseudonym(self, system: str, account: str) -> str:
        """The pseudonym of an account."""

    def address_pseudonym(self, address: str) -> str:
        """The pseudonym of an e-mail address."""


class Context:
    """One document's view of the people, and the source's options.

    It remembers in *unknown* the pseudonym of every account and address that was asked for and is not
    known, so that the document is read again when one of them becomes known.
    """

    def __init__(self, people: People, options: BaseModel | None = None) -> None:
        self._people = people
        self.options = options
        self.unknown: set[str] = set()

    def person(self, system: str, account: str, address: str | None = None) -> str:
        """The employee id of a person, known by account or else by e-mail address, or a pseudonym."""
        return self.known(system, account, address) or self._people.pseudonym(system, account)

    def known(self, system: str, account: str, address: str | None = None) -> str | None:
        """The employee id of a person, or None. What is not known of the two is remembered."""
        found = self._people.employee(system, account)
        if found is not None:
            return found
        name = self._people.pseudonym(system, account)
        if not address:
            self.unknown.add(name)
            return None
        found = self._people.employee_by_address(address)
        other_name = self._people.address_pseudonym(address)
        if found is None:
            self.unknown |= {name, other_name}
        elif name != other_name:
            # The account decides over the address as soon as it is known. Legacy pseudonyms are the same
            # where the account is the address: waiting for one that is known would never end.
            self.unknown.add(name)
        return found

    def address(self, address: str) -> str:
        """What stands in place of an e-mail address in any written text."""
        found = self._people.employee_by_address(address)
        if found is None:
            found = self._people.address_pseudonym(address)
            self.unknown.add(found)
        return found
