"""Tell which account each spelling of a person stands for. A person is an account id, a key and a name.

Documents of different ages use any of the three, and one document may use them all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from worker.sources.jira.values import JsonObject, text_of

type Links = Mapping[str, set[str]]


@dataclass(frozen=True, slots=True)
class Spellings:
    """The account behind each spelling: the account id, else the key, else the name.

    Attributes:
        ids: account ids, which stand for themselves.
        keys: key to account.
        names: case-folded name to account.
    """

    ids: frozenset[str]
    keys: Mapping[str, str]
    names: Mapping[str, str]

    def __contains__(self, spelling: str) -> bool:
        return spelling in self.ids or spelling in self.keys or spelling.casefold() in self.names

    def account_of(self, user: JsonObject) -> str | None:
        """Return the account of a user object, None where it has none."""
        account_id, key, name = spellings_of(user)
        if account_id is not None:
            return account_id
        if key is not None:
            return self.keys.get(key, key)
        return None if name is None else self.names.get(name.casefold(), name)

    def find(self, spelling: str) -> str:
        """Return the account that a field's value means: a key comes before a name."""
        if spelling in self.ids:
            return spelling
        return self.keys.get(spelling) or self.names.get(spelling.casefold(), spelling)

    def find_mentioned(self, spelling: str) -> str:
        """Return the account that a mention means: a name comes before a key, which may be another's."""
        if spelling in self.ids:
            return spelling
        return self.names.get(spelling.casefold()) or self.keys.get(spelling, spelling)


def tie_spellings(users: Iterable[JsonObject]) -> Spellings:
    """Return what the user objects of one document tell together about their spellings.

    One that has a key and a name ties both to the account id that another one has beside either. A
    spelling that two accounts share stands for itself, because it could be either of them.
    """
    told = {spellings_of(user) for user in users}
    ids_by_key, ids_by_name, names_by_key, keys_by_name = (defaultdict[str, set[str]](set) for _ in range(4))
    for account_id, key, name in told:
        folded = name.casefold() if name else None
        if account_id and key:
            ids_by_key[key].add(account_id)
        if account_id and folded:
            ids_by_name[folded].add(account_id)
        if key and folded:
            names_by_key[key].add(folded)
            keys_by_name[folded].add(key)
    keys = {
        key: _only(ids_by_key[key] or _all(ids_by_name, names_by_key[key])) or key
        for key in {key for _, key, _ in told if key}
    }
    names = {
        name.casefold(): _only(
            ids_by_name[name.casefold()] or {keys[key] for key in keys_by_name[name.casefold()]}
        )
        or name
        for name in sorted({name for _, _, name in told if name}, reverse=True)
    }
    return Spellings(frozenset(account_id for account_id, _, _ in told if account_id), keys, names)


def spellings_of(user: JsonObject) -> tuple[str | None, str | None, str | None]:
    """Return the account id, the key and the name that a user object shows."""
    return text_of(user.get("accountId")), text_of(user.get("key")), text_of(user.get("name"))


def _all(links: Links, sources: Iterable[str]) -> set[str]:
    return {target for source in sources for target in links[source]}


def _only(accounts: set[str]) -> str | None:
    return next(iter(accounts)) if len(accounts) == 1 else None
