"""How are Salesforce cases fetched? Whole, with comments and history, in pages of ids."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import batched
from typing import Final

from pydantic import JsonValue

from temporaletl.contract import Page
from temporaletl.errors import QueryError
from temporaletl.salesforce import Record, Salesforce, connect_salesforce, fill_question
from temporaletl.statements import read_statement
from worker.models.extract import extract_method
from worker.sources.salesforce.document import build_document, find_users
from worker.sources.salesforce.ids import read_id
from worker.sources.salesforce.query import SalesforceQuery
from worker.sources.salesforce.settings import CasesSettings

PAGE_CASES: Final = 100
"""Cases a page: their ids make a question of some 3 KB, and Salesforce takes addresses of 16 KB."""

USERS_PER_QUESTION: Final = 200

CHILDREN_PER_QUESTION: Final = 2_000
"""Comments or history rows a question: what Salesforce gives in one answer where they are not long."""

UNSEEN: Final = "cases gone or out of our sight"

_CHANGED: Final = (
    ("changed_cases.soql", "Id"),
    ("changed_comments.soql", "ParentId"),
    ("added_history.soql", "CaseId"),
)
_FIRST_CASE, _FIRST_COMMENT, _FIRST_HISTORY = (f"{kind}{0:012d}" for kind in ("500", "00a", "017"))


@extract_method("salesforce-cases")
def extract_cases(query: SalesforceQuery, cursor: JsonValue) -> Iterator[Page]:
    """The cases of *query*, PAGE_CASES at a time; the cursor is the last id, in the order of code points.

    Cases in the recycle bin become deleted documents. Those that Salesforce does not show are counted as
    skipped: their absence deletes nothing.
    """
    if cursor is not None and not isinstance(cursor, str):
        raise QueryError("the cursor of salesforce-cases is not a case id: run the job anew")
    connections = query.connections
    salesforce = connect_salesforce(connections, connections.pacer(query.source_kind_id))
    reader = _CaseReader(salesforce, connections.settings(CasesSettings).case_fields)
    wanted = _name_cases(query) if query.ids is not None else _find_cases(salesforce, query)
    for ids in batched(sorted(case for case in wanted if cursor is None or case > cursor), PAGE_CASES):
        yield reader.read_page(ids)


def _name_cases(query: SalesforceQuery) -> set[str]:
    """The named cases; a name that is no id stays, to be counted."""
    return {read_id(name) or name for name in query.ids or ()}


def _find_cases(salesforce: Salesforce, query: SalesforceQuery) -> set[str]:
    """The cases of the range that changed in the window, by themselves or by a row of theirs."""
    window = query.window
    found: set[str] = set()
    for name, field in _CHANGED:
        question = fill_question(
            _read(name),
            start=window.start,
            end=window.end,
            after=query.after or _FIRST_CASE,
            upto=query.upto or "",
        )
        found.update(str(row[field]) for row in salesforce.ask(question, include_deleted=True))
    return found


class _CaseReader:
    """Reads whole cases. It asks for each user once, and remembers them as long as its job runs."""

    def __init__(self, salesforce: Salesforce, further_fields: Sequence[str]) -> None:
        self._salesforce = salesforce
        template = _read("cases.soql")
        # Owner.Type asks for no Owner: a name that is no field of Case is Salesforce's to refuse.
        asked = set(re.findall(r"[\w.]+", template.casefold()))
        # Salesforce refuses a question that names a field twice.
        further = {field.casefold(): field for field in further_fields if field.casefold() not in asked}
        self._further = "".join(f", {field}" for field in further.values())
        self._users: dict[str, Record] = {}

    def read_page(self, wanted: Sequence[str]) -> Page:
        """The documents of the cases *wanted*, which are not empty and in the cursor's order."""
        ids = [case for case in wanted if read_id(case) is not None]
        question = fill_question(_read("cases.soql"), ids=ids, further=self._further) if ids else None
        cases = list(self._salesforce.ask(question, include_deleted=True)) if question else []
        seen = sorted(str(case["Id"]) for case in cases)
        comments = self._read_children("comments.soql", "ParentId", _FIRST_COMMENT, seen)
        history = self._read_children("history.soql", "CaseId", _FIRST_HISTORY, seen)
        self._meet([*cases, *(row for rows in (*comments.values(), *history.values()) for row in rows)])
        by_id = {str(case["Id"]): case for case in cases}
        unseen = len(wanted) - len(by_id)
        return Page(
            tuple(build_document(by_id[case], comments[case], history[case], self._users) for case in seen),
            wanted[-1],
            skipped={UNSEEN: unseen} if unseen else {},
        )

    def _read_children(self, name: str, parent: str, first: str, ids: list[str]) -> dict[str, list[Record]]:
        """All rows of the cases *ids*, by case, in pages by the rows' own ids."""
        found: dict[str, list[Record]] = defaultdict(list)
        after = first
        while ids:
            question = fill_question(_read(name), ids=ids, after=after, limit=CHILDREN_PER_QUESTION)
            rows = list(self._salesforce.ask(question, include_deleted=True))
            for row in rows:
                found[str(row[parent])].append(row)
            if len(rows) < CHILDREN_PER_QUESTION:
                break
            after = str(rows[-1]["Id"])
        return found

    def _meet(self, rows: Sequence[Record]) -> None:
        """Get to know the users whom *rows* name."""
        strangers = [user for user in find_users(rows) if user not in self._users]
        for ids in batched(strangers, USERS_PER_QUESTION):
            question = fill_question(_read("users.soql"), ids=ids)
            for user in self._salesforce.ask(question):
                self._users[str(user["Id"])] = user


def _read(name: str) -> str:
    return read_statement(__package__, name)
