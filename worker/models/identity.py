"""Who is behind an account or an address? Pseudonyms, and the frozen look-ups of a transform.

An e-mail address is never stored: ``etl_identities`` knows it by its pseudonym.
"""

import hashlib
import hmac
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from temporaletl.addresses import replace_addresses
from temporaletl.errors import ConfigurationError
from temporaletl.settings import IdentitySettings

EMAIL: Final = "email"
"""The system whose accounts are e-mail addresses."""


def normalise_address(address: str) -> str:
    """The address all spellings of one mailbox share: lower case, without a ``+tag``."""
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain.rstrip('.')}"


class Pseudonyms:
    """How people whom nobody knows are named: the same person by the same name, and by no other.

    With *key*, HMAC-SHA-256 of ``<system>:<native id>``; without, the earlier tool's plain SHA-256 of
    the native id. The key stays out of every repr.
    """

    def __init__(self, key: bytes | None) -> None:
        # Copied for every name. hmac.digest gives the interpreter away each time, and has it back a thousand
        # times as late where another thread shapes documents too.
        self._keyed = None if key is None else hmac.new(key, digestmod="sha256")

    @classmethod
    def read(cls, settings: IdentitySettings) -> "Pseudonyms":
        """Those of the configured mode; ConfigurationError where its key is missing."""
        if settings.anonymisation_mode == "legacy":
            return cls(None)
        if settings.anonymisation_key is None:
            raise ConfigurationError("set ANONYMISATION_KEY, or ANONYMISATION_MODE=legacy")
        return cls(settings.anonymisation_key.get_secret_value().encode())

    def of_account(self, system: str, account: str) -> str:
        """The pseudonym of an account of *system*."""
        if self._keyed is None:
            return hashlib.sha256(_encode(account)).hexdigest()
        digest = self._keyed.copy()
        digest.update(_encode(f"{system}:{account}"))
        return digest.hexdigest()

    def of_address(self, address: str) -> str:
        """The pseudonym of an e-mail address, however it is spelt."""
        return self.of_account(EMAIL, normalise_address(address))

    def hide(self, text: str) -> str:
        """*text* with the pseudonym of every e-mail address in its place."""
        return replace_addresses(text, self.of_address)

    def stored_account(self, system: str, account: str) -> str:
        """How ``etl_identities`` spells an account: as it is, or its pseudonym where it holds an address."""
        return account if self.hide(account) == account else self.of_account(system, account)

    def __repr__(self) -> str:
        return f"<Pseudonyms by {'SHA-256' if self._keyed is None else 'HMAC-SHA-256'}>"


@dataclass(frozen=True, slots=True)
class Identity:
    """One account of one system: a row of ``etl_identities``. *employee_id* is None where unknown."""

    system: str
    account: str
    employee_id: str | None
    pseudonym: str


class FrozenPeople:
    """The look-ups that a transform is given, fixed when they were read.

    Holds only the accounts whose employee is known; some 36 MB for 100,000 people with two accounts.
    """

    def __init__(self, known: Iterable[tuple[str, str, str]], pseudonyms: Pseudonyms) -> None:
        """*known*: system, stored account, employee id."""
        self._pseudonyms = pseudonyms
        self._employees: dict[str, dict[str, str]] = {}
        for system, account, employee_id in known:
            self._employees.setdefault(system, {})[account] = sys.intern(pseudonyms.hide(employee_id))

    def employee(self, system: str, account: str) -> str | None:
        """The employee id behind an account of *system*, None where nobody knows it."""
        return self._find(system, self._pseudonyms.stored_account(system, account))

    def employee_by_address(self, address: str) -> str | None:
        """The employee id behind an e-mail address (tag and case do not matter)."""
        return self._find(EMAIL, self._pseudonyms.of_address(address))

    def pseudonym(self, system: str, account: str) -> str:
        """The pseudonym of an account."""
        return self._pseudonyms.of_account(system, account)

    def address_pseudonym(self, address: str) -> str:
        """The pseudonym of an e-mail address."""
        return self._pseudonyms.of_address(address)

    def _find(self, system: str, stored_account: str) -> str | None:
        accounts = self._employees.get(system)
        return None if accounts is None else accounts.get(stored_account)

    def __len__(self) -> int:
        return sum(map(len, self._employees.values()))


def _encode(text: str) -> bytes:
    # An upstream may hold lone surrogates, which strict UTF-8 refuses.
    return text.encode("utf-8", "surrogatepass")
